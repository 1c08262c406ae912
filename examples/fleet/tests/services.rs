//! The fleet as a user meets it: the real binary, real sockets, free ports.

#[path = "services/harness.rs"]
mod harness;

use harness::{Fleet, Gateway, Reply, get};
use std::time::{Duration, Instant};

const TRACE: [(&str, &str); 7] = [
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("tracestate", "vendor=1"),
    ("baggage", "tenant=blue"),
    ("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"),
    ("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4736"),
    ("x-b3-sampled", "1"),
    ("x-request-id", "9d4f0c3a"),
];
const PRIVATE: (&str, &str) = ("authorization", "Bearer for-the-tracker-only");

const SERVICES: [&str; 4] = ["web", "position-tracker", "vehicle-telemetry", "staff"];

/// A gateway that knows who drives the first vehicle.
fn with_drivers() -> Gateway {
    Gateway::new(|path| match path {
        "/api/staff/drivers" => {
            Reply::Json(r#"{"drivers":{"v-01":{"name":"Ada","manner":"steady"}}}"#)
        }
        "/api/telemetry" => Reply::Json(r#"{"readings":[{"vehicle":"v-01","speed_kmh":70.5}]}"#),
        _ => Reply::Status(404),
    })
}

#[test]
fn every_service_is_healthy_and_names_itself() {
    let fleet = Fleet::start(&with_drivers(), &["--hang-rate", "1", "--hang", "600s..600s"]);
    for service in SERVICES {
        for (path, status) in [("/healthz", 200), ("/nothing/here", 404)] {
            let answer = get(fleet.address(service), path, &[]);
            assert_eq!(answer.status, status, "{service}{path}");
            assert_eq!(answer.header("x-served-by"), Some(service));
        }
    }
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let fleet = Fleet::start(&with_drivers(), &[]);
    let web = fleet.address("web");
    let page = get(web, "/", &[]);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").is_some_and(|it| it.contains("'self'")));
    for path in ["/page.css", "/page.js", "/map.js", "/feed.js", "/map.json"] {
        let file = get(web, path, &[]);
        assert_eq!(file.status, 200, "{path}");
        // The name space of SVG and the icon's are identifiers, not addresses to load from.
        let text = file.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{path}");
    }
    let map = get(web, "/map.json", &[]).json();
    assert!(map["roads"].as_array().is_some_and(|roads| roads.len() > 10));
}

#[test]
fn positions_name_the_drivers_that_staff_knows() {
    let fleet = Fleet::start(&with_drivers(), &[]);
    let answer = get(fleet.address("position-tracker"), "/api/positions", &[]).json();
    assert_eq!(answer["drivers"], "known");
    assert_eq!(answer["vehicles"][0]["driver"]["name"], "Ada");
    assert!(answer["vehicles"][1]["driver"].is_null());
    assert!(answer["vehicles"][0]["x"].is_number());
}

#[test]
fn positions_come_without_drivers_when_staff_does_not_answer() {
    let timed_out = Gateway::new(|_| Reply::Status(504));
    let garbled = Gateway::new(|_| Reply::Json("not json at all"));
    let nameless = Gateway::new(|_| Reply::Json("[]"));
    let endless = Gateway::new(|_| Reply::Endless);
    let gone = Gateway::new(|_| Reply::HangUp);
    for (gateway, why) in [
        (timed_out, "unknown: 504 Gateway Timeout after "),
        (garbled, "unknown: the answer is not JSON"),
        (nameless, "unknown: the answer names no drivers"),
        (endless, "unknown: the answer broke off or is longer than "),
        (gone, "unknown: the gateway cannot be reached"),
    ] {
        let fleet = Fleet::start(&gateway, &[]);
        let answer = get(fleet.address("position-tracker"), "/api/positions", &[]);
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        let drivers = answer["drivers"].as_str().unwrap();
        assert!(drivers.starts_with(why), "{drivers}");
        assert_eq!(answer["vehicles"].as_array().unwrap().len(), 12);
        assert!(answer["vehicles"][0]["driver"].is_null());
    }
}

#[test]
fn trace_headers_are_passed_on_and_nothing_else() {
    let gateway = with_drivers();
    let fleet = Fleet::start(&gateway, &["--hang-rate", "0"]);
    for (service, path, asked) in [
        ("position-tracker", "/api/positions", "/api/staff/drivers"),
        ("staff", "/api/staff/drivers", "/api/telemetry"),
    ] {
        get(fleet.address(service), path, &[TRACE.as_slice(), &[PRIVATE]].concat());
        let call = gateway.last_call();
        assert_eq!(call.path, asked);
        for (name, value) in TRACE {
            assert_eq!(call.header(name), Some(value), "{service} {name}");
        }
        assert_eq!(call.header(PRIVATE.0), None);
    }
}

#[test]
fn one_service_can_be_told_to_drop_trace_headers() {
    let gateway = with_drivers();
    let flags = ["--hang-rate", "0", "--no-header-propagation", "position-tracker"];
    let fleet = Fleet::start(&gateway, &flags);
    get(fleet.address("position-tracker"), "/api/positions", &TRACE);
    let call = gateway.last_call();
    assert!(TRACE.iter().all(|(name, _)| call.header(name).is_none()), "{call:?}");
    get(fleet.address("staff"), "/api/staff/drivers", &TRACE);
    assert_eq!(gateway.last_call().header("traceparent"), Some(TRACE[0].1));
}

#[test]
fn staff_judges_drivers_by_their_telemetry() {
    let fleet = Fleet::start(&with_drivers(), &["--hang-rate", "0"]);
    let answer = get(fleet.address("staff"), "/api/staff", &[]).json();
    assert_eq!(answer["drivers"]["v-01"]["manner"], "hurried");
    assert_eq!(answer["drivers"]["v-02"]["manner"], "unknown");
}

#[test]
fn staff_hangs_for_as_long_as_told_and_never_on_its_health() {
    let fleet = Fleet::start(&with_drivers(), &["--hang-rate", "1", "--hang", "300ms..400ms"]);
    let began = Instant::now();
    let answer = get(fleet.address("staff"), "/api/staff/drivers", &[]);
    assert_eq!(answer.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    let hung = answer.json()["hung_ms"].as_u64().unwrap();
    // The upper end leaves room for a machine that is busy with other things.
    assert!((300..5000).contains(&hung), "{hung} ms");
}

#[test]
fn one_service_alone_listens_where_it_is_told() {
    for service in SERVICES {
        let fleet = Fleet::start_one(service, &["--listen", "127.0.0.1:0"]);
        assert_eq!(get(fleet.address(service), "/healthz", &[]).body, "ok\n");
    }
}

#[test]
fn waiting_requests_are_bounded() {
    let gateway = Gateway::new(|_| Reply::Silence);
    let fleet = Fleet::start(&gateway, &[]);
    let waiting: Vec<_> =
        (0..256).map(|_| fleet.ask("position-tracker", "/api/positions")).collect();
    gateway.await_calls(waiting.len());
    let answer = get(fleet.address("position-tracker"), "/api/positions", &[]).json();
    assert_eq!(answer["drivers"], "unknown: 256 requests wait for the driver monitor already");
    // Those who leave make room again.
    drop(waiting);
    gateway.await_hang_ups(256);
    let _one_more = fleet.ask("position-tracker", "/api/positions");
    gateway.await_calls(1);
}

#[test]
fn sigterm_ends_hanging_calls_and_the_process() {
    let gateway = Gateway::new(|_| Reply::Silence);
    let mut fleet = Fleet::start(&gateway, &["--hang-rate", "1", "--hang", "600s..600s"]);
    let tracker = fleet.call("position-tracker", "/api/positions");
    let staff = fleet.call("staff", "/api/staff/drivers");
    // Both have asked the gateway, so both are waiting inside a request.
    gateway.await_calls(2);
    let began = Instant::now();
    assert!(fleet.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let answer = tracker.join().unwrap();
    assert_eq!(answer.json()["drivers"], "unknown: the position tracker is stopping");
    assert_eq!(staff.join().unwrap().status, 503);
}

#[test]
fn wrong_options_are_refused_with_their_reason() {
    for (flags, why) in [
        (["--hang", "30s..10s"], "is not a range"),
        (["--hang-rate", "2"], "is not a number from 0 to 1"),
        (["--gateway", "localhost"], "is not an address"),
        (["--ports-from", "65533"], "would pass 65535"),
        (["--no-header-propagation", "web"], "position-tracker"),
    ] {
        let (status, text) = harness::refused(&flags);
        assert_eq!(status.code(), Some(2), "{text}");
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn a_port_already_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, text) = harness::refused(&["web", "--listen", &address]);
    assert_eq!(status.code(), Some(1));
    assert!(text.contains(&format!("cannot listen on {address} for web")), "{text}");
}
