//! One request whole, in the order in which it went.
//!
//! Times are microseconds from its first byte (`at_us`) or of length (`took_us`); `took` says the
//! same in words.

use std::{net::SocketAddr, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use portico_telemetry::{
    query::Summary,
    record::{Attempt, Call, Client, Filter, Outcome, Phases, Record, Tls, Trace},
    store::Kept,
    story,
};
use serde_json::{Value, json};

pub(super) fn whole(kept: &Kept) -> Value {
    let record = &kept.record;
    let (request, response) = (&record.request, &record.response);
    json!({
        "summary": Summary::of(kept),
        "at": humantime::format_rfc3339_micros(record.started).to_string(),
        "took": story::time(record.took),
        "worker": record.worker,
        "generation": record.generation,
        "rule": record.place.rule,
        "client": client(&record.client),
        "trace": trace(&record.trace),
        "story": story::tell(record),
        "timeline": timeline(&record.phases),
        "filters": record.filters.iter().map(filter).collect::<Vec<_>>(),
        "attempts": record.attempts.iter().map(attempt).collect::<Vec<_>>(),
        "request": {
            "version": format!("{:?}", request.version),
            "headers": headers(&request.headers),
            "body_bytes": request.body_bytes,
        },
        "response": {
            "status": response.status,
            "complete": response.complete,
            "details": response.details,
            "flags": flags(record),
            "headers": headers(&response.headers),
            "body_bytes": response.body_bytes,
        },
    })
}

/// Envoy's response flags.
fn flags(record: &Record) -> Vec<&'static str> {
    use portico_telemetry::flags::{Flag, Flags};
    Flags::of(record).iter().map(Flag::short).collect()
}

fn client(client: &Client) -> Value {
    let Client { address, local, connection, earlier, tls } = client;
    let tls = tls.as_deref().map(|tls| {
        let Tls { version, cipher, server_name, alpn, peer } = tls;
        json!({
            "version": version,
            "cipher": cipher,
            "server_name": server_name,
            "alpn": alpn,
            "peer": peer,
        })
    });
    let text = SocketAddr::to_string;
    json!({
        "address": text(address),
        "local": text(local),
        "connection": connection,
        "earlier_requests": earlier,
        "tls": tls,
    })
}

fn trace(trace: &Trace) -> Value {
    // `tracestate` and `baggage` are others' words, and may hold what only they may read.
    let Trace { trace_id, span_id, parent_id, sampled, state: _, baggage: _ } = trace;
    let span = |id: [u8; 8]| format!("{:016x}", u64::from_be_bytes(id));
    json!({
        "trace_id": format!("{:032x}", u128::from_be_bytes(*trace_id)),
        "span_id": span(*span_id),
        "parent_id": parent_id.map(span),
        "sampled": sampled,
    })
}

/// The phases that were reached: when each was over, and how long after the one before.
fn timeline(phases: &Phases) -> Vec<Value> {
    let Phases {
        accept,
        tls,
        head,
        matched,
        filtered,
        queued,
        connected,
        sent,
        first_byte,
        answered,
        body,
        logged,
    } = *phases;
    let before = [
        ("accept", "from the connection's accept to its first byte", accept),
        ("tls", "the TLS handshake", tls),
    ];
    let before = before.into_iter().filter_map(|(phase, what, took)| {
        Some(json!({
            "phase": phase,
            "what": what,
            "at_us": 0,
            "took_us": micros(took?),
            "took": story::time(took?),
        }))
    });
    let after = [
        ("head", "the request's head came", Some(head)),
        ("matched", "a rule was found", matched),
        ("filtered", "filters let the request go on, or answered", filtered),
        ("queued", "an endpoint was chosen", queued),
        ("connected", "a connection to the service was there", connected),
        ("sent", "the whole request was sent", sent),
        ("first_byte", "the service began to answer", first_byte),
        ("answered", "the head of the answer went to the client", answered),
        ("body", "the last byte of the answer went to the client", body),
        ("logged", "filters logged the request", Some(logged)),
    ];
    let mut last = Duration::ZERO;
    let after = after.into_iter().filter_map(|(phase, what, at)| {
        let at = at?;
        let took = at.saturating_sub(last);
        last = last.max(at);
        Some(json!({
            "phase": phase,
            "what": what,
            "at_us": micros(at),
            "took_us": micros(took),
            "took": story::time(took),
        }))
    });
    before.chain(after).collect()
}

fn filter(filter: &Filter) -> Value {
    json!({
        "name": filter.name,
        "is_plugin": filter.is_plugin,
        "is_canary": filter.is_canary,
        "on_request_us": filter.on_request.map(micros),
        "on_response_us": filter.on_response.map(micros),
        "callbacks": filter.callbacks,
        "took_us": micros(filter.spent),
        "took": story::time(filter.spent),
        "waited_us": micros(filter.waited),
        "failed": filter.failed,
        "calls": filter.calls.iter().map(call).collect::<Vec<_>>(),
    })
}

fn call(call: &Call) -> Value {
    json!({
        "target": call.target,
        "kind": call.kind,
        "at_us": micros(call.began),
        "took_us": micros(call.took),
        "took": story::time(call.took),
        "status": call.status,
    })
}

fn attempt(attempt: &Attempt) -> Value {
    let (outcome, status, cause) = match &attempt.outcome {
        Outcome::Answered(status) => ("answered", Some(*status), None),
        Outcome::Cancelled => ("cancelled", None, None),
        Outcome::Protocol(cause) => ("protocol", None, Some(cause)),
        Outcome::Refused(cause) => ("refused", None, Some(cause)),
        Outcome::Reset(cause) => ("reset", None, Some(cause)),
        Outcome::Stale => ("stale", None, None),
        Outcome::TimedOut => ("timed_out", None, None),
    };
    let took = attempt.ended.saturating_sub(attempt.began);
    json!({
        "span_id": format!("{:016x}", u64::from_be_bytes(attempt.span_id)),
        "endpoint": attempt.endpoint.to_string(),
        "reused": attempt.reused,
        "at_us": micros(attempt.began),
        "connected_us": attempt.connected.map(micros),
        "sent_us": attempt.sent.map(micros),
        "first_byte_us": attempt.first_byte.map(micros),
        "took_us": micros(took),
        "took": story::time(took),
        "outcome": outcome,
        "status": status,
        "cause": cause,
    })
}

/// Pairs, because a name may come twice. The store has left out what is secret.
fn headers(headers: &HeaderMap) -> Vec<Value> {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
    };
    headers.iter().map(pair).collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
