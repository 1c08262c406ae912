//! One request and its answer, from the head to the log: what hooks know of each other.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, header};
use pingora::{
    http::{RequestHeader, ResponseHeader},
    protocols::http::{ServerSession, date::get_cached_date, v1::client::HttpSession},
};
use portico_telemetry::record::Outcome;
use portico_wasm::{End, Fault, FieldName};
use tokio::time::Instant;

use crate::{
    backend::{ATTEMPTS, Service},
    chain::{Filters, Visited},
    connection::Connection,
    failure::{TimeoutSource, wants_json},
    forward, heads,
    notes::{Notes, Place, Spent},
    proxy,
    settle::settle,
    snapshot::{PluginStep, Rule, Snapshot, Step},
    telemetry::{
        Recorder,
        record::{self, Ended},
    },
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
    /// The listener, if no rule of it was met.
    pub listener: Option<usize>,
    /// The rule that a filter has led to: its backends and timeout count from then on.
    pub rerouted: Option<usize>,
    /// The client has been told to send its body.
    pub invited: bool,
    /// Answers to it have the form of gRPC.
    pub is_grpc: bool,
    pub deadline: Option<Deadline>,
    pub filters: Filters,
    pub attempts: Attempts,
    /// The generation's number goes into the answer.
    pub show_generation: bool,
    /// For its record.
    pub(crate) notes: Notes,
    recorder: Arc<Recorder>,
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

/// Tries to get the request to a service.
#[derive(Default)]
pub struct Attempts {
    pub service: Option<Arc<Service>>,
    pub tried: Vec<SocketAddr>,
    /// The endpoint of the running attempt.
    pub endpoint: Option<SocketAddr>,
    /// When the running attempt began.
    pub began: Option<Instant>,
    /// When the whole request had been sent.
    pub sent: Option<Instant>,
    /// Attempts on warm connections that turned out to be closed.
    pub stale: usize,
    /// What has been sent of the body, in case that the connection turns out to be stale.
    replay: Sent,
}

/// Envoy's response flag `DC`: the client closed the connection.
const DOWNSTREAM_GONE: u64 = 0x4000;

/// Bytes of a body that are kept in case they must be sent again. Most requests that are sent on a
/// warm connection have less.
const REPLAY: usize = 64 << 10;

/// What has been sent to a service.
#[derive(Default)]
struct Sent {
    pieces: Vec<Bytes>,
    bytes: usize,
    /// More than is kept.
    lost: bool,
}

impl Attempts {
    pub fn may_try_again(&self) -> bool {
        self.tried.len() + self.stale < ATTEMPTS
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
        recorder: Arc<Recorder>,
        show_generation: bool,
    ) -> Self {
        let on = snapshot.telemetry.is_some();
        let bodies = if on { recorder.capture() } else { None };
        Self {
            snapshot,
            worker: recorder.worker(),
            started: Instant::now(),
            notes: Notes::new(on, connection.first_byte(), bodies),
            recorder,
            connection,
            listener: None,
            request_id: HeaderValue::from_static(""),
            matched: None,
            rerouted: None,
            invited: false,
            is_grpc: false,
            deadline: None,
            filters: Filters::default(),
            attempts: Attempts::default(),
            show_generation,
        }
    }

    /// The rule whose backends and timeout count.
    pub fn rule(&self) -> Option<&Rule> {
        self.snapshot.rules.get(self.rerouted.unwrap_or(self.matched?.rule))
    }

    /// The place of a plugin's configuration for this request; none if it is switched off here.
    pub(crate) fn place_of(&self, step: &PluginStep) -> Option<usize> {
        settle(step, self.matched?.listener, &self.filters.host)
    }

    /// Remembers what is about to be sent of the body.
    pub(crate) fn keep_for_replay(&mut self) {
        let sent = &mut self.attempts.replay;
        sent.bytes += self.filters.request.out_bytes();
        sent.lost |= sent.bytes > REPLAY;
        if sent.lost {
            sent.pieces.clear();
        } else {
            sent.pieces.extend(self.filters.request.out.iter().cloned());
        }
    }

    /// Puts what has been sent back in front of what is to be sent. False if it is not at hand.
    pub(crate) fn rewind_request(&mut self) -> bool {
        let sent = std::mem::take(&mut self.attempts.replay);
        if sent.lost {
            return false;
        }
        let rest = std::mem::take(&mut self.filters.request.out);
        self.filters.request.out = sent.pieces;
        self.filters.request.out.extend(rest);
        true
    }

    /// A filter has answered in place of the service, or closed the stream.
    pub(crate) fn note_answered(&mut self) {
        let Some(matched) = self.matched.filter(|_| self.notes.on) else { return };
        let last = self.filters.responding.or_else(|| self.filters.reached.checked_sub(1));
        let steps = &self.snapshot.rules[matched.rule].steps;
        self.notes.answered_by = last.and_then(|last| steps.get(last)).map(record::name_of);
    }

    /// Whether its failure may have a line in the log, and how many were left out before it.
    pub(crate) fn may_report(&self) -> Option<u64> {
        self.recorder.line()
    }

    /// It has met a rule.
    pub(crate) fn note_matched(&mut self, matched: Matched) {
        self.matched = Some(matched);
        self.notes.matched = self.notes.now();
        if self.notes.on {
            self.recorder.begin(self);
        }
    }

    /// It goes to an endpoint.
    pub(crate) fn note_attempt(&mut self, endpoint: SocketAddr, index: usize, began: Instant) {
        self.notes.attempt(endpoint, Some(index), began);
        self.recorder.attempt(self);
    }

    /// Reads what place in a trace the client gives it.
    pub(crate) fn enter_trace(&mut self, head: &RequestHeader) {
        let plan = self.snapshot.telemetry.as_ref();
        let Some(propagation) = plan.and_then(|plan| plan.propagation.as_ref()) else { return };
        self.notes.trace = Some(Place::new(propagation.extract(&head.headers)));
    }

    /// Filters are done with the head: they may have given it another place in a trace.
    pub(crate) fn leave_request_filters(&mut self, head: &RequestHeader) {
        self.notes.filtered = self.notes.now();
        let Self { snapshot, filters, notes, .. } = self;
        let plan = snapshot.telemetry.as_ref();
        if let (Some(propagation), Some(_), Some(place)) =
            (plan.and_then(|plan| plan.propagation.as_ref()), &filters.stream, &mut notes.trace)
        {
            place.incoming = propagation.extract(&head.headers);
        }
        self.settle_trace();
    }

    /// Decides about the trace, once.
    pub(crate) fn settle_trace(&mut self) {
        let Self { snapshot, notes, recorder, matched, worker, .. } = self;
        let open = notes.trace.as_mut().filter(|place| !place.is_settled());
        let (Some(plan), Some(place)) = (&snapshot.telemetry, open) else { return };
        let sampler =
            plan.counted(matched.map(|own| own.listener), matched.map(|own| own.rule)).sampler;
        place.settle(|incoming, id| sampler.head(*worker, incoming, id, recorder.now()));
    }

    /// Tells filters that a service has the request.
    pub(crate) fn note_connected(&mut self, upstream: &HttpSession, began: Instant, reused: bool) {
        let now = Instant::now();
        if let Some(attempt) = self.notes.current() {
            (attempt.connected, attempt.reused) = (Some(now), reused);
        }
        let took = now.saturating_duration_since(began);
        let Some(stream) = &mut self.filters.stream else { return };
        stream.facts.upstream = self.attempts.endpoint;
        let progress = &mut stream.facts.progress;
        progress.attempts += 1;
        progress.upstream_ready = Some(took);
        progress.upstream_local = upstream.client_addr().and_then(|own| own.as_inet().copied());
    }

    /// Shows filters, when they log, the head as it is sent: with `head` where they have not made it
    /// themselves, and with what every answer gets last.
    pub(crate) fn note_head(&mut self, head: Option<&ResponseHeader>, closes: bool) {
        let Some(stream) = &mut self.filters.stream else { return };
        if let Some(head) = head {
            stream.response = heads::response_fields(head);
        }
        stream.response.withdraw(&FieldName::Header(header::CONNECTION));
        stream.response.push(FieldName::Header(header::DATE), get_cached_date());
        stream.response.push(FieldName::Header(header::SERVER), forward::SERVER);
        if closes {
            let close = HeaderValue::from_static("close");
            stream.response.push(FieldName::Header(header::CONNECTION), close);
        }
    }

    /// Tells filters where the answer is from.
    pub(crate) fn note_details(&mut self, details: Arc<str>) {
        if let Some(stream) = &mut self.filters.stream {
            stream.facts.progress.details = Some(details);
        }
    }

    /// Tells filters that the service has sent everything.
    pub(crate) fn note_upstream_done(&mut self) {
        if let Some(stream) = &mut self.filters.stream {
            let took = self.attempts.began.map(|began| began.elapsed());
            stream.facts.progress.backend_latency = took;
        }
    }

    /// Tells filters that the client left before it had its answer.
    pub(crate) fn note_gone(&mut self) {
        self.note_details("downstream_remote_disconnect".into());
        if let Some(stream) = &mut self.filters.stream {
            stream.facts.progress.flags |= DOWNSTREAM_GONE;
        }
    }

    /// Tells filters how it ended, and lets them log and forget it.
    pub fn finish(&mut self, request_body: usize, response_body: usize) {
        self.notes.done = self.notes.now();
        self.filters.go_on();
        if let Some(stream) = &mut self.filters.stream {
            stream.facts.progress.request_body = request_body as u64;
            stream.facts.progress.response_body = response_body as u64;
            let took = self.attempts.began.map(|began| began.elapsed());
            stream.facts.progress.backend_latency = stream.facts.progress.backend_latency.or(took);
            stream.facts.end = Some(End {
                duration: self.started.elapsed(),
                request_body: request_body as u64,
                response_body: response_body as u64,
            });
        }
        self.leave_filters();
    }

    /// Hands in its record. `client` is missing if it was cut off.
    pub(crate) fn record(&mut self, client: Option<&ServerSession>, status: u16, complete: bool) {
        if !self.notes.on {
            return;
        }
        let outcome = if self.connection.is_cut() { Outcome::TimedOut } else { Outcome::Cancelled };
        self.notes.attempt_ended(outcome);
        let bytes = client.map_or([0, 0], |client| {
            [client.body_bytes_read() as u64, client.body_bytes_sent() as u64]
        });
        let ended = Ended { at: Instant::now(), status, complete, bytes };
        let recorder = self.recorder.clone();
        recorder.end(self, client, &ended);
        self.notes.on = false;
    }

    pub fn rule_name(&self) -> Arc<str> {
        self.rule().map_or_else(|| "-".into(), |rule| rule.name.clone())
    }

    /// The service's name for messages.
    pub fn service_name(&self) -> Arc<str> {
        self.attempts.service.as_ref().map_or_else(|| "-".into(), |service| service.name.clone())
    }

    /// Lets filters log and forget the request. Called once; again does nothing. All log before any
    /// forgets, also those behind a filter that answered: as on Envoy, a log has every request.
    pub fn leave_filters(&mut self) {
        self.filters.go_on();
        let Self { snapshot, matched, filters, worker, request_id, notes, .. } = self;
        let Some(rule) = matched.and_then(|matched| snapshot.rules.get(matched.rule)) else {
            return;
        };
        if filters.visits.is_empty() {
            return;
        }
        let listener = matched.map_or(0, |matched| matched.listener);
        for (index, step) in rule.steps.iter().enumerate() {
            let Step::Plugin(step) = step else { continue };
            if index >= filters.visits.len() {
                filters.visits.resize_with(index + 1, Visited::default);
                if let Some(place) = settle(step, listener, &filters.host) {
                    let created = step.plugin.create(*worker, place, &mut filters.stream);
                    filters.visits[index].visit = warn(step, created);
                }
            }
            let visited = &filters.visits[index];
            if let Some(visit) = &visited.visit {
                let plugin = step.of(visited.is_canary);
                warn(step, plugin.log(*worker, visit, &mut filters.stream));
            }
        }
        for (index, (step, visited)) in rule.steps.iter().zip(&mut filters.visits).enumerate() {
            let (Step::Plugin(step), Some(visit)) = (step, visited.visit.take()) else { continue };
            let plugin = step.of(visited.is_canary);
            warn(step, plugin.end(*worker, &visit, &mut filters.stream));
            let (calls, took) = visit.spent();
            if notes.on {
                notes.spent.push(Spent::of(index, visited, (calls, took), &filters.stream, plugin));
            }
            tracing::debug!(target: "portico::cost", plugin = &*plugin.spec().name, calls, ?took,
                id = request_id.to_str().unwrap_or_default(), "spent on a request");
        }
        filters.visits.clear();
    }
}

/// The request is over; a filter that fails now only leaves a line behind. One that has lost its
/// instance has said so already.
fn warn<T>(step: &PluginStep, result: Result<T, Fault>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Fault::Lost) => None,
        Err(fault) => {
            let plugin = &*step.plugin.spec().name;
            tracing::warn!(target: "portico::plugin", plugin, "at the end of a request it {fault}");
            None
        }
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
            self.notes.failed(&failure);
            let (status, reason) = (failure.status(), failure.code());
            let id = self.request_id.to_str().unwrap_or_default();
            if self.may_report().is_some() {
                tracing::warn!(target: "portico::request", status, reason, id,
                    rule = &*self.rule_name(), detail = "cut off in the middle", "{}",
                    failure.public());
            }
            let answer = failure.answer(wants_json(deadline.accept.as_ref()), &self.request_id);
            let generation = self.show_generation.then_some(&self.snapshot.generation_header);
            let said = self.connection.last_word(&answer.wire(&self.request_id, generation));
            if said {
                self.notes.status = status;
            }
        }
        let status = self.notes.status;
        self.record(None, status, false);
    }
}
