use super::*;
use proptest::prelude::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn policy(json: &str) -> Policy {
    crate::settings::read(json.as_bytes()).unwrap()
}

/// The request's headers after the filter.
fn after(policy: &Policy, headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let map: Headers = headers.iter().copied().collect();
    let plan = policy.plan(&map, &mut Random::new([7; 32]));
    let mut after: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, value) in plan.changes {
        let before = after.len();
        after.retain(|(key, _)| key != name.as_str());
        assert!(value.is_some() || after.len() < before, "removed {name:?}, which is not there");
        after.extend(value.map(|value| (name.as_str().to_owned(), value)));
    }
    after
}

fn get<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = headers.iter().filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.as_str());
    assert_eq!(values.next(), None, "{name} twice");
    value
}

/// The trace id and the flags, of a traceparent that is checked.
fn traceparent(headers: &[(String, String)]) -> (String, u8) {
    let value = get(headers, "traceparent").expect("a traceparent");
    assert!(w3c::parse(value.as_bytes()).is_some(), "{value}");
    let parts: Vec<&str> = value.split('-').collect();
    assert_eq!((parts.len(), parts[0]), (4, "00"), "{value}");
    assert_ne!(parts[2], SPAN, "the span is the parent's");
    (parts[1].to_owned(), u8::from_str_radix(parts[3], 16).unwrap())
}

#[test]
fn contexts_of_callers() {
    let policy = policy(r#"{"sampling":{"rate":0}}"#);
    let valid = format!("00-{TRACE}-{SPAN}-01");
    let with = |version: &str, rest: &str| format!("{version}-{TRACE}-{SPAN}-{rest}");
    let b3 = |rest: &str| format!("{TRACE}-{SPAN}{rest}");
    // Headers, whether the trace goes on, the flags that go on.
    let cases = vec![
        (vec![("traceparent", valid.clone())], true, 1),
        (vec![("traceparent", format!(" {valid}\t"))], true, 1),
        (vec![("traceparent", with("00", "00"))], true, 0),
        (vec![("traceparent", with("00", "03"))], true, 3),
        (vec![("traceparent", with("00", "ff"))], true, 3),
        (vec![("traceparent", with("cc", "01"))], true, 1),
        (vec![("traceparent", with("cc", "01-what-else"))], true, 1),
        (vec![("traceparent", with("cc", "01x"))], false, 2),
        (vec![("traceparent", with("00", "01-"))], false, 2),
        (vec![("traceparent", with("ff", "01"))], false, 2),
        (vec![("traceparent", with("0", "001"))], false, 2),
        (vec![("traceparent", with("00", "0"))], false, 2),
        (vec![("traceparent", with("00", "0g"))], false, 2),
        (vec![("traceparent", valid.to_uppercase())], false, 2),
        (vec![("traceparent", valid.replace(TRACE, &"0".repeat(32)))], false, 2),
        (vec![("traceparent", valid.replace(SPAN, &"0".repeat(16)))], false, 2),
        (vec![("traceparent", valid.replace('-', "_"))], false, 2),
        (vec![("traceparent", valid.clone()), ("traceparent", valid.clone())], false, 2),
        (vec![("traceparent", String::new()), ("b3", b3("-1"))], false, 2),
        (vec![("b3", b3("-1"))], true, 1),
        (vec![("b3", b3("-0"))], true, 0),
        (vec![("b3", b3("-d"))], true, 1),
        (vec![("b3", b3(""))], true, 0),
        (vec![("b3", b3(&format!("-1-{SPAN}")))], true, 1),
        (vec![("b3", b3("-1").to_uppercase())], true, 1),
        (vec![("b3", b3("-1-"))], false, 2),
        (vec![("b3", b3("-2"))], false, 2),
        (vec![("b3", b3(&format!("-1-{SPAN}-")))], false, 2),
        (vec![("b3", "1".into())], false, 3),
        (vec![("b3", "d".into())], false, 3),
        (vec![("b3", "0".into())], false, 2),
        (vec![("b3", b3("-1")), ("b3", b3("-1"))], false, 2),
        (vec![("x-b3-traceid", TRACE.into()), ("x-b3-spanid", SPAN.into())], true, 0),
        (
            vec![
                ("x-b3-traceid", TRACE.into()),
                ("x-b3-spanid", SPAN.into()),
                ("x-b3-sampled", "true".into()),
            ],
            true,
            1,
        ),
        (
            vec![
                ("x-b3-traceid", TRACE.into()),
                ("x-b3-spanid", SPAN.into()),
                ("x-b3-flags", "1".into()),
            ],
            true,
            1,
        ),
        (vec![("x-b3-traceid", TRACE.into())], false, 2),
        (vec![("x-b3-sampled", "1".into())], false, 3),
        (vec![("x-b3-sampled", "maybe".into())], false, 2),
    ];
    for (headers, continues, flags) in cases {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (trace_id, written) = traceparent(&after(&policy, &headers));
        assert_eq!((trace_id == TRACE, written), (continues, flags), "{headers:?}");
    }
}

#[test]
fn state_goes_with_its_parent_and_baggage_with_anyone() {
    let policy = policy("");
    let valid = format!("00-{TRACE}-{SPAN}-01");
    let rest = [("tracestate", "a=1"), ("tracestate", "b=2"), ("baggage", "k=v")];
    let with = |name, value| [&[(name, value)][..], &rest].concat();
    let kept = after(&policy, &with("traceparent", &valid));
    assert_eq!(kept.iter().filter(|(name, _)| name == "tracestate").count(), 2);
    assert_eq!(get(&kept, "baggage"), Some("k=v"));
    for lost in [with("traceparent", "junk"), with("b3", &format!("{TRACE}-{SPAN}-1"))] {
        let lost = after(&policy, &lost);
        assert_eq!(get(&lost, "tracestate"), None);
        assert_eq!(get(&lost, "baggage"), Some("k=v"));
    }
}

#[test]
fn formats_written() {
    let single = format!("{}-{SPAN}-d-{SPAN}", &TRACE[16..]);
    let all = after(&policy(r#"{"propagate":["w3c","b3","b3multi"]}"#), &[("b3", &single)]);
    let (trace_id, _) = traceparent(&all);
    assert_eq!(trace_id, format!("{}{}", "0".repeat(16), &TRACE[16..]));
    let span = get(&all, "traceparent").unwrap()[36..52].to_owned();
    assert_eq!(get(&all, "b3"), Some(&*format!("{}-{span}-d-{SPAN}", &TRACE[16..])));
    assert_eq!(get(&all, "x-b3-traceid"), Some(&TRACE[16..]));
    assert_eq!(get(&all, "x-b3-spanid"), Some(&*span));
    assert_eq!(get(&all, "x-b3-parentspanid"), Some(SPAN));
    assert_eq!((get(&all, "x-b3-flags"), get(&all, "x-b3-sampled")), (Some("1"), None));
    // What is not written does not stay either.
    let multi = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN), ("x-b3-sampled", "0")];
    let only = after(&policy(""), &multi);
    assert_eq!(traceparent(&only), (TRACE.to_owned(), 0));
    assert!(!only.iter().any(|(name, _)| name.starts_with("x-b3") || name == "b3"), "{only:?}");
    // A root has no parent, also where the caller named one.
    let root = after(
        &policy(r#"{"propagate":["b3multi"]}"#),
        &[("x-b3-parentspanid", SPAN), ("x-b3-traceid", "junk")],
    );
    assert_eq!(get(&root, "x-b3-parentspanid"), None);
}

#[test]
fn callers_that_are_not_trusted() {
    let policy = policy(r#"{"trust_incoming":false}"#);
    let valid = format!("00-{TRACE}-{SPAN}-00");
    let headers = [("traceparent", &*valid), ("tracestate", "a=1"), ("x-request-id", "mine")];
    let after = after(&policy, &headers);
    assert_ne!(traceparent(&after).0, TRACE);
    assert_eq!(get(&after, "tracestate"), None);
    assert_ne!(get(&after, "x-request-id"), Some("mine"));
}

#[test]
fn request_ids() {
    assert_eq!(get(&after(&policy(""), &[]), "x-request-id").map(str::len), Some(36));
    let own = after(&policy(""), &[("x-request-id", "mine")]);
    assert_eq!(get(&own, "x-request-id"), Some("mine"));
    assert_eq!(get(&after(&policy(r#"{"request_id":false}"#), &[]), "x-request-id"), None);
}

#[test]
fn rates() {
    let policy = policy(
        r#"{"sampling":{"rate":0,"rules":[{"path":{"prefix":"/api"},"rate":1},
            {"header":{"name":"x-debug"},"rate":1}]}}"#,
    );
    let flags = |headers: &[(&str, &str)]| traceparent(&after(&policy, headers)).1;
    assert_eq!(flags(&[(":path", "/")]), 2);
    assert_eq!(flags(&[(":path", "/api/x")]), 3);
    assert_eq!(flags(&[(":path", "/"), ("x-debug", "")]), 3);
    let mut random = Random::new([3; 32]);
    let tenth = Threshold::new(0.1).unwrap();
    let sampled = (0..10_000).filter(|_| tenth.samples(random.trace_id())).count();
    assert!((900..1100).contains(&sampled), "{sampled}");
}

/// Contexts of every kind, most of them nearly right.
fn context() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        "(00|01|fe|ff|0g)-(0{32}|[0-9a-f]{32}|[0-9A-F]{32})-(0{16}|[0-9a-f]{16})-0[0-3](-x|)"
            .prop_map(|value| ("traceparent", value)),
        "\\PC{0,60}".prop_map(|value| ("traceparent", value)),
        "(0|1|d|[0-9a-f]{15,17}|[0-9a-f]{32})(-[0-9a-f]{16})?(-[01dx])?(-[0-9a-f]{16})?"
            .prop_map(|value| ("b3", value)),
        "[0-9a-f]{16}|[0-9a-f]{32}|\\PC{0,4}".prop_map(|value| ("x-b3-traceid", value)),
        "[0-9a-f]{16}|0{16}".prop_map(|value| ("x-b3-spanid", value)),
        "[0-9a-f]{16}|x".prop_map(|value| ("x-b3-parentspanid", value)),
        "[01]|true|x".prop_map(|value| ("x-b3-sampled", value)),
        "[01]".prop_map(|value| ("x-b3-flags", value)),
        "a=1".prop_map(|value| ("tracestate", value)),
    ]
}

proptest! {
    /// Whatever comes in, what goes out is valid and one truth in all formats; the trace id
    /// is kept if and only if the context that counts is valid.
    #[test]
    fn out_is_valid(contexts in proptest::collection::vec(context(), 0..5), seed: [u8; 32]) {
        let policy = policy(r#"{"propagate":["w3c","b3","b3multi"],"sampling":{"rate":0.5}}"#);
        let headers: Headers = contexts.iter().map(|(name, value)| (name, value)).collect();
        let incoming = Found::new(&headers).incoming();
        let pairs: Vec<(&str, &str)> =
            contexts.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let Plan { context, .. } = policy.plan(&headers, &mut Random::new(seed));
        prop_assert!(context.trace_id != 0 && context.span_id != 0);
        match incoming {
            Incoming::Continue { trace_id, span_id, sampled, .. } => {
                prop_assert_eq!(context.trace_id, trace_id);
                prop_assert_eq!(context.parent_id, Some(span_id));
                if let Some(sampled) = sampled {
                    prop_assert_eq!(context.sampled, sampled != Sampled::No);
                }
            }
            Incoming::Decided(sampled) => prop_assert_eq!(context.sampled, sampled != Sampled::No),
            Incoming::Restart => prop_assert_eq!(context.parent_id, None),
        }
        // Each format read back by itself says the same.
        let out = after(&policy, &pairs);
        let read = |names: &dyn Fn(&str) -> bool| {
            let only: Headers = out.iter().filter(|(name, _)| names(name)).cloned().collect();
            Found::new(&only).incoming()
        };
        let formats = [
            read(&|name| name == "traceparent"),
            read(&|name| name == "b3"),
            read(&|name| name.starts_with("x-b3-")),
        ];
        let ids: Vec<_> = formats
            .iter()
            .map(|incoming| match incoming {
                Incoming::Continue { trace_id, span_id, sampled, .. } => {
                    Some((*trace_id, *span_id, *sampled != Some(Sampled::No)))
                }
                _ => None,
            })
            .collect();
        prop_assert!(ids[0].is_some() && ids.windows(2).all(|pair| pair[0] == pair[1]), "{out:?}");
    }
}
