//! What a configuration means, once it is known to be right.
//!
//! Nothing here can be wrong: references are indices that exist, patterns compile, numbers are
//! in range. [`crate::load`] is the only maker. The gateway compiles this into its snapshot.

mod plugin;
mod telemetry;

use std::{net::SocketAddr, sync::Arc, time::Duration};

pub use self::plugin::{
    Access, CallHost, Canary, Capability, Digest, EnvironmentValue, HeaderPause, Isolation,
    OciReference, OnFailure, Override, Plugin, PluginConfiguration, PluginLimits, PluginSource,
    PluginStep, SetBy, Setting, SignaturePolicy, StepPlace, Url, Variant,
};

pub use self::telemetry::{
    AccessLog, ExportProtocol, Exporter, LogFormat, LogTarget, ParentDecision, Propagation,
    Receiver, SecretText, Share, Signal, StatusRange, Store, Telemetry, Tracing,
};

/// A whole configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where to listen. Several listeners may share an address if their host names differ.
    pub listeners: Vec<Listener>,
    /// Where requests can go.
    pub services: Vec<Service>,
    /// WebAssembly modules and their default configuration.
    pub plugins: Vec<Plugin>,
    /// Which requests go where.
    pub routes: Vec<Route>,
    /// What is told about requests.
    pub telemetry: Telemetry,
}

/// Index into [`Config::listeners`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ListenerRef(pub usize);

/// Index into [`Config::services`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServiceRef(pub usize);

/// Index into [`Config::plugins`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PluginRef(pub usize);

/// Index into [`Config::routes`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RouteRef(pub usize);

/// An address to listen on and the host names answered there.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Unique among listeners.
    pub name: Arc<str>,
    /// Address and port; `0.0.0.0` and `[::]` mean every interface. Port 0 lets the system choose.
    pub address: SocketAddr,
    /// Never empty; `[HostPattern::Any]` by default.
    pub hosts: Vec<HostPattern>,
}

/// Which host names a listener or route answers to. Always in lower case, without a port.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum HostPattern {
    /// `*`: every host, and requests that name none.
    Any,
    /// `fleet.local`
    Exact(Box<str>),
    /// `*.fleet.local`, kept as `fleet.local`: one or more labels in front of it.
    Suffix(Box<str>),
}

/// A named group of endpoints that answer alike. Envoy calls this a cluster.
#[derive(Clone, Debug)]
pub struct Service {
    /// Unique among services.
    pub name: Arc<str>,
    /// Never empty, and at least one weight is above zero.
    pub endpoints: Vec<Endpoint>,
    /// How long to wait for a connection before the next endpoint is tried.
    pub connect_timeout: Duration,
    /// Why it is out of use; `None`: it takes part. Clients are told.
    pub suspended: Option<Arc<str>>,
}

/// One address of a service.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    /// Where to connect.
    pub address: EndpointAddress,
    /// Share among the endpoints of its service; 0 takes none.
    pub weight: u32,
    /// Why it is out of use; `None`: it takes part.
    pub suspended: Option<Arc<str>>,
}

/// Where an endpoint is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum EndpointAddress {
    /// A name that is resolved while the gateway runs; every address it has is used.
    Dns { host: Box<str>, port: u16 },
    /// An address as written.
    Ip(SocketAddr),
}

/// Requests of some hosts, and the rules that say where they go.
#[derive(Clone, Debug)]
pub struct Route {
    /// Unique among routes.
    pub name: Arc<str>,
    /// The listeners it serves on; never empty, in order of the document.
    pub listeners: Vec<ListenerRef>,
    /// Never empty; `[HostPattern::Any]` by default.
    pub hosts: Vec<HostPattern>,
    /// Why it is out of use; `None`: it takes part. Clients are told.
    pub suspended: Option<Arc<str>>,
    /// Never empty.
    pub rules: Vec<Rule>,
}

/// What happens to requests that meet one of its matches.
#[derive(Clone, Debug)]
pub struct Rule {
    /// As written, or the rule's place in its route (`0`, `1`, …).
    pub name: Arc<str>,
    /// Alternatives; never empty. No `matches` in the document means one that takes everything.
    pub matches: Vec<Match>,
    /// In order for requests, in reverse order for responses. A route's own filters come first.
    pub filters: Vec<Filter>,
    /// Where requests go. Empty only if a filter answers them.
    pub backends: Vec<Backend>,
    /// How long the whole exchange may take, from the request's head to the response's end;
    /// the rule's own or its route's. `None` is no limit.
    pub timeout: Option<Duration>,
}

/// Conditions that must all hold.
#[derive(Clone, Debug)]
pub struct Match {
    /// Gateway API's default, `Prefix("/")`, matches every path.
    pub path: PathMatch,
    /// In upper case.
    pub method: Option<Box<str>>,
    /// Names in lower case, sorted, each once.
    pub headers: Vec<FieldMatch>,
    /// Names as written (query parameters are case-sensitive), sorted, each once.
    pub query: Vec<FieldMatch>,
}

/// A condition on a path. The query string is not part of the path.
#[derive(Clone, Debug)]
pub enum PathMatch {
    /// The whole path, byte for byte.
    Exact(Box<str>),
    /// By segment: `/api` matches `/api`, `/api/` and `/api/x`, not `/apis`. Kept without a
    /// trailing slash, except for `/` itself.
    Prefix(Box<str>),
    /// The whole path, as if written between `^` and `$`.
    Regex(Pattern),
}

/// A condition on one header or query parameter.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FieldMatch {
    /// Which field.
    pub name: Box<str>,
    /// What it must be.
    pub value: ValueMatch,
}

/// What a value must be.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ValueMatch {
    /// Byte for byte.
    Exact(Box<str>),
    /// The whole value, as if written between `^` and `$`.
    Regex(Pattern),
}

/// A regular expression that is known to compile, and matches whole values only.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written.
    pub text: Box<str>,
    /// `^(?:text)$`
    pub regex: regex::Regex,
}

/// One step of a rule.
#[derive(Clone, Debug)]
pub enum Filter {
    /// A WebAssembly filter.
    Plugin(PluginStep),
    /// Answers with a redirect.
    Redirect(Redirect),
    /// Changes request headers.
    RequestHeaders(HeaderChanges),
    /// Answers with what is written here.
    Respond(Respond),
    /// Changes response headers.
    ResponseHeaders(HeaderChanges),
    /// Changes host or path on the way to the service.
    Rewrite(Rewrite),
}

/// Changes are made in this order: remove, set, add.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HeaderChanges {
    /// Replaces all values of a name.
    pub set: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Adds a value and keeps those there are.
    pub add: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Removes all values of a name.
    pub remove: Vec<http::HeaderName>,
}

/// Where to send the client instead. What is `None` stays as in the request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Redirect {
    /// `http` or `https`.
    pub scheme: Option<Scheme>,
    /// Host name without a port.
    pub host: Option<Box<str>>,
    /// Gateway API's default: the scheme's own if the scheme is given, otherwise the listener's.
    pub port: Option<u16>,
    /// The new path.
    pub path: Option<PathChange>,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
}

/// A URL scheme.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    Http,
    Https,
}

/// Changes on the way to the service. At least one is present.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rewrite {
    /// The new `host` header.
    pub host: Option<Box<str>>,
    /// The new path.
    pub path: Option<PathChange>,
}

/// How a path is changed. The query string is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PathChange {
    /// The whole path.
    Full(Box<str>),
    /// The matched prefix, by segment; only where every match of the rule is a prefix.
    Prefix(Box<str>),
}

/// An answer written in the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Respond {
    /// 200 to 599.
    pub status: u16,
    /// Sent as they are.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Sent as it is.
    pub body: Arc<str>,
}

/// A share of a rule's requests.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Backend {
    /// Where they go.
    pub service: ServiceRef,
    /// Its share; 0 takes none. If all are 0, requests are answered with 503.
    pub weight: u32,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl std::hash::Hash for Pattern {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
