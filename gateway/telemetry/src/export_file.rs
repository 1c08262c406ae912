//! Requests and traces as files that other programs open: HAR 1.2 and OTLP JSON.

mod har;

use std::sync::Arc;

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData},
};

use crate::{far, otlp::spans, store::Kept, trace::GATEWAY};

pub use har::har;

/// Traces as [OTLP JSON], which Jaeger, Grafana and collectors read. Holds the gateway's own
/// spans of the records, and the spans that services reported.
///
/// [OTLP JSON]: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
pub fn otlp(
    records: &[Arc<Kept>],
    reported: &[Arc<far::Span>],
) -> Result<String, serde_json::Error> {
    let own = records.iter().flat_map(|kept| spans::spans(&kept.record, None)).collect();
    let mut resources = vec![resource(GATEWAY, own)];
    // Few services a trace, so a list is as good as a map and keeps their order.
    let mut by_service: Vec<(&str, Vec<Span>)> = Vec::new();
    for span in reported {
        match by_service.iter_mut().find(|(service, _)| *service == &*span.service) {
            Some((_, spans)) => spans.push(span.to_otlp()),
            None => by_service.push((&span.service, vec![span.to_otlp()])),
        }
    }
    resources.extend(by_service.into_iter().map(|(service, spans)| resource(service, spans)));
    serde_json::to_string(&TracesData { resource_spans: resources })
}

fn resource(service: &str, spans: Vec<Span>) -> ResourceSpans {
    let name = AnyValue { value: Some(Value::StringValue(service.to_owned())) };
    let name = KeyValue { key: "service.name".into(), value: Some(name), ..KeyValue::default() };
    let scope = InstrumentationScope { name: GATEWAY.into(), ..InstrumentationScope::default() };
    ResourceSpans {
        resource: Some(Resource { attributes: vec![name], ..Resource::default() }),
        scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    }
}

#[cfg(test)]
mod tests;
