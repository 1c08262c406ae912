use http::HeaderValue;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde_json::Value as Json;

use super::*;
use crate::{
    far::Kind,
    fixture::{hung, ms, record, span_id, trace_id},
    store::{Interest, Settings, Store},
};

fn kept() -> Vec<Arc<Kept>> {
    let store = Store::new(Settings::default());
    let mut first = record();
    first.request.target = "/api/staff?page=2&flag".into();
    first.request.headers.insert("cookie", HeaderValue::from_static("s3cret"));
    first.response.headers.insert("content-type", HeaderValue::from_static("application/json"));
    first.phases.queued = Some(ms(1));
    first.phases.connected = Some(ms(2));
    first.phases.sent = Some(ms(2));
    first.phases.first_byte = Some(ms(9));
    store.insert(&first, Interest::Sample);
    store.insert(&hung(ms(1000)), Interest::Failed);
    let mut all = store.all();
    all.sort_by_key(|kept| kept.seq);
    all
}

fn reported() -> Arc<far::Span> {
    Arc::new(far::Span {
        trace_id: trace_id(1),
        span_id: span_id(10),
        parent_id: Some(span_id(2)),
        service: "staff".into(),
        name: "GET /api/staff".into(),
        kind: Kind::Server,
        began: ms(1),
        took: ms(1),
        failed: false,
        message: None,
        attributes: [("rows".into(), far::Value::Number(3))].into(),
    })
}

#[test]
fn otlp_as_the_specification_has_it() {
    let text = otlp(&kept(), &[reported()]).unwrap();
    let json: Json = serde_json::from_str(&text).unwrap();
    let span = &json["resourceSpans"][1]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["traceId"], "00000000000000000000000000000001");
    assert_eq!(span["spanId"], "000000000000000a");
    assert_eq!(span["parentSpanId"], "0000000000000002");
    assert_eq!(span["startTimeUnixNano"], "1000000");
    assert_eq!(span["kind"], 2);
    assert_eq!(span["attributes"][0]["value"]["intValue"], "3");
    let resource = &json["resourceSpans"][0]["resource"]["attributes"][0];
    assert_eq!(resource["value"]["stringValue"], "portico");
    // What the receiver takes is the same.
    let back: ExportTraceServiceRequest = serde_json::from_str(&text).unwrap();
    assert_eq!(back.resource_spans[0].scope_spans[0].spans.len(), 4);
}

#[test]
fn har_as_the_format_has_it() {
    let har = har(&kept());
    let entries = har["log"]["entries"].as_array().unwrap();
    let entry = &entries[0];
    assert_eq!(entry["startedDateTime"], "2027-01-15T08:00:00.000Z");
    assert_eq!(entry["request"]["url"], "http://fleet.example:80/api/staff?page=2&flag");
    assert_eq!(entry["request"]["queryString"][0]["value"], "2");
    assert_eq!(entry["response"]["content"]["mimeType"], "application/json");
    assert_eq!(entry["timings"]["wait"], 7.0);
    assert!(!har.to_string().contains("s3cret"));
    for entry in entries {
        let timings = entry["timings"].as_object().unwrap();
        let sum: f64 = timings.values().filter_map(Json::as_f64).filter(|time| *time > 0.0).sum();
        assert!((sum - entry["time"].as_f64().unwrap()).abs() < 0.01, "{entry}");
        for part in ["request", "response"] {
            for name in ["httpVersion", "cookies", "headers", "headersSize", "bodySize"] {
                assert!(!entry[part][name].is_null(), "{part} {name}");
            }
        }
    }
    assert_eq!(entries[1]["response"]["status"], 504);
    assert!(entries[1]["comment"].as_str().unwrap().contains("timeout: the service"));
}
