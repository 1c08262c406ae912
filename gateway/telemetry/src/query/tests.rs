use http::HeaderValue;

use super::*;
use crate::{
    fixture::{at, hung, ms, record, routed, trace_id},
    store::Settings,
};

fn store() -> Store {
    let store = Store::new(Settings::default());
    // 1: ordinary, with a header
    let mut first = record();
    first.request.headers.insert("x-user", HeaderValue::from_static("7"));
    store.insert(&first, Interest::Sample);
    // 2: hung
    let mut second = hung(ms(1000));
    second.trace.trace_id = trace_id(2);
    second.started = at(ms(5_000));
    store.insert(&second, Interest::Failed);
    // 3: slow, on another route
    let mut third = routed(record(), "telemetry");
    third.took = ms(300);
    third.request.target = "/api/Telemetry?x=1".into();
    third.request_id = "third".into();
    third.started = at(ms(9_000));
    store.insert(&third, Interest::Slow);
    store
}

fn find(text: &str) -> Vec<u64> {
    let query = Query::parse(text).unwrap();
    let page = Page { sort: Sort::Time, ..Page::default() };
    let mut found: Vec<u64> =
        query.run(&store(), &page, at(ms(10_000))).requests.iter().map(|one| one.seq).collect();
    found.sort_unstable();
    found
}

#[test]
fn terms() {
    let cases: &[(&str, &[u64])] = &[
        ("", &[1, 2, 3]),
        ("/api/staff", &[1, 2]),
        ("/api", &[1, 2, 3]),
        ("path:TELEM", &[3]),
        ("path:/api/s", &[1, 2]),
        ("telemetry", &[3]),
        ("status:504", &[2]),
        ("status:5xx", &[2]),
        ("-status:5xx", &[1, 3]),
        ("status:200-299", &[1, 3]),
        ("method:get", &[1, 2, 3]),
        ("method:POST", &[]),
        ("host:fleet.example", &[1, 2, 3]),
        ("host:fleet.*", &[1, 2, 3]),
        ("host:fleet", &[]),
        ("route:staff", &[1, 2]),
        ("route:sta*", &[1, 2]),
        ("service:telemetry", &[3]),
        ("rule:staff/0", &[1, 2, 3]),
        ("listener:web", &[1, 2, 3]),
        ("reason:timeout", &[2]),
        ("client:10.0.0.9", &[1, 2, 3]),
        ("header:x-user", &[1]),
        ("header:X-User=7", &[1]),
        ("header:x-user=8", &[]),
        (">1s", &[2]),
        (">300ms", &[2]),
        (">=300ms", &[2, 3]),
        ("<=10ms", &[1]),
        ("<10ms", &[]),
        ("<1.5s >0.2s", &[2, 3]),
        ("id:third", &[3]),
        ("00000000000000000000000000000002", &[2]),
        ("id:00000000000000000000000000000002", &[2]),
        ("is:failed", &[2]),
        ("is:slow route:telemetry /api", &[3]),
        ("since:2s", &[3]),
        ("before:2s", &[1, 2]),
        ("\"x=1\"", &[3]),
        ("\"status:5xx\"", &[]),
        ("status:5xx route:staff >1s /api/", &[2]),
    ];
    for (text, expected) in cases {
        assert_eq!(find(text), *expected, "{text}");
    }
}

#[test]
fn times() {
    // They ended after 10 ms, 6.003 s and 9.3 s.
    let query = |from, until| Query { from, until, ..Query::default() };
    let found = |query: Query| {
        query
            .run(&store(), &Page::default(), at(ms(10_000)))
            .requests
            .iter()
            .map(|one| one.seq)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(query(Some(at(ms(6_003))), None)), [2, 3]);
    assert_eq!(found(query(None, Some(at(ms(6_003))))), [1]);
    assert_eq!(found(query(Some(at(ms(11))), Some(at(ms(9_300))))), [2]);
}

#[test]
fn what_cannot_be_understood_is_said() {
    let cases = [
        ("statu:5xx", "`statu:` is none of before,"),
        ("status:6yy", "`6yy` is not a status"),
        ("> 1s", "`` is not a duration"),
        (">1", "`1` is not a duration"),
        (">-1s", "`-1s` is not a duration"),
        ("since:1e999h", "is not a duration"),
        ("header:ä", "is not a header's name"),
        ("is:nice", "`is:nice` is none of"),
        ("\"open", "a quote is not closed"),
        (&"a ".repeat(40), "more than 32 terms"),
    ];
    for (text, expected) in cases {
        let error = Query::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_most_interesting_come_first() {
    let found = Query::default().run(&store(), &Page::default(), at(ms(10_000)));
    let order: Vec<_> = found.requests.iter().map(|one| one.seq).collect();
    assert_eq!(order, [2, 3, 1]);
    let first = &found.requests[0];
    assert_eq!(
        (first.status, first.reason, &*first.answered_by),
        (504, Some("timeout"), "gateway")
    );
    let page = Page { sort: Sort::Duration, ..Page::default() };
    let found = Query::default().run(&store(), &page, at(ms(10_000)));
    assert_eq!(found.requests.iter().map(|one| one.seq).collect::<Vec<_>>(), [2, 3, 1]);
}

#[test]
fn pages_are_whole_while_records_come() {
    for sort in [Sort::Duration, Sort::Interest, Sort::Time] {
        let store = Store::new(Settings::default());
        for _ in 0..25 {
            store.insert(&record(), Interest::Sample);
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = Page { sort, limit: Some(10), after };
            let found = Query::default().run(&store, &page, at(ms(0)));
            seen.extend(found.requests.iter().map(|one| one.seq));
            store.insert(&record(), Interest::Sample);
            let Some(next) = found.next else { break };
            after = Some(next.parse().unwrap());
        }
        assert_eq!(seen, (1..=25).rev().collect::<Vec<_>>(), "{sort:?}");
    }
    assert!("x.y".parse::<Cursor>().is_err());
}

mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_is_a_danger(text in "\\PC{0,40}") {
            let _any = Query::parse(&text);
        }

        #[test]
        fn quoted_text_is_found_as_it_is(text in "[a-z:<>/ -]{1,12}") {
            let query = Query::parse(&format!("\"{text}\"")).unwrap();
            prop_assert_eq!(&query.conditions[0].term, &Term::Anywhere(text.into()));
        }
    }
}
