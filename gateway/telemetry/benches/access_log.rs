//! What a line of an access log costs: `cargo bench -p portico-telemetry --bench access_log`. The
//! best of many rounds is printed, for on a busy machine the others measure the machine.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use portico_telemetry::{
    access_log::{Conditions, Filter, Format, Layout},
    otlp::logs,
    record,
    redact::Redactor,
    tap::Tap,
};

#[path = "../src/access_log/fixture.rs"]
mod fixture;

const ROUNDS: usize = 200;
const LINES: usize = 1_000;

fn main() {
    let record = fixture::record();
    let failed = fixture::failed("timeout", 504);
    let layouts = [
        ("json (default)", Layout::default()),
        ("text `envoy`", Layout::named("envoy").expect("is one")),
        ("text `plain`", Layout::named("plain").expect("is one")),
        ("text `combined`", Layout::named("combined").expect("is one")),
    ];
    for (name, layout) in layouts {
        let format = Format::new(&layout, Arc::default(), "gate-1").expect("compiles");
        let mut out = Vec::new();
        format.write(&mut out, &record);
        let bytes = out.len();
        let mut line = |record| {
            measure(|| {
                out.clear();
                format.write(&mut out, black_box(record));
                black_box(&out);
            })
        };
        println!("{name}: {:?} ({bytes} bytes), failed {:?}", line(&record), line(&failed));
    }
    let redactor = Redactor::default();
    println!(
        "otlp log record: {:?}",
        measure(|| {
            black_box(logs::log_record(black_box(&record), &redactor, None));
        })
    );
    let conditions = Conditions {
        statuses: vec![(200, 599)],
        min_duration: Some(Duration::from_millis(1)),
        routes: vec!["staff".into()],
        share: Some(0.5),
        ..Conditions::default()
    };
    let filter = Filter::new(conditions).expect("compiles");
    println!(
        "filter of four conditions: {:?}",
        measure(|| {
            black_box(filter.matches(black_box(&record)));
        })
    );
    let tap = Tap::default();
    println!(
        "tap that nobody listens to: {:?}",
        measure(|| {
            black_box(black_box(&tap).is_wanted());
        })
    );
}

/// The time of one call, in the best round.
fn measure(mut act: impl FnMut()) -> Duration {
    let round = || {
        let began = Instant::now();
        (0..LINES).for_each(|_| act());
        began.elapsed()
    };
    let best = std::iter::repeat_with(round).take(ROUNDS).min().unwrap_or_default();
    best / LINES as u32
}
