//! A tapped request, as JSON.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use serde::Serialize;

use super::{Bodies, body::Body};
use crate::{
    access_log,
    flags::{self, Flag, Flags},
    record::{Attempt, Call, Client, Filter, Outcome, Phases, Record, Tls},
    redact::Redactor,
};

/// A request as a listener gets it: redacted, ready to be written down as JSON.
///
/// Times are offsets from its beginning in milliseconds. Headers are pairs of name and value, for
/// a name may come twice.
#[derive(Clone, Debug, Serialize)]
pub struct Tapped {
    time: String,
    request_id: String,
    trace_id: String,
    span_id: String,
    client: Connection,
    generation: u64,
    listener: Option<String>,
    route: Option<String>,
    rule: Option<String>,
    service: Option<String>,
    request: Request,
    response: Response,
    duration_ms: f64,
    timeline: Vec<Step>,
    filters: Vec<FilterStep>,
    attempts: Vec<AttemptStep>,
    /// Requests that this listener did not get since the one before.
    missed: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Connection {
    address: String,
    local: String,
    connection: u64,
    earlier_requests: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<TlsFacts>,
}

#[derive(Clone, Debug, Serialize)]
struct TlsFacts {
    version: String,
    cipher: String,
    server_name: Option<String>,
    alpn: Option<String>,
    peer: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Request {
    method: String,
    scheme: &'static str,
    host: Box<str>,
    target: String,
    version: String,
    headers: Vec<(String, String)>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Body>,
}

#[derive(Clone, Debug, Serialize)]
struct Response {
    status: u16,
    answered_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    flags: Vec<&'static str>,
    details: Option<String>,
    complete: bool,
    headers: Vec<(String, String)>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Body>,
}

/// A phase, and when it was over.
#[derive(Clone, Debug, Serialize)]
struct Step {
    phase: &'static str,
    at_ms: f64,
}

#[derive(Clone, Debug, Serialize)]
struct FilterStep {
    name: String,
    is_plugin: bool,
    is_canary: bool,
    on_request_ms: Option<f64>,
    on_response_ms: Option<f64>,
    callbacks: u64,
    spent_us: u64,
    waited_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
    calls: Vec<CallStep>,
}

#[derive(Clone, Debug, Serialize)]
struct CallStep {
    target: String,
    kind: &'static str,
    began_ms: f64,
    took_ms: f64,
    status: Option<u16>,
}

#[derive(Clone, Debug, Serialize)]
struct AttemptStep {
    endpoint: String,
    reused: bool,
    began_ms: f64,
    connected_ms: Option<f64>,
    sent_ms: Option<f64>,
    first_byte_ms: Option<f64>,
    ended_ms: f64,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

impl Tapped {
    pub(super) fn new(
        record: &Record,
        bodies: Option<&Bodies>,
        redactor: &Redactor,
        missed: u64,
    ) -> Self {
        let place = &record.place;
        Self {
            time: access_log::rfc3339(record.started),
            request_id: record.request_id.to_string(),
            trace_id: access_log::hex(&record.trace.trace_id),
            span_id: access_log::hex(&record.trace.span_id),
            client: connection(&record.client),
            generation: record.generation,
            listener: owned(place.listener.as_deref()),
            route: owned(place.route.as_deref()),
            rule: owned(place.rule.as_deref()),
            service: owned(place.service.as_deref()),
            request: request(record, bodies, redactor),
            response: response(record, bodies, redactor),
            duration_ms: millis(record.took),
            timeline: timeline(&record.phases),
            filters: record.filters.iter().map(filter).collect(),
            attempts: record.attempts.iter().map(attempt).collect(),
            missed,
        }
    }

    /// One line of JSON, without a line break. What could disturb a terminal is escaped.
    pub fn to_line(&self) -> String {
        // Maps with keys that are strings, numbers and strings: nothing that could fail.
        access_log::without_hidden(serde_json::to_string(self).unwrap_or_default())
    }
}

fn connection(client: &Client) -> Connection {
    Connection {
        address: client.address.to_string(),
        local: client.local.to_string(),
        connection: client.connection,
        earlier_requests: client.earlier,
        tls: client.tls.as_deref().map(|tls| {
            let Tls { version, cipher, server_name, alpn, peer } = tls.clone();
            TlsFacts { version, cipher, server_name, alpn, peer }
        }),
    }
}

fn request(record: &Record, bodies: Option<&Bodies>, redactor: &Redactor) -> Request {
    let request = &record.request;
    Request {
        method: request.method.to_string(),
        scheme: request.scheme,
        host: request.authority.clone(),
        target: redactor.address(&request.target).into_owned(),
        version: format!("{:?}", request.version),
        headers: shown(&request.headers, redactor),
        bytes: request.body_bytes,
        body: bodies.and_then(|bodies| Body::new(&bodies.request, &request.headers, redactor)),
    }
}

fn response(record: &Record, bodies: Option<&Bodies>, redactor: &Redactor) -> Response {
    let response = &record.response;
    let failed = flags::failed(record);
    Response {
        status: response.status,
        answered_by: flags::answered_by(record),
        reason: flags::reason(record),
        message: owned(failed.map(|failed| &*failed.message)),
        detail: owned(failed.map(|failed| &*failed.detail).filter(|detail| !detail.is_empty())),
        flags: Flags::of(record).iter().map(Flag::short).collect(),
        details: owned(response.details.as_deref()),
        complete: response.complete,
        headers: shown(&response.headers, redactor),
        bytes: response.body_bytes,
        body: bodies.and_then(|bodies| Body::new(&bodies.response, &response.headers, redactor)),
    }
}

fn shown(headers: &HeaderMap, redactor: &Redactor) -> Vec<(String, String)> {
    let pair = |(name, value): (&HeaderName, _)| {
        let value = redactor.header(name, value);
        (name.to_string(), String::from_utf8_lossy(&value).into_owned())
    };
    headers.iter().map(pair).collect()
}

fn timeline(phases: &Phases) -> Vec<Step> {
    let Phases {
        accept: _,
        tls: _,
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
    [
        ("head", Some(head)),
        ("matched", matched),
        ("filtered", filtered),
        ("queued", queued),
        ("connected", connected),
        ("sent", sent),
        ("first_byte", first_byte),
        ("answered", answered),
        ("body", body),
        ("logged", Some(logged)),
    ]
    .into_iter()
    .filter_map(|(phase, at)| Some(Step { phase, at_ms: millis(at?) }))
    .collect()
}

fn filter(filter: &Filter) -> FilterStep {
    FilterStep {
        name: filter.name.to_string(),
        is_plugin: filter.is_plugin,
        is_canary: filter.is_canary,
        on_request_ms: filter.on_request.map(millis),
        on_response_ms: filter.on_response.map(millis),
        callbacks: filter.callbacks,
        spent_us: filter.spent.as_micros() as u64,
        waited_us: filter.waited.as_micros() as u64,
        failed: owned(filter.failed.as_deref()),
        calls: filter.calls.iter().map(call).collect(),
    }
}

fn call(call: &Call) -> CallStep {
    CallStep {
        target: call.target.to_string(),
        kind: call.kind,
        began_ms: millis(call.began),
        took_ms: millis(call.took),
        status: call.status,
    }
}

fn attempt(attempt: &Attempt) -> AttemptStep {
    let (outcome, status, cause) = match &attempt.outcome {
        Outcome::Answered(status) => ("answered", Some(*status), None),
        Outcome::Cancelled => ("cancelled", None, None),
        Outcome::Protocol(cause) => ("protocol", None, Some(cause.to_string())),
        Outcome::Refused(cause) => ("refused", None, Some(cause.to_string())),
        Outcome::Reset(cause) => ("reset", None, Some(cause.to_string())),
        Outcome::Stale => ("stale", None, None),
        Outcome::TimedOut => ("timed_out", None, None),
    };
    AttemptStep {
        endpoint: attempt.endpoint.to_string(),
        reused: attempt.reused,
        began_ms: millis(attempt.began),
        connected_ms: attempt.connected.map(millis),
        sent_ms: attempt.sent.map(millis),
        first_byte_ms: attempt.first_byte.map(millis),
        ended_ms: millis(attempt.ended),
        outcome,
        status,
        cause,
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// With microseconds behind the point.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}
