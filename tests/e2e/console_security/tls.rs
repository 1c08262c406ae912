//! TLS, and certificates in the place of tokens.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use portico_tests::{Folder, Request, Response, gateway::TOKEN, wire::Wire, within};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::TlsConnector;

use super::{Guarded, Session, bearer, refused};

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A certificate and its key, for a client.
struct Shown(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn authority() -> Result<Issuer> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn client(authority: &Issuer, name: &str, unit: &str) -> Result<Shown> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
    let key = KeyPair::generate()?;
    let chain = vec![params.signed_by(&key, authority)?.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der());
    Ok(Shown(chain, key.ok().context("no key")?))
}

/// On an address that is not only for this machine, with certificates of this authority.
async fn start(authority: &Issuer) -> Result<Guarded> {
    let folder = Folder::new()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    let key = KeyPair::generate()?;
    let files = [
        ("server.pem", params.signed_by(&key, authority)?.pem()),
        ("server.key", key.serialize_pem()),
        ("ca.pem", authority.pem()),
    ];
    let paths = files.map(|(name, text)| folder.write(name, &text));
    let [cert, key, ca] = paths.map(|path| path.map(|path| path.display().to_string()));
    let (cert, key, ca) = (cert?, key?, ca?);
    let arguments = [
        "--admin",
        "0.0.0.0:0",
        "--admin-tls-cert",
        &cert,
        "--admin-tls-key",
        &key,
        "--admin-client-ca",
        &ca,
    ];
    Guarded::start(folder, &arguments, &[("PORTICO_ADMIN_TOKEN", TOKEN)]).await
}

async fn ask(
    gateway: &Guarded,
    trusted: &Issuer,
    shown: Option<&Shown>,
    request: Request,
) -> Result<Response> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone())?;
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some(Shown(chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key())?,
    };
    within("an answer over TLS", async {
        let stream = TcpStream::connect(gateway.admin).await?;
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(ServerName::try_from("127.0.0.1")?, stream).await?;
        stream.write_all(&request.header("connection", "close").bytes()).await?;
        Wire::new(stream).response("GET").await?.context("closed without an answer")
    })
    .await
}

#[tokio::test]
async fn certificates_give_roles() -> Result<()> {
    let authority = authority()?;
    let gateway = start(&authority).await?;
    let alice = client(&authority, "alice", "staff")?;
    let bob = client(&authority, "bob", "viewer")?;
    let reload = || Request::new("POST", "/api/v1/configuration/reload");
    let status = || Request::get("/api/v1/status");

    assert_eq!(ask(&gateway, &authority, Some(&alice), reload()).await?.status, 200);
    assert_eq!(ask(&gateway, &authority, Some(&bob), status()).await?.status, 200);
    refused(&ask(&gateway, &authority, Some(&bob), reload()).await?, 403)?;
    refused(&ask(&gateway, &authority, None, status()).await?, 401)?;
    assert_eq!(ask(&gateway, &authority, None, Request::get("/readyz")).await?.status, 200);
    let token = bearer(reload(), TOKEN);
    assert_eq!(ask(&gateway, &authority, None, token).await?.status, 200);
    let foreign = reload().header("origin", "https://evil.example");
    refused(&ask(&gateway, &authority, Some(&alice), foreign).await?, 403)?;

    let audit = ask(&gateway, &authority, Some(&alice), Request::get("/api/v1/audit")).await?;
    let audit: Value = serde_json::from_slice(&audit.body)?;
    let who = audit["entries"].as_array().context("no entries")?.iter();
    let who: Vec<_> = who.rev().filter_map(|entry| entry["who"].as_str()).collect();
    let expected = ["certificate alice", "certificate bob", "operator token", "certificate alice"];
    assert_eq!(who, expected);
    Ok(())
}

#[tokio::test]
async fn a_certificate_begins_a_session() -> Result<()> {
    let authority = authority()?;
    let gateway = start(&authority).await?;
    let alice = client(&authority, "alice", "staff")?;
    let told = ask(&gateway, &authority, None, Request::get("/api/v1/session")).await?;
    let told: Value = serde_json::from_slice(&told.body)?;
    assert_eq!((&told["role"], &told["sign_in"]), (&json!("none"), &json!("certificate")));
    let sign_in = Request::new("POST", "/api/v1/session");
    let session = Session::of(&ask(&gateway, &authority, Some(&alice), sign_in).await?)?;
    assert!(session.attributes.ends_with("; Secure"), "{}", session.attributes);
    assert_eq!(session.told["name"], "certificate alice");
    Ok(())
}

#[tokio::test]
async fn other_authorities_and_plain_text_get_nowhere() -> Result<()> {
    let (own, other) = (authority()?, authority()?);
    let gateway = start(&own).await?;
    let stranger = client(&other, "mallory", "staff")?;
    let answer = ask(&gateway, &own, Some(&stranger), Request::get("/readyz")).await;
    ensure!(answer.is_err(), "a stranger's certificate was taken");
    ensure!(gateway.ask(Request::get("/readyz")).await.is_err(), "it speaks without TLS");
    Ok(())
}
