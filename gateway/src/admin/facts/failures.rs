//! Why requests of the last minute failed, as far as they are kept.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use portico_telemetry::{
    record::{Origin, Outcome, Record},
    store::{Interest, Kept, Store},
};

use super::{MINUTE, NOW};
use crate::attention::situation::Failure;

/// Records that are looked at of each route: the store keeps 50 failures a second, and some hundred
/// say why.
const LOOKED_AT: usize = 300;

/// What kept requests say.
#[derive(Default)]
pub(in crate::admin) struct Failures {
    by_cause: HashMap<Cause, Group>,
    by_endpoint: HashMap<SocketAddr, Reasons>,
    /// Of filters that failed: how often, and what the last one said.
    pub(in crate::admin) of_filters: HashMap<Arc<str>, (u64, Arc<str>)>,
}

#[derive(Eq, Hash, PartialEq)]
struct Cause {
    route: Option<Arc<str>>,
    service: Option<Arc<str>>,
    reason: &'static str,
    status: u16,
}

#[derive(Default)]
struct Group {
    message: Arc<str>,
    now: u64,
    took: Vec<Duration>,
}

/// How attempts at an endpoint failed, and how often.
#[derive(Default)]
struct Reasons(HashMap<String, u64>);

impl Failures {
    pub(super) fn gather(store: &Store, at: SystemTime) -> Self {
        let mut this = Self::default();
        let failed = |interest, _: Option<&Arc<str>>| {
            matches!(interest, Interest::Failed | Interest::Plugin)
        };
        for kept in store.recent(before(at, MINUTE), LOOKED_AT, failed) {
            this.add(&kept, before(at, NOW));
        }
        this
    }

    fn add(&mut self, kept: &Kept, now: SystemTime) {
        let record = &kept.record;
        for filter in &record.filters {
            if let Some(said) = &filter.failed {
                let found = self.of_filters.entry(filter.name.clone()).or_default();
                *found = (found.0 + 1, said.clone());
            }
        }
        self.attempts(record);
        let Some((reason, message)) = reason(record) else { return };
        let place = &record.place;
        let (route, service) = (place.route.clone(), place.service.clone());
        let cause = Cause { route, service, reason, status: record.response.status };
        let group = self.by_cause.entry(cause).or_default();
        group.message = message;
        group.now += u64::from(kept.ended() >= now);
        group.took.push(record.took);
    }

    fn attempts(&mut self, record: &Record) {
        for attempt in &record.attempts {
            let why = match &attempt.outcome {
                Outcome::Refused(cause) => plain(cause),
                Outcome::Reset(_) => "it closes the connection before it has answered".to_owned(),
                Outcome::Protocol(_) => "what it answers is not HTTP".to_owned(),
                _ => continue,
            };
            *self.by_endpoint.entry(attempt.endpoint).or_default().0.entry(why).or_default() += 1;
        }
    }

    /// Looks also at requests that came through in the end, for attempts that failed at some
    /// endpoints.
    pub(super) fn look_further(&mut self, store: &Store, at: SystemTime) {
        let others =
            |interest, _: Option<&Arc<str>>| matches!(interest, Interest::Sample | Interest::Slow);
        for kept in store.recent(before(at, MINUTE), LOOKED_AT, others) {
            self.attempts(&kept.record);
        }
    }

    /// The commonest reason for which attempts at an endpoint got no answer.
    pub(super) fn at(&self, endpoint: &SocketAddr) -> Option<&str> {
        let reasons = &self.by_endpoint.get(endpoint)?.0;
        let commonest = reasons.iter().max_by_key(|(why, count)| (**count, *why));
        commonest.map(|(why, _)| &**why)
    }

    /// Those of the same cause together.
    pub(in crate::admin) fn grouped(&self) -> Vec<Failure> {
        let failure = |(cause, group): (&Cause, &Group)| {
            let mut took = group.took.clone();
            took.sort_unstable();
            Failure {
                route: cause.route.as_deref().map(str::to_owned),
                service: cause.service.as_deref().map(str::to_owned),
                reason: cause.reason,
                status: cause.status,
                message: group.message.to_string(),
                count: group.took.len() as u64,
                now: group.now,
                took: took.get(took.len() / 2).copied().unwrap_or_default(),
            }
        };
        self.by_cause.iter().map(failure).collect()
    }
}

/// Why there is no connection, as people say it. What is not known stays as the system said it.
fn plain(cause: &str) -> String {
    let lower = cause.to_ascii_lowercase();
    let words = match () {
        () if lower.contains("refused") => "connection refused",
        () if lower.contains("timedout") || lower.contains("timed out") => {
            "no connection within its `connect_timeout`"
        }
        () if lower.contains("unreachable") => "its host cannot be reached",
        () => cause,
    };
    words.to_owned()
}

/// Why a request has no answer of a service, or that the service itself failed.
fn reason(record: &Record) -> Option<(&'static str, Arc<str>)> {
    match &record.response.origin {
        Origin::Gateway(failed) | Origin::Nobody(failed) => {
            Some((failed.reason, failed.message.clone()))
        }
        Origin::Service if record.response.status >= 500 => Some(("status", "".into())),
        _ => None,
    }
}

pub(super) fn before(at: SystemTime, passed: Duration) -> SystemTime {
    at.checked_sub(passed).unwrap_or(SystemTime::UNIX_EPOCH)
}
