use opentelemetry_proto::tonic::{common::v1::ArrayValue, trace::v1::span::Event};

use super::*;

fn text(key: &str, text: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(text.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn otlp() -> otlp::Span {
    otlp::Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "GET /drivers".into(),
        kind: SpanKind::Server as i32,
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 5_000,
        attributes: vec![text("http.route", "/drivers")],
        status: Some(Status { code: StatusCode::Error as i32, message: "boom".into() }),
        ..otlp::Span::default()
    }
}

#[test]
fn there_and_back() {
    let span = Span::of(&otlp(), &"staff".into()).unwrap();
    assert_eq!(span.to_otlp(), otlp());
    assert_eq!(span.text("http.route"), Some("/drivers"));
    assert_eq!(span.took, Duration::from_micros(4));
}

#[test]
fn broken_ids_are_refused() {
    let of = |change: fn(&mut otlp::Span)| {
        let mut span = otlp();
        change(&mut span);
        Span::of(&span, &"staff".into())
    };
    assert_eq!(of(|span| span.trace_id = vec![0; 16]), Err(BadSpan::TraceId));
    assert_eq!(of(|span| span.trace_id.truncate(8)), Err(BadSpan::TraceId));
    assert_eq!(of(|span| span.span_id.clear()), Err(BadSpan::SpanId));
    assert_eq!(of(|span| span.parent_span_id = vec![0; 8]), Err(BadSpan::SpanId));
    assert_eq!(of(|span| span.parent_span_id.clear()).unwrap().parent_id, None);
    assert_eq!(of(|span| span.end_time_unix_nano = 1).unwrap().took, Duration::ZERO);
}

#[test]
fn what_is_long_is_cut() {
    let mut span = otlp();
    span.name = "ä".repeat(10_000);
    span.attributes =
        (0..1_000).map(|n| text(&n.to_string().repeat(200), &"x".repeat(9_999))).collect();
    let span = Span::of(&span, &"staff".into()).unwrap();
    assert_eq!(span.name.len(), TEXT);
    assert_eq!(span.attributes.len(), ATTRIBUTES);
    assert!(span.weight() < 90_000, "{}", span.weight());
}

#[test]
fn an_exception_is_a_message() {
    let mut span = otlp();
    span.status = None;
    let attributes = vec![text("exception.message", "no rows")];
    span.events = vec![Event { name: "exception".into(), attributes, ..Event::default() }];
    let span = Span::of(&span, &"staff".into()).unwrap();
    assert_eq!((span.failed, span.message.as_deref()), (false, Some("no rows")));
}

#[test]
fn a_list_is_text() {
    let number = |number| AnyValue { value: Some(any_value::Value::IntValue(number)) };
    let list = ArrayValue { values: vec![number(1), number(2)] };
    let list = AnyValue { value: Some(any_value::Value::ArrayValue(list)) };
    assert_eq!(value(&list), Value::Text("[1,2]".into()));
}

#[test]
fn a_service_without_a_name() {
    assert_eq!(&*service(None), UNNAMED);
    let attributes = vec![text("service.name", "staff")];
    assert_eq!(&*service(Some(&Resource { attributes, ..Resource::default() })), "staff");
}
