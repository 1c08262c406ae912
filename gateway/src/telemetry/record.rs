//! From what an exchange has noted to its record.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue};
use pingora::protocols::http::ServerSession;
use portico_telemetry::{
    Record,
    context::{Propagation, span_id},
    record::{self, Failed, Origin, Outcome, Phases, Trace},
};
use tokio::time::Instant;

use crate::{
    exchange::Exchange,
    notes::{Attempt, Notes, Spent},
    snapshot::Step,
};

/// How an exchange ended.
pub(crate) struct Ended {
    pub(crate) at: Instant,
    /// 0 if nothing was answered.
    pub(crate) status: u16,
    pub(crate) complete: bool,
    /// Bytes of the bodies: of the request, and of the answer.
    pub(crate) bytes: [u64; 2],
}

/// The record. `client` is missing if the exchange was cut off; then heads are, too.
pub(super) fn of(exchange: &mut Exchange, client: Option<&ServerSession>, ended: &Ended) -> Record {
    let headers = client.map_or_else(HeaderMap::new, |client| client.req_header().headers.clone());
    let sent = client.and_then(|client| client.response_written());
    let sent = sent.map_or_else(HeaderMap::new, |head| head.headers.clone());
    let trace = trace(exchange, &headers);
    let notes = &exchange.notes;
    let since = |at: Instant| at.saturating_duration_since(notes.began);
    let facts = &exchange.connection.facts;
    Record {
        started: started(notes),
        took: since(ended.at),
        worker: exchange.worker,
        generation: exchange.snapshot.generation,
        request_id: text(&exchange.request_id).into(),
        trace,
        client: record::Client {
            address: facts.source,
            local: facts.destination,
            connection: facts.id,
            earlier: exchange.connection.earlier(),
            tls: None,
        },
        place: place(exchange),
        request: request(notes, headers, ended.bytes[0]),
        response: record::Response {
            status: ended.status,
            origin: origin(notes, ended),
            headers: sent,
            body_bytes: ended.bytes[1],
            complete: ended.complete,
            details: details(exchange),
        },
        attempts: notes.attempts.iter().map(|own| attempt(own, &since, ended.at)).collect(),
        filters: filters(exchange, &since),
        phases: phases(exchange, &since, ended.at),
    }
}

/// What has passed since the first byte is taken off the clock on the wall, which only a record asks.
fn started(notes: &Notes) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(notes.began.elapsed()).unwrap_or(now)
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// Its place in a trace; a new trace of its own if it never got as far as to have one.
fn trace(exchange: &mut Exchange, headers: &HeaderMap) -> Trace {
    exchange.settle_trace();
    match &exchange.notes.trace {
        Some(place) => Trace {
            parent_id: place.parent_id,
            ..place.incoming.trace(place.trace_id, place.span_id, place.sampled)
        },
        // Nobody passes contexts on; what the client said is worth knowing all the same.
        None => {
            let incoming = Propagation::default().extract(headers);
            incoming.trace(incoming.trace_id(), span_id(), false)
        }
    }
}

fn place(exchange: &Exchange) -> record::Place {
    let listener = exchange.matched.map(|matched| matched.listener).or(exchange.listener);
    let listener = listener.and_then(|index| exchange.snapshot.listeners.get(index));
    let rule = exchange.rule();
    record::Place {
        listener: listener.map(|listener| listener.name.clone()),
        route: rule.map(|rule| rule.facts.route.clone()),
        rule: rule.map(|rule| rule.name.clone()),
        service: exchange.attempts.service.as_ref().map(|service| service.name.clone()),
    }
}

fn request(notes: &Notes, headers: HeaderMap, body_bytes: u64) -> record::Request {
    let asked = notes.asked.as_ref();
    let authority = asked.and_then(|asked| asked.authority.as_ref());
    record::Request {
        method: asked.map(|asked| asked.method.clone()).unwrap_or_default(),
        scheme: "http",
        authority: authority.map_or("", text).into(),
        target: asked.map_or_else(|| "/".into(), |asked| asked.target.clone()),
        version: asked.map_or(http::Version::HTTP_11, |asked| asked.version),
        headers,
        body_bytes,
    }
}

fn origin(notes: &Notes, ended: &Ended) -> Origin {
    match (&notes.failed, &notes.answered_by) {
        (Some(failed), _) if ended.status == 0 => Origin::Nobody(failed.clone()),
        // The answer was the service's, as far as it went; the attempt says how it broke off.
        (Some(_), None) if notes.is_late => Origin::Service,
        (Some(failed), _) => Origin::Gateway(failed.clone()),
        (None, Some(filter)) => Origin::Filter(filter.clone()),
        (None, None) if ended.status == 0 => Origin::Nobody(Failed {
            reason: "client_gone",
            message: "the connection ended before there was an answer".into(),
            detail: "".into(),
        }),
        (None, None) => Origin::Service,
    }
}

/// In Envoy's words, for the tools that know them.
fn details(exchange: &Exchange) -> Option<Arc<str>> {
    let stream = exchange.filters.stream.as_ref();
    if let Some(details) = stream.and_then(|stream| stream.facts.progress.details.clone()) {
        return Some(details);
    }
    let notes = &exchange.notes;
    let word = match (&notes.failed, &notes.answered_by) {
        (Some(failed), _) => match failed.reason {
            "no_route" | "no_listener" => "route_not_found",
            "no_backend" => "cluster_not_found",
            "no_endpoint" => "no_healthy_upstream",
            "timeout" => "response_timeout",
            "connect_failed" => "upstream_reset_before_response_started{connection_failure}",
            "upstream_reset" => "upstream_reset_before_response_started{connection_termination}",
            "upstream_protocol" => "upstream_reset_before_response_started{protocol_error}",
            "client_gone" => "downstream_remote_disconnect",
            reason => reason,
        },
        (None, Some(_)) => "direct_response",
        (None, None) => "via_upstream",
    };
    Some(word.into())
}

fn attempt(noted: &Attempt, since: &impl Fn(Instant) -> Duration, end: Instant) -> record::Attempt {
    record::Attempt {
        span_id: noted.span_id,
        endpoint: noted.endpoint,
        reused: noted.reused,
        began: since(noted.began),
        connected: noted.connected.map(since),
        sent: noted.sent.map(since),
        first_byte: noted.first_byte.map(since),
        ended: since(noted.ended.unwrap_or(end)),
        outcome: noted.outcome.clone().unwrap_or(Outcome::Cancelled),
    }
}

fn filters(exchange: &Exchange, since: &impl Fn(Instant) -> Duration) -> Vec<record::Filter> {
    let rule = exchange.matched.and_then(|matched| exchange.snapshot.rules.get(matched.rule));
    let steps = rule.map_or(&[][..], |rule| &rule.steps);
    let filter = |(index, step): (usize, &Step)| {
        let spent = exchange.notes.spent.iter().find(|spent| spent.step == index);
        let failed = exchange.notes.faults.iter().find(|(step, _)| *step == index);
        let reached = index < exchange.filters.reached;
        // A step of our own takes no time worth a clock.
        let passed = exchange.notes.matched.filter(|_| reached);
        record::Filter {
            name: name_of(step),
            is_plugin: matches!(step, Step::Plugin(_)),
            is_canary: spent.is_some_and(|spent| spent.is_canary),
            on_request: spent.map_or(passed, |spent| spent.on_request).map(since),
            on_response: spent.and_then(|spent| spent.on_response).map(since),
            callbacks: spent.map_or(0, |spent| spent.callbacks),
            spent: spent.map_or(Duration::ZERO, |spent| spent.took),
            waited: spent.map_or(Duration::ZERO, |spent| spent.waited),
            failed: failed.map(|(_, cause)| cause.clone()),
            calls: spent.map_or_else(Vec::new, |spent| calls(spent, exchange.notes.began)),
        }
    };
    steps.iter().enumerate().map(filter).collect()
}

/// The plugin's name, or the word for a step of our own.
pub(crate) fn name_of(step: &Step) -> Arc<str> {
    match step {
        Step::Plugin(step) => step.plugin.spec().name.clone(),
        Step::Redirect(_) => "redirect".into(),
        Step::RequestHeaders(_) => "request_headers".into(),
        Step::Respond(_) => "respond".into(),
        Step::ResponseHeaders(_) => "response_headers".into(),
        Step::Rewrite(_) => "rewrite".into(),
    }
}

fn calls(spent: &Spent, began: Instant) -> Vec<record::Call> {
    let call = |call: &Arc<portico_wasm::CallNote>| record::Call {
        span_id: span_id(),
        target: call.target.as_ref().into(),
        kind: call.kind,
        began: Instant::from_std(call.began).saturating_duration_since(began),
        took: call.took().unwrap_or_else(|| call.began.elapsed()),
        status: call.status(),
    };
    spent.calls.iter().map(call).collect()
}

fn phases(exchange: &Exchange, since: &impl Fn(Instant) -> Duration, end: Instant) -> Phases {
    let notes = &exchange.notes;
    let (first, last) = (notes.attempts.first(), notes.attempts.last());
    Phases {
        accept: exchange.connection.accepted_before(notes.began),
        tls: None,
        head: since(exchange.started),
        matched: notes.matched.map(since),
        filtered: notes.filtered.map(since),
        queued: first.map(|attempt| since(attempt.began)),
        connected: last.and_then(|attempt| attempt.connected).map(since),
        sent: last.and_then(|attempt| attempt.sent).map(since),
        first_byte: last.and_then(|attempt| attempt.first_byte).map(since),
        answered: notes.answered.map(since),
        body: notes.answered.map(|_| since(notes.done.unwrap_or(end))),
        logged: since(end),
    }
}
