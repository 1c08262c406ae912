//! What is known of the gateway at a moment, as plain data.

use std::time::Duration;

use serde_json::Value;

/// Everything that [`attention`](super::attention) looks at. The default is a gateway that has
/// nothing to do and nothing to complain about.
#[derive(Clone, Debug, Default)]
pub struct Situation {
    /// Since the process began.
    pub uptime: Duration,
    pub is_draining: bool,
    /// Telemetry is on; without it nothing is known of traffic.
    pub is_counting: bool,
    /// Something that can be typed to send a request.
    pub curl: Option<String>,
    /// A request was seen in what is remembered, or one is on its way.
    pub has_traffic: bool,
    /// The last configuration, if it was refused.
    pub refused: Option<Refused>,
    /// What is odd about the one that runs.
    pub warnings: Vec<Warning>,
    pub suspended: Vec<Suspended>,
    pub routes: Vec<Route>,
    pub services: Vec<Service>,
    /// Requests that failed in the last minute, as far as they are kept.
    pub failures: Vec<Failure>,
    /// Requests that met no rule in the last minute.
    pub strangers: Strangers,
    pub plugins: Vec<Plugin>,
    pub modules: Vec<Module>,
    pub findings: Vec<Finding>,
    pub telling: Telling,
}

/// What was counted at a place: in the last minute, and in its last ten seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    pub minute: Count,
    pub now: Count,
}

/// In a window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub requests: u64,
    pub errors: u64,
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
}

impl Count {
    pub fn error_share(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.errors as f64 / self.requests as f64 }
    }
}

/// A configuration that was refused.
#[derive(Clone, Debug, Default)]
pub struct Refused {
    /// `portico.yaml:12`
    pub place: String,
    /// The first problem.
    pub message: String,
    pub problems: usize,
    /// Who brought it.
    pub origin: String,
    /// What runs on.
    pub running: Option<u64>,
}

/// Something odd in the configuration that runs.
#[derive(Clone, Debug, Default)]
pub struct Warning {
    pub place: String,
    pub path: String,
    pub message: String,
}

/// Something that takes no requests because somebody said so.
#[derive(Clone, Debug)]
pub struct Suspended {
    pub kind: super::Kind,
    pub name: String,
    pub reason: String,
    /// Of the field `suspended`, for the edit.
    pub path: Value,
}

/// A route and the ways from it to services.
#[derive(Clone, Debug, Default)]
pub struct Route {
    pub name: String,
    pub numbers: Numbers,
    pub ways: Vec<Way>,
}

/// From the rules of a route to one service.
#[derive(Clone, Debug, Default)]
pub struct Way {
    pub service: String,
    pub numbers: Numbers,
    /// Of the first rule that sends requests there without a timeout.
    pub unlimited: Option<Unlimited>,
    /// Requests that are at the route now, if nothing has ended there for a while, and how long that
    /// is.
    pub hanging: Option<(u64, Duration)>,
    /// Routes that it was seen to call while it served requests of this way.
    pub calls: Vec<String>,
}

/// A rule without a timeout.
#[derive(Clone, Debug, Default)]
pub struct Unlimited {
    /// What it matches, for people: `/api/staff`.
    pub shown: String,
    /// Where a timeout would be written.
    pub path: Value,
}

/// A service and its endpoints.
#[derive(Clone, Debug, Default)]
pub struct Service {
    pub name: String,
    pub is_suspended: bool,
    pub endpoints: Vec<Endpoint>,
}

/// An endpoint of a service, as it is written.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    pub address: String,
    /// It gets requests, as far as the configuration is concerned.
    pub is_used: bool,
    /// Of attempts.
    pub numbers: Numbers,
    /// Why most attempts failed that got no answer, in words: `connection refused`. Not if they took
    /// too long: that is a matter of timeouts.
    pub trouble: Option<String>,
    /// It refuses connections: nobody listens there.
    pub refuses: bool,
    /// Its name does not resolve: why.
    pub unresolved: Option<String>,
}

/// Kept requests that failed in the same way in the last minute.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    pub route: Option<String>,
    pub service: Option<String>,
    /// The gateway's reason, or `status` for an answer of the service.
    pub reason: &'static str,
    pub status: u16,
    /// One sentence of one of them.
    pub message: String,
    pub count: u64,
    /// Of these, in the last ten seconds.
    pub now: u64,
    /// How long they took, in the middle.
    pub took: Duration,
}

/// Requests that met no rule.
#[derive(Clone, Debug, Default)]
pub struct Strangers {
    /// Counted.
    pub numbers: Numbers,
    /// Of those that are kept: hosts and how often, the commonest first.
    pub hosts: Vec<(String, u64)>,
    /// Likewise paths.
    pub paths: Vec<(String, u64)>,
    /// Hosts that listeners and routes know; `*` is every one.
    pub known: Vec<String>,
}

/// A plugin.
#[derive(Clone, Debug, Default)]
pub struct Plugin {
    pub name: String,
    /// Kept requests of the last minute in which it failed, and what one of them said.
    pub failures: u64,
    pub said: Option<String>,
    /// Requests are refused when it fails.
    pub is_closed: bool,
    /// Why its canary was rolled back, if that was not asked for.
    pub rolled_back: Option<String>,
}

/// A module that cannot be fetched.
#[derive(Clone, Debug, Default)]
pub struct Module {
    pub plugin: String,
    pub source: String,
    pub trouble: String,
    /// There is one from before, which serves.
    pub is_there: bool,
}

/// What the doctor found.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    pub service: String,
    pub words: String,
    pub trace_id: String,
    pub dropped: u64,
}

/// How telling itself fares.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// Exporters whose last request failed: name and why.
    pub exporters: Vec<(String, String)>,
    /// Access logs that cannot be written.
    pub logs: Vec<String>,
    /// Why no spans are received.
    pub receiver: Option<String>,
    /// Records dropped in the last minute.
    pub dropped: u64,
}
