//! What readers cost the collector and the admin thread, with 1,000 rules that all had requests in
//! the last second: `cargo run --release --example reader_cost`.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use portico_telemetry::{
    expose::{Detail, Format, render, requests},
    graph::{self, Graph},
    series::{Edge, Registry, Sample, Series, Settings},
};

const RULES: u64 = 1_000;
const SECONDS: u64 = 120;

fn main() {
    let begin = SystemTime::UNIX_EPOCH;
    let registry = Registry::new(&Settings::default(), 4, begin);
    let registry = Arc::new(registry.unwrap_or_else(|error| unreachable!("{error}")));
    let graph = Graph::new(registry.clone(), graph::Settings::default(), begin);
    let places: Vec<_> = (0..RULES).flat_map(|rule| place(&registry, rule)).collect();
    let mut ticks = Duration::ZERO;
    for second in 1..=SECONDS {
        for (index, series) in places.iter().enumerate() {
            for nth in 0..20 {
                let took = Duration::from_micros(300 + (index as u64 * 31 + nth * 977) % 5_000);
                let worker = nth as usize % 4;
                series.add(worker, &Sample { status: 200, took, ..Sample::default() });
            }
        }
        let began = Instant::now();
        graph.tick(begin + Duration::from_secs(second));
        ticks += began.elapsed();
    }
    let now = begin + Duration::from_secs(SECONDS);
    let tick = ticks / SECONDS as u32;
    let (short, _) = timed(|| graph.view(Duration::from_secs(10), now).links.len());
    let (again, ()) = timed(|| graph.tick(now));
    let (view, seen) = timed(|| graph.view(Duration::from_secs(60), now).links.len());
    let (make, families) = timed(|| requests(&registry, None, Detail::Explicit, now));
    let (write, page) = timed(|| render(&families, Format::Prometheus).len());
    let memory = graph.memory() >> 20;
    let lines = [
        format!("tick of {} series: {tick:?}; rings: {memory} MiB", places.len()),
        format!("view of ten seconds: {short:?}, of a minute: {view:?}, {seen} links"),
        format!("tick when nothing was counted: {again:?}"),
        format!("page: {make:?} to add up, {write:?} to write {} KiB", page >> 10),
    ];
    lines.iter().for_each(|line| print(line));
}

fn timed<T>(act: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let result = act();
    (began.elapsed(), result)
}

#[expect(clippy::print_stdout, reason = "what this program is for")]
fn print(line: &str) {
    println!("{line}");
}

fn place(registry: &Registry, rule: u64) -> [Arc<Series>; 3] {
    let (route, rule): (Arc<str>, _) = (format!("route {rule}").into(), format!("{rule}/0").into());
    let service = Arc::from(format!("service of {rule}"));
    [
        Edge::entry(&"web".into(), &route, &rule),
        Edge::branch(&route, &rule, &service),
        Edge::leaf(&service, ([127, 0, 0, 1], 8080).into()),
    ]
    .map(|edge| registry.series(edge))
}
