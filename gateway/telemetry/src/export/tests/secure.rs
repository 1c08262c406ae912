//! TLS with certificates of our own, of both sides.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tonic::transport::{Certificate, Identity, server::ServerTlsConfig};

use super::*;

/// A certificate and its key, in PEM.
struct Pair {
    certificate: String,
    key: String,
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> Pair {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

async fn receiver(protocol: Protocol, authority: &Authority) -> Receiver {
    let server = authority.issue("collector.test", ExtendedKeyUsagePurpose::ServerAuth);
    match protocol {
        Protocol::Grpc => {
            let tls = ServerTlsConfig::new()
                .identity(Identity::from_pem(server.certificate, server.key))
                .client_ca_root(Certificate::from_pem(authority.pem()));
            Receiver::with_tls(tls).await
        }
        Protocol::Http => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let clients =
                WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
            let chain =
                vec![CertificateDer::from_pem_slice(server.certificate.as_bytes()).unwrap()];
            let config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(clients.build().unwrap())
                .with_single_cert(
                    chain,
                    PrivateKeyDer::from_pem_slice(server.key.as_bytes()).unwrap(),
                )
                .unwrap();
            Receiver::with_https(config).await
        }
    }
}

#[tokio::test]
async fn both_sides_show_who_they_are() {
    for protocol in BOTH {
        let authority = Authority::new();
        let receiver = receiver(protocol, &authority).await;
        let client = authority.issue("gateway.test", ExtendedKeyUsagePurpose::ClientAuth);
        let tls = TlsSettings {
            ca_pem: Some(authority.pem().into()),
            client: Some(ClientCertificate {
                certificate_pem: client.certificate.into(),
                key_pem: Secret::new(client.key),
            }),
            server_name: Some("collector.test".into()),
            ..TlsSettings::default()
        };
        assert!(!format!("{tls:?}").contains("PRIVATE"));
        let mut good = settings(protocol, receiver.address);
        good.endpoint = format!("https://{}", receiver.address);
        good.tls = tls.clone();
        let exporter = Exporter::start(good.clone(), None).unwrap();
        exporter.spans(&[span("in private")]);
        eventually("it arrives", || receiver.names() == ["in private"]).await;

        let anonymous = TlsSettings { client: None, ..tls.clone() };
        let misnamed = TlsSettings { server_name: Some("other.test".into()), ..tls.clone() };
        let trusting_others =
            TlsSettings { ca_pem: Some(Authority::new().pem().into()), ..tls.clone() };
        for tls in [anonymous, misnamed, trusting_others] {
            let exporter = Exporter::start(Settings { tls, ..good.clone() }, None).unwrap();
            exporter.spans(&[span("never")]);
            eventually("it fails", || fares(&exporter).failing).await;
        }
        assert_eq!(receiver.names(), ["in private"]);
    }
}

#[test]
fn what_is_no_certificate_is_said() {
    let start = |tls| {
        let endpoint = "https://localhost:1".to_owned();
        Exporter::start(Settings { endpoint, tls, ..Settings::default() }, None)
            .unwrap_err()
            .to_string()
    };
    let empty = TlsSettings { ca_pem: Some(b"x".to_vec()), ..TlsSettings::default() };
    assert!(start(empty).contains("its CA file hold"));
    let authority = Authority::new();
    let client = ClientCertificate {
        certificate_pem: authority.pem().into(),
        key_pem: Secret::new("s3cr3t"),
    };
    let bad_key = TlsSettings {
        ca_pem: Some(authority.pem().into()),
        client: Some(client),
        ..TlsSettings::default()
    };
    assert_eq!(start(bad_key), "the certificates of the exporter: the client's key is no PEM");
}
