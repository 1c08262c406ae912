//! Records in, OTLP JSON out: `tests/spans/NAME.json` is what is expected. `UPDATE=1` rewrites it.

use std::{collections::BTreeSet, path::Path};

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use super::{fixture, query, spans};
use crate::{
    Record,
    sampling::{Facts, Kept, Sampler, Settings},
};

fn cases() -> [(&'static str, Record, Option<Kept>); 7] {
    [
        ("client_gone", fixture::client_gone(), Some(Kept::Head)),
        ("cut_off", fixture::cut_off(), Some(Kept::Head)),
        ("no_route", fixture::no_route(), Some(Kept::Head)),
        ("plain", fixture::plain(), None),
        ("rich", fixture::rich(), Some(Kept::Head)),
        ("timed_out", fixture::timed_out(), Some(Kept::Error)),
        ("trapped", fixture::trapped(), Some(Kept::Plugin)),
    ]
}

#[test]
fn golden() {
    for (name, record, kept) in cases() {
        let json = serde_json::to_string_pretty(&spans(&record, kept)).unwrap() + "\n";
        assert!(!json.contains("s3cr3t") && !json.contains("k-123456"), "{name} tells a secret");
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/spans")
            .join(name)
            .with_extension("json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, json).unwrap();
        } else {
            let expected = std::fs::read_to_string(&path).unwrap();
            assert_eq!(json, expected, "{}: UPDATE=1 writes it anew", path.display());
        }
    }
}

/// What holds for every record, whatever the goldens say.
#[test]
fn spans_are_one_tree() {
    for (name, record, kept) in cases() {
        let spans = spans(&record, kept);
        let server = &spans[0];
        assert_eq!(server.kind, i32::from(SpanKind::Server), "{name}");
        let ids: BTreeSet<&[u8]> = spans.iter().map(|span| &*span.span_id).collect();
        assert_eq!(ids.len(), spans.len(), "{name}: ids are unique");
        for span in &spans[1..] {
            assert!(ids.contains(&*span.parent_span_id), "{name}: {} has a parent", span.name);
            assert_eq!(span.trace_id, server.trace_id, "{name}");
            assert_eq!(span.trace_state, server.trace_state, "{name}");
        }
        for span in &spans {
            assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{name}");
            let keys: BTreeSet<&str> = span.attributes.iter().map(|it| it.key.as_str()).collect();
            assert_eq!(keys.len(), span.attributes.len(), "{name}: attributes are unique");
        }
    }
}

#[test]
fn parents_of_attempts_filters_and_calls() {
    let spans = spans(&fixture::rich(), None);
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let server = named("GET shop")[0];
    assert_eq!(server.parent_span_id, [0x33; 8]);
    for attempt in named("GET") {
        assert_eq!(attempt.parent_span_id, server.span_id);
    }
    let filter = named("filter auth")[0];
    assert_eq!(filter.parent_span_id, server.span_id);
    for call in named("call ledger") {
        assert_eq!(call.parent_span_id, filter.span_id);
    }
    let again = super::spans(&fixture::rich(), None);
    assert_eq!(again, spans, "ids do not change from one time to the next");
}

#[test]
fn only_failures_of_ours_and_of_services_are_errors() {
    let rule = Sampler::new(Settings::default(), 1).unwrap().rule(None);
    let expected = [
        ("client_gone", None, false),
        ("cut_off", Some(Kept::Error), true),
        ("no_route", None, false),
        ("plain", None, false),
        ("rich", None, false),
        ("timed_out", Some(Kept::Error), true),
        ("trapped", Some(Kept::Plugin), true),
    ];
    for ((name, mut record, _), (expected_name, kept, is_error)) in
        cases().into_iter().zip(expected)
    {
        assert_eq!(name, expected_name);
        record.trace.sampled = false;
        assert_eq!(rule.reason(Facts::from(&record)), kept, "{name}");
        let server: &Span = &spans(&record, kept)[0];
        assert_eq!(server.status.is_some(), is_error, "{name}");
        let has_type = server.attributes.iter().any(|it| it.key == "error.type");
        assert_eq!(has_type, is_error, "{name}");
    }
}

#[test]
fn queries() {
    let cases = [
        ("", ""),
        ("q=design&monkey=1&author=me", "q=design&monkey=1&author=me"),
        ("token", "token"),
        ("a=1&token=x&b=2", "a=1&token=REDACTED&b=2"),
        (
            "X-Amz-Signature=x&X-Amz-Credential=y",
            "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED",
        ),
        ("AWSAccessKeyId=x&sig=a=b", "AWSAccessKeyId=REDACTED&sig=REDACTED"),
        ("X-Goog-Signature=x", "X-Goog-Signature=REDACTED"),
        ("to%6Ben=x&filter%5Bname%5D=y", "to%6Ben=REDACTED&filter%5Bname%5D=y"),
        (
            "user[password]=x&api-key=y&key=z",
            "user[password]=REDACTED&api-key=REDACTED&key=REDACTED",
        ),
        ("%=1&%zz=2&%c3%a4=3", "%=1&%zz=2&%c3%a4=3"),
    ];
    for (query, expected) in cases {
        assert_eq!(query::redacted(query), expected, "{query}");
    }
}
