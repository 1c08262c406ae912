//! A web server that does exactly what a test wants, also what no server should.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, pki_types::CertificateDer},
};

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

/// What is answered.
pub(crate) enum Reply {
    Full {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// A head that promises more than comes before the connection ends.
    Truncated(Vec<u8>),
    /// A head, this body, and then nothing more.
    Stalled(Vec<u8>),
    /// A body that never ends, as fast as it can be sent.
    Endless,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

/// Whoever issued a server's certificate.
pub(crate) struct Authority {
    pub(crate) pem: String,
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

type Behaviour = dyn Fn(&Asked) -> Reply + Send + Sync;

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Full { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Full { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn to(status: u16, location: impl Into<String>) -> Self {
        let headers = vec![("location", location.into())];
        Self::Full { status, headers, body: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Full { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new([]).expect("no names are valid names");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let pem = certificate.pem();
        Self { pem, certificate, issuer: Issuer::new(parameters, key) }
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// A server's certificate and its key, in PEM.
    pub(crate) fn issue(&self) -> (String, String) {
        let (certificate, key) = self.server();
        (certificate.pem(), key.serialize_pem())
    }

    fn server(&self) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let parameters = CertificateParams::new(names).expect("they are names");
        (parameters.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    fn acceptor(&self) -> TlsAcceptor {
        let (certificate, key) = self.server();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = key.serialize_der().try_into().expect("it is a key");
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the default ones")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("they belong together");
        TlsAcceptor::from(Arc::new(tls))
    }
}

impl Server {
    pub(crate) async fn plain(behaviour: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(behaviour)).await
    }

    pub(crate) async fn tls(
        authority: &Authority,
        behaviour: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(authority.acceptor()), Arc::new(behaviour)).await
    }

    async fn start(tls: Option<TlsAcceptor>, behaviour: Arc<Behaviour>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let seen = asked.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, behaviour, seen) = (tls.clone(), behaviour.clone(), seen.clone());
                tokio::spawn(async move {
                    // Clients that give up are part of the tests.
                    let _gone = match tls {
                        None => serve(stream, &*behaviour, &seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &*behaviour, &seen).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { address, scheme, asked, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// What was asked since this was asked last.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().expect("nobody panicked"))
    }

    /// The same, as lines of method and path.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    /// No longer there: connections are refused.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _aborted = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One exchange, then the connection ends.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    behaviour: &Behaviour,
    seen: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let asked = read(&mut stream).await?;
    seen.lock().expect("nobody panicked").push(asked.clone());
    match behaviour(&asked) {
        Reply::Full { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            for (name, value) in &headers {
                head += &format!("{name}: {value}\r\n");
            }
            head += &format!("content-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await?;
            if asked.method != "HEAD" {
                stream.write_all(&body).await?;
            }
        }
        Reply::Truncated(body) => {
            let head = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n", body.len() + 1);
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        Reply::Stalled(body) => {
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n").await?;
            stream.write_all(&body).await?;
            stream.flush().await?;
            // Until the client goes.
            let _gone = stream.read(&mut [0]).await?;
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n").await?;
            loop {
                stream.write_all(&[0; 4096]).await?;
            }
        }
    }
    stream.shutdown().await
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Asked { method, path, headers: lines.filter_map(header).collect() })
}
