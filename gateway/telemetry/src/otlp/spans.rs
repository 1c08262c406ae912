//! The spans of a record, by the semantic conventions for HTTP.
//!
//! ```text
//! SERVER    {method} {route}       the request
//! ├ INTERNAL  filter {name}        each filter that it met
//! │ └ CLIENT    call {target}      each call-out of it
//! └ CLIENT    {method}             each attempt; what services report hangs below
//! ```

mod attempt;
mod filter;
mod query;
mod server;

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    trace::v1::{
        Span, Status,
        span::{Event, SpanKind},
        status::StatusCode,
    },
};

use crate::{record::Record, sampling::Kept};

/// `Span.flags`: what is said about the parent is known, and it is in another process.
const PARENT_KNOWN: u32 = 0x100;
const PARENT_REMOTE: u32 = 0x200;
/// Messages come from plugins and peers.
const LONGEST_MESSAGE: usize = 512;

/// The spans of a record, the server span first. `kept` says why they are exported, if they are:
/// it becomes the attribute `portico.kept`.
///
/// Values of query parameters that look like secrets are replaced by `REDACTED`. Spans of a record
/// that is not sampled lack the sampled flag; of its trace no other spans exist.
pub fn spans(record: &Record, kept: Option<Kept>) -> Vec<Span> {
    let calls: usize = record.filters.iter().map(|filter| filter.calls.len()).sum();
    let mut spans = Vec::with_capacity(1 + record.attempts.len() + record.filters.len() + calls);
    spans.push(server::span(record, kept));
    for (index, filter) in record.filters.iter().enumerate() {
        filter::spans(record, index, filter, &mut spans);
    }
    for (index, attempt) in record.attempts.iter().enumerate() {
        spans.push(attempt::span(record, index, attempt));
    }
    spans
}

/// A span of the record's trace below the server span.
fn child(record: &Record, kind: SpanKind, name: String, id: [u8; 8]) -> Span {
    Span {
        trace_id: record.trace.trace_id.to_vec(),
        span_id: id.to_vec(),
        parent_span_id: record.trace.span_id.to_vec(),
        trace_state: record.trace.state.as_deref().unwrap_or_default().to_owned(),
        flags: u32::from(record.trace.sampled) | PARENT_KNOWN,
        name,
        kind: kind.into(),
        ..Span::default()
    }
}

fn set_times(span: &mut Span, record: &Record, began: Duration, ended: Duration) {
    span.start_time_unix_nano = unix_nanos(record.started, began);
    span.end_time_unix_nano = unix_nanos(record.started, ended.max(began));
}

fn event(record: &Record, name: &str, at: Duration) -> Event {
    Event {
        time_unix_nano: unix_nanos(record.started, at),
        name: name.to_owned(),
        ..Event::default()
    }
}

fn failed(message: &str) -> Status {
    let end = message.floor_char_boundary(LONGEST_MESSAGE);
    Status { message: message[..end].to_owned(), code: StatusCode::Error.into() }
}

/// The conventions' list, with RFC 5789. Methods that strangers invent would be as many names.
fn method(record: &Record) -> Option<&str> {
    let method = record.request.method.as_str();
    let known = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"];
    known.contains(&method).then_some(method)
}

fn method_attributes(record: &Record, attributes: &mut Vec<KeyValue>) {
    use super::attribute::text;
    attributes.push(text("http.request.method", method(record).unwrap_or("_OTHER")));
    if method(record).is_none() {
        attributes.push(text("http.request.method_original", record.request.method.as_str()));
    }
}

/// A clock before 1970 says nothing that is worth an error.
fn unix_nanos(started: SystemTime, offset: Duration) -> u64 {
    let since = started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from((since + offset).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
