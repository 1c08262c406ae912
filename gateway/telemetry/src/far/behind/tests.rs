use std::time::Duration;

use super::*;
use crate::{
    doctor,
    far::{Kind, Limits, Value},
    fixture::{at, ms, record, span_id, trace_id},
    store::{Interest, Settings},
    trace::Trace,
};

fn behind(limits: Limits) -> (Behind, Arc<Store>, Arc<Mutex<Vec<Call>>>) {
    let store = Arc::new(Store::new(Settings { spans: limits, ..Settings::default() }));
    let doctor = Arc::new(Doctor::new(doctor::Settings::default()));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let on_call = Box::new(move |call: &Call| noted.lock().unwrap().push(call.clone()));
    (Behind::new(Arc::clone(&store), doctor, on_call), store, calls)
}

fn span(service: &str, kind: Kind, id: u64, parent: u64) -> Span {
    Span {
        trace_id: trace_id(1),
        span_id: span_id(id),
        parent_id: (parent != 0).then(|| span_id(parent)),
        service: service.into(),
        name: format!("{service} {id}").into(),
        kind,
        began: at(ms(3)).duration_since(std::time::UNIX_EPOCH).unwrap(),
        took: ms(4),
        failed: false,
        message: None,
        attributes: Box::default(),
    }
}

#[test]
fn a_call_is_told_by_both_sides_in_any_order() {
    for order in [[0, 1], [1, 0]] {
        let (behind, _, calls) = behind(Limits::default());
        let sides = [
            span("staff", Kind::Client, 10, 9),
            Span { failed: true, ..span("telemetry", Kind::Server, 11, 10) },
        ];
        for side in order {
            behind.receive(vec![sides[side].clone()]);
        }
        let calls = calls.lock().unwrap();
        assert_eq!(calls.len(), 1);
        assert_eq!((&*calls[0].from, &*calls[0].to, calls[0].failed), ("staff", "telemetry", true));
    }
}

#[test]
fn a_database_is_called_without_a_word_of_its_own() {
    let (behind, _, calls) = behind(Limits::default());
    let mut query = span("staff", Kind::Client, 10, 9);
    query.attributes = [("db.system.name".into(), Value::Text("postgresql".into()))].into();
    behind.receive(vec![query, span("staff", Kind::Internal, 12, 9)]);
    assert_eq!(&*calls.lock().unwrap()[0].to, "postgresql");
}

#[test]
fn late_and_early_spans_are_joined() {
    let (behind, store, _) = behind(Limits::default());
    // The attempt's span of the fixture is 2.
    behind.receive(vec![span("staff", Kind::Server, 10, 2)]);
    store.insert(&record(), Interest::Sample);
    behind.observe(&record());
    behind.receive(vec![span("staff", Kind::Internal, 11, 10)]);

    let trace = Trace::find(&store, &trace_id(1)).unwrap();
    let shape: Vec<_> = trace.spans.iter().map(|node| (node.depth, &*node.service)).collect();
    assert_eq!(shape, [(0, "portico"), (1, "portico"), (2, "staff"), (3, "staff")]);
    let sight = &behind.sight_ends()[0];
    assert!(!sight.ends_here, "{sight:?}");
    assert_eq!(sight.words, "`staff` reports what it does for every request.");
}

#[test]
fn where_sight_ends_is_said_in_words() {
    let (behind, _, _) = behind(Limits::default());
    behind.observe(&record());
    let words = behind.sight_ends()[0].words.clone();
    assert!(
        words.starts_with("Sight ends at `staff`: it reported no spans for 1 requests"),
        "{words}"
    );

    let mut elsewhere = span("staff", Kind::Server, 10, 0);
    elsewhere.trace_id = trace_id(5);
    behind.receive(vec![elsewhere, span("billing", Kind::Internal, 20, 19)]);
    let sights = behind.sight_ends();
    assert!(sights[0].ends_here && sights[0].words.contains("does not read `traceparent`"));
    assert_eq!(&*sights[1].service, "billing");
}

#[test]
fn the_memory_for_spans_is_bounded() {
    let limits = Limits { joined: 40_000, orphans: 20_000, per_trace: 50 };
    let (behind, store, _) = behind(limits);
    store.insert(&record(), Interest::Sample);
    behind.receive((1..=100).map(|id| span("staff", Kind::Internal, id, 0)).collect());
    assert_eq!((store.held().spans.spans, store.held().spans.dropped), (50, 50));
    for id in 0..10_000 {
        let mut stray = span("stray", Kind::Internal, 1, 0);
        stray.trace_id = trace_id(100 + id);
        behind.receive(vec![stray]);
    }
    let held = store.held().spans;
    assert!(held.bytes <= 60_000, "{held:?}");
    assert!(held.evicted > 9_000);
    // Strays push out strays only.
    assert_eq!(store.trace_spans(&trace_id(1)).len(), 50);
    store.tick(at(Duration::from_secs(10_000)));
    assert_eq!((store.held().spans.spans, store.held().spans.bytes), (0, 0));
}
