//! What runs: one configuration, compiled. A request takes one `Arc` of it when it begins and
//! sees nothing else until it ends.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use portico_config::config::{Config, HeaderChanges, ListenerRef, OnFailure, Redirect, Rewrite};
use portico_wasm::{Plugin, RouteFacts};

use crate::{
    answer::Answer,
    backend::Service,
    canary::Canary,
    router::{Router, Sites},
    settle::Choices,
    suspension::Suspension,
    telemetry,
};

/// A configuration, ready to serve.
pub struct Snapshot {
    pub generation: u64,
    /// The same as a header's value.
    pub generation_header: HeaderValue,
    /// What it was compiled from; for `explain` and status, not for requests.
    pub config: Config,
    /// By [`SocketId`]; `None` for a socket that this configuration does not listen on.
    pub sites: Vec<Option<Site>>,
    /// By [`ListenerRef`].
    pub listeners: Vec<Listener>,
    /// All rules of all routes, flattened; [`crate::router::Found::rule`] is an index into it.
    pub rules: Vec<Rule>,
    /// By service reference; for status, not for requests.
    pub services: Vec<Arc<Service>>,
    /// By plugin reference.
    pub plugins: Vec<Arc<Plugin>>,
    /// Likewise, for those that have one.
    pub canaries: Vec<Option<Canary>>,
    /// What is told about requests; nothing if telemetry is off.
    pub telemetry: Option<Arc<telemetry::Plan>>,
}

/// A listening socket. Numbers are given once and never again, so that a connection can name its
/// socket across snapshots.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SocketId(pub usize);

/// The listeners that share a socket.
pub struct Site {
    pub hosts: Sites,
}

/// A listener's routes.
pub struct Listener {
    pub name: Arc<str>,
    pub router: Router,
}

/// A rule with everything it names.
pub struct Rule {
    /// `route/rule`
    pub name: Arc<str>,
    pub steps: Box<[Step]>,
    /// What applies to some step depends on the host.
    pub asks_for_host: bool,
    pub backends: Backends,
    pub timeout: Option<Duration>,
    /// Its route is out of use.
    pub suspended: Option<Suspension>,
    /// For filters that ask.
    pub facts: Arc<RouteFacts>,
}

/// One filter of a rule.
pub enum Step {
    Plugin(PluginStep),
    Redirect(Redirect),
    RequestHeaders(HeaderChanges),
    Respond(Answer),
    ResponseHeaders(HeaderChanges),
    Rewrite(Rewrite),
}

/// A plugin at its place in a rule.
pub struct PluginStep {
    pub plugin: Arc<Plugin>,
    /// Which of its configurations applies here, for which requests.
    pub choices: Choices,
    pub on_failure: OnFailure,
    /// Whether it, or its canary, looks at bodies of requests and of responses.
    pub sees_bodies: [bool; 2],
    pub canary: Option<Canary>,
}

impl PluginStep {
    /// The instances that a request is inside of.
    pub fn of(&self, is_canary: bool) -> &Arc<Plugin> {
        match &self.canary {
            Some(canary) if is_canary => &canary.plugin,
            _ => &self.plugin,
        }
    }

    /// Whether the next request is the canary's.
    pub fn chooses_canary(&self) -> bool {
        self.canary.as_ref().is_some_and(|canary| {
            let takes = canary.trial.takes();
            if takes {
                canary.trial.entered();
            }
            takes
        })
    }
}

/// Services by weight. Those that are out of use take none; the others share theirs.
#[derive(Default)]
pub struct Backends {
    /// With the sum of weights up to and including each; those of weight 0 are left out.
    shares: Box<[(u32, Arc<Service>)]>,
    /// Why the first of those is missing that are out of use.
    suspended: Option<Suspension>,
}

impl Backends {
    pub fn new(backends: impl Iterator<Item = (u32, Arc<Service>)>) -> Self {
        let (mut sum, mut suspended) = (0_u32, None);
        let backends = backends.filter(|(weight, _)| *weight > 0);
        let shares = backends.filter_map(|(weight, service)| {
            if let Some(why) = service.suspended() {
                suspended.get_or_insert_with(|| why.clone());
                return None;
            }
            sum = sum.saturating_add(weight);
            Some((sum, service))
        });
        Self { shares: shares.collect(), suspended }
    }

    /// The first that is listed.
    pub fn first(&self) -> Option<&Service> {
        self.shares.first().map(|(_, service)| &**service)
    }

    /// Whether [`Backends::pick`] finds nothing because of this.
    pub fn suspended(&self) -> Option<&Suspension> {
        self.suspended.as_ref().filter(|_| self.shares.is_empty())
    }

    /// A service by weight.
    pub fn pick(&self) -> Option<&Arc<Service>> {
        match &*self.shares {
            [] => None,
            [(_, only)] => Some(only),
            shares => {
                let ticket = fastrand::u32(..shares.last()?.0);
                let index = shares.partition_point(|(sum, _)| *sum <= ticket);
                shares.get(index).map(|(_, service)| service)
            }
        }
    }
}

impl Snapshot {
    /// Canaries of all plugins.
    pub fn canaries(&self) -> impl Iterator<Item = &Canary> {
        self.canaries.iter().flatten()
    }

    /// The listener and its routes for a host on a socket.
    pub fn listener(&self, socket: SocketId, host: &str) -> Option<(ListenerRef, &Listener)> {
        let site = self.sites.get(socket.0)?.as_ref()?;
        let listener = site.hosts.find(host)?;
        Some((listener, self.listeners.get(listener.0)?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use portico_config::config;

    use super::*;

    fn service(name: &str) -> Arc<Service> {
        service_that(name, None)
    }

    fn service_that(name: &str, suspended: Option<&str>) -> Arc<Service> {
        let service = config::Service {
            name: name.into(),
            endpoints: Vec::new(),
            connect_timeout: Duration::from_secs(1),
            suspended: suspended.map(Into::into),
        };
        Arc::new(Service::new(&service, |_, _| unreachable!("it has no names"), None))
    }

    #[test]
    fn backends_get_their_share() {
        let backends = [(9, service("a")), (0, service("never")), (1, service("b"))];
        let backends = Backends::new(backends.into_iter());
        let mut counts = HashMap::<String, u32>::new();
        fastrand::seed(7);
        for _ in 0..10_000 {
            *counts.entry(backends.pick().unwrap().name.to_string()).or_default() += 1;
        }
        assert!(!counts.contains_key("never"));
        assert!((8_700..9_300).contains(&counts["a"]), "{counts:?}");
        assert_eq!(counts["a"] + counts["b"], 10_000);
    }

    #[test]
    fn the_share_of_a_suspended_service_goes_to_the_others() {
        let out = || service_that("out", Some("it is slow"));
        let backends = [(98, out()), (1, service("a")), (1, service("b"))];
        let backends = Backends::new(backends.into_iter());
        let mut counts = HashMap::<String, u32>::new();
        fastrand::seed(7);
        for _ in 0..1_000 {
            *counts.entry(backends.pick().unwrap().name.to_string()).or_default() += 1;
        }
        assert!((400..600).contains(&counts["a"]), "{counts:?}");
        assert_eq!(counts["a"] + counts["b"], 1_000);
        assert_eq!(backends.suspended(), None);

        let other = service_that("other", Some("another reason"));
        let none = Backends::new([(0, other), (1, out()), (0, service("a"))].into_iter());
        assert!(none.pick().is_none());
        let why = none.suspended().unwrap().to_string();
        assert_eq!(why, "service `out` is suspended: it is slow");
    }

    #[test]
    fn nothing_is_picked_from_nothing() {
        assert!(Backends::new([(0, service("a"))].into_iter()).pick().is_none());
    }
}
