//! What an exporter is told.

use std::{fmt, io, time::Duration};

use opentelemetry_proto::tonic::resource::v1::Resource;
use rustls::RootCertStore;

use super::Signal;
use crate::{otlp::resource, secret::Secret};

/// States of metrics that wait; they are cumulative, so that the last one says it all.
pub(super) const METRICS_QUEUED: usize = 4;

/// Where to, what, and within which limits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `http://host:port` or `https://…`. Over HTTP it may have a path, to which `v1/traces` and
    /// so on are appended. Default: `http://localhost:4317`, where collectors expect gRPC; HTTP
    /// is expected at 4318.
    pub endpoint: String,
    /// Default: gRPC.
    pub protocol: Protocol,
    /// What is sent; anything else that is handed in is ignored. Default: traces.
    pub signals: Vec<Signal>,
    /// Sent with each request, for instance `authorization`. Default: none.
    pub headers: Vec<(String, Secret)>,
    /// For one request, with its connection if one is needed. Default 10 s, as OTLP has it.
    pub timeout: Duration,
    pub queue: QueueSettings,
    pub batch: BatchSettings,
    pub retry: RetrySettings,
    /// Bodies are compressed. Default: no; a collector is near, and compressing costs more than
    /// all the rest.
    pub gzip: bool,
    pub tls: TlsSettings,
    /// Who reports. Default: [`resource::resource`] of nothing.
    pub resource: Resource,
}

/// How requests are sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    #[default]
    Grpc,
    /// Protobuf in HTTP/1.1.
    Http,
}

/// What may wait, for each signal.
#[derive(Clone, Copy, Debug)]
pub struct QueueSettings {
    /// Spans, or log records. Default 16,384: some 3,000 requests.
    pub items: usize,
    /// Encoded. Default 8 MiB: 16,384 spans of 512 bytes.
    pub bytes: usize,
}

/// What is sent together.
#[derive(Clone, Copy, Debug)]
pub struct BatchSettings {
    /// Default 512, as the SDKs of OpenTelemetry have it.
    pub items: usize,
    /// Default 1 MiB; receivers over gRPC take 4 MiB.
    pub bytes: usize,
    /// How long a batch waits to get full. Default 1 s, so that a trace is there when somebody
    /// looks for it.
    pub interval: Duration,
}

/// What happens if a receiver is not there, or asks for patience.
#[derive(Clone, Copy, Debug)]
pub struct RetrySettings {
    /// The first pause. Default 1 s. Each is half as long again, ± 50 %.
    pub initial: Duration,
    /// The longest pause. Default 30 s. What a receiver asks for may be longer, up to 5 min.
    pub longest: Duration,
    /// A batch that could not be sent for so long is dropped. Default 60 s: by then the queue
    /// has newer ones.
    pub give_up: Duration,
}

/// What is trusted, and who we are, if the endpoint is `https:`.
#[derive(Clone, Default)]
pub struct TlsSettings {
    /// The system's certificates, or whatever is trusted.
    pub roots: Option<RootCertStore>,
    /// Further certificates that are trusted, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    pub client: Option<ClientCertificate>,
    /// The name that the receiver's certificate has, if it is not the endpoint's host.
    pub server_name: Option<String>,
}

/// What we show a receiver that asks who we are.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The chain, in PEM.
    pub certificate_pem: Vec<u8>,
    /// In PEM.
    pub key_pem: Secret,
}

/// Why an exporter cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error("the endpoint of the exporter {0}")]
    Endpoint(&'static str),
    /// The value is not shown.
    #[error("the header `{name}` of the exporter {why}")]
    Header { name: String, why: &'static str },
    #[error("the thread of the exporter did not start")]
    Thread(#[source] io::Error),
    #[error("the certificates of the exporter: {0}")]
    Tls(String),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: "http://localhost:4317".to_owned(),
            protocol: Protocol::Grpc,
            signals: vec![Signal::Traces],
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            queue: QueueSettings::default(),
            batch: BatchSettings::default(),
            retry: RetrySettings::default(),
            gzip: false,
            tls: TlsSettings::default(),
            resource: resource::resource(&[]),
        }
    }
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { items: 16_384, bytes: 8 << 20 }
    }
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self { items: 512, bytes: 1 << 20, interval: Duration::from_secs(1) }
    }
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            give_up: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { roots, ca_pem, client, server_name } = self;
        f.debug_struct("TlsSettings")
            .field("roots", &roots.as_ref().map(RootCertStore::len))
            .field("ca_pem", &ca_pem.as_ref().map(Vec::len))
            .field("client", &client.is_some())
            .field("server_name", server_name)
            .finish()
    }
}
