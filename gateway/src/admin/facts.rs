//! What overview, badges and pages of services are made of: the configuration that runs, what was
//! counted in the last minute and in its last ten seconds, and why kept requests failed.

mod failures;
pub(super) mod services;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use portico_telemetry::graph::{self, View};

pub(super) use self::failures::Failures;
use super::Admin;
use crate::{
    attention::situation::{Count, Numbers, Service},
    control::Status,
    snapshot::Snapshot,
};

/// Long enough for evidence.
pub(super) const MINUTE: Duration = Duration::from_mins(1);

/// Short enough to see that it is over.
pub(super) const NOW: Duration = Duration::from_secs(10);

/// The facts of a moment.
pub(super) struct Facts {
    pub(super) at: SystemTime,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) status: Arc<Status>,
    pub(super) traffic: Traffic,
    pub(super) failures: Failures,
    pub(super) services: Vec<Service>,
}

/// What was counted, by the ids of the graph.
#[derive(Default)]
pub(super) struct Traffic {
    nodes: HashMap<String, Seen>,
    links: HashMap<(String, String), Seen>,
    /// Attempts on their way, by service.
    at_endpoints: HashMap<String, u64>,
}

/// At a place.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) numbers: Numbers,
    pub(super) in_flight: u64,
    /// Seconds since 1970.
    pub(super) last: Option<u64>,
}

impl Facts {
    /// Takes milliseconds where much is configured.
    pub(super) fn gather(admin: &Admin, at: SystemTime) -> Self {
        let snapshot = admin.control.snapshot.load_full();
        let status = admin.control.status.load_full();
        let meters = admin.telemetry.meters();
        let views = [MINUTE, NOW].map(|window| meters.graph.view(window, at));
        let traffic = Traffic::of(views);
        let store = &admin.telemetry.shelf().store;
        let failures = Failures::gather(store, at);
        let services = services::services(&snapshot, &traffic, &failures, store, at);
        Self { at, snapshot, status, traffic, failures, services }
    }
}

impl Traffic {
    fn of([minute, now]: [View; 2]) -> Self {
        let mut this = Self::default();
        for node in minute.nodes {
            let endpoint = node.id.strip_prefix("endpoint:").and_then(|id| id.rsplit_once('/'));
            if let Some((service, _)) = endpoint.filter(|_| node.in_flight > 0) {
                *this.at_endpoints.entry(service.to_owned()).or_default() += node.in_flight;
            }
            this.nodes.insert(node.id, Seen::minute(&node.stats, node.in_flight));
        }
        for node in now.nodes {
            this.nodes.entry(node.id).or_default().numbers.now = count(&node.stats);
        }
        for link in minute.links {
            this.links.insert((link.from, link.to), Seen::minute(&link.stats, 0));
        }
        for link in now.links {
            let seen = this.links.entry((link.from, link.to)).or_default();
            seen.numbers.now = count(&link.stats);
        }
        this
    }

    pub(super) fn node(&self, id: &str) -> Seen {
        self.nodes.get(id).copied().unwrap_or_default()
    }

    /// Attempts at the endpoints of a service that are on their way.
    pub(super) fn at_endpoints(&self, service: &str) -> u64 {
        self.at_endpoints.get(service).copied().unwrap_or_default()
    }

    /// From a route to a service.
    pub(super) fn way(&self, route: &str, service: &str) -> Seen {
        let link = (format!("route:{route}"), format!("service:{service}"));
        self.links.get(&link).copied().unwrap_or_default()
    }
}

impl Seen {
    fn minute(stats: &graph::Stats, in_flight: u64) -> Self {
        let numbers = Numbers { minute: count(stats), now: Count::default() };
        Self { numbers, in_flight, last: stats.last_seen }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let merge = |own: &mut Count, other: &Count| {
            own.requests += other.requests;
            own.errors += other.errors;
            own.p50 = own.p50.max(other.p50);
            own.p99 = own.p99.max(other.p99);
        };
        merge(&mut self.numbers.minute, &other.numbers.minute);
        merge(&mut self.numbers.now, &other.numbers.now);
        self.in_flight += other.in_flight;
        self.last = self.last.max(other.last);
    }
}

pub(super) fn count(stats: &graph::Stats) -> Count {
    let took = |millis: Option<f64>| millis.map(|millis| Duration::from_secs_f64(millis / 1e3));
    let (p50, p99) = (took(stats.p50_ms), took(stats.p99_ms));
    Count { requests: stats.requests, errors: stats.errors, p50, p99 }
}
