//! What it costs a worker to add a request to its three series: `cargo run --release --example
//! series_cost`. The mean of many requests whose durations, statuses and series vary, with warm and
//! with cold memory.

use std::{hint::black_box, sync::Arc, time::Duration};

use portico_telemetry::series::{Edge, Registry, Sample, Series, Settings, Verb};

const REQUESTS: usize = 2_000_000;

fn main() {
    for rules in [1, 10, 1_000] {
        let registry = Registry::new(&Settings::default(), 1, std::time::SystemTime::UNIX_EPOCH);
        let registry = registry.unwrap_or_else(|error| unreachable!("{error}"));
        let places: Vec<_> = (0..rules).map(|rule| place(&registry, rule)).collect();
        let samples: Vec<_> = (0..4_096).map(sample).collect();
        let run = || {
            let began = std::time::Instant::now();
            for request in 0..REQUESTS {
                let sample = black_box(&samples[request % samples.len()]);
                let [entry, branch, leaf] = &places[request.wrapping_mul(7_919) % rules];
                entry.begin(0);
                entry.add(0, sample);
                branch.add(0, sample);
                leaf.add(0, sample);
                entry.end(0);
            }
            began.elapsed().as_nanos() as f64 / REQUESTS as f64
        };
        run();
        let nanos = (0..5).map(|_| run()).fold(f64::INFINITY, f64::min);
        print(format_args!("{rules:5} rules: {nanos:6.1} ns for begin, three additions and end"));
    }
}

#[expect(clippy::print_stdout, reason = "what this program is for")]
fn print(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}

fn place(registry: &Registry, rule: usize) -> [Arc<Series>; 3] {
    let (route, rule): (Arc<str>, Arc<str>) = ("shop".into(), format!("shop/{rule}").into());
    let service = Arc::from(format!("service of {rule}"));
    let endpoint = ([127, 0, 0, 1], 8080).into();
    [
        Edge::entry(&"web".into(), &route, &rule),
        Edge::branch(&route, &rule, &service),
        Edge::leaf(&service, endpoint),
    ]
    .map(|edge| registry.series(edge))
}

fn sample(nth: u64) -> Sample {
    // From 300 µs to 5 ms, some longer, in no order.
    let scattered = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let micros = 300 + scattered % 4_700 + if nth.is_multiple_of(50) { 200_000 } else { 0 };
    Sample {
        verb: if nth.is_multiple_of(8) { Verb::Post } else { Verb::Get },
        status: if nth.is_multiple_of(100) { 503 } else { 200 },
        took: Duration::from_micros(micros),
        first_byte: Some(Duration::from_micros(micros / 2)),
        connect: nth.is_multiple_of(64).then_some(Duration::from_micros(150)),
        bytes_in: scattered % 2_000,
        bytes_out: scattered % 100_000,
        ..Sample::default()
    }
}
