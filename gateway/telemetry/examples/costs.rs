//! What traces cost: nanoseconds of each step, the least of several rounds.
//!
//! `cargo run --release -p portico-telemetry --example costs`
#![expect(clippy::print_stdout, reason = "it is what it is for")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "an example that cannot go on ends")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use http::HeaderMap;
use portico_telemetry::{
    context::{Formats, Incoming, Outgoing, Propagation, span_id, trace_id},
    export::{BatchSettings, Exporter, Settings},
    otlp::spans::spans,
    record,
    sampling::{self, Facts, Sampler},
};
use prost::Message as _;

#[path = "../src/otlp/spans/fixture.rs"]
#[allow(dead_code, reason = "it serves tests as well")]
mod fixture;

const ROUNDS: u32 = 20;

fn main() {
    contexts();
    decisions();
    exports();
}

fn contexts() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let b3 = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
    let cases: [(&str, &[(&str, &str)]); 5] = [
        ("nothing", &[]),
        ("traceparent", &[("traceparent", parent)]),
        ("traceparent, tracestate", &[("traceparent", parent), ("tracestate", "a=1,b@c=xyz")]),
        ("b3", &[("b3", b3)]),
        ("uber-trace-id", &[("uber-trace-id", "4bf92f3577b34da6:a3ce929d0e0e4736:0:1")]),
    ];
    for (name, more) in cases {
        let mut headers = browser();
        for (name, value) in more {
            headers.insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let propagation = Propagation::default();
        let outgoing =
            Outgoing { trace_id: trace_id(), span_id: span_id(), parent_id: [1; 8], sampled: true };
        time(&format!("extract, {} headers and {name}", browser().len()), 100_000, || {
            black_box(propagation.extract(black_box(&headers)));
        });
        time(&format!("extract and inject, {name}"), 100_000, || {
            let incoming = propagation.extract(black_box(&headers));
            propagation.inject(&mut headers, &incoming, &outgoing);
        });
    }
    let closed = Propagation { accept: Formats::NONE, ..Propagation::default() };
    let headers = browser();
    time("extract, nothing accepted", 100_000, || {
        black_box(closed.extract(black_box(&headers)));
    });
    time("both ids of a new trace", 100_000, || {
        black_box((trace_id(), span_id()));
    });
}

fn decisions() {
    let sampler = Sampler::new(sampling::Settings::default(), 2).expect("defaults are valid");
    let rule = sampler.rule(Some("shop/0"));
    let fresh = Incoming::default();
    let mut now = Duration::ZERO;
    time("head", 100_000, || {
        now += Duration::from_micros(3);
        black_box(rule.head(0, &fresh, &[1; 16], now));
    });
    time("tail", 100_000, || {
        black_box(rule.tail(0, black_box(Facts::default()), now));
    });
}

fn exports() {
    for (name, record) in [("plain", fixture::plain()), ("rich", fixture::rich())] {
        let count = spans(&record, None).len();
        time(&format!("spans of a {name} record ({count})"), 5_000, || {
            black_box(spans(black_box(&record), None));
        });
        let made = spans(&record, None);
        time(&format!("encoding them ({name})"), 5_000, || {
            let bytes: usize = made.iter().map(|span| black_box(span.encode_to_vec()).len()).sum();
            black_box(bytes);
        });
        let settings = Settings {
            // Nobody is there, and nothing is sent before the example ends.
            endpoint: "http://127.0.0.1:9".to_owned(),
            batch: BatchSettings {
                interval: Duration::from_secs(3600),
                items: 1 << 20,
                bytes: 1 << 30,
            },
            queue: portico_telemetry::export::QueueSettings { items: 1 << 20, bytes: 1 << 30 },
            ..Settings::default()
        };
        let exporter = Exporter::start(settings, None).expect("the settings are valid");
        time(&format!("queueing them ({name})"), 2_000, || exporter.spans(black_box(&made)));
        let signal = &exporter.status().signals[0];
        println!("{:>9} bytes a record", signal.queued_bytes / (signal.queued / count));
    }
}

/// What a browser sends, more or less.
fn browser() -> HeaderMap {
    let headers = [
        ("host", "shop.example.com"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
        ("accept", "text/html,application/xhtml+xml"),
        ("accept-language", "en"),
        ("accept-encoding", "gzip, br"),
        ("cookie", "session=0123456789abcdef"),
        ("x-request-id", "0123456789abcdef"),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "https"),
        ("upgrade-insecure-requests", "1"),
        ("cache-control", "no-cache"),
        ("referer", "https://shop.example.com/"),
    ];
    let parse = |(name, value): (&str, &str)| {
        (http::HeaderName::try_from(name).unwrap(), value.parse().unwrap())
    };
    headers.into_iter().map(parse).collect()
}

fn time(what: &str, times: u32, mut step: impl FnMut()) {
    let round = |_| {
        let began = Instant::now();
        (0..times).for_each(|_| step());
        began.elapsed() / times
    };
    let least = (0..ROUNDS).map(round).min().unwrap_or_default();
    println!("{:>6} ns  {what}", least.as_nanos());
}
