use super::*;
use crate::access_log::fixture;

fn matches(conditions: Conditions, record: &Record) -> bool {
    Filter::new(conditions).unwrap().matches(record)
}

#[test]
fn each_condition_is_looked_at() {
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let all = Conditions::default;
    let header = |name: &str, value: Option<&str>| Conditions {
        headers: vec![(name.to_owned(), value.map(str::to_owned))],
        ..all()
    };
    let cases = [
        (all(), true),
        (Conditions { statuses: vec![(400, 499), (200, 200)], ..all() }, true),
        (Conditions { statuses: vec![(400, 599)], ..all() }, false),
        (Conditions { min_duration: Some(fixture::micros(12_345)), ..all() }, true),
        (Conditions { min_duration: Some(fixture::micros(12_346)), ..all() }, false),
        (Conditions { routes: strings(&["web", "staff"]), ..all() }, true),
        (Conditions { routes: strings(&["web"]), ..all() }, false),
        (Conditions { hosts: strings(&["*.Example.com"]), ..all() }, true),
        (Conditions { hosts: strings(&["FLEET.example.com"]), ..all() }, true),
        (Conditions { hosts: strings(&["*.fleet.example.com", "example.com"]), ..all() }, false),
        (Conditions { methods: strings(&["GET"]), ..all() }, true),
        (Conditions { methods: strings(&["POST"]), ..all() }, false),
        (Conditions { reasons: strings(&["*"]), ..all() }, false),
        (header("accept", None), true),
        (header("accept", Some("application/json")), true),
        (header("accept", Some("text/html")), false),
        (header("x-none", None), false),
        (Conditions { share: Some(0.0), ..all() }, false),
        (Conditions { share: Some(1.0), ..all() }, true),
    ];
    for (conditions, expected) in cases {
        let shown = format!("{conditions:?}");
        assert_eq!(matches(conditions, &fixture::record()), expected, "{shown}");
    }
}

#[test]
fn reasons_and_flags_are_one_list() {
    let record = fixture::failed("connect_failed", 503);
    for (name, expected) in [
        ("UF", true),
        ("UpstreamConnectionFailure", true),
        ("connect_failed", true),
        ("*", true),
        ("UT", false),
        ("timeout", false),
    ] {
        let conditions = Conditions { reasons: vec![name.to_owned()], ..Conditions::default() };
        assert_eq!(matches(conditions, &record), expected, "{name}");
    }
}

#[test]
fn sampling_keeps_errors_and_its_share() {
    let filter = Filter::new(Conditions { share: Some(0.25), ..Conditions::default() }).unwrap();
    assert!(filter.matches(&fixture::failed("timeout", 504)));
    let mut record = fixture::record();
    let mut kept = |change: fn(&mut Record, u64)| {
        let requests = (0..10_000).filter(|number| {
            change(&mut record, *number);
            filter.matches(&record)
        });
        requests.count()
    };
    let by_trace = kept(|record, _| record.trace.trace_id = fastrand::u128(..).to_be_bytes());
    let by_request = kept(|record, number| {
        record.trace.trace_id = [0; 16];
        record.request_id = number.to_string().into();
    });
    for kept in [by_trace, by_request] {
        assert!((2_250..2_750).contains(&kept), "{kept} of 10000 at a quarter");
    }
}

#[test]
fn conditions_that_cannot_hold_are_refused() {
    let refused = |conditions| Filter::new(conditions).unwrap_err().to_string();
    let all = Conditions::default;
    assert_eq!(
        refused(Conditions { reasons: vec!["LH".into()], ..all() }),
        "`LH` is neither a response flag nor a reason that is given here"
    );
    assert_eq!(
        refused(Conditions { share: Some(1.5), ..all() }),
        "the share `1.5` is not between 0 and 1"
    );
    assert!(Filter::new(Conditions { share: Some(f64::NAN), ..all() }).is_err());
    assert_eq!(
        refused(Conditions { statuses: vec![(500, 400)], ..all() }),
        "no status lies between 500 and 400"
    );
    assert_eq!(
        refused(Conditions { headers: vec![("a b".into(), None)], ..all() }),
        "`a b` is no header name"
    );
}

#[test]
fn ports_are_no_part_of_a_host() {
    for (authority, host) in
        [("a:80", "a"), ("a", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("", "")]
    {
        assert_eq!(without_port(authority), host);
    }
}
