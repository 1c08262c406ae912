//! What a guest can see and change of one request: its two heads, facts about it, and the answer
//! it wants to give instead of the service.
//!
//! A [`Stream`] is owned by the proxy and lent to an instance for the time of one callback.

mod calls;
mod fields;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};

pub(crate) use self::calls::NOTED;
pub(crate) use self::fields::{HeadLimits, Rejected};
pub use self::{
    calls::CallNote,
    fields::{Field, FieldName, Fields, joins},
};

/// One request, as the filters of its chain see it.
#[derive(Debug)]
pub struct Stream {
    /// The head of the request: pseudo headers first, then the client's in order of arrival.
    pub request: Fields,
    /// The head of the response; empty until there is one.
    pub response: Fields,
    /// Trailers, where a protocol brings them.
    pub request_trailers: Fields,
    pub response_trailers: Fields,
    /// What a body callback sees: what was held back and the piece that came. What the guest leaves
    /// here goes on, or is held back.
    pub body: BytesMut,
    /// The running body callback has changed `body`; taken by the proxy.
    pub body_changed: bool,
    /// What properties are answered from.
    pub facts: Facts,
    /// Set by a guest that answers the request itself.
    pub local_response: Option<LocalResponse>,
    /// Set by a guest that put something into a head which cannot be sent.
    pub invalid: Option<InvalidHead>,
    /// Set by a guest that wants the stream ended without an answer.
    pub close: bool,
    /// Set by a guest that changed what the route was chosen by, and wants it chosen again.
    pub reroute: bool,
    /// The first call-outs that were made for it.
    pub calls: Vec<Arc<CallNote>>,
    /// What guests stored with `proxy_set_property`, by path.
    pub(crate) properties: BTreeMap<Vec<u8>, Property>,
    /// What guests stored with `set_envoy_filter_state`, by name.
    pub(crate) filter_state: BTreeMap<Vec<u8>, Bytes>,
}

/// What a guest stored with a stream.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) value: Bytes,
    /// Declared to be text; bytes otherwise. Expressions tell them apart.
    pub(crate) text: bool,
    /// Declared to be set only once.
    pub(crate) read_only: bool,
}

/// What a guest put into a head that no peer would accept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidHead {
    /// True for the response's head.
    pub response: bool,
    /// The offending name; never a value, which may be a secret.
    pub name: String,
}

/// An answer made by a guest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalResponse {
    /// HTTP status.
    pub status: u16,
    /// The guest's word for the reason; Envoy calls it response code details.
    pub details: String,
    /// Sent as they are.
    pub headers: Vec<(Bytes, Bytes)>,
    /// Sent as it is.
    pub body: Bytes,
    /// For gRPC requests; -1 if the guest gave none.
    pub grpc_status: i32,
}

/// Everything the proxy knows of a request that is not in its heads.
#[derive(Clone, Debug)]
pub struct Facts {
    pub connection: Arc<ConnectionFacts>,
    pub route: Arc<RouteFacts>,
    /// The listener's name.
    pub listener: Arc<str>,
    /// When the request's head was read.
    pub time: SystemTime,
    /// `HTTP/1.1` and so on.
    pub protocol: &'static str,
    /// Bytes of the request's head.
    pub request_headers_bytes: u64,
    /// Where the response came from, once there is one.
    pub upstream: Option<SocketAddr>,
    /// Known in the log phase.
    pub end: Option<End>,
    /// How far it has come.
    pub progress: Progress,
}

/// What becomes known of a request on its way, and is nothing before.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Bytes of the request's body that have come from the client.
    pub request_body: u64,
    /// Bytes of the response's body that have gone to the client.
    pub response_body: u64,
    /// Why the response is what it is, in Envoy's words: `via_upstream`, `route_not_found`, the
    /// details of a local response … (`response.code_details`).
    pub details: Option<Arc<str>>,
    /// What went wrong, in the bits of Envoy's response flags (`response.flags`).
    pub flags: u64,
    /// How often the request was sent (`upstream.request_attempt_count`).
    pub attempts: u64,
    /// Endpoints of the service (`upstream.num_endpoints`).
    pub endpoints: Option<u64>,
    /// Our side of the connection to the endpoint.
    pub upstream_local: Option<SocketAddr>,
    /// Why the connection to the endpoint failed.
    pub upstream_failure: Option<Arc<str>>,
    /// How long it took until there was a connection to the endpoint.
    pub upstream_ready: Option<Duration>,
    /// From the first byte sent to the endpoint to the last received from it.
    pub backend_latency: Option<Duration>,
}

/// A downstream connection.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// Counts connections since the gateway started.
    pub id: u64,
    pub source: SocketAddr,
    pub destination: SocketAddr,
}

/// What matched.
#[derive(Clone, Debug)]
pub struct RouteFacts {
    /// `route/rule`
    pub route: Arc<str>,
    /// The service of the rule's first backend, empty if there is none.
    pub service: Arc<str>,
    /// The host pattern that the request's host fits, empty if any does (`xds.virtual_host_name`).
    pub host: Arc<str>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub duration: Duration,
    pub request_body: u64,
    pub response_body: u64,
}

impl Stream {
    /// A stream at the start of its request phase.
    pub fn new(request: Fields, facts: Facts) -> Box<Self> {
        Box::new(Self {
            request,
            response: Fields::default(),
            request_trailers: Fields::default(),
            response_trailers: Fields::default(),
            body: BytesMut::new(),
            body_changed: false,
            facts,
            local_response: None,
            invalid: None,
            close: false,
            reroute: false,
            calls: Vec::new(),
            properties: BTreeMap::new(),
            filter_state: BTreeMap::new(),
        })
    }

    /// What guests stored with `proxy_set_property`: paths, whose parts are divided by zeros, and
    /// values.
    pub fn set_properties(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.properties.iter().map(|(path, set)| (&**path, &*set.value))
    }
}
