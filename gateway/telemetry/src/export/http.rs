//! OTLP over HTTP/1.1, in protobuf.

use std::{io::Write as _, net::SocketAddr};

use bytes::{Bytes, BytesMut};
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
};
use prost::Message;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use super::{
    Settings, Signal, StartError,
    grpc::{ANSWER_BYTES, accepted},
    retry::{RpcStatus, Verdict, of_status},
    tls,
};

pub(super) const AGENT: &str = concat!("portico/", env!("CARGO_PKG_VERSION"));

#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    base: Url,
    gzip: bool,
}

impl Http {
    pub(super) fn new(settings: &Settings, mut headers: HeaderMap) -> Result<Self, StartError> {
        let uri: Uri =
            settings.endpoint.parse().map_err(|_| StartError::Endpoint("is no address"))?;
        check(&uri)?;
        let mut base: Url =
            settings.endpoint.parse().map_err(|_| StartError::Endpoint("is no address"))?;
        // Joining replaces what is behind the last slash.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        if settings.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let mut client = Client::builder()
            .user_agent(AGENT)
            .default_headers(headers)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(settings.timeout);
        if base.scheme() == "https" {
            client = client.tls_backend_preconfigured(tls::http(&settings.tls)?);
            if let Some(name) = &settings.tls.server_name {
                let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
                let port = base.port_or_known_default().unwrap_or(443);
                client = client.no_proxy().dns_resolver(std::sync::Arc::new(At { host, port }));
                base.set_host(Some(name))
                    .map_err(|_| StartError::Tls("the server's name is no name".to_owned()))?;
            }
        } else {
            // The client would look for trusted certificates which it does not need.
            client = client.tls_backend_preconfigured(tls::none()?);
        }
        if is_loopback(&base) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| tls::error(&error))?;
        Ok(Self { client, base, gzip: settings.gzip })
    }

    pub(super) async fn send(&self, signal: Signal, body: Bytes) -> Verdict {
        let path = match signal {
            Signal::Logs => "v1/logs",
            Signal::Metrics => "v1/metrics",
            Signal::Traces => "v1/traces",
        };
        let Ok(url) = self.base.join(path) else {
            return Verdict::Never { why: "the endpoint takes no path".to_owned() };
        };
        let body = if self.gzip { compressed(&body) } else { body };
        match self.client.post(url).body(body).send().await {
            Ok(answer) => read(answer).await,
            Err(error) => {
                let why = tls::last_cause(&error.without_url());
                Verdict::Later { why, after: None }
            }
        }
    }
}

/// Answers with the name of a receiver only matter for its certificate: there is one address.
struct At {
    host: String,
    port: u16,
}

impl Resolve for At {
    fn resolve(&self, _: Name) -> Resolving {
        let (host, port) = (self.host.clone(), self.port);
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, port)).await?;
            Ok(Box::new(found.collect::<Vec<SocketAddr>>().into_iter()) as Addrs)
        })
    }
}

async fn read(mut answer: reqwest::Response) -> Verdict {
    let status = answer.status();
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.map(str::to_owned);
    let mut body = BytesMut::new();
    // Taken is taken, also if the rest of the answer is lost.
    while let Ok(Some(piece)) = answer.chunk().await {
        if body.len() + piece.len() > ANSWER_BYTES {
            break;
        }
        body.extend_from_slice(&piece);
    }
    if status.is_success() {
        return accepted(body.freeze());
    }
    let said = RpcStatus::decode(body.freeze()).map(|status| status.message).unwrap_or_default();
    of_status(status.as_u16(), after.as_deref(), format!("{status}: {said}"))
}

/// Fast rather than small.
fn compressed(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// What both protocols ask of an address.
pub(super) fn check(uri: &Uri) -> Result<(), StartError> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    match uri.scheme_str() {
        Some("http" | "https") if authority.contains('@') => {
            Err(StartError::Endpoint("carries credentials, which belong in a header"))
        }
        Some("http" | "https") if uri.query().is_some() => Err(StartError::Endpoint("has a query")),
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(()),
        _ => Err(StartError::Endpoint("is not `http://host:port` or `https://host:port`")),
    }
}

/// An address that may be shown.
pub(super) fn place(endpoint: &str) -> String {
    endpoint.trim_end_matches('/').to_owned()
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
