use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn details(delay: Option<Delay>) -> Vec<u8> {
    let any = |type_url: &str, value| Any { type_url: type_url.into(), value };
    let info = RetryInfo { retry_delay: delay }.encode_to_vec();
    let details = vec![
        any("type.googleapis.com/google.rpc.DebugInfo", b"\xff".to_vec()),
        any("type.googleapis.com/google.rpc.RetryInfo", info),
    ];
    RpcStatus { code: 8, message: String::new(), details }.encode_to_vec()
}

#[test]
fn codes() {
    use Code::{
        Aborted, Cancelled, DataLoss, DeadlineExceeded, Internal, InvalidArgument, NotFound,
        OutOfRange, PermissionDenied, ResourceExhausted, Unauthenticated, Unavailable,
        Unimplemented, Unknown,
    };
    let later = [Aborted, Cancelled, DataLoss, DeadlineExceeded, OutOfRange, Unavailable];
    let never = [
        Internal,
        InvalidArgument,
        NotFound,
        PermissionDenied,
        ResourceExhausted,
        Unauthenticated,
        Unimplemented,
        Unknown,
    ];
    for code in later {
        let verdict = of_code(code, b"", "x".into());
        assert_eq!(verdict, Verdict::Later { why: "x".into(), after: None }, "{code:?}");
    }
    for code in never {
        assert_eq!(of_code(code, b"", "x".into()), Verdict::Never { why: "x".into() }, "{code:?}");
    }
    let patience = details(Some(Delay { seconds: 2, nanos: 500_000_000 }));
    for code in [ResourceExhausted, Unavailable] {
        let verdict = of_code(code, &patience, String::new());
        let after = Some(SECOND * 5 / 2);
        assert_eq!(verdict, Verdict::Later { why: String::new(), after }, "{code:?}");
    }
    let at_once = of_code(ResourceExhausted, &details(None), String::new());
    assert_eq!(at_once, Verdict::Later { why: String::new(), after: Some(Duration::ZERO) });
    let negative =
        of_code(Unavailable, &details(Some(Delay { seconds: -1, nanos: -1 })), "".into());
    assert_eq!(negative, Verdict::Later { why: String::new(), after: Some(Duration::ZERO) });
}

#[test]
fn statuses() {
    for status in [429, 502, 503, 504] {
        let verdict = of_status(status, Some(" 7 "), String::new());
        assert_eq!(verdict, Verdict::Later { why: String::new(), after: Some(7 * SECOND) });
        let verdict = of_status(status, Some("Wed, 21 Oct 2026 07:28:00 GMT"), String::new());
        assert_eq!(verdict, Verdict::Later { why: String::new(), after: None });
    }
    for status in [301, 400, 401, 403, 404, 405, 413, 415, 500, 501] {
        let verdict = of_status(status, Some("7"), "x".into());
        assert_eq!(verdict, Verdict::Never { why: "x".into() }, "{status}");
    }
}

#[test]
fn pauses_grow_and_end() {
    let settings = RetrySettings { initial: SECOND, longest: 3 * SECOND, give_up: 60 * SECOND };
    let mut backoff = Backoff::new(settings);
    let pauses: Vec<u128> = (0..5).map(|_| backoff.pause(None, 0.5).as_millis()).collect();
    assert_eq!(pauses, [1000, 1500, 2250, 3000, 3000]);
    assert_eq!(backoff.pause(None, 0.0), SECOND * 3 / 2);
    assert_eq!(backoff.pause(None, 1.0), 3 * SECOND);
    assert_eq!(backoff.pause(Some(9 * SECOND), 0.0), 9 * SECOND);
    assert_eq!(backoff.pause(Some(9 * SECOND), 1.0), 10 * SECOND);
    assert_eq!(backoff.pause(Some(86_400 * SECOND), 0.0), 300 * SECOND);
    backoff.reset();
    assert_eq!(backoff.pause(None, 0.5), SECOND);
}
