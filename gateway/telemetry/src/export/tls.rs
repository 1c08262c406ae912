//! TLS towards a receiver, for both clients.

use std::{error::Error, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::{StartError, TlsSettings};

pub(super) fn grpc(settings: &TlsSettings) -> Result<ClientTlsConfig, StartError> {
    let TlsSettings { client, server_name, roots, ca_pem } = settings;
    // Reads all of it, so that what is wrong is said now.
    http(settings)?;
    let anchors = roots.iter().flat_map(|roots| roots.roots.iter().cloned());
    let mut config = ClientTlsConfig::new().trust_anchors(anchors);
    if let Some(pem) = ca_pem {
        config = config.ca_certificate(Certificate::from_pem(pem));
    }
    if let Some(client) = client {
        let identity = Identity::from_pem(&client.certificate_pem, client.key_pem.reveal());
        config = config.identity(identity);
    }
    if let Some(name) = server_name {
        config = config.domain_name(name);
    }
    Ok(config)
}

pub(super) fn http(settings: &TlsSettings) -> Result<ClientConfig, StartError> {
    let mut roots = settings.roots.clone().unwrap_or_else(RootCertStore::empty);
    if let Some(pem) = &settings.ca_pem {
        for certificate in certificates(pem, "its CA file")? {
            roots.add(certificate).map_err(|error| StartError::Tls(error.to_string()))?;
        }
    }
    if roots.is_empty() {
        return Err(StartError::Tls("none is trusted".to_owned()));
    }
    let builder = builder()?.with_root_certificates(roots);
    let Some(client) = &settings.client else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(&client.certificate_pem, "the client's")?;
    // What is wrong with a key is not repeated.
    let key = PrivateKeyDer::from_pem_slice(client.key_pem.reveal())
        .map_err(|_| StartError::Tls("the client's key is no PEM".to_owned()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| StartError::Tls(error.to_string()))
}

/// For receivers without TLS.
pub(super) fn none() -> Result<ClientConfig, StartError> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

pub(super) fn error(error: &(dyn Error + 'static)) -> StartError {
    StartError::Tls(last_cause(error))
}

/// The last cause says what happened; the ones above it, that something did.
pub(super) fn last_cause(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, StartError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    builder.with_safe_default_protocol_versions().map_err(|why| error(&why))
}

fn certificates(pem: &[u8], whose: &str) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let wrong = |why: String| StartError::Tls(format!("{whose} {why}"));
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong("hold no certificate in PEM".to_owned())),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(format!("are no PEM: {error}"))),
    }
}
