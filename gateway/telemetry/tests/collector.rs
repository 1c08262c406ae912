//! Traces to a real OpenTelemetry collector. `tests/telemetry/collector.sh` builds one and names it
//! in `PORTICO_COLLECTOR`; without it the tests say that they are skipped.
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail there")]

use std::{
    collections::BTreeMap,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use portico_telemetry::{
    Record,
    context::{span_id, trace_id},
    export::{BatchSettings, Exporter, Protocol, RetrySettings, Settings, SignalStatus},
    otlp::spans::spans,
    record,
};

#[path = "../src/otlp/spans/fixture.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod fixture;

/// Killed when it is dropped.
struct Collector {
    process: Child,
    output: PathBuf,
}

/// A span as the collector tells it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Told {
    trace: String,
    parent: String,
    name: String,
    kind: String,
    status: String,
    /// How often it came.
    times: usize,
}

impl Collector {
    fn start(binary: &Path, folder: &Path, grpc: u16, http: u16) -> Self {
        let config = folder.join("collector.yaml");
        let text = format!(
            "receivers:\n  otlp:\n    protocols:\n      grpc: {{endpoint: '127.0.0.1:{grpc}'}}\n      \
             http: {{endpoint: '127.0.0.1:{http}'}}\nexporters:\n  debug: {{verbosity: detailed}}\n\
             service:\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n    \
             traces: {{receivers: [otlp], exporters: [debug]}}\n"
        );
        std::fs::write(&config, text).unwrap();
        // Each run has its own output.
        let count = std::fs::read_dir(folder).unwrap().count();
        let output = folder.join(format!("output-{count}"));
        let file = std::fs::File::create(&output).unwrap();
        let mut process = Command::new(binary)
            .arg(format!("--config=file:{}", config.display()))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        eventually("the collector listens", || {
            if process.try_wait().unwrap().is_some() {
                panic!("the collector ended: {}", std::fs::read_to_string(&output).unwrap());
            }
            [grpc, http].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        });
        Self { process, output }
    }

    /// By span id.
    fn told(&self) -> BTreeMap<String, Told> {
        let text = std::fs::read_to_string(&self.output).unwrap();
        let mut spans = BTreeMap::<String, Told>::new();
        for block in text.split("Span #").skip(1) {
            let field = |name: &str| {
                let lines = block.lines().filter_map(|line| line.trim().split_once(':'));
                let mut values = lines.filter(|(key, _)| key.trim_end() == name);
                values.next().map_or_else(String::new, |(_, value)| value.trim().to_owned())
            };
            // The last one may be half written.
            if !block.contains("Status message") {
                continue;
            }
            let told = Told {
                trace: field("Trace ID"),
                parent: field("Parent ID"),
                name: field("Name"),
                kind: field("Kind"),
                status: field("Status code"),
                times: 0,
            };
            spans.entry(field("ID")).or_insert(told).times += 1;
        }
        spans
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn collector() -> Option<PathBuf> {
    let binary = std::env::var_os("PORTICO_COLLECTOR").map(PathBuf::from);
    if binary.is_none() {
        eprintln!("skipped: no collector; tests/telemetry/collector.sh builds one and runs this");
    }
    binary
}

fn settings(protocol: Protocol, port: u16, gzip: bool) -> Settings {
    Settings {
        endpoint: format!("http://127.0.0.1:{port}"),
        protocol,
        gzip,
        timeout: Duration::from_secs(2),
        batch: BatchSettings { interval: Duration::from_millis(20), ..BatchSettings::default() },
        retry: RetrySettings {
            initial: Duration::from_millis(50),
            longest: Duration::from_millis(300),
            ..RetrySettings::default()
        },
        ..Settings::default()
    }
}

/// Two that are free now.
fn ports() -> (u16, u16) {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [grpc, http] = listeners.map(|listener| listener.local_addr().unwrap().port());
    (grpc, http)
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn fares(exporter: &Exporter) -> SignalStatus {
    exporter.status().signals.remove(0)
}

/// A request of its own, all of whose ids are new.
fn fresh(mut record: Record) -> Record {
    record.trace.trace_id = trace_id();
    record.trace.span_id = span_id();
    record.attempts.iter_mut().for_each(|attempt| attempt.span_id = span_id());
    let calls = record.filters.iter_mut().flat_map(|filter| &mut filter.calls);
    calls.for_each(|call| call.span_id = span_id());
    record
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the collector should tell of a record, by span id.
fn expected(record: &Record) -> BTreeMap<String, Told> {
    let kinds = ["Unspecified", "Internal", "Server", "Client"];
    let statuses = ["Unset", "Ok", "Error"];
    let tell = |span: &opentelemetry_proto::tonic::trace::v1::Span| Told {
        trace: hex(&span.trace_id),
        parent: hex(&span.parent_span_id),
        name: span.name.clone(),
        kind: kinds[usize::try_from(span.kind).unwrap()].to_owned(),
        status: statuses[span.status.as_ref().map_or(0, |it| it.code as usize)].to_owned(),
        times: 1,
    };
    spans(record, None).iter().map(|span| (hex(&span.span_id), tell(span))).collect()
}

#[test]
fn spans_arrive_and_parents_are_right() {
    let Some(binary) = collector() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (grpc, http) = ports();
    let collector = Collector::start(&binary, folder.path(), grpc, http);
    let mut sent = BTreeMap::new();
    let ways = [(Protocol::Grpc, grpc), (Protocol::Http, http)];
    for (protocol, port) in ways {
        for gzip in [false, true] {
            let exporter = Exporter::start(settings(protocol, port, gzip), None).unwrap();
            for record in [fixture::plain(), fixture::rich(), fixture::timed_out()] {
                let record = fresh(record);
                exporter.spans(&spans(&record, None));
                sent.extend(expected(&record));
            }
            eventually("everything is taken", || fares(&exporter).sent == 13);
        }
    }
    eventually("everything is told", || collector.told().len() >= sent.len());
    assert_eq!(collector.told(), sent);
}

#[test]
fn a_collector_that_is_killed_gets_the_rest_when_it_is_back() {
    let Some(binary) = collector() else { return };
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let folder = tempfile::tempdir().unwrap();
        let (grpc, http) = ports();
        let port = if protocol == Protocol::Grpc { grpc } else { http };
        let first = Collector::start(&binary, folder.path(), grpc, http);
        let exporter = Exporter::start(settings(protocol, port, false), None).unwrap();
        let mut sent = 0;
        let mut send = || {
            (0..50).for_each(|_| exporter.spans(&spans(&fresh(fixture::plain()), None)));
            sent += 100;
            sent
        };
        send();
        eventually("the first arrive", || fares(&exporter).sent == 100);
        // No signal that it could answer: it is gone in the middle of things.
        let total = send();
        drop(first);
        send();
        eventually("it is missed", || fares(&exporter).failing || fares(&exporter).sent > total);
        let all = send();
        let second = Collector::start(&binary, folder.path(), grpc, http);
        eventually("all are taken", || fares(&exporter).sent == all);
        let fares = fares(&exporter);
        assert_eq!(fares.dropped_full + fares.dropped_refused + fares.dropped_gave_up, 0);
        assert_eq!(fares.queued, 0);
        // The 200 that were sent after its death reach its successor, and what was on its way
        // may have reached both.
        eventually("the rest is told", || second.told().len() >= 200);
    }
}
