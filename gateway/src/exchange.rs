//! One request and its answer, from the head to the log: what hooks know of each other.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::HeaderValue;
use portico_wasm::{Stream, Visit};
use tokio::time::Instant;

use crate::{
    answer::Answer,
    backend::{ATTEMPTS, Service},
    connection::Connection,
    failure::{Failure, TimeoutSource, wants_json},
    proxy,
    snapshot::{PluginStep, Rule, Snapshot, Step},
};

/// The state of one request.
pub struct Exchange {
    /// Taken once; the request sees no other.
    pub snapshot: Arc<Snapshot>,
    pub connection: Arc<Connection>,
    /// The number of the worker thread it runs on, and stays on.
    pub worker: usize,
    pub started: Instant,
    pub request_id: HeaderValue,
    pub matched: Option<Matched>,
    pub deadline: Option<Deadline>,
    pub filters: Filters,
    pub attempts: Attempts,
    /// Set before an error is raised, so that its answer can say why.
    pub failure: Option<Failure>,
    /// Set where a filter replaces the service's response.
    pub answer: Option<Answer>,
    /// The generation's number goes into the answer.
    pub show_generation: bool,
}

/// The rule a request met.
#[derive(Clone, Copy, Debug)]
pub struct Matched {
    pub listener: usize,
    pub rule: usize,
    /// Bytes of the path that its prefix took.
    pub prefix: usize,
}

/// When the exchange must be over.
#[derive(Clone, Debug)]
pub struct Deadline {
    pub at: Instant,
    pub limit: Duration,
    pub whose: TimeoutSource,
    /// The request's, for the answer of an exchange that is cut off.
    pub accept: Option<HeaderValue>,
}

/// What filters keep between their phases.
#[derive(Default)]
pub struct Filters {
    pub stream: Option<Box<Stream>>,
    /// One for each step that the request phase has reached.
    pub visits: Vec<Option<Visit>>,
    /// Steps that the request phase has reached; the response phase goes back from here.
    pub reached: usize,
}

/// Tries to get the request to a service.
#[derive(Default)]
pub struct Attempts {
    pub service: Option<Arc<Service>>,
    pub tried: Vec<SocketAddr>,
    /// The endpoint of the running attempt.
    pub endpoint: Option<SocketAddr>,
    /// When the running attempt began.
    pub began: Option<Instant>,
}

impl Attempts {
    pub fn may_try_again(&self) -> bool {
        self.tried.len() < ATTEMPTS
    }
}

impl Deadline {
    /// What is left, or `None` if it has passed.
    pub fn remaining(&self, now: Instant) -> Option<Duration> {
        self.at.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

impl Exchange {
    pub fn new(
        snapshot: Arc<Snapshot>,
        connection: Arc<Connection>,
        worker: usize,
        show_generation: bool,
    ) -> Self {
        Self {
            snapshot,
            connection,
            worker,
            started: Instant::now(),
            request_id: HeaderValue::from_static(""),
            matched: None,
            deadline: None,
            filters: Filters::default(),
            attempts: Attempts::default(),
            failure: None,
            answer: None,
            show_generation,
        }
    }

    pub fn rule(&self) -> Option<&Rule> {
        self.snapshot.rules.get(self.matched?.rule)
    }

    pub fn rule_name(&self) -> Arc<str> {
        self.rule().map_or_else(|| "-".into(), |rule| rule.name.clone())
    }

    /// The service's name for messages.
    pub fn service_name(&self) -> Arc<str> {
        self.attempts.service.as_ref().map_or_else(|| "-".into(), |service| service.name.clone())
    }

    /// Lets filters log and forget the request. Called once; again does nothing.
    pub fn leave_filters(&mut self) {
        let Self { snapshot, matched, filters, worker, .. } = self;
        let Some(rule) = matched.and_then(|matched| snapshot.rules.get(matched.rule)) else {
            return;
        };
        for (step, visit) in rule.steps.iter().zip(&mut filters.visits) {
            let (Step::Plugin(step), Some(visit)) = (step, visit.take()) else { continue };
            leave(step, *worker, &visit, &mut filters.stream);
        }
        filters.visits.clear();
    }
}

fn leave(step: &PluginStep, worker: usize, visit: &Visit, stream: &mut Option<Box<Stream>>) {
    if let Err(fault) = step.plugin.leave(worker, visit, stream) {
        let plugin = &*step.plugin.spec().name;
        tracing::warn!(target: "portico::plugin", plugin, "at the end of a request it {fault}");
    }
}

/// A request that is cut off in the middle never gets to its log phase; guests must not keep its
/// context for ever.
impl Drop for Exchange {
    fn drop(&mut self) {
        self.leave_filters();
        if self.connection.is_cut()
            && let Some(deadline) = &self.deadline
        {
            let failure = proxy::timed_out(self, deadline);
            let (status, reason) = (failure.status(), failure.code());
            let id = self.request_id.to_str().unwrap_or_default();
            tracing::warn!(target: "portico::request", status, reason, rule = &*self.rule_name(),
                id, detail = "cut off in the middle", "{}", failure.public());
            let answer = failure.answer(wants_json(deadline.accept.as_ref()), &self.request_id);
            let generation = self.show_generation.then_some(&self.snapshot.generation_header);
            self.connection.last_word(&answer.wire(&self.request_id, generation));
        }
    }
}
