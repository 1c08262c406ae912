use http::HeaderValue;
use serde_json::{Value, json};

use super::*;
use crate::access_log::fixture;

fn record() -> Arc<Record> {
    Arc::new(fixture::record())
}

async fn next(listener: &mut Listener) -> Value {
    let tapped = listener.next().await.unwrap();
    serde_json::from_str(&tapped.to_line()).unwrap()
}

#[test]
fn nothing_is_wanted_while_nobody_listens() {
    let tap = Tap::default();
    assert!(!tap.is_wanted());
    tap.offer(&record(), None);
    let with_bodies = Options { body_bytes: 100, ..Options::default() };
    let first = tap.listen(Filter::default(), Options::default()).unwrap();
    let second = tap.listen(Filter::default(), with_bodies).unwrap();
    assert!(tap.is_wanted());
    assert_eq!(tap.wants_bodies(), 100);
    drop(second);
    assert_eq!(tap.wants_bodies(), 0);
    assert!(tap.is_wanted());
    drop(first);
    assert!(!tap.is_wanted());
}

#[tokio::test]
async fn a_request_is_shown_whole_and_without_secrets() {
    let tap = Tap::default();
    tap.set_rules(Rules { headers: vec!["x-tenant".into()], ..Rules::default() });
    let redaction = Rules { fields: vec!["iban".into()], ..Rules::default() };
    let options = Options { body_bytes: 64, redaction, ..Options::default() };
    let mut listener = tap.listen(Filter::default(), options).unwrap();
    let mut record = fixture::record();
    record.request.target = "/a?token=hunter2&b=c".into();
    record.request.headers.insert("x-tenant", HeaderValue::from_static("hunter2"));
    let bodies = Bodies {
        request: Captured { bytes: "user=u&password=hunter2".into(), is_cut: false },
        response: Captured {
            bytes: format!(r#"{{"iban":"hunter2","n":"{}"}}"#, "é".repeat(99)).into(),
            is_cut: false,
        },
    };
    record
        .request
        .headers
        .insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    tap.offer(&Arc::new(record), Some(&bodies));
    let shown = next(&mut listener).await;
    assert!(!shown.to_string().contains("hunter2"), "{shown}");
    assert_eq!(shown["request"]["target"], "/a?token=[redacted]&b=c");
    assert_eq!(
        shown["request"]["body"],
        json!({"truncated": false, "text": "user=u&password=[redacted]"})
    );
    let text = shown["response"]["body"]["text"].as_str().unwrap();
    assert!(text.starts_with(r#"{"iban":"[redacted]","n":"éé"#) && text.ends_with('é'), "{text}");
    assert_eq!(shown["response"]["body"]["truncated"], true);
    assert_eq!(shown["time"], "2026-09-21T14:13:20.123Z");
    assert_eq!(shown["timeline"][1], json!({"phase": "matched", "at_ms": 0.21}));
    assert_eq!(shown["filters"][1]["calls"][0]["target"], "quota");
    assert_eq!(shown["attempts"][0]["outcome"], "answered");
    assert_eq!(shown["missed"], 0);
}

#[tokio::test]
async fn what_cannot_be_searched_is_withheld() {
    let tap = Tap::default();
    let options = || Options { body_bytes: 64, ..Options::default() };
    let mut listener = tap.listen(Filter::default(), options()).unwrap();
    let redaction = Rules { patterns: vec!["a".into()], ..Rules::default() };
    let mut strict = tap.listen(Filter::default(), Options { redaction, ..options() }).unwrap();
    let bodies = Bodies {
        request: Captured { bytes: Bytes::from_static(b"\xff\x00"), is_cut: false },
        response: Captured { bytes: "zip".into(), is_cut: false },
    };
    let mut record = fixture::record();
    record.response.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    tap.offer(&Arc::new(record), Some(&bodies));
    let shown = next(&mut listener).await;
    assert_eq!(shown["request"]["body"], json!({"truncated": false, "base64": "/wA="}));
    assert_eq!(shown["response"]["body"]["withheld"], "it is encoded as gzip");
    let shown = next(&mut strict).await;
    assert!(shown["request"]["body"]["withheld"].is_string());
}

#[test]
fn filters_choose() {
    let some = |text: &str| Some(text.to_owned());
    let all = Filter::default;
    let cases = [
        (all(), true),
        (Filter { method: some("GET"), ..all() }, true),
        (Filter { method: some("POST"), ..all() }, false),
        (Filter { path: Some(PathMatch::Prefix("/api/".into())), ..all() }, true),
        (Filter { path: Some(PathMatch::Prefix("/web".into())), ..all() }, false),
        (Filter { path: Some(PathMatch::Regex("/city-[a-z]+/history$".into())), ..all() }, true),
        (Filter { path: Some(PathMatch::Regex("limit".into())), ..all() }, false),
        (Filter { host: some("Fleet.example.com"), ..all() }, true),
        (Filter { host: some("example.com"), ..all() }, false),
        (Filter { route: some("staff"), service: some("staff"), ..all() }, true),
        (Filter { route: some("web"), ..all() }, false),
        (Filter { service: some("web"), ..all() }, false),
        (Filter { statuses: vec![(200, 299)], ..all() }, true),
        (Filter { statuses: vec![(500, 599)], ..all() }, false),
        (Filter { headers: vec![("accept".into(), some("application/json"))], ..all() }, true),
        (Filter { headers: vec![("accept".into(), some("text/html"))], ..all() }, false),
        (Filter { min_duration: Some(fixture::micros(20_000)), ..all() }, false),
        (Filter { client: some("203.0.113.9"), ..all() }, true),
        (Filter { client: some("203.0.0.0/16"), ..all() }, true),
        (Filter { client: some("0.0.0.0/0"), ..all() }, true),
        (Filter { client: some("203.0.113.8/32"), ..all() }, false),
        (Filter { client: some("2001:db8::/32"), ..all() }, false),
    ];
    for (filter, expected) in cases {
        let shown = format!("{filter:?}");
        assert_eq!(Choice::new(filter).unwrap().matches(&fixture::record()), expected, "{shown}");
    }
    for client in ["10.0.0.0/33", "10.0.0/8", "x", "::/129", "10.0.0.1/"] {
        assert!(Choice::new(Filter { client: some(client), ..all() }).is_err(), "{client}");
    }
    let path = Some(PathMatch::Regex("(".into()));
    assert!(Choice::new(Filter { path, ..all() }).is_err());
    assert!(Choice::new(Filter { headers: vec![("a b".into(), None)], ..all() }).is_err());
    assert!(Choice::new(Filter { statuses: vec![(2, 1)], ..all() }).is_err());
}

#[tokio::test]
async fn a_slow_listener_misses_requests_and_is_told() {
    let tap = Tap::default();
    let options = Options { buffer: 2, ..Options::default() };
    let mut listener = tap.listen(Filter::default(), options).unwrap();
    let record = record();
    (0..5).for_each(|_| tap.offer(&record, None));
    assert_eq!(listener.missed(), Missed { by_rate: 0, by_buffer: 3 });
    assert_eq!(next(&mut listener).await["missed"], 3);
    assert_eq!(next(&mut listener).await["missed"], 0);
}

#[tokio::test]
async fn bodies_that_wait_are_bounded() {
    let tap = Tap::default();
    let options = Options {
        body_bytes: BODY_BYTES,
        buffer: BUFFER,
        per_second: PER_SECOND,
        ..Options::default()
    };
    let mut listener = tap.listen(Filter::default(), options).unwrap();
    let body = Captured { bytes: vec![b'x'; 2 * BODY_BYTES].into(), is_cut: false };
    let bodies = Bodies { request: body.clone(), response: body };
    let record = record();
    (0..100).for_each(|_| tap.offer(&record, Some(&bodies)));
    assert_eq!(listener.missed().by_buffer, 68);
    let shown = next(&mut listener).await;
    assert_eq!(shown["request"]["body"]["text"].as_str().unwrap().len(), BODY_BYTES);
    tap.offer(&record, Some(&bodies));
    assert_eq!(listener.missed().by_buffer, 68);
}

#[tokio::test]
async fn the_rate_is_held() {
    let tap = Tap::default();
    let options = Options { per_second: 10, buffer: BUFFER, ..Options::default() };
    let mut listener = tap.listen(Filter::default(), options).unwrap();
    let mut record = fixture::record();
    // Two seconds with 100 requests each, and the first second's worth that was saved.
    for _ in 0..200 {
        record.started += Duration::from_millis(10);
        tap.offer(&Arc::new(record.clone()), None);
    }
    let Missed { by_rate, by_buffer } = listener.missed();
    assert_eq!(by_buffer, 0);
    assert!((169..=172).contains(&by_rate), "{by_rate}");
    assert_eq!(next(&mut listener).await["missed"], by_rate);
    // A clock that is set back does not silence the tap.
    record.started -= Duration::from_secs(3_600);
    tap.offer(&Arc::new(record.clone()), None);
    record.started += Duration::from_secs(1);
    let before = listener.missed();
    tap.offer(&Arc::new(record), None);
    assert_eq!(listener.missed(), before);
}

#[tokio::test]
async fn closing_ends_listeners_after_their_queue() {
    let tap = Tap::default();
    let mut listener = tap.listen(Filter::default(), Options::default()).unwrap();
    tap.offer(&record(), None);
    tap.close();
    assert!(!tap.is_wanted());
    assert!(listener.next().await.is_some());
    assert!(listener.next().await.is_none());
}

#[test]
fn there_are_limits() {
    let tap = Tap::default();
    let listen = |options| tap.listen(Filter::default(), options);
    let refused = |options: Options| listen(options).unwrap_err().to_string();
    assert_eq!(
        refused(Options { body_bytes: BODY_BYTES + 1, ..Options::default() }),
        "the length of bodies is 65537; it lies between 0 and 65536"
    );
    assert!(listen(Options { per_second: 0, ..Options::default() }).is_err());
    assert!(listen(Options { buffer: 0, ..Options::default() }).is_err());
    let all: Vec<_> = (0..LISTENERS).map(|_| listen(Options::default()).unwrap()).collect();
    assert_eq!(refused(Options::default()), "16 listen already, which is the most");
    drop(all);
    assert!(listen(Options::default()).is_ok());
}

#[tokio::test]
async fn a_terminal_is_not_disturbed() {
    let tap = Tap::default();
    let mut listener = tap.listen(Filter::default(), Options::default()).unwrap();
    let mut record = fixture::record();
    record.request.target = "/\u{9b}31m\u{202e}\u{7f}\n\"".into();
    tap.offer(&Arc::new(record), None);
    let line = listener.next().await.unwrap().to_line();
    assert!(line.contains(r#""/\u009b31m\u202e\u007f\n\"""#), "{line}");
}
