//! What telemetry means.

use std::{fmt, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use super::RouteRef;

/// What is told about requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Telemetry {
    /// False: nothing at all.
    pub enabled: bool,
    /// Which requests are traced.
    pub tracing: Tracing,
    /// Receivers of what is told.
    pub exporters: Vec<Exporter>,
    /// Upper bounds of the buckets of durations, rising. Empty for the conventions' own.
    pub buckets: Vec<Duration>,
    /// Logs with a line for each request.
    pub access_logs: Vec<AccessLog>,
    /// What is kept in memory.
    pub store: Store,
    /// Where services send spans.
    pub receiver: Option<Receiver>,
}

/// Which requests are traced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tracing {
    /// The share of traces that begin here.
    pub sample: Share,
    /// Whether the caller's decision counts.
    pub parent: ParentDecision,
    /// Traces that begin here, at most.
    pub max_per_second: u32,
    /// Shares of some routes, each once.
    pub routes: Vec<(RouteRef, Share)>,
    /// From when on a request is slow.
    pub slow: Duration,
    /// Forms in which a context is passed on; never empty, each once.
    pub propagation: Vec<Propagation>,
}

/// A part of all, from 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Share(pub u32);

impl Share {
    /// As a number from 0 to 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

/// Whether a decision that a request brings counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParentDecision {
    Ignore,
    Respect,
}

/// A form in which a trace's context is passed on.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Propagation {
    B3,
    B3Multi,
    Jaeger,
    W3c,
}

/// A receiver of OpenTelemetry data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exporter {
    /// Unique among exporters.
    pub name: Arc<str>,
    /// Without a slash at its end.
    pub endpoint: Box<str>,
    /// How it is spoken to.
    pub protocol: ExportProtocol,
    /// What it gets; never empty, each once.
    pub signals: Vec<Signal>,
    /// Sent with each call; valid names and values.
    pub headers: Vec<(Box<str>, SecretText)>,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<Box<Path>>,
    /// Whether calls are compressed.
    pub gzip: bool,
    /// Of one call.
    pub timeout: Duration,
    /// Between calls.
    pub interval: Duration,
    /// Items that may wait.
    pub queue: u32,
}

/// How a receiver is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportProtocol {
    Grpc,
    Http,
}

/// What is exported.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Signal {
    Logs,
    Metrics,
    Traces,
}

/// Text that is never printed.
#[derive(Clone, Eq, PartialEq)]
pub struct SecretText(pub Arc<str>);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A log with a line for each request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessLog {
    /// Where lines go.
    pub target: LogTarget,
    /// What a line is.
    pub format: LogFormat,
    /// Only these status codes; empty for all.
    pub status: Vec<StatusRange>,
    /// Only requests that took at least this long.
    pub min_duration: Option<Duration>,
    /// Only these routes; empty for all.
    pub routes: Vec<RouteRef>,
    /// A share of the requests, and every error.
    pub sample: Option<Share>,
}

/// Where lines go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LogTarget {
    File(Box<Path>),
    Otlp,
    Stdout,
}

/// What a line is. Command operators are checked when the configuration is compiled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// The fields that Portico finds useful.
    Default,
    /// Names, and text with command operators.
    Json(Vec<(Box<str>, Box<str>)>),
    /// Text with command operators.
    Text(Box<str>),
}

/// Status codes from the first to the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StatusRange {
    pub first: u16,
    pub last: u16,
}

/// What is kept in memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Store {
    /// Bytes, about.
    pub memory: u64,
    /// How long.
    pub keep: Duration,
}

/// Where services send spans. At least one address is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receiver {
    pub grpc: Option<SocketAddr>,
    pub http: Option<SocketAddr>,
    /// Bytes of the largest message.
    pub message: u64,
}
