//! The places that have numbers.

use std::{net::SocketAddr, sync::Arc};

/// A place that requests pass, by names of the configuration. No name may come from a request.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Edge {
    /// Requests that came in by a listener and met a rule; without one, those that met none.
    /// Counted when they end.
    Entry { listener: Arc<str>, route: Option<Arc<str>>, rule: Option<Arc<str>> },
    /// Requests of a rule that were sent to a service. Counted once for each request, however
    /// many endpoints were tried.
    Branch { route: Arc<str>, rule: Arc<str>, service: Arc<str> },
    /// Attempts at an endpoint. Each is counted.
    Leaf { service: Arc<str>, endpoint: SocketAddr },
    /// What there was no room for: see [`Settings::series`](super::Settings::series).
    Overflow,
}

impl Edge {
    /// Requests of a listener that met a rule.
    pub fn entry(listener: &Arc<str>, route: &Arc<str>, rule: &Arc<str>) -> Self {
        let (route, rule) = (Some(route.clone()), Some(rule.clone()));
        Self::Entry { listener: listener.clone(), route, rule }
    }

    /// Requests of a listener that met no rule.
    pub fn unmatched(listener: &Arc<str>) -> Self {
        Self::Entry { listener: listener.clone(), route: None, rule: None }
    }

    /// Requests of a rule to a service.
    pub fn branch(route: &Arc<str>, rule: &Arc<str>, service: &Arc<str>) -> Self {
        Self::Branch { route: route.clone(), rule: rule.clone(), service: service.clone() }
    }

    /// Attempts at an endpoint of a service.
    pub fn leaf(service: &Arc<str>, endpoint: SocketAddr) -> Self {
        Self::Leaf { service: service.clone(), endpoint }
    }
}
