//! The spans of a filter and of its call-outs.

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use super::{child, event, failed, server::host_and_port, set_times};
use crate::{
    otlp::attribute::{number, text, truth},
    record::{Call, Filter, Record},
};

/// gRPC's names of its codes, in their order.
const GRPC_CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A filter works at several moments; its span begins with the first and is as long as all of its
/// callbacks and waits together.
pub(super) fn spans(record: &Record, index: usize, filter: &Filter, spans: &mut Vec<Span>) {
    let first_call = filter.calls.iter().map(|call| call.began).min();
    let Some(began) = filter.on_request.or(filter.on_response).or(first_call) else { return };
    let id = own_id(record.trace.span_id, index);
    let mut span = child(record, SpanKind::Internal, format!("filter {}", filter.name), id);
    set_times(&mut span, record, began, began + filter.spent + filter.waited);
    span.attributes = vec![
        text("portico.filter.name", &*filter.name),
        text("portico.filter.kind", if filter.is_plugin { "plugin" } else { "native" }),
        number("portico.filter.callbacks", filter.callbacks),
        number("portico.filter.spent_us", filter.spent.as_micros()),
        number("portico.filter.waited_us", filter.waited.as_micros()),
    ];
    if filter.is_canary {
        span.attributes.push(truth("portico.filter.canary", true));
    }
    if let Some(why) = &filter.failed {
        span.attributes.push(text("error.type", "plugin_failed"));
        span.status = Some(failed(why));
    }
    span.events.extend(filter.on_response.map(|at| event(record, "response", at)));
    spans.push(span);
    spans.extend(filter.calls.iter().map(|call| call_span(record, id, call)));
}

fn call_span(record: &Record, parent: [u8; 8], call: &Call) -> Span {
    let mut span = child(record, SpanKind::Client, format!("call {}", call.target), call.span_id);
    span.parent_span_id = parent.to_vec();
    set_times(&mut span, record, call.began, call.began + call.took);
    let (host, port) = host_and_port(&call.target);
    span.attributes = vec![
        text("server.address", host),
        text("service.peer.name", &*call.target),
        text("peer.service", &*call.target),
        text("portico.call.kind", call.kind),
    ];
    span.attributes.extend(port.map(|port| number("server.port", port)));
    let error = match (call.kind, call.status) {
        ("grpc", Some(status)) => {
            let name = GRPC_CODES.get(usize::from(status)).map_or("UNKNOWN", |name| name);
            span.attributes.push(text("rpc.system.name", "grpc"));
            span.attributes.push(text("rpc.response.status_code", name));
            (status != 0).then(|| name.to_owned())
        }
        (_, Some(status)) => {
            span.attributes.push(number("http.response.status_code", status));
            (status >= 400).then(|| status.to_string())
        }
        (_, None) => Some("no_answer".to_owned()),
    };
    if let Some(kind) = error {
        span.attributes.push(text("error.type", kind));
        span.status = Some(failed(""));
    }
    span
}

/// A record keeps no id for a filter, and every time its spans are made they must have the same:
/// the server span's id with the index mixed in (the finalizer of SplitMix64, which is a
/// bijection, so that no two filters of a request meet).
fn own_id(server: [u8; 8], index: usize) -> [u8; 8] {
    let step = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut id = u64::from_be_bytes(server).wrapping_add(step);
    id = (id ^ id >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    id = (id ^ id >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (id ^ id >> 31).max(1).to_be_bytes()
}
