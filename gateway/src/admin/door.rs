//! The admin listener: connections come in here, a bounded number of them, some with certificates.

mod certificate;
pub(super) mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

pub(super) use self::certificate::Holder;
use self::tls::Tls;

/// Connections at a time. A console has a handful, a scraper one. More wait in the kernel's queue.
const CONNECTIONS: usize = 512;

/// How long a peer may take for its side of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a head may take to come, and how long a connection may wait for its next one: who says
/// nothing must not keep others out.
const HEAD: Duration = Duration::from_secs(30);

/// After an error that has to do with this process (no descriptors), the next one comes at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection: an extension of every request.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// Our end.
    pub(super) local: SocketAddr,
    pub(super) certificate: Option<Arc<Holder>>,
}

/// Serves calls until the process ends.
pub(super) async fn serve(listener: TcpListener, tls: Option<Arc<Tls>>, router: Router) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // It is never closed.
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "the admin API cannot accept");
                sleep(PAUSE).await;
                continue;
            }
        };
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            if let Err(error) = connection(stream, address, tls, router).await {
                tracing::debug!(%error, %address, "a connection to the admin API has ended");
            }
            drop(place);
        });
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    router: Router,
) -> io::Result<()> {
    let local = stream.local_addr()?;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else {
        return http(stream, Peer { address, local, certificate: None }, router).await;
    };
    let stream = timeout(HANDSHAKE, tls.acceptor().accept(stream)).await??;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let certificate = shown.map(|shown| Arc::new(Holder::of(shown)));
    http(stream, Peer { address, local, certificate }, router).await
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: Peer,
    router: Router,
) -> io::Result<()> {
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        router.call(request.map(Body::new))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    http.serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
