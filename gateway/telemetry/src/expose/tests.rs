use std::{
    fs,
    net::SocketAddr,
    path::Path,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, Method, Version};

use super::*;
use crate::{
    record::{self, Record},
    series::{self, Edge, Registry},
};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Compares with a golden file; `UPDATE=1` writes it.
fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/expose").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(&path).unwrap_or_default(), "{name}");
}

fn all_kinds() -> Vec<Family> {
    let strange = Sample::new(0.5).label("plugin", "a\"b\\c\nd").label("8 strange", "ü");
    let histogram = Histogram {
        bounds: [0.25, 1.0, 10.0].into(),
        counts: vec![1, 0, 2, 1],
        sum: 19.5,
        exemplars: vec![None, None, Some(exemplar())],
        exponential: None,
    };
    let histogram = Sample::histogram(histogram).label("http.route", "shop").created(at(3));
    vec![
        Family::new("a.connections", Kind::UpDown, "Open \"now\".\nReally: \\.")
            .unit(Unit::Count("connection"))
            .with([Sample::new(3_u64)]),
        Family::new("a_seconds", Kind::Counter, "Time.").unit(Unit::Seconds).with([strange]),
        Family::new("b", Kind::Counter, "Things.").with([Sample::new(u64::MAX).created(at(5))]),
        Family::new("guests", Kind::BareCounter, "Of a guest.").with([Sample::new(7_u32)]),
        Family::new("a.share", Kind::Gauge, "A share.")
            .unit(Unit::Ratio)
            .with([Sample::new(f64::NAN), Sample::new(f64::NEG_INFINITY).label("x", "")]),
        Family::new("request.duration", Kind::Histogram, "Durations.")
            .unit(Unit::Seconds)
            .with([histogram]),
        Family::new("nothing", Kind::Gauge, "Nothing."),
    ]
}

fn exemplar() -> Exemplar {
    Exemplar { trace_id: [0xab; 16], span_id: [0xcd; 8], took: 1_500_000_000, at: at(1_000_000) }
}

#[test]
fn pages_of_every_kind() {
    check("kinds.prom", &render(&all_kinds(), Format::Prometheus));
    check("kinds.openmetrics", &render(&all_kinds(), Format::OpenMetrics));
}

/// A gateway that has served a few requests.
pub(super) fn served() -> Vec<Family> {
    let registry = Registry::new(&series::Settings::default(), 2, at(100)).unwrap();
    let exemplars = Exemplars::new(&registry);
    let endpoint: SocketAddr = "[::1]:8080".parse().unwrap();
    let entry = registry.series(Edge::entry(&"web".into(), &"staff".into(), &"staff/0".into()));
    let leaf = registry.series(Edge::leaf(&"staff".into(), endpoint));
    for (status, millis) in [(200, 3), (200, 70), (503, 1_200)] {
        let record = record(status, millis);
        entry.begin(1);
        entry.add(1, &series::Sample::of_request(&record));
        entry.end(1);
        let attempt = &record.attempts[0];
        leaf.add(0, &series::Sample::of_attempt(&record, 0, attempt));
        exemplars.note(&record);
    }
    registry.series(Edge::unmatched(&"web".into())).add(
        0,
        &series::Sample { status: 404, reason: Some("no_route"), ..series::Sample::default() },
    );
    requests(&registry, Some(&exemplars), Detail::Explicit, at(200))
}

fn record(status: u16, millis: u64) -> Record {
    let took = Duration::from_millis(millis);
    let attempt = record::Attempt {
        span_id: [2; 8],
        endpoint: ([127, 0, 0, 1], 1).into(),
        reused: false,
        began: Duration::ZERO,
        connected: Some(took / 10),
        sent: None,
        first_byte: Some(took / 2),
        ended: took,
        outcome: record::Outcome::Answered(status),
    };
    Record {
        started: at(150),
        took,
        worker: 1,
        generation: 1,
        request_id: "id".into(),
        trace: record::Trace { trace_id: [1; 16], span_id: [3; 8], ..record::Trace::default() },
        client: record::Client {
            address: ([127, 0, 0, 1], 1).into(),
            local: ([127, 0, 0, 1], 2).into(),
            connection: 1,
            earlier: 0,
            tls: None,
        },
        place: record::Place {
            listener: Some("web".into()),
            route: Some("staff".into()),
            rule: Some("staff/0".into()),
            service: Some("staff".into()),
        },
        request: record::Request {
            method: Method::GET,
            scheme: "https",
            authority: "a".into(),
            target: "/".into(),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body_bytes: 0,
        },
        response: record::Response {
            status,
            origin: record::Origin::Service,
            headers: HeaderMap::new(),
            body_bytes: 5_000,
            complete: true,
            details: None,
        },
        attempts: vec![attempt],
        filters: Vec::new(),
        phases: record::Phases::default(),
    }
}

#[test]
fn pages_of_requests() {
    check("requests.prom", &render(&served(), Format::Prometheus));
    check("requests.openmetrics", &render(&served(), Format::OpenMetrics));
}

#[test]
fn old_exemplars_are_not_shown() {
    let registry = Registry::new(&series::Settings::default(), 1, at(100)).unwrap();
    let exemplars = Exemplars::new(&registry);
    let served = record(200, 5);
    let place = &served.place;
    let (listener, route) = (place.listener.as_ref().unwrap(), place.route.as_ref().unwrap());
    let series = registry.series(Edge::entry(listener, route, place.rule.as_ref().unwrap()));
    series.add(0, &series::Sample::of_request(&served));
    exemplars.note(&served);
    let shown = |now| {
        let families = requests(&registry, Some(&exemplars), Detail::Explicit, now);
        render(&families, Format::OpenMetrics).contains("trace_id")
    };
    assert!(shown(at(700)) && !shown(at(800)));
}

#[test]
fn what_a_scraper_accepts() {
    let prometheus = "application/openmetrics-text;version=1.0.0,\
                      application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    for (accept, format) in [
        (None, Format::Prometheus),
        (Some("*/*"), Format::Prometheus),
        (Some("text/html,*/*;q=0.8"), Format::Prometheus),
        (Some(prometheus), Format::OpenMetrics),
        (Some("application/openmetrics-text"), Format::OpenMetrics),
        (Some("application/openmetrics-text; version=0.0.1, */*;q=0.1"), Format::Prometheus),
        (Some("application/openmetrics-text;q=0"), Format::Prometheus),
        (Some("application/openmetrics-text;q=0.1, text/plain"), Format::Prometheus),
        (Some("application/openmetrics-text;q=nonsense"), Format::Prometheus),
    ] {
        assert_eq!(Format::of(accept), format, "{accept:?}");
    }
}
