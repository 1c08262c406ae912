use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::{
    far::Span,
    fixture::{at, ms, span_id, trace_id},
};

fn trace(spans: &[(&str, u64, u64, u64, u64)]) -> Trace {
    let span = |(name, id, parent, from, to): &(&str, u64, u64, u64, u64)| {
        Arc::new(Span {
            trace_id: trace_id(1),
            span_id: span_id(*id),
            parent_id: (*parent != 0).then(|| span_id(*parent)),
            service: "s".into(),
            name: (*name).into(),
            kind: Kind::Internal,
            began: at(ms(*from)).duration_since(UNIX_EPOCH).unwrap(),
            took: Duration::from_millis(to - from),
            failed: false,
            message: None,
            attributes: Box::default(),
        })
    };
    Trace::assemble(trace_id(1), &[], spans.iter().map(span).collect()).unwrap()
}

#[test]
fn spans_are_matched_by_name_and_place() {
    let first = trace(&[
        ("get", 1, 0, 0, 50),
        ("query", 2, 1, 10, 20),
        ("query", 3, 1, 20, 40),
        ("cache", 4, 1, 40, 45),
    ]);
    let second = trace(&[
        ("get", 11, 0, 0, 90),
        ("query", 12, 11, 10, 22),
        ("query", 13, 11, 30, 80),
        ("render", 14, 13, 40, 50),
    ]);
    let found = compare(&first, &second);
    let pairs: Vec<_> =
        found.spans.iter().map(|p| (p.depth, &*p.name, p.delta_us.map(|d| d / 1000))).collect();
    assert_eq!(
        pairs,
        [
            (0, "get", Some(40)),
            (1, "query", Some(2)),
            (1, "query", Some(30)),
            (2, "render", None),
            (1, "cache", None)
        ]
    );
    assert_eq!((found.only_first, found.only_second), (1, 1));
    assert_eq!(
        found.words,
        "The second took 40 ms longer. Most of it is in `query` of `s`: +20 ms. Only the first has \
         `cache` of `s`. Only the second has `render` of `s`."
    );
}

#[test]
fn a_trace_equals_itself() {
    let one = trace(&[("get", 1, 0, 0, 50), ("query", 2, 1, 10, 20)]);
    let found = compare(&one, &one);
    assert_eq!((found.delta_us, found.only_first, found.only_second), (0, 0, 0));
    assert_eq!(found.words, "Both took the same time.");
}
