//! One HTTP exchange at a time, with limits on everything a server decides: redirects, size, time.

use std::{error::Error as _, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{digest::Digest, error::FetchError, request::Access};

/// A registry needs one, to its storage; a release page two or three.
const REDIRECTS: usize = 5;
/// Of an answer that is not what was asked for, only a code is used.
const COMPLAINT_BYTES: usize = 64 << 10;
/// A server may ask for patience, but not for a day.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);
const AGENT: &str = concat!("portico/", env!("CARGO_PKG_VERSION"));

/// How long a server may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// For a connection, with TLS. Default 10 s.
    pub connect: Duration,
    /// Between two pieces of an answer. Default 15 s.
    pub idle: Duration,
    /// For a whole fetch, with all its exchanges. Default 5 min: 64 MiB at 2 Mbit/s.
    pub total: Duration,
}

/// Connections to the servers of one fetch. Never shared between fetches, so that neither
/// credentials nor trusted certificates can be.
pub(crate) struct Transport {
    client: Client,
    timeouts: Timeouts,
}

/// What to ask for.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Sent only to the origin of `url`.
    pub(crate) authorization: Option<&'a HeaderValue>,
    /// Most bytes of a successful answer.
    pub(crate) limit: usize,
}

/// What a server said.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(300),
        }
    }
}

impl Transport {
    /// `roots` are the system's certificates; those of `access` are added. `loopback` servers are
    /// asked directly, as a proxy cannot reach them.
    pub(crate) fn new(
        access: &Access,
        mut roots: RootCertStore,
        timeouts: Timeouts,
        loopback: bool,
    ) -> Result<Self, String> {
        if let Some(pem) = &access.ca_pem {
            add_certificates(&mut roots, pem)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(AGENT)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.idle);
        if loopback {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| chain(&error))?;
        Ok(Self { client, timeouts })
    }

    /// Asks, and follows redirects. Any status is an answer.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, FetchError> {
        let at = place(&ask.url);
        let home = ask.url.origin();
        let (mut url, mut at_home) = (ask.url, true);
        for _ in 0..=REDIRECTS {
            let mut request = self.client.request(ask.method.clone(), url.clone());
            request = request.headers(ask.headers.clone());
            if let Some(authorization) = ask.authorization.filter(|_| at_home) {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            let answer = request.send().await.map_err(|error| self.failed(&url, error))?;
            match target(&url, &answer)
                .map_err(|why| FetchError::Redirect { at: at.clone(), why })?
            {
                Some(next) => url = next,
                None => return self.read(&url, answer, ask.limit).await,
            }
            // Once away, a server elsewhere decides what is asked for.
            at_home &= url.origin() == home;
        }
        Err(FetchError::Redirect { at, why: format!("there are more than {REDIRECTS} redirects") })
    }

    async fn read(
        &self,
        url: &Url,
        mut answer: reqwest::Response,
        limit: usize,
    ) -> Result<Answer, FetchError> {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let limit = if status.is_success() { limit } else { COMPLAINT_BYTES };
        let too_large = || FetchError::TooLarge { at: place(url), limit };
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.failed(url, error))? {
            if body.len() + piece.len() > limit {
                if status.is_success() {
                    return Err(too_large());
                }
                break;
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }

    fn failed(&self, url: &Url, error: reqwest::Error) -> FetchError {
        let at = place(url);
        let Timeouts { connect, idle, .. } = self.timeouts;
        match (error.is_timeout(), error.is_connect()) {
            (true, true) => FetchError::TimedOut { at, what: "a connection", limit: connect },
            (true, false) => FetchError::TimedOut { at, what: "a pause in an answer", limit: idle },
            _ => FetchError::Unreachable { at, why: chain(&error.without_url()) },
        }
    }
}

impl Answer {
    /// The error that a status which is no success means.
    pub(crate) fn complaint(&self, at: String, credentials: bool) -> FetchError {
        let status = self.status.as_u16();
        match status {
            401 | 403 => {
                let advice = match credentials {
                    true => "the credentials are wrong, or have no right to it",
                    false => "it needs credentials, or does not exist",
                };
                FetchError::Denied { at, status, advice }
            }
            404 | 410 => FetchError::NotFound { at, status },
            _ => {
                let (code, retry_after) = (self.code(), self.retry_after());
                FetchError::Status { at, status, code, retry_after }
            }
        }
    }

    /// The registry's word for an error. Nothing else that it says is repeated: it might say what
    /// we sent it.
    fn code(&self) -> Option<String> {
        let said: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let code = said.get("errors")?.get(0)?.get("code")?.as_str()?;
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        (code.len() <= 40 && code.bytes().all(plain)).then(|| code.to_owned())
    }

    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.body)
    }
}

/// The address without what may be secret: user, password and query.
pub(crate) fn place(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// Whether a URL names this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Where an answer sends us, if it does.
fn target(from: &Url, answer: &reqwest::Response) -> Result<Option<Url>, String> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| from.join(location).ok());
    let next = next.ok_or("the address is missing or is none")?;
    match (from.scheme(), next.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return Err(format!("`{}` is not encrypted", place(&next))),
        (_, scheme) => return Err(format!("`{scheme}:` is not fetched")),
    }
    if !next.username().is_empty() || next.password().is_some() {
        return Err(format!("`{}` carries credentials", place(&next)));
    }
    Ok(Some(next))
}

fn add_certificates(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("its CA file is no PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("a certificate of its CA file: {error}"))?;
        added += 1;
    }
    match added {
        0 => Err("its CA file holds no certificate in PEM".to_owned()),
        _ => Ok(()),
    }
}

/// The last cause says what happened; the ones above it, that something did.
fn chain(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut said = error.to_string();
    while let Some(error) = cause {
        said = error.to_string();
        cause = error.source();
    }
    said
}
