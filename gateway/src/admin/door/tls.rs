//! TLS on the admin listener: its own certificate, and the authority of its clients'.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{VerifierBuilderError, WebPkiClientVerifier},
};
use sha2::{Digest, Sha256};
use tokio::{sync::Notify, time::timeout};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at, for those who change them without a signal.
const LOOK: Duration = Duration::from_secs(10);

/// Where they are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Clients may show a certificate that this authority has signed. Those who show none are
    /// asked for a token.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS cannot be spoken with these files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    #[error("`{}` cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` has no {what} in PEM", path.display())]
    Pem { path: PathBuf, what: &'static str },
    #[error("`{}` and `{}` do not go together", certificate.display(), key.display())]
    Pair { certificate: PathBuf, key: PathBuf, source: rustls::Error },
    #[error("the authority in `{}` cannot be used", path.display())]
    Authority { path: PathBuf, source: AuthorityError },
}

/// What is wrong with an authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    #[error(transparent)]
    Certificate(#[from] rustls::Error),
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
}

/// What new connections are spoken to with.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
    changed: Notify,
}

/// The files as they were read.
struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Tls {
    /// # Errors
    /// If the files cannot be used.
    pub fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let config = ArcSwap::from(config(&files, &read(&files)?)?);
        Ok(Self { files, config, changed: Notify::new() })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    /// Looks at the files now.
    pub fn look(&self) {
        self.changed.notify_one();
    }

    /// Follows the files. Connections that stand keep what they have begun with, and so does
    /// everybody if the files cannot be used.
    pub async fn follow(&self) {
        let mut known = read(&self.files).ok().map(|texts| texts.digest());
        loop {
            let _either = timeout(LOOK, self.changed.notified()).await;
            let texts = match read(&self.files) {
                Ok(texts) => texts,
                Err(error) => {
                    // Once, and again when it was good in between.
                    if known.take().is_some() {
                        warn(&error);
                    }
                    continue;
                }
            };
            let digest = Some(texts.digest());
            if digest == known {
                continue;
            }
            known = digest;
            match config(&self.files, &texts) {
                Ok(config) => {
                    self.config.store(config);
                    tracing::info!("the admin API has read its certificates again");
                }
                Err(error) => warn(&error),
            }
        }
    }
}

fn warn(error: &TlsError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(
        %error,
        cause = cause.as_deref().unwrap_or("-"),
        "the admin API goes on with the certificates that it had"
    );
}

impl Texts {
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for text in [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()] {
            digest.update(Sha256::digest(text.map_or(&[][..], Vec::as_slice)));
        }
        digest.finalize().into()
    }
}

fn read(files: &TlsFiles) -> Result<Texts, TlsError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| TlsError::Read { path: path.clone(), source })
    };
    Ok(Texts {
        certificate: read(&files.certificate)?,
        key: read(&files.key)?,
        client_ca: files.client_ca.as_ref().map(read).transpose()?,
    })
}

fn config(files: &TlsFiles, texts: &Texts) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&files.certificate, &texts.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&texts.key)
        .map_err(|_| TlsError::Pem { path: files.key.clone(), what: "private key" })?;
    let provider = Arc::new(default_provider());
    let pair = |source| TlsError::Pair {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(pair)?;
    let builder = match files.client_ca.as_ref().zip(texts.client_ca.as_ref()) {
        None => builder.with_no_client_auth(),
        Some((path, text)) => {
            let authority = |source| TlsError::Authority { path: path.clone(), source };
            let mut roots = RootCertStore::empty();
            for root in certificates(path, text)? {
                roots.add(root).map_err(|error| authority(error.into()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                .allow_unauthenticated()
                .build();
            builder.with_client_cert_verifier(verifier.map_err(|error| authority(error.into()))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = || TlsError::Pem { path: path.to_owned(), what: "certificate" };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|_| wrong())?;
    if all.is_empty() { Err(wrong()) } else { Ok(all) }
}
