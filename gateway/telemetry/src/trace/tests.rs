use super::*;
use crate::{
    fixture::{at, ms, record, span_id, trace_id},
    store::{Interest, Store},
};

fn reported(service: &str, id: u64, parent: u64, from: u64, to: u64) -> Arc<Span> {
    Arc::new(Span {
        trace_id: trace_id(1),
        span_id: span_id(id),
        parent_id: (parent != 0).then(|| span_id(parent)),
        service: service.into(),
        name: format!("{service}-{id}").into(),
        kind: Kind::Internal,
        began: at(ms(from)).duration_since(UNIX_EPOCH).unwrap(),
        took: ms(to) - ms(from),
        failed: false,
        message: None,
        attributes: Box::default(),
    })
}

fn assemble(spans: Vec<Arc<Span>>) -> Trace {
    Trace::assemble(trace_id(1), &[], spans).unwrap()
}

fn path(trace: &Trace) -> Vec<(String, u64, u64)> {
    let segments = trace.critical_path.iter();
    let name = |segment: &Segment| trace.spans[segment.span].name.to_string();
    segments.map(|s| (name(s), s.from_us / 1000, s.to_us / 1000)).collect()
}

#[test]
fn the_critical_path_goes_through_what_ended_last() {
    let trace = assemble(vec![
        reported("a", 1, 0, 0, 100),
        reported("b", 2, 1, 10, 60),
        reported("c", 3, 1, 20, 90),
        reported("d", 4, 3, 30, 80),
    ]);
    let expected =
        [("a-1", 0, 20), ("c-3", 20, 30), ("d-4", 30, 80), ("c-3", 80, 90), ("a-1", 90, 100)];
    let expected: Vec<_> = expected.map(|(n, f, t)| (n.to_owned(), f, t)).into();
    assert_eq!(path(&trace), expected);
    let critical: u64 = trace.spans.iter().map(|node| node.critical_us).sum();
    assert_eq!(critical, 100_000);
}

#[test]
fn gaps_are_where_no_child_ran() {
    let trace = assemble(vec![
        reported("a", 1, 0, 0, 100),
        reported("b", 2, 1, 10, 40),
        reported("b", 3, 1, 30, 50),
        reported("c", 4, 1, 80, 98),
    ]);
    let gaps: Vec<_> =
        trace.gaps.iter().map(|gap| (gap.from_us / 1000, gap.to_us / 1000)).collect();
    assert_eq!(gaps, [(0, 10), (50, 80)]);
}

#[test]
fn clocks_differ() {
    let trace = assemble(vec![reported("a", 1, 0, 50, 100), reported("b", 2, 1, 40, 90)]);
    assert!(trace.spans[1].outside_parent && !trace.spans[0].outside_parent);
    assert_eq!(trace.spans[0].at_us, 10_000);
    // It is the path of the root, and begins when that began.
    assert_eq!(path(&trace), [("b-2".to_owned(), 10, 50), ("a-1".to_owned(), 50, 60)]);
}

#[test]
fn circles_and_missing_parents_have_a_place() {
    let trace = assemble(vec![
        reported("a", 1, 2, 0, 10),
        reported("b", 2, 1, 1, 9),
        reported("c", 3, 3, 2, 3),
        reported("d", 4, 99, 5, 6),
    ]);
    assert_eq!(trace.spans.len(), 4);
    let missing: Vec<_> = trace.spans.iter().filter(|node| node.parent_missing).collect();
    assert!(missing.iter().any(|node| &*node.service == "d"));
    assert!(trace.notes.iter().any(|note| note.contains("is missing")), "{:?}", trace.notes);
}

#[test]
fn a_request_that_calls_through_the_gateway_is_one_trace() {
    let store = Store::new(crate::store::Settings::default());
    let mut inner = record();
    // The service passed on what it got: the attempt's span is the parent of its call.
    inner.trace.parent_id = Some(span_id(2));
    inner.trace.span_id = span_id(5);
    inner.attempts[0].span_id = span_id(6);
    inner.started = at(ms(3));
    inner.took = ms(4);
    inner.attempts[0].ended = ms(4);
    inner.place.service = Some("telemetry".into());
    store.insert(&inner, Interest::Sample);
    store.insert(&record(), Interest::Sample);
    let trace = Trace::find(&store, &trace_id(1)).unwrap();
    let depths: Vec<_> = trace.spans.iter().map(|node| node.depth).collect();
    assert_eq!(depths, [0, 1, 2, 3]);
    assert_eq!(trace.notes, ["sight ends at `telemetry`: it reported no span of this trace"]);
    assert!(Trace::find(&store, &trace_id(9)).is_none());
}

#[test]
fn a_deep_trace_is_no_danger() {
    let spans: Vec<_> = (1..=2_000).map(|id| reported("a", id, id - 1, id, 5_000 - id)).collect();
    let trace = assemble(spans);
    assert_eq!(trace.spans.last().unwrap().depth, 1_999);
}

#[test]
fn ids() {
    assert_eq!(from_hex::<2>("0aFf"), Some([10, 255]));
    assert_eq!(from_hex::<2>("+aff"), None);
    assert_eq!(from_hex::<2>("0aff0"), None);
    assert_eq!(hex(&[10, 255]), "0aff");
}

mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever services report, every span is shown once, and the path explains every moment
        /// of the root once.
        #[test]
        fn the_path_covers_the_root(spans in prop::collection::vec((0_u64..20, 0_u64..100, 0_u64..100), 1..20)) {
            let spans: Vec<_> = (1..).zip(&spans)
                .map(|(id, (parent, from, length))| reported("a", id, *parent, *from, from + length))
                .collect();
            let trace = assemble(spans.clone());
            prop_assert_eq!(trace.spans.len(), spans.len());
            let root = &trace.spans[0];
            let mut at = root.at_us;
            for segment in &trace.critical_path {
                prop_assert_eq!(segment.from_us, at);
                prop_assert!(segment.to_us > segment.from_us);
                at = segment.to_us;
            }
            prop_assert_eq!(at, root.at_us + root.took_us);
            let compared = crate::compare::compare(&trace, &trace);
            prop_assert_eq!(compared.spans.len(), spans.len());
            prop_assert_eq!(compared.only_first + compared.only_second, 0);
        }
    }
}
