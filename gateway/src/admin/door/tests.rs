//! TLS with certificates that are made here.

use std::path::PathBuf;

use axum::{Extension, routing::get};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, ServerName},
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::{tls::TlsFiles, *};

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A folder with what `--admin-tls-cert` and so on name.
struct Files {
    folder: TempDir,
    authority: Issuer,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap(), authority: authority() };
        files.write_server();
        std::fs::write(files.path("ca.pem"), files.authority.pem()).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_server(&self) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        std::fs::write(self.path("server.pem"), certificate.pem()).unwrap();
        std::fs::write(self.path("server.key"), key.serialize_pem()).unwrap();
    }

    fn tls(&self) -> Result<Tls, tls::TlsError> {
        Tls::new(TlsFiles {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            client_ca: Some(self.path("ca.pem")),
        })
    }
}

fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Asks who it is, with a certificate of this authority for this unit.
async fn ask(
    address: SocketAddr,
    trusted: &Issuer,
    own: Option<(&Issuer, &str)>,
) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((authority, unit)) => {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, "alice");
            params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
            let key = KeyPair::generate().unwrap();
            let chain = vec![params.signed_by(&key, authority).unwrap().der().clone()];
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TcpStream::connect(address).await?;
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().last().unwrap_or_default().to_owned())
}

async fn open(tls: Option<Arc<Tls>>) -> SocketAddr {
    let told = async |Extension(peer): Extension<Peer>| match peer.certificate {
        Some(holder) => format!("{}, {}", holder.name, holder.role),
        None => "no certificate".to_owned(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, tls, Router::new().route("/", get(told))));
    address
}

#[tokio::test]
async fn certificates_are_verified_and_give_a_role() {
    let files = Files::new();
    let address = open(Some(Arc::new(files.tls().unwrap()))).await;
    let own = &files.authority;
    let alice = ask(address, own, Some((own, "staff"))).await.unwrap();
    assert_eq!(alice, "certificate alice, operator");
    let viewer = ask(address, own, Some((own, "viewer"))).await.unwrap();
    assert_eq!(viewer, "certificate alice, viewer");
    assert_eq!(ask(address, own, None).await.unwrap(), "no certificate");
    let stranger = authority();
    assert!(ask(address, own, Some((&stranger, "staff"))).await.is_err());
}

#[tokio::test]
async fn certificates_are_read_again() {
    let files = Files::new();
    let tls = Arc::new(files.tls().unwrap());
    let address = open(Some(tls.clone())).await;
    let following = tokio::spawn({
        let tls = tls.clone();
        async move { tls.follow().await }
    });
    let old = files.authority;
    assert_eq!(ask(address, &old, None).await.unwrap(), "no certificate");
    let files = Files { folder: files.folder, authority: authority() };
    // While half of it is new, what was there serves on.
    std::fs::write(files.path("server.key"), "nonsense").unwrap();
    tls.look();
    assert_eq!(ask(address, &old, None).await.unwrap(), "no certificate");
    files.write_server();
    std::fs::write(files.path("ca.pem"), files.authority.pem()).unwrap();
    let new = timeout(Duration::from_secs(20), async {
        loop {
            tls.look();
            let answer = ask(address, &files.authority, Some((&files.authority, "staff"))).await;
            if let Ok(answer) = answer {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(new.await.unwrap(), "certificate alice, operator");
    assert!(ask(address, &old, None).await.is_err());
    following.abort();
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let files = Files::new();
    std::fs::write(files.path("server.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let error = files.tls().unwrap_err().to_string();
    assert!(error.contains("server.pem` and `") && error.contains("go together"), "{error}");
    std::fs::write(files.path("ca.pem"), "nothing").unwrap();
    let error = files.tls().unwrap_err().to_string();
    assert!(error.contains("ca.pem` has no certificate"), "{error}");
    std::fs::remove_file(files.path("server.pem")).unwrap();
    let error = files.tls().unwrap_err().to_string();
    assert!(error.contains("server.pem` cannot be read"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_left() {
    let address = open(None).await;
    for begun in [&b""[..], b"GET / HTTP/1.1\r\n"] {
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(begun).await.unwrap();
        let mut answer = Vec::new();
        silent.read_to_end(&mut answer).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}
