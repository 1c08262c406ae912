use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";
const OUT: Outgoing =
    Outgoing { trace_id: [0xab; 16], span_id: [0xcd; 8], parent_id: [0xef; 8], sampled: true };

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    map
}

fn extract(headers: &[(&str, &str)]) -> Incoming {
    Propagation::default().extract(&map(headers))
}

/// What a request with these headers leaves with, sorted.
fn through(propagation: Propagation, headers: &[(&str, &str)], outgoing: Outgoing) -> String {
    let mut map = map(headers);
    let incoming = propagation.extract(&map);
    propagation.inject(&mut map, &incoming, &outgoing);
    let mut lines: Vec<String> =
        map.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
    lines.sort();
    lines.concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `trace/span decision source`, for tables.
fn told(incoming: &Incoming) -> String {
    let parent = incoming.parent.map_or_else(
        || "-".to_owned(),
        |parent| format!("{}/{}", hex(&parent.trace_id), hex(&parent.span_id)),
    );
    format!("{parent} {:?}", incoming.decision)
}

#[test]
fn traceparents() {
    let ids = format!("{TRACE}-{SPAN}");
    let good = |rest: &str| format!("{TRACE}/{SPAN} {rest}");
    let none = || "- Deferred".to_owned();
    let cases = [
        (format!("00-{ids}-00"), good("No")),
        (format!("00-{ids}-01"), good("Yes")),
        (format!("00-{ids}-03"), good("Yes")),
        (format!("00-{ids}-02"), good("No")),
        (format!("00-{ids}-ff"), good("Yes")),
        // Later versions: only what is known is read.
        (format!("cc-{ids}-01"), good("Yes")),
        (format!("cc-{ids}-01-what-comes"), good("Yes")),
        (format!("cc-{ids}-01."), none()),
        (format!("cc-{ids}-01-"), good("Yes")),
        (format!("ff-{ids}-01"), none()),
        // Version 0 ends with the flags.
        (format!("00-{ids}-01-"), none()),
        (format!("00-{ids}-01-x"), none()),
        (format!("00-{ids}-1"), none()),
        (format!("00-{ids}-0G"), none()),
        (format!("00-{ids}-0A"), none()),
        (format!("0-{ids}-01"), none()),
        (format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), none()),
        (format!("00-{TRACE}-{}-01", SPAN.to_uppercase()), none()),
        (format!("00-{}-{SPAN}-01", "0".repeat(32)), none()),
        (format!("00-{TRACE}-{}-01", "0".repeat(16)), none()),
        (format!("00_{ids}-01"), none()),
        (format!("00-{TRACE}_{SPAN}-01"), none()),
        (format!("00-{TRACE}-{SPAN}_01"), none()),
        (format!(" 00-{ids}-01"), none()),
        (String::new(), none()),
    ];
    for (given, expected) in cases {
        assert_eq!(told(&extract(&[("traceparent", &given)])), expected, "{given:?}");
    }
    let parent = format!("00-{ids}-01");
    let twice = extract(&[("traceparent", &parent), ("traceparent", &parent)]);
    assert_eq!(told(&twice), "- Deferred");
}

#[test]
fn tracestates() {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let state = |values: &[&str]| {
        let mut headers = vec![("traceparent", parent.as_str())];
        headers.extend(values.iter().map(|value| ("tracestate", *value)));
        extract(&headers).state.text().map(str::to_owned)
    };
    let members =
        |count: usize| (0..count).map(|index| format!("m{index}=1")).collect::<Vec<_>>().join(",");
    assert_eq!(state(&["foo=1,bar=2"]).as_deref(), Some("foo=1,bar=2"));
    assert_eq!(state(&["foo=1", "bar=2"]).as_deref(), Some("foo=1,bar=2"));
    assert_eq!(state(&["foo=1,", " \tbar=2 ,"]).as_deref(), Some("foo=1,bar=2"));
    assert_eq!(state(&["t61rcWkgMzE@vendor=1"]), None, "an upper-case key");
    assert_eq!(
        state(&["fw529a3039@dt=FfQ, 0a/b*c-d_e=!~ x"]).as_deref(),
        Some("fw529a3039@dt=FfQ, 0a/b*c-d_e=!~ x")
    );
    for bad in
        ["foo", "foo=", "=1", "Foo=1", "foo=1=2", "foo =1", "foo=1,bar", "", ",", "foo=\u{7f}"]
    {
        if let Ok(value) = HeaderValue::from_str(bad) {
            assert_eq!(state(&[value.to_str().unwrap()]), None, "{bad:?}");
        }
    }
    assert_eq!(state(&[&members(32)]), Some(members(32)));
    assert_eq!(state(&[&members(33)]), None);
    assert_eq!(state(&[&members(20), &members(13)]), None);
    let long = |key: &str, length: usize| format!("{key}={}", "x".repeat(length));
    assert!(state(&[&long("k", 256)]).is_some());
    assert_eq!(state(&[&long("k", 257)]), None);
    assert!(state(&[&format!("{}=1", "k".repeat(256))]).is_some());
    assert_eq!(state(&[&format!("{}=1", "k".repeat(257))]), None);
    // Too long: the long ones go first, from the end; then whatever is last.
    let (a, b, c) = (long("a", 200), long("b", 200), long("c", 100));
    let cut = state(&[&format!("{a},{b},{c},d=1,e=2")]);
    assert_eq!(cut, Some(format!("{a},{c},d=1,e=2")));
    let many: Vec<_> = (0..9).map(|index| long(&format!("k{index}"), 60)).collect();
    assert_eq!(state(&[&many.join(",")]), Some(many[..8].join(",")));
}

#[test]
fn a_state_without_its_trace_is_dropped() {
    let left = through(Propagation::default(), &[("tracestate", "foo=1"), ("x", "y")], OUT);
    let parent = format!("traceparent: 00-{}-{}-01\n", "ab".repeat(16), "cd".repeat(8));
    assert_eq!(left, format!("{parent}x: y\n"));
}

#[test]
fn b3_in_one_header() {
    let short = "a3ce929d0e0e4736";
    let padded = format!("{}{short}", "0".repeat(16));
    let cases = [
        ("0".to_owned(), "- No".to_owned()),
        ("1".to_owned(), "- Yes".to_owned()),
        ("d".to_owned(), "- Debug".to_owned()),
        ("2".to_owned(), "- Deferred".to_owned()),
        (format!("{TRACE}-{SPAN}"), format!("{TRACE}/{SPAN} Deferred")),
        (format!("{TRACE}-{SPAN}-0"), format!("{TRACE}/{SPAN} No")),
        (format!("{TRACE}-{SPAN}-1"), format!("{TRACE}/{SPAN} Yes")),
        (format!("{TRACE}-{SPAN}-d-{short}"), format!("{TRACE}/{SPAN} Debug")),
        (format!("{short}-{SPAN}-1"), format!("{padded}/{SPAN} Yes")),
        (format!("{short}-{SPAN}-x"), "- Deferred".to_owned()),
        (format!("{TRACE}-{SPAN}-1-xyz"), "- Deferred".to_owned()),
        (format!("{TRACE}-{SPAN}-1-{short}-1"), "- Deferred".to_owned()),
        (format!("{TRACE}-0000000000000000-1"), "- Deferred".to_owned()),
        (format!("{}-{SPAN}-1", "0".repeat(32)), "- Deferred".to_owned()),
        (format!("{TRACE}0-{SPAN}-1"), "- Deferred".to_owned()),
        (TRACE.to_owned(), "- Deferred".to_owned()),
    ];
    for (given, expected) in cases {
        assert_eq!(told(&extract(&[("b3", &given)])), expected, "{given:?}");
    }
}

#[test]
fn b3_in_many_headers() {
    let ids = [("x-b3-traceid", TRACE), ("X-B3-SpanId", SPAN)];
    let with = |more: &[(&str, &str)]| told(&extract(&[&ids[..], more].concat()));
    assert_eq!(with(&[]), format!("{TRACE}/{SPAN} Deferred"));
    assert_eq!(with(&[("x-b3-sampled", "1")]), format!("{TRACE}/{SPAN} Yes"));
    assert_eq!(with(&[("x-b3-sampled", "false")]), format!("{TRACE}/{SPAN} No"));
    assert_eq!(with(&[("x-b3-flags", "1")]), format!("{TRACE}/{SPAN} Debug"));
    assert_eq!(with(&[("x-b3-flags", "0"), ("x-b3-sampled", "0")]), format!("{TRACE}/{SPAN} No"));
    assert_eq!(told(&extract(&[("x-b3-sampled", "0")])), "- No");
    assert_eq!(told(&extract(&[("x-b3-traceid", TRACE)])), "- Deferred");
}

#[test]
fn jaeger_headers() {
    let cases = [
        (format!("{TRACE}:{SPAN}:0:1"), format!("{TRACE}/{SPAN} Yes")),
        (format!("{TRACE}%3A{SPAN}%3a0%3A1"), format!("{TRACE}/{SPAN} Yes")),
        (format!("{TRACE}:{SPAN}:{SPAN}:0"), format!("{TRACE}/{SPAN} No")),
        (format!("{TRACE}:{SPAN}::3"), format!("{TRACE}/{SPAN} Debug")),
        ("1a:B:0:01".to_owned(), format!("{:0>32}/{:0>16} Yes", "1a", "b")),
        ("0:1:0:1".to_owned(), "- Deferred".to_owned()),
        ("1:0:0:1".to_owned(), "- Deferred".to_owned()),
        ("1:1:0:".to_owned(), "- Deferred".to_owned()),
        ("1:1:0:1:1".to_owned(), "- Deferred".to_owned()),
        ("1:1:0".to_owned(), "- Deferred".to_owned()),
        ("1:1:0:+1".to_owned(), "- Deferred".to_owned()),
        ("1:1:0:001".to_owned(), "- Deferred".to_owned()),
        (format!("{TRACE}0:1:0:1"), "- Deferred".to_owned()),
        (format!("1:{SPAN}0:0:1"), "- Deferred".to_owned()),
        ("g:1:0:1".to_owned(), "- Deferred".to_owned()),
        ("1".repeat(300), "- Deferred".to_owned()),
    ];
    for (given, expected) in cases {
        assert_eq!(told(&extract(&[("uber-trace-id", &given)])), expected, "{given:?}");
    }
}

#[test]
fn the_first_usable_format_counts() {
    let b3 = format!("{}-{SPAN}-0", "1".repeat(32));
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let both = extract(&[("b3", &b3), ("traceparent", &parent)]);
    assert_eq!(told(&both), format!("{TRACE}/{SPAN} Yes"));
    assert_eq!(both.present, Formats::W3C | Formats::B3);
    let broken = extract(&[("b3", &b3), ("traceparent", "00-broken"), ("tracestate", "a=1")]);
    assert_eq!(told(&broken), format!("{}/{SPAN} No", "1".repeat(32)));
    assert_eq!(broken.source, Formats::B3);
    assert_eq!(broken.state.text(), None);
}

#[test]
fn what_leaves() {
    let (trace, span, server) = ("ab".repeat(16), "cd".repeat(8), "ef".repeat(8));
    let parent = format!("traceparent: 00-{trace}-{span}-01\n");
    let all = Propagation::default();
    assert_eq!(through(all, &[], OUT), parent);
    let came = format!("00-{TRACE}-{SPAN}-03");
    let random = through(all, &[("traceparent", &came), ("tracestate", "a=1")], OUT);
    let expected = format!("traceparent: 00-{trace}-{span}-03\ntracestate: a=1\n");
    assert_eq!(random, expected);
    let b3 = through(all, &[("b3", "0")], Outgoing { sampled: false, ..OUT });
    assert_eq!(b3, format!("b3: {trace}-{span}-0-{server}\ntraceparent: 00-{trace}-{span}-00\n"));
    let debug = through(all, &[("b3", "d")], OUT);
    assert_eq!(debug, format!("b3: {trace}-{span}-d-{server}\n{parent}"));
    let multi = through(all, &[("x-b3-sampled", "1")], OUT);
    let expected = format!(
        "{parent}x-b3-parentspanid: {server}\nx-b3-sampled: 1\nx-b3-spanid: {span}\nx-b3-traceid: {trace}\n"
    );
    assert_eq!(multi, expected);
    let flags = through(all, &[("x-b3-flags", "1"), ("x-b3-sampled", "1")], OUT);
    assert!(flags.contains("x-b3-flags: 1\n") && !flags.contains("sampled"), "{flags}");
    let uber = through(all, &[("uber-trace-id", "1:2:0:3")], OUT);
    assert_eq!(uber, format!("{parent}uber-trace-id: {trace}:{span}:0:3\n"));
}

#[test]
fn what_is_not_accepted_is_taken_off() {
    let closed = Propagation { accept: Formats::NONE, ..Propagation::default() };
    let came = format!("00-{TRACE}-{SPAN}-01");
    let headers = [
        ("traceparent", came.as_str()),
        ("tracestate", "a=1"),
        ("b3", "1"),
        ("x-b3-flags", "1"),
        ("uber-trace-id", "1:2:0:1"),
        ("uberctx-user", "7"),
        ("baggage", "k=v"),
        ("x-other", "stays"),
    ];
    let left = through(closed, &headers, OUT);
    let parent = format!("traceparent: 00-{}-{}-01\n", "ab".repeat(16), "cd".repeat(8));
    assert_eq!(left, format!("{parent}x-other: stays\n"));
    assert_eq!(told(&closed.extract(&map(&headers))), "- Deferred");
}

#[test]
fn only_another_format_is_written() {
    let jaeger = Propagation { write: Formats::JAEGER, echo: false, ..Propagation::default() };
    let came = format!("00-{TRACE}-{SPAN}-01");
    let left = through(jaeger, &[("traceparent", &came), ("tracestate", "a=1")], OUT);
    assert_eq!(left, format!("uber-trace-id: {}:{}:0:1\n", "ab".repeat(16), "cd".repeat(8)));
}

#[test]
fn baggage() {
    let text = |headers: &[(&str, &str)]| extract(headers).baggage.text().map(str::to_owned);
    assert_eq!(text(&[("baggage", "a=1,b=2;p")]).as_deref(), Some("a=1,b=2;p"));
    assert_eq!(text(&[("baggage", "a=1"), ("baggage", "b=2")]).as_deref(), Some("a=1,b=2"));
    let member = |index: usize| format!("k{index}=v");
    let list = |count: usize| (0..count).map(member).collect::<Vec<_>>().join(",");
    assert_eq!(text(&[("baggage", &list(64))]), Some(list(64)));
    assert_eq!(text(&[("baggage", &list(65))]), Some(list(64)));
    let huge = format!("a=1,b={}", "x".repeat(8192));
    assert_eq!(text(&[("baggage", &huge)]).as_deref(), Some("a=1"));
    assert_eq!(text(&[("baggage", &huge[4..])]), None);
    let exact = format!("a={}", "x".repeat(8190));
    assert_eq!(text(&[("baggage", &exact)]), Some(exact));
    // Several headers go on as they came, and are one list for the record.
    let left = through(Propagation::default(), &[("baggage", "a=1"), ("baggage", "b=2")], OUT);
    assert!(left.starts_with("baggage: a=1\nbaggage: b=2\n"), "{left}");
    // Jaeger's are translated, and stay.
    let left =
        through(Propagation::default(), &[("uberctx-user", "7%20x"), ("uberctx-", "y")], OUT);
    assert!(
        left.starts_with("baggage: user=7%20x\n") && left.contains("uberctx-user: 7%20x"),
        "{left}"
    );
    assert_eq!(text(&[("uberctx-a", "b c")]), None);
}

#[test]
fn a_record_gets_its_trace() {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let incoming = extract(&[("traceparent", &parent), ("tracestate", "a=1"), ("baggage", "k=v")]);
    let trace = incoming.trace(incoming.trace_id(), [7; 8], true);
    assert_eq!(hex(&trace.trace_id), TRACE);
    assert_eq!(trace.parent_id.map(|id| hex(&id)).as_deref(), Some(SPAN));
    assert_eq!(trace.state.as_deref(), Some("a=1"));
    assert_eq!(trace.baggage.as_deref(), Some("k=v"));
    let fresh = extract(&[]);
    assert_ne!(fresh.trace_id(), fresh.trace_id());
    assert_eq!(fresh.trace(trace_id(), span_id(), false).parent_id, None);
}

#[test]
fn ids_do_not_meet() {
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| (0..20_000).map(|_| trace_id()).collect::<Vec<_>>()))
        .collect();
    let mut ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 80_000);
}

proptest! {
    /// What we write, we read, in each format alone.
    #[test]
    fn written_is_read(
        trace_id: [u8; 16], span_id: [u8; 8], parent_id: [u8; 8], sampled: bool, format in 0..4usize,
    ) {
        prop_assume!(trace_id != [0; 16] && span_id != [0; 8] && parent_id != [0; 8]);
        let write = [Formats::W3C, Formats::B3, Formats::B3_MULTI, Formats::JAEGER][format];
        let propagation = Propagation { write, ..Propagation::default() };
        let mut headers = HeaderMap::new();
        let outgoing = Outgoing { trace_id, span_id, parent_id, sampled };
        propagation.inject(&mut headers, &Incoming::default(), &outgoing);
        let read = propagation.extract(&headers);
        prop_assert_eq!(read.parent, Some(Parent { trace_id, span_id }));
        prop_assert_eq!(read.decision, if sampled { Decision::Yes } else { Decision::No });
        prop_assert_eq!(read.source, write);
    }

    /// The specification's grammar as a regular expression is the oracle.
    #[test]
    fn traceparent_as_the_grammar(text in "[0-9a-fA-F]{2}-?[0-9a-fg]{31,32}-[0-9a-f]{16}-[0-9a-f]{2}(-[a-z]{0,3})?") {
        let grammar = regex::Regex::new(
            "^(?:00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)$",
        ).unwrap();
        let later = !text.starts_with("00") || text.len() == 55;
        let valid = grammar.is_match(&text) && later && !text.starts_with("ff")
            && text[3..35].bytes().any(|byte| byte != b'0')
            && text[36..52].bytes().any(|byte| byte != b'0');
        prop_assert_eq!(extract(&[("traceparent", &text)]).parent.is_some(), valid);
    }

    /// Strangers write anything, and what goes on is within the limits.
    #[test]
    fn nothing_panics(values in proptest::collection::vec((0..11usize, "[ -~\t]{0,700}"), 0..6)) {
        let names = ["traceparent", "tracestate", "baggage", "b3", "x-b3-traceid", "x-b3-spanid",
            "x-b3-sampled", "x-b3-flags", "uber-trace-id", "uberctx-a", "uberctx-"];
        let mut headers = HeaderMap::new();
        for (name, value) in &values {
            headers.append(HeaderName::from_static(names[*name]), value.parse().unwrap());
        }
        let propagation = Propagation::default();
        let incoming = propagation.extract(&headers);
        prop_assert!(incoming.state.text().is_none_or(|state| state.len() <= 512));
        prop_assert!(incoming.baggage.text().is_none_or(|baggage| baggage.len() <= 8192));
        propagation.inject(&mut headers, &incoming, &OUT);
        let again = propagation.extract(&headers);
        prop_assert_eq!(again.parent, Some(Parent { trace_id: OUT.trace_id, span_id: OUT.span_id }));
    }
}
