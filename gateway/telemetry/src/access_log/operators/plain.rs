//! Operators that take no parameter: a name, and what it reads.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use http::Version;

use super::{GrpcStyle, duration, header, names, names::Refusal};
use crate::{
    access_log::value::{self, Value},
    flags::{self, Flag, Flags},
    record::{Outcome, Record, Tls},
};

type Read = fn(&Record) -> Value<'_>;
type ReadAddress = fn(&Record) -> Option<IpAddr>;

/// Envoy's.
pub(super) const PLAIN: [(&str, Read); 44] = [
    ("ACCESS_LOG_TYPE", |_| Value::Word("DownstreamEnd")),
    ("BYTES_RECEIVED", |record| Value::Count(record.request.body_bytes)),
    ("BYTES_SENT", |record| Value::Count(record.response.body_bytes)),
    ("CONNECTION_ID", |record| Value::Count(record.client.connection)),
    ("DOWNSTREAM_DIRECT_LOCAL_ADDRESS", |record| Value::Socket(record.client.local)),
    ("DOWNSTREAM_DIRECT_LOCAL_PORT", |record| port(Some(record.client.local))),
    ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", |record| Value::Socket(record.client.address)),
    ("DOWNSTREAM_DIRECT_REMOTE_PORT", |record| port(Some(record.client.address))),
    ("DOWNSTREAM_HANDSHAKE_DURATION", |record| millis(record.phases.tls)),
    ("DOWNSTREAM_LOCAL_ADDRESS", |record| Value::Socket(record.client.local)),
    ("DOWNSTREAM_LOCAL_PORT", |record| port(Some(record.client.local))),
    ("DOWNSTREAM_PEER_SUBJECT", |record| tls(record).and_then(|tls| tls.peer.as_deref()).into()),
    ("DOWNSTREAM_REMOTE_ADDRESS", |record| Value::Socket(record.client.address)),
    ("DOWNSTREAM_REMOTE_PORT", |record| port(Some(record.client.address))),
    ("DOWNSTREAM_TLS_CIPHER", |record| tls(record).map(|tls| &*tls.cipher).into()),
    ("DOWNSTREAM_TLS_VERSION", |record| tls(record).map(|tls| &*tls.version).into()),
    ("DURATION", |record| millis(Some(record.took))),
    ("GRPC_STATUS_NUMBER", |record| header::grpc_status(record, GrpcStyle::Number)),
    ("PROTOCOL", protocol),
    ("REQUEST_DURATION", |record| millis(duration::received(record))),
    ("REQUEST_TX_DURATION", |record| millis(record.phases.sent)),
    ("RESPONSE_CODE", |record| Value::Count(record.response.status.into())),
    ("RESPONSE_DURATION", |record| millis(record.phases.first_byte)),
    ("RESPONSE_FLAGS", |record| Value::Flags(Flags::of(record), Flag::short)),
    ("RESPONSE_FLAGS_LONG", |record| Value::Flags(Flags::of(record), Flag::long)),
    ("RESPONSE_TX_DURATION", |record| {
        millis(record.phases.first_byte.map(|first| record.took.saturating_sub(first)))
    }),
    ("ROUTE_NAME", |record| record.place.route.as_deref().into()),
    ("SPAN_ID", |record| id(&record.trace.span_id)),
    ("STREAM_ID", |record| Value::from(&*record.request_id)),
    ("TRACE_ID", |record| id(&record.trace.trace_id)),
    ("UPSTREAM_CLUSTER", |record| record.place.service.as_deref().into()),
    ("UPSTREAM_CLUSTER_RAW", |record| record.place.service.as_deref().into()),
    ("UPSTREAM_CONNECTION_POOL_READY_DURATION", |record| {
        let phases = &record.phases;
        let waited = phases.connected.zip(phases.queued);
        millis(waited.map(|(connected, queued)| connected.saturating_sub(queued)))
    }),
    ("UPSTREAM_HOST", |record| upstream(record).map_or(Value::Missing, Value::Socket)),
    ("UPSTREAM_HOSTS_ATTEMPTED", |record| Value::Endpoints(&record.attempts, value::socket)),
    ("UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT", |record| {
        Value::Endpoints(&record.attempts, |out, endpoint| value::ip(out, endpoint.ip()))
    }),
    // Endpoints have no names here; Envoy shows the address then, too.
    ("UPSTREAM_HOST_NAME", |record| upstream(record).map_or(Value::Missing, Value::Socket)),
    ("UPSTREAM_HOST_NAMES_ATTEMPTED", |record| Value::Endpoints(&record.attempts, value::socket)),
    ("UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT", |record| {
        Value::Endpoints(&record.attempts, |out, endpoint| value::ip(out, endpoint.ip()))
    }),
    ("UPSTREAM_HOST_NAME_WITHOUT_PORT", |record| {
        upstream(record).map_or(Value::Missing, |endpoint| Value::Ip(endpoint.ip()))
    }),
    ("UPSTREAM_REMOTE_ADDRESS", |record| upstream(record).map_or(Value::Missing, Value::Socket)),
    ("UPSTREAM_REMOTE_PORT", |record| port(upstream(record))),
    ("UPSTREAM_REQUEST_ATTEMPT_COUNT", |record| Value::Count(record.attempts.len() as u64)),
    ("UPSTREAM_TRANSPORT_FAILURE_REASON", transport_failure),
];

/// Portico's own, the words of `%PORTICO(…)%`.
pub(super) const OWN: [(&str, Read); 20] = [
    ("answered_by", |record| Value::Word(flags::answered_by(record))),
    ("complete", |record| Value::Truth(record.response.complete)),
    ("connection_requests", |record| Value::Count(record.client.earlier)),
    ("detail", |record| flags::failed(record).map(|failed| &*failed.detail).into()),
    ("duration_ms", |record| Value::Millis(record.took)),
    ("filter_us", |record| micros(record.filters.iter().map(|filter| filter.spent).sum())),
    ("filter_wait_us", |record| micros(record.filters.iter().map(|filter| filter.waited).sum())),
    ("filters", |record| Value::Filters(&record.filters)),
    ("generation", |record| Value::Count(record.generation)),
    ("host", |record| Value::from(&*record.request.authority)),
    ("listener", |record| record.place.listener.as_deref().into()),
    ("message", |record| flags::failed(record).map(|failed| &*failed.message).into()),
    ("method", |record| Value::from(record.request.method.as_str())),
    ("parent_id", |record| {
        record.trace.parent_id.as_ref().map_or(Value::Missing, |id| Value::Hex(id))
    }),
    ("plugin_failed", |record| {
        record.filters.iter().find_map(|filter| filter.failed.as_deref()).into()
    }),
    ("reason", |record| flags::reason(record).map_or(Value::Missing, Value::Word)),
    ("rule", |record| record.place.rule.as_deref().into()),
    ("sampled", |record| Value::Truth(record.trace.sampled)),
    ("scheme", |record| Value::Word(record.request.scheme)),
    ("worker", |record| Value::Count(record.worker as u64)),
];

/// Addresses that `(bits)` may follow.
pub(super) const ADDRESSES: [(&str, ReadAddress); 5] = [
    ("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT", |record| Some(record.client.local.ip())),
    ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", |record| Some(record.client.address.ip())),
    ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", |record| Some(record.client.local.ip())),
    ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", |record| Some(record.client.address.ip())),
    ("UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", |record| Some(upstream(record)?.ip())),
];

pub(super) fn named(name: &str) -> Option<Read> {
    find(&PLAIN, name)
}

pub(super) fn address(name: &str) -> Option<ReadAddress> {
    find(&ADDRESSES, name)
}

/// `%PORTICO(word)%`
pub(super) fn own(word: &str) -> Result<Read, Refusal> {
    find(&OWN, word).ok_or_else(|| {
        let known = OWN.iter().map(|(word, _)| *word);
        Refusal::Parameter(match names::nearest(word, known.clone()) {
            Some(near) => format!("it knows no `{word}`; did you mean `{near}`?"),
            None => format!("the parameter is one of {}", known.collect::<Vec<_>>().join(", ")),
        })
    })
}

pub(super) fn tls(record: &Record) -> Option<&Tls> {
    record.client.tls.as_deref()
}

/// The endpoint that was tried last.
fn upstream(record: &Record) -> Option<SocketAddr> {
    Some(record.attempts.last()?.endpoint)
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(other, _)| *other == name).map(|(_, read)| *read)
}

fn port<'a>(address: Option<SocketAddr>) -> Value<'a> {
    address.map_or(Value::Missing, |address| Value::Count(address.port().into()))
}

fn millis<'a>(duration: Option<Duration>) -> Value<'a> {
    duration.map_or(Value::Missing, |duration| Value::Count(duration.as_millis() as u64))
}

fn micros<'a>(duration: Duration) -> Value<'a> {
    Value::Count(duration.as_micros() as u64)
}

/// Missing if there is none: all zeros is no id (W3C Trace Context, section 3.2.2.3).
fn id(bytes: &[u8]) -> Value<'_> {
    if bytes.iter().all(|byte| *byte == 0) { Value::Missing } else { Value::Hex(bytes) }
}

fn protocol(record: &Record) -> Value<'_> {
    Value::Word(match record.request.version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    })
}

fn transport_failure(record: &Record) -> Value<'_> {
    match record.attempts.last().map(|attempt| &attempt.outcome) {
        Some(Outcome::Refused(cause) | Outcome::Reset(cause) | Outcome::Protocol(cause)) => {
            Value::from(&**cause)
        }
        _ => Value::Missing,
    }
}
