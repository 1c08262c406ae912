//! Guests that are tried, and what the report says of them.

use portico::trial::{self, Change, Pair, Report, Response, Trial};
use portico_wasm::{Engine, Spec};

use super::super::written;

const ASK: &str = include_str!("ask.wat");

fn drive(trial: &Trial, module: &str) -> Report {
    trial::drive(trial, || Engine::new(None)?.compile(&wat::parse_str(module).unwrap()))
}

fn trial() -> Trial {
    let mut request = written::line("POST http://shop.test/cart").unwrap();
    request.message.body = "hi".into();
    request.message.frame();
    Trial {
        spec: Spec::new("tried"),
        request,
        response: Response::usual(),
        calls: vec![("auth".to_owned(), written::response(b"HTTP/1.1 204 OK\n\n").unwrap())],
        chunk: None,
        ticks: 0,
        repeat: 1,
    }
}

fn phases(report: &Report) -> Vec<(&str, &str)> {
    report.steps.iter().map(|step| (step.phase, &*step.verdict)).collect()
}

#[test]
fn a_call_out_is_answered_and_resumes_the_request() {
    let report = drive(&trial(), ASK);
    assert_eq!(report.failure, None, "{report:#?}");
    assert_eq!(
        phases(&report),
        [
            ("start", "ready, after canary"),
            ("request headers", "pause"),
            ("while paused", "continue"),
            ("request body", "continue"),
            ("response headers", "continue"),
            ("response body", "continue"),
            ("end", "continue"),
        ]
    );
    let call = &report.steps[1].calls[0];
    assert_eq!((&*call.upstream, &*call.answered, call.timeout_ms), ("auth", "204", Some(1_000)));
    assert_eq!(call.headers[1], Pair { name: ":path".into(), value: "/check".into() });
    let request = report.request.unwrap();
    let added = request.headers.iter().find(|line| line.change == Change::Added).unwrap();
    assert_eq!(added.header, Pair { name: "x-checked".into(), value: "yes".into() });
    assert_eq!(request.body.unwrap().after, "> hi");
    let property = Pair { name: "own.result".into(), value: "yes".into() };
    assert_eq!(report.properties, [property]);
    assert!(report.metrics.contains("asked"), "{}", report.metrics);
    assert_eq!(report.steps[6].log[0].text, "goodbye");
}

#[test]
fn a_body_comes_in_pieces_and_the_same_again() {
    let report = drive(&Trial { chunk: Some(1), repeat: 5, ..trial() }, ASK);
    assert_eq!(report.failure, None);
    assert_eq!(report.request.unwrap().body.unwrap().after, "> h> i");
    let body = report.steps.iter().find(|step| step.phase == "request body").unwrap();
    assert_eq!(body.took.len(), 2 * 5);
}

#[test]
fn a_pause_that_nothing_resumes_is_a_failure() {
    let silent = ASK.replace("(drop (call $continue (i32.const 0)))", "");
    let report = drive(&trial(), &silent);
    let failure = report.failure.unwrap();
    assert!(failure.contains("it paused the request"), "{failure}");
    assert!(report.request.is_none() && report.response.is_none());
}

#[test]
fn a_trap_is_told_with_its_callback() {
    let traps = ASK.replace("(drop (call $define", "unreachable (drop (call $define");
    let trial = Trial { request: written::line("GET http://x.test/").unwrap(), ..trial() };
    let failure = drive(&trial, &traps).failure.unwrap();
    assert!(failure.contains("proxy_on_response_headers"), "{failure}");
}
