//! TLS to the addresses that plugins were granted: the system's roots, the name of the address.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use pingora::{
    Error, ErrorType, OrErr,
    protocols::{
        GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
        Stream, TimingDigest, UniqueID, raw_connect::ProxyDigest,
    },
};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::OnceCell,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// How long the peer may take for its side of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How long the end of a connection may wait for the peer to take the last word.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// What will be spoken inside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Inside {
    Http1,
    Http2,
}

/// The trust of the process, read when it is first needed.
#[derive(Default)]
pub(super) struct Trust {
    configs: OnceCell<[Arc<ClientConfig>; 2]>,
}

impl Trust {
    /// In these roots instead of the system's.
    #[cfg(test)]
    pub(super) fn in_roots(roots: RootCertStore) -> Self {
        Self { configs: OnceCell::new_with(Some(configs(roots).unwrap())) }
    }

    /// Wraps a connection, once its peer has proven that it has this name.
    pub(super) async fn secure(
        &self,
        stream: Stream,
        name: &str,
        inside: Inside,
    ) -> pingora::Result<Stream> {
        let configs = self.configs.get_or_try_init(load).await?;
        let config = configs[inside as usize].clone();
        let name = ServerName::try_from(name.to_owned())
            .or_err(ErrorType::TLSHandshakeFailure, "no name that a certificate could have")?;
        let id = stream.id();
        let handshake = TlsConnector::from(config).connect(name, stream);
        let stream = tokio::time::timeout(HANDSHAKE, handshake)
            .await
            .or_err(ErrorType::TLSHandshakeTimedout, "the peer takes too long")?
            .or_err(ErrorType::TLSHandshakeFailure, "no handshake")?;
        if inside == Inside::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            let error = "the peer does not speak HTTP/2";
            return Err(Error::explain(ErrorType::TLSHandshakeFailure, error));
        }
        Ok(Box::new(Secured { stream, id }))
    }
}

/// The system's roots. A file that cannot be read is left out; without any, no peer is trusted.
async fn load() -> pingora::Result<[Arc<ClientConfig>; 2]> {
    let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs);
    let found = found.await.or_err(ErrorType::InternalError, "reading the system's roots")?;
    for error in &found.errors {
        tracing::warn!(%error, "some of the system's root certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (trusted, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::info!(trusted, ignored, "root certificates for the calls of plugins");
    configs(roots).or_err(ErrorType::InternalError, "TLS cannot be set up")
}

fn configs(roots: RootCertStore) -> Result<[Arc<ClientConfig>; 2], rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut http1 = config.with_root_certificates(roots).with_no_client_auth();
    let mut http2 = http1.clone();
    http1.alpn_protocols = vec![b"http/1.1".to_vec()];
    http2.alpn_protocols = vec![b"h2".to_vec()];
    Ok([Arc::new(http1), Arc::new(http2)])
}

/// A connection inside TLS, as pingora wants it.
struct Secured {
    stream: TlsStream<Stream>,
    /// The socket below, by which pingora's pool knows it.
    id: i32,
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[async_trait]
impl Shutdown for Secured {
    async fn shutdown(&mut self) {
        // The connection is over whether or not the peer hears of it.
        let _gone = tokio::time::timeout(SHUTDOWN, AsyncWriteExt::shutdown(&mut self.stream)).await;
    }
}

impl UniqueID for Secured {
    fn id(&self) -> i32 {
        self.id
    }
}

impl Ssl for Secured {}

impl Peek for Secured {}

impl GetTimingDigest for Secured {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_ref().0.get_timing_digest()
    }
}

impl GetProxyDigest for Secured {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Secured {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_ref().0.get_socket_digest()
    }
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured").field("id", &self.id).finish_non_exhaustive()
    }
}
