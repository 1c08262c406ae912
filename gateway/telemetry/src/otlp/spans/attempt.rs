//! The span of one try to get the request to an endpoint.

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use super::{child, event, failed, method, method_attributes, query, set_times};
use crate::{
    otlp::attribute::{number, text, truth},
    record::{Attempt, Outcome, Record},
};

pub(super) fn span(record: &Record, index: usize, attempt: &Attempt) -> Span {
    let name = method(record).unwrap_or("HTTP").to_owned();
    let mut span = child(record, SpanKind::Client, name, attempt.span_id);
    set_times(&mut span, record, attempt.began, attempt.ended);
    let address = attempt.endpoint.ip().to_string();
    let attributes = &mut span.attributes;
    attributes.reserve(14);
    method_attributes(record, attributes);
    attributes.push(text("url.full", full_url(record, attempt)));
    attributes.push(text("server.address", address.clone()));
    attributes.push(number("server.port", attempt.endpoint.port()));
    attributes.push(text("network.peer.address", address));
    attributes.push(number("network.peer.port", attempt.endpoint.port()));
    if index > 0 {
        attributes.push(number("http.request.resend_count", i64::try_from(index).unwrap_or(0)));
    }
    if let Some(service) = &record.place.service {
        attributes.push(text("service.peer.name", &**service));
        // The name of before 1.39, by which most backends still draw their graphs.
        attributes.push(text("peer.service", &**service));
    }
    attributes.push(truth("portico.connection.reused", attempt.reused));
    let (outcome, error) = judge(&attempt.outcome);
    attributes.push(text("portico.outcome", outcome));
    if let Outcome::Answered(status) = attempt.outcome {
        attributes.push(number("http.response.status_code", status));
    }
    if let Some((kind, message)) = error {
        attributes.push(text("error.type", kind));
        span.status = Some(failed(message));
    }
    let reached = [
        ("connected", attempt.connected),
        ("sent", attempt.sent),
        ("first_byte", attempt.first_byte),
    ];
    let events = reached.into_iter().filter_map(|(name, at)| Some(event(record, name, at?)));
    span.events = events.collect();
    span
}

/// Our word for an outcome and, if it is an error of the call, its type and message. By the
/// conventions an answer of 400 and more is one for a client. A stale connection lost nothing, and
/// what we broke off is no fault of the service.
fn judge(outcome: &Outcome) -> (&'static str, Option<(String, &str)>) {
    match outcome {
        Outcome::Answered(status @ 400..) => ("answered", Some((status.to_string(), ""))),
        Outcome::Answered(_) => ("answered", None),
        Outcome::Cancelled => ("cancelled", None),
        Outcome::Protocol(why) => ("protocol", Some(("upstream_protocol".into(), why))),
        Outcome::Refused(why) => ("refused", Some(("connect_failed".into(), why))),
        Outcome::Reset(why) => ("reset", Some(("upstream_reset".into(), why))),
        Outcome::Stale => ("stale", None),
        Outcome::TimedOut => ("timed_out", Some(("timeout".into(), "the deadline passed"))),
    }
}

fn full_url(record: &Record, attempt: &Attempt) -> String {
    let path = record.request.path();
    // A target may be an authority (CONNECT) or `*`.
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut url = format!("http://{}{slash}{path}", attempt.endpoint);
    if let Some((_, query)) = record.request.target.split_once('?') {
        url.push('?');
        url.push_str(&query::redacted(query));
    }
    url
}
