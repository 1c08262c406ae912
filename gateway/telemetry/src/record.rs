//! One request as it went: built once, when it ends, from the stamps that the exchange collected.
//!
//! A record owns what it says, so that it can leave the worker that made it. Names come from the
//! running configuration as shared strings; heads are moved out of the exchange, not copied.
//! Times are offsets from [`Record::started`].

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, Method, Version};

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct Record {
    /// When the first byte of its head was read.
    pub started: SystemTime,
    /// From there until the last byte of the answer was handed to the socket.
    pub took: Duration,
    /// The worker thread that served it.
    pub worker: usize,
    /// The configuration that served it.
    pub generation: u64,
    /// `x-request-id`.
    pub request_id: Arc<str>,
    pub trace: Trace,
    pub client: Client,
    pub place: Place,
    pub request: Request,
    pub response: Response,
    /// Every try to get it to a service, in order.
    pub attempts: Vec<Attempt>,
    /// Every filter that it met, in the order of the chain.
    pub filters: Vec<Filter>,
    pub phases: Phases,
}

/// Its place in a trace.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    pub trace_id: [u8; 16],
    /// The gateway's own (server) span.
    pub span_id: [u8; 8],
    /// The caller's span, if the request came with one.
    pub parent_id: Option<[u8; 8]>,
    /// The trace is sampled: its spans are exported.
    pub sampled: bool,
    /// `tracestate`, as it came.
    pub state: Option<Arc<str>>,
    /// `baggage`, as it came.
    pub baggage: Option<Arc<str>>,
}

/// Who asked, and over what.
#[derive(Clone, Debug)]
pub struct Client {
    pub address: SocketAddr,
    /// Our side of the connection.
    pub local: SocketAddr,
    /// Tells the connections of this process apart.
    pub connection: u64,
    /// How many requests this connection had brought before.
    pub earlier: u64,
    pub tls: Option<Arc<Tls>>,
}

/// What was agreed on when a TLS connection began.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// `TLSv1.3`
    pub version: String,
    /// IANA's name of the cipher suite.
    pub cipher: String,
    pub server_name: Option<String>,
    pub alpn: Option<String>,
    /// The subject of the client's certificate.
    pub peer: Option<String>,
}

/// Where the configuration put it. Each is missing if the request never got that far.
#[derive(Clone, Debug, Default)]
pub struct Place {
    pub listener: Option<Arc<str>>,
    /// The route's name.
    pub route: Option<Arc<str>>,
    /// `route/rule`
    pub rule: Option<Arc<str>>,
    pub service: Option<Arc<str>>,
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// `http` or `https`
    pub scheme: &'static str,
    /// The host that was asked for, with the port if one was given.
    pub authority: Box<str>,
    /// Path and query, as they came. Bytes that are no UTF-8 are replaced.
    pub target: Box<str>,
    pub version: Version,
    /// As the last filter left them.
    pub headers: HeaderMap,
    /// Bytes of the body that were read from the client.
    pub body_bytes: u64,
}

impl Request {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// 0 if nothing was answered.
    pub status: u16,
    pub origin: Origin,
    /// As they were sent.
    pub headers: HeaderMap,
    /// Bytes of the body that were sent to the client.
    pub body_bytes: u64,
    /// The client got all of it.
    pub complete: bool,
    /// Envoy's `%RESPONSE_CODE_DETAILS%`: `via_upstream`, `route_not_found`, …
    pub details: Option<Arc<str>>,
}

/// Whose answer it is.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The service's own.
    Service,
    /// A filter answered: a plugin's name, or `redirect`, `respond`.
    Filter(Arc<str>),
    /// The gateway could not get an answer, and says why.
    Gateway(Failed),
    /// Nobody was answered: a filter closed the connection, or the client left.
    Nobody(Failed),
}

/// Why there is no answer of a service.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The short reason of `x-portico-reason`, stable for tools: `timeout`, `no_route`, ….
    pub reason: &'static str,
    /// One sentence that may be shown to anybody.
    pub message: Arc<str>,
    /// What only the operator is told: addresses, causes. May be empty.
    pub detail: Arc<str>,
}

/// The words of [`Failed::reason`].
pub const REASONS: [&str; 16] = [
    "bad_body",
    "bad_request",
    "client_gone",
    "connect_failed",
    "filter_closed",
    "head_too_large",
    "internal",
    "no_backend",
    "no_endpoint",
    "no_listener",
    "no_route",
    "plugin_failed",
    "suspended",
    "timeout",
    "upstream_protocol",
    "upstream_reset",
];

/// One try to get the request to an endpoint.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The (client) span that stands for it.
    pub span_id: [u8; 8],
    pub endpoint: SocketAddr,
    /// The connection was warm.
    pub reused: bool,
    pub began: Duration,
    /// The connection was there.
    pub connected: Option<Duration>,
    /// The last byte of the request had been sent.
    pub sent: Option<Duration>,
    /// The head of the response was there.
    pub first_byte: Option<Duration>,
    pub ended: Duration,
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The service answered with this status, to the end.
    Answered(u16),
    /// No connection.
    Refused(Arc<str>),
    /// A warm connection turned out to be closed; nothing was lost.
    Stale,
    /// The connection ended before the answer did.
    Reset(Arc<str>),
    /// What came was no HTTP.
    Protocol(Arc<str>),
    /// The request's deadline passed.
    TimedOut,
    /// We broke it off: the client left, or a filter answered.
    Cancelled,
}

/// A filter that a request met.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The plugin's name, or the native filter's word: `redirect`, `request_headers`, ….
    pub name: Arc<str>,
    /// It is a WebAssembly plugin.
    pub is_plugin: bool,
    /// The request was inside of the plugin's canary.
    pub is_canary: bool,
    /// When the request came to it, and the response; missing if it never did.
    pub on_request: Option<Duration>,
    pub on_response: Option<Duration>,
    /// Callbacks into the guest.
    pub callbacks: u64,
    /// The time inside of them, by the wall clock.
    pub spent: Duration,
    /// How long it kept the exchange waiting for its call-outs and ticks.
    pub waited: Duration,
    /// It trapped or used too much time: what the log says about it.
    pub failed: Option<Arc<str>>,
    pub calls: Vec<Call>,
}

/// A call-out of a filter.
#[derive(Clone, Debug)]
pub struct Call {
    pub span_id: [u8; 8],
    /// The service or the `host:port`.
    pub target: Arc<str>,
    /// `http` or `grpc`
    pub kind: &'static str,
    pub began: Duration,
    pub took: Duration,
    /// The status, HTTP's or gRPC's; missing if there was no answer.
    pub status: Option<u16>,
}

/// When each phase of the exchange was over, as offsets from [`Record::started`]. A phase that
/// was not reached is missing. What lies before `started` is told by its length.
#[derive(Clone, Debug, Default)]
pub struct Phases {
    /// From `accept` of the connection to the first byte; of its first request only.
    pub accept: Option<Duration>,
    /// The TLS handshake; of the first request of a connection only.
    pub tls: Option<Duration>,
    /// The whole head had been read and parsed.
    pub head: Duration,
    /// A rule had been found.
    pub matched: Option<Duration>,
    /// The last filter had let the request go on, or had answered.
    pub filtered: Option<Duration>,
    /// An endpoint had been chosen, and the wait for a connection began.
    pub queued: Option<Duration>,
    /// A connection to the service was there.
    pub connected: Option<Duration>,
    /// The whole request had been sent.
    pub sent: Option<Duration>,
    /// The head of the service's response was there.
    pub first_byte: Option<Duration>,
    /// The head of the answer had been sent to the client.
    pub answered: Option<Duration>,
    /// The last byte of the answer had been sent.
    pub body: Option<Duration>,
    /// Filters had logged the request.
    pub logged: Duration,
}
