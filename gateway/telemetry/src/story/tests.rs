use http::Method;

use super::*;
use crate::{
    fixture::{hung, ms, record},
    record::Call,
};

fn told(record: &Record) -> String {
    tell(record)
        .iter()
        .map(|sentence| format!("{:?}: {}\n", sentence.about, sentence.text))
        .collect()
}

#[test]
fn a_service_that_hangs() {
    assert_eq!(
        told(&hung(ms(1000))),
        "Course: `GET /api/staff` came to listener `web` from 10.0.0.9; rule `staff/0` sends it to `staff`.\n\
         Course: `staff` (10.0.0.4:8080) took the connection at once and then did not answer for 1 s.\n\
         Cause: The timeout of route `staff` ended it: `staff` did not answer within 1 s.\n\
         Course: The client got 504 (`timeout`).\n\
         Next: Look why `staff` does not answer. If it may take longer, raise `timeout` of route `staff`.\n"
    );
}

#[test]
fn a_client_that_left() {
    let mut record = hung(ms(8000));
    record.response.status = 0;
    record.attempts[0].outcome = Outcome::Cancelled;
    record.response.origin = Origin::Nobody(Failed {
        reason: "client_gone",
        message: "the client went away".into(),
        detail: "".into(),
    });
    let told = told(&record);
    assert!(told.contains("Cause: The client went away after 8 s.\n"), "{told}");
    assert!(told.contains("Next: Until then `staff` (10.0.0.4:8080) had not answered."), "{told}");
}

#[test]
fn a_usual_request() {
    let told = told(&record());
    assert!(told.ends_with("Course: The client had the whole answer after 10 ms.\n"), "{told}");
    assert!(told.contains("`staff` (10.0.0.4:8080) answered 200 after 8 ms."), "{told}");
}

#[test]
fn refused_then_answered() {
    let mut record = record();
    let mut refused = record.attempts[0].clone();
    refused.outcome = Outcome::Refused("connection refused".into());
    record.attempts.insert(0, refused);
    let told = told(&record);
    assert!(told.contains("`staff` (10.0.0.4:8080) could not be reached: connection refused."));
    assert!(told.contains("Then `staff` (10.0.0.4:8080) answered 200"), "{told}");
}

#[test]
fn no_route() {
    let mut record = record();
    record.place.rule = None;
    record.place.service = None;
    record.attempts.clear();
    record.request.method = Method::POST;
    record.response.status = 404;
    let message = "no rule matches".into();
    record.response.origin =
        Origin::Gateway(Failed { reason: "no_route", message, detail: "".into() });
    assert_eq!(
        told(&record),
        "Course: `POST /api/staff` came to listener `web` from 10.0.0.9; no rule matched.\n\
         Cause: No rule matches.\n\
         Course: The client got 404 (`no_route`).\n\
         Next: Ask `portico explain` which rules were near for host `fleet.example:80` and `/api/staff`.\n"
    );
}

#[test]
fn suspended() {
    let mut record = record();
    record.place.service = None;
    record.attempts.clear();
    record.response.status = 503;
    let message = "service `staff` is suspended: its database is being moved.".into();
    record.response.origin =
        Origin::Gateway(Failed { reason: "suspended", message, detail: "".into() });
    assert_eq!(
        told(&record),
        "Course: `GET /api/staff` came to listener `web` from 10.0.0.9; rule `staff/0` matched.\n\
         Cause: By configuration, service `staff` is suspended: its database is being moved.\n\
         Course: The client got 503 (`suspended`).\n\
         Next: Resume it when the reason is gone: `portico resume`, or remove its `suspended`.\n"
    );
}

#[test]
fn filters() {
    let mut record = record();
    let call = Call {
        span_id: [1; 8],
        target: "auth".into(),
        kind: "http",
        began: ms(1),
        took: ms(40),
        status: Some(200),
    };
    record.filters = vec![Filter {
        name: "guard".into(),
        is_plugin: true,
        is_canary: true,
        on_request: Some(ms(1)),
        on_response: None,
        callbacks: 2,
        spent: ms(7),
        waited: ms(40),
        failed: None,
        calls: vec![call],
    }];
    let slow = told(&record);
    assert!(slow.contains("The filter `guard` worked for 7 ms."), "{slow}");
    assert!(slow.contains("The filter `guard` waited 40 ms for `auth`."), "{slow}");
    record.filters[0].failed = Some("trapped: unreachable".into());
    record.response.origin = Origin::Filter("guard".into());
    let trapped = told(&record);
    assert!(trapped.contains("Cause: The filter `guard` failed: trapped: unreachable."));
    assert!(trapped.contains("Next: Roll the canary of `guard` back"), "{trapped}");
    assert!(trapped.contains("The filter `guard` answered 200; no service was asked"), "{trapped}");
}

#[test]
fn times() {
    let cases = [
        (950, "950 µs"),
        (1_500, "1.5 ms"),
        (12_340, "12.3 ms"),
        (999_000, "999 ms"),
        (1_000_000, "1 s"),
        (61_260_000, "61.3 s"),
        (300_000_000, "300 s"),
    ];
    for (microseconds, text) in cases {
        assert_eq!(time(Duration::from_micros(microseconds)), text);
    }
}
