use super::*;
use crate::{fixture::record, redact::REDACTED};

#[test]
fn secrets_are_left_out() {
    let mut record = record();
    record.request.target = "/a?page=2&access_token=s3cret&x&Password=s3cret".into();
    for name in ["authorization", "cookie", "set-cookie", "x-api-key", "x-session-token"] {
        let name: HeaderName = name.parse().unwrap();
        record.request.headers.insert(&name, HeaderValue::from_static("s3cret"));
        record.response.headers.insert(&name, HeaderValue::from_static("s3cret"));
    }
    let referer = HeaderValue::from_static("https://x/?token=s3cret&page=2");
    record.request.headers.insert("referer", referer);
    record.request.headers.insert("x-user", HeaderValue::from_static("7"));
    let (copy, _) = detach(&record);
    let text = format!("{copy:?}");
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(copy.request.headers["x-user"], "7");
    assert_eq!(copy.request.headers["referer"], "https://x/?token=[redacted]&page=2");
    assert_eq!(copy.request.headers["cookie"], REDACTED);
    assert_eq!(&*copy.request.target, "/a?page=2&access_token=[redacted]&x&Password=[redacted]");
}

#[test]
fn long_heads_are_cut() {
    let mut record = record();
    for number in 0..1000 {
        let name: HeaderName = format!("x-{number}").parse().unwrap();
        record.request.headers.insert(name, HeaderValue::from_str(&"v".repeat(5_000)).unwrap());
    }
    record.request.target = format!("/{}", "ä".repeat(50_000)).into();
    let (copy, weight) = detach(&record);
    assert!(weight < HEAD + TARGET + 4_000, "{weight}");
    assert!(copy.request.headers.len() > 5);
    assert_eq!(copy.request.headers["x-0"].len(), VALUE);
    assert!(copy.request.target.ends_with(CUT));
}

#[test]
fn a_usual_head_is_whole() {
    let mut record = record();
    let long = "v".repeat(3_000);
    record.response.headers.insert("x-long", HeaderValue::from_str(&long).unwrap());
    record.response.headers.append("via", HeaderValue::from_static("a"));
    record.response.headers.append("via", HeaderValue::from_static("b"));
    let (copy, weight) = detach(&record);
    assert_eq!(copy.response.headers, record.response.headers);
    assert!((3_000..6_000).contains(&weight), "{weight}");
}
