//! The exporter against a receiver that takes, refuses, hangs, and dies.

mod encoding;
mod receiver;
mod secure;

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::{
    logs::v1::LogRecord,
    metrics::v1::{Metric, ResourceMetrics, ScopeMetrics},
    trace::v1::Span,
};
use prost::Message as _;
use tonic::Code;

use self::receiver::{Act, Receiver};
use super::*;
use crate::{export::retry::RpcStatus, otlp::SCHEMA_URL, secret::Secret};

const BOTH: [Protocol; 2] = [Protocol::Grpc, Protocol::Http];

/// Fast, so that tests are.
fn settings(protocol: Protocol, address: std::net::SocketAddr) -> Settings {
    let ms = Duration::from_millis;
    Settings {
        endpoint: format!("http://{address}"),
        protocol,
        signals: vec![Signal::Traces, Signal::Logs, Signal::Metrics],
        headers: vec![("authorization".into(), Secret::new("Bearer s3cr3t-s3cr3t"))],
        timeout: ms(300),
        batch: BatchSettings { interval: ms(10), ..BatchSettings::default() },
        retry: RetrySettings {
            initial: ms(20),
            longest: ms(100),
            give_up: Duration::from_secs(20),
        },
        ..Settings::default()
    }
}

fn span(name: &str) -> Span {
    Span { name: name.into(), trace_id: vec![1; 16], span_id: vec![2; 8], ..Span::default() }
}

fn metrics(name: &str) -> ResourceMetrics {
    let metric = Metric { name: name.into(), ..Metric::default() };
    let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
    ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() }
}

/// Of traces.
fn fares(exporter: &Exporter) -> SignalStatus {
    let status = exporter.status();
    status.signals.into_iter().find(|signal| signal.signal == Signal::Traces).unwrap()
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn all_signals_arrive_as_they_were() {
    for (protocol, gzip) in BOTH.into_iter().flat_map(|it| [(it, false), (it, true)]) {
        let receiver = Receiver::start(protocol, vec![]).await;
        let mut settings = settings(protocol, receiver.address);
        settings.gzip = gzip;
        if protocol == Protocol::Http {
            settings.endpoint += "/some/where";
        }
        let exporter = Exporter::start(settings, None).unwrap();
        exporter.spans(&[span("a"), span("b")]);
        let log = LogRecord { severity_text: "INFO".into(), ..LogRecord::default() };
        exporter.logs(std::slice::from_ref(&log));
        exporter.metrics(metrics("requests"));
        eventually("all signals", || {
            receiver.look(|book| [book.traces.len(), book.logs.len(), book.metrics.len()] == [1; 3])
        })
        .await;
        let resource = Some(crate::otlp::resource::resource(&[]));
        receiver.look(|book| {
            let traces = &book.traces[0].resource_spans[0];
            assert_eq!((&traces.resource, &*traces.schema_url), (&resource, SCHEMA_URL));
            assert_eq!(traces.scope_spans[0].scope.as_ref().unwrap().name, "portico");
            assert_eq!(traces.scope_spans[0].spans, [span("a"), span("b")]);
            let logs = &book.logs[0].resource_logs[0];
            assert_eq!((&logs.resource, &logs.scope_logs[0].log_records), (&resource, &vec![log]));
            let expected = ResourceMetrics { resource, ..metrics("requests") };
            assert_eq!(book.metrics[0].resource_metrics, [expected]);
            for headers in &book.headers {
                assert_eq!(headers["authorization"], "Bearer s3cr3t-s3cr3t");
            }
        });
        eventually("counted", || fares(&exporter).sent == 2).await;
        assert!(!fares(&exporter).failing && fares(&exporter).last_success_ms.is_some());
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_dropped() {
    let refused = "no Bearer s3cr3t-s3cr3t\nfor s3cr3t-s3cr3t";
    let acts = [Act::Code(Code::Unauthenticated, vec![], refused.into()), Act::Status(401, "")];
    for (protocol, act) in BOTH.into_iter().zip(acts) {
        let receiver = Receiver::start(protocol, vec![act]).await;
        let exporter = Exporter::start(settings(protocol, receiver.address), None).unwrap();
        exporter.spans(&[span("lost"), span("too")]);
        eventually("refused", || fares(&exporter).dropped_refused == 2).await;
        exporter.spans(&[span("next")]);
        eventually("the next one", || receiver.names() == ["next"]).await;
        let fares = fares(&exporter);
        assert_eq!((fares.requests, fares.failures), (2, 0));
        let said = fares.last_error.unwrap().message;
        assert!(said.contains("[redacted]") && !said.contains("s3cr3t"), "{said}");
        assert!(!said.contains('\n'));
        assert!(!format!("{exporter:?}").contains("s3cr3t"));
    }
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again() {
    let code = |code| Act::Code(code, vec![], String::new());
    let grpc =
        vec![code(Code::Unavailable), code(Code::DeadlineExceeded), code(Code::Aborted), Act::Hang];
    let status = |status| Act::Status(status, "");
    let http = vec![status(429), status(502), status(503), status(504), Act::Cut, Act::Hang];
    for (protocol, acts) in BOTH.into_iter().zip([grpc, http]) {
        let times = acts.len();
        let receiver = Receiver::start(protocol, acts).await;
        let exporter = Exporter::start(settings(protocol, receiver.address), None).unwrap();
        exporter.spans(&[span("once")]);
        eventually("it arrives", || fares(&exporter).sent == 1).await;
        assert_eq!(receiver.names(), ["once"]);
        assert_eq!(fares(&exporter).failures, times as u64);
        assert!(!fares(&exporter).failing);
    }
}

#[tokio::test]
async fn patience_is_had_when_it_is_asked_for() {
    let delay = retry::Delay { seconds: 0, nanos: 700_000_000 };
    let info = retry::RetryInfo { retry_delay: Some(delay) };
    let any = retry::Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".into(),
        value: info.encode_to_vec(),
    };
    let details = RpcStatus { code: 8, message: String::new(), details: vec![any] };
    let grpc = Act::Code(Code::ResourceExhausted, details.encode_to_vec(), "slower".into());
    let http = Act::Status(429, "retry-after: 1\r\n");
    let cases = [(grpc, Duration::from_millis(700)), (http, Duration::from_secs(1))];
    for (protocol, (act, pause)) in BOTH.into_iter().zip(cases) {
        let receiver = Receiver::start(protocol, vec![act]).await;
        let exporter = Exporter::start(settings(protocol, receiver.address), None).unwrap();
        let began = Instant::now();
        exporter.spans(&[span("late")]);
        eventually("it arrives", || receiver.names() == ["late"]).await;
        assert!(began.elapsed() >= pause, "{protocol:?} waited {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn what_is_taken_in_part_is_counted() {
    for protocol in BOTH {
        let acts =
            vec![Act::Partial(2, "two are too old"), Act::Partial(99, "more than there are")];
        let receiver = Receiver::start(protocol, acts).await;
        let exporter = Exporter::start(settings(protocol, receiver.address), None).unwrap();
        exporter.spans(&[span("a"), span("b"), span("c")]);
        eventually("one of three", || fares(&exporter).sent == 1).await;
        assert_eq!((fares(&exporter).rejected, fares(&exporter).requests), (2, 1));
        exporter.spans(&[span("d")]);
        eventually("none of one", || fares(&exporter).requests == 2).await;
        eventually("counted", || fares(&exporter).rejected == 101).await;
        assert_eq!(fares(&exporter).sent, 1);
    }
}

#[tokio::test]
async fn a_receiver_may_come_later_and_die_in_the_middle() {
    for protocol in BOTH {
        let receiver = Receiver::start(protocol, vec![]).await;
        let address = receiver.address;
        receiver.stop().await;
        let exporter = Exporter::start(settings(protocol, address), None).unwrap();
        exporter.spans(&[span("1")]);
        eventually("nobody is there", || fares(&exporter).failing).await;
        let receiver = Receiver::start_at(address, protocol, vec![]).await;
        eventually("it came", || receiver.names() == ["1"]).await;
        receiver.look(|book| book.acts.push_back(Act::Hang));
        exporter.spans(&[span("2")]);
        eventually("it has the request", || receiver.look(|book| book.requests == 2)).await;
        receiver.stop().await;
        exporter.spans(&[span("3")]);
        eventually("it is gone", || fares(&exporter).failing).await;
        let receiver = Receiver::start_at(address, protocol, vec![]).await;
        eventually("it is back", || receiver.names() == ["2", "3"]).await;
        let fares = fares(&exporter);
        assert_eq!((fares.dropped_full, fares.dropped_gave_up, fares.queued), (0, 0, 0));
    }
}

#[tokio::test]
async fn a_full_queue_drops_and_never_waits() {
    let receiver = Receiver::start(Protocol::Grpc, vec![Act::Hang; 1000]).await;
    let mut settings = settings(Protocol::Grpc, receiver.address);
    settings.queue = QueueSettings { items: 100, bytes: 1 << 20 };
    settings.batch.items = 10;
    let exporter = Exporter::start(settings, None).unwrap();
    let began = Instant::now();
    for _ in 0..100_000 {
        exporter.spans(&[span("x"), span("y")]);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let full = fares(&exporter);
    assert!(full.queued <= 100 && full.dropped_full >= 200_000 - 120, "{full:?}");
    assert!(!exporter.has_room(Signal::Traces));
    exporter.dropped(Signal::Traces, 5);
    assert_eq!(fares(&exporter).dropped_full, full.dropped_full + 5);
    // Bytes count as well, and all of a record's spans go together.
    let mut settings = self::settings(Protocol::Grpc, receiver.address);
    settings.queue = QueueSettings { items: 1000, bytes: 10_000 };
    settings.batch.interval = Duration::from_secs(3600);
    let exporter = Exporter::start(settings, None).unwrap();
    let large = span(&"x".repeat(4_000));
    exporter.spans(&[large.clone(), large.clone()]);
    exporter.spans(&[large.clone(), large]);
    exporter.spans(&[span("small")]);
    let full = fares(&exporter);
    assert_eq!((full.queued, full.dropped_full), (2, 3), "room comes with the next batch");
    assert!(full.queued_bytes <= 10_000);
}

#[tokio::test]
async fn the_last_state_of_metrics_is_kept() {
    let receiver = Receiver::start(Protocol::Http, vec![]).await;
    let mut settings = settings(Protocol::Http, receiver.address);
    settings.batch.interval = Duration::from_secs(3600);
    let exporter = Exporter::start(settings, None).unwrap();
    for state in 0..10 {
        exporter.metrics(metrics(&format!("state {state}")));
    }
    exporter.shutdown(Duration::from_secs(5)).await;
    let names = receiver.look(|book| {
        let states = book.metrics.iter().flat_map(|request| &request.resource_metrics);
        states.map(|state| state.scope_metrics[0].metrics[0].name.clone()).collect::<Vec<_>>()
    });
    assert_eq!(names, ["state 6", "state 7", "state 8", "state 9"]);
}

#[tokio::test]
async fn what_cannot_be_sent_for_too_long_is_given_up() {
    let acts = vec![Act::Status(503, ""); 1000];
    let receiver = Receiver::start(Protocol::Http, acts).await;
    let mut settings = settings(Protocol::Http, receiver.address);
    settings.retry.give_up = Duration::from_millis(150);
    let exporter = Exporter::start(settings, None).unwrap();
    exporter.spans(&[span("lost")]);
    eventually("given up", || fares(&exporter).dropped_gave_up == 1).await;
    receiver.look(|book| book.acts.clear());
    exporter.spans(&[span("next")]);
    eventually("the next one", || receiver.names() == ["next"]).await;
}

#[tokio::test]
async fn the_end_sends_what_is_left_within_its_limit() {
    let receiver = Receiver::start(Protocol::Grpc, vec![]).await;
    let mut settings = settings(Protocol::Grpc, receiver.address);
    settings.batch =
        BatchSettings { items: 2, interval: Duration::from_secs(3600), ..settings.batch };
    // A runtime that is handed in serves as well.
    let exporter = Exporter::start(settings.clone(), Some(&runtime::Handle::current())).unwrap();
    (0..5).for_each(|index| exporter.spans(&[span(&index.to_string())]));
    exporter.shutdown(Duration::from_secs(5)).await;
    assert_eq!(receiver.names(), ["0", "1", "2", "3", "4"]);
    exporter.spans(&[span("too late")]);
    assert_eq!((fares(&exporter).sent, fares(&exporter).dropped_full), (5, 1));

    receiver.look(|book| book.acts = vec![Act::Hang; 10].into());
    settings.timeout = Duration::from_secs(3600);
    let exporter = Exporter::start(settings, None).unwrap();
    (0..5).for_each(|_| exporter.spans(&[span("lost")]));
    let began = Instant::now();
    exporter.shutdown(Duration::from_millis(200)).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!((fares(&exporter).sent, fares(&exporter).dropped_at_end), (0, 5));
}

#[tokio::test]
async fn an_exporter_that_nobody_holds_ends() {
    let receiver = Receiver::start(Protocol::Grpc, vec![]).await;
    let exporter = Exporter::start(settings(Protocol::Grpc, receiver.address), None).unwrap();
    let mut running = exporter.shared.running.clone();
    drop(exporter);
    let ended = tokio::time::timeout(Duration::from_secs(5), running.changed()).await;
    assert!(ended.unwrap().is_err());
}

#[tokio::test]
async fn only_signals_that_are_wanted_are_sent() {
    let receiver = Receiver::start(Protocol::Grpc, vec![]).await;
    let settings =
        Settings { signals: vec![Signal::Logs], ..settings(Protocol::Grpc, receiver.address) };
    let exporter = Exporter::start(settings, None).unwrap();
    exporter.spans(&[span("x")]);
    exporter.metrics(metrics("x"));
    exporter.logs(&[LogRecord::default()]);
    exporter.shutdown(Duration::from_secs(5)).await;
    assert!(!exporter.has_room(Signal::Traces));
    let got = receiver.look(|book| [book.traces.len(), book.metrics.len(), book.logs.len()]);
    assert_eq!(got, [0, 0, 1]);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let with = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        Exporter::start(settings, None).unwrap_err().to_string()
    };
    let endpoint = "the endpoint of the exporter";
    let cases = [
        (with(|it| it.endpoint = "localhost:4317".into()), "is not `http://host:port`"),
        (with(|it| it.endpoint = "ftp://x".into()), "is not `http://host:port`"),
        (with(|it| it.endpoint = "http://".into()), "is"),
        (with(|it| it.endpoint = "http://u:p@x:1".into()), "carries credentials"),
        (with(|it| it.endpoint = "http://x:1/v1".into()), "has a path"),
        (with(|it| it.endpoint = "http://x:1/?k=v".into()), "has a query"),
        (with(|it| it.endpoint = "a b".into()), "is no address"),
    ];
    for (said, expected) in cases {
        assert!(said.starts_with(endpoint) && said.contains(expected), "{said}");
    }
    let header = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), Secret::new(value))];
        let error = Exporter::start(Settings { headers, ..Settings::default() }, None).unwrap_err();
        error.to_string()
    };
    assert_eq!(header("a b", "x"), "the header `a b` of the exporter has no valid name");
    assert!(header("key", "s3cr3t\n").ends_with("has a value that no header can have"));
    assert!(header("content-type", "x").ends_with("is set by the protocol"));
    let none = with(|it| it.endpoint = "https://localhost:4317".into());
    assert_eq!(none, "the certificates of the exporter: none is trusted");
}
