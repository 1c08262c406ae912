use std::{io::Write, sync::Mutex};

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient},
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_client::TraceServiceClient,
        },
    },
    trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan},
};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::{Code, codec::CompressionEncoding};

use super::*;

#[derive(Default)]
struct Got(Mutex<Vec<Span>>);

impl Sink for Got {
    fn receive(&self, spans: Vec<Span>) {
        self.0.lock().unwrap().extend(spans);
    }
}

async fn start(limits: Limits) -> (Handle, Arc<Got>) {
    let here = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let got = Arc::new(Got::default());
    let settings = Settings { grpc: here, http: here, limits };
    let sink: Arc<dyn Sink> = Arc::<Got>::clone(&got);
    (Receiver::start(settings, sink).await.unwrap(), got)
}

fn request(spans: Vec<OtlpSpan>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

fn span(id: u8) -> OtlpSpan {
    let (trace_id, span_id) = (vec![1; 16], vec![id; 8]);
    OtlpSpan { trace_id, span_id, name: "x".into(), ..OtlpSpan::default() }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What came back: status, head, body.
async fn post(
    handle: &Handle,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    send(handle, "POST", path, headers, body).await
}

async fn send(
    handle: &Handle,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(handle.http().unwrap()).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // The receiver may answer and close before it has all.
    let _sent = stream.write_all(body).await;
    let mut whole = Vec::new();
    let _reset = stream.read_to_end(&mut whole).await;
    let end = whole.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(whole[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, whole[end + 4..].to_vec())
}

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

#[tokio::test]
async fn spans_arrive_in_every_encoding() {
    let (handle, got) = start(Limits::default()).await;
    let message = request(vec![span(1), span(2)]);
    let (binary, text) = (message.encode_to_vec(), serde_json::to_vec(&message).unwrap());
    for (headers, body) in [
        (vec![PROTOBUF], binary.clone()),
        (vec![PROTOBUF, GZIP], gzip(&binary)),
        (vec![JSON], text.clone()),
        (vec![JSON, GZIP], gzip(&text)),
    ] {
        let (status, head, answer) = post(&handle, "/v1/traces", &headers, &body).await;
        assert_eq!(status, 200, "{head}");
        assert!(head.contains(headers[0].1.split(';').next().unwrap()), "{head}");
        match headers[0] {
            JSON => assert_eq!(answer, b"{}"),
            _ => assert_eq!(
                ExportTraceServiceResponse::decode(&*answer).unwrap(),
                ExportTraceServiceResponse::default()
            ),
        }
    }
    // gRPC at either port.
    for address in [handle.grpc(), handle.http()] {
        let to = format!("http://{}", address.unwrap());
        let client = TraceServiceClient::connect(to).await.unwrap();
        let mut packed = client.clone().send_compressed(CompressionEncoding::Gzip);
        client.clone().export(message.clone()).await.unwrap();
        packed.export(message.clone()).await.unwrap();
    }
    assert_eq!(got.0.lock().unwrap().len(), 16);
    let received = handle.received();
    assert_eq!((received.requests, received.spans), (8, 16));
}

#[tokio::test]
async fn json_as_the_specification_shows_it() {
    let (handle, got) = start(Limits::default()).await;
    // Unknown fields are to be ignored; hexadecimal ids may be in either case.
    let body = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",
        "value":{"stringValue":"my.service"}}]},"scopeSpans":[{"scope":{"name":"my.library"},
        "spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
        "parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span","startTimeUnixNano":
        "1544712660000000000","endTimeUnixNano":"1544712661000000000","kind":2,"new":{"a":[1]},
        "attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}}]}]}]}]}"#;
    let (status, _, _) = post(&handle, "/v1/traces", &[JSON], body.as_bytes()).await;
    assert_eq!(status, 200);
    let spans = got.0.lock().unwrap();
    assert_eq!((&*spans[0].service, spans[0].took), ("my.service", Duration::from_secs(1)));
    assert_eq!(spans[0].span_id[0], 0xee);
}

#[tokio::test]
async fn garbage_gets_the_right_status_and_a_sentence() {
    let limits = DecodeLimits { message: 10_000, json: 5_000, ..DecodeLimits::default() };
    let (handle, got) = start(Limits { decode: limits, ..Limits::default() }).await;
    let bomb = gzip(&vec![0; 1_000_000]);
    let large = vec![b' '; 20_000];
    type Headers = &'static [(&'static str, &'static str)];
    let cases: &[(&str, Headers, &[u8], u16, &str)] = &[
        ("/v1/traces", &[PROTOBUF], b"garbage", 400, "no ExportTraceServiceRequest"),
        ("/v1/traces", &[JSON], b"{\"resourceSpans\": 7}", 400, "no OTLP JSON"),
        ("/v1/traces", &[JSON], b"", 400, "no OTLP JSON"),
        ("/v1/traces", &[PROTOBUF, GZIP], b"garbage", 400, "this is no gzip"),
        ("/v1/traces", &[PROTOBUF, GZIP], &bomb, 413, "10000 bytes"),
        ("/v1/traces", &[PROTOBUF], &large, 413, "10000 bytes"),
        ("/v1/traces", &[JSON], &large[..6_000], 413, "5000 bytes"),
        ("/v1/traces", &[("content-type", "text/plain")], b"x", 415, "application/x-protobuf"),
        ("/v1/traces", &[], b"x", 415, "application/x-protobuf"),
        ("/v1/traces", &[PROTOBUF, ("content-encoding", "br")], b"x", 415, "gzip"),
        ("/v1/metrics", &[PROTOBUF], b"", 404, "OTEL_METRICS_EXPORTER=none"),
        ("/v1/logs", &[JSON], b"{}", 404, "\"code\":12"),
        ("/", &[], b"", 404, "/v1/traces"),
    ];
    for (path, headers, body, expected, words) in cases {
        let (status, head, answer) = post(&handle, path, headers, body).await;
        let answer = String::from_utf8_lossy(&answer);
        assert_eq!(status, *expected, "{path} {headers:?}: {head} {answer}");
        assert!(answer.contains(words), "{path} {headers:?}: {answer}");
    }
    let (status, head, _) = send(&handle, "GET", "/v1/traces", &[], b"").await;
    assert!(status == 405 && head.to_lowercase().contains("allow: post"), "{head}");
    assert!(got.0.lock().unwrap().is_empty());
    let received = handle.received();
    assert_eq!((received.refused_bad, received.refused_large, received.refused_other), (4, 3, 7));
}

#[tokio::test]
async fn grpc_codes() {
    let limits = DecodeLimits { message: 10_000, ..DecodeLimits::default() };
    let (handle, _) = start(Limits { decode: limits, ..Limits::default() }).await;
    let to = format!("http://{}", handle.grpc().unwrap());
    let mut traces = TraceServiceClient::connect(to.clone()).await.unwrap();
    let mut large = span(1);
    large.name = "x".repeat(20_000);
    let status = traces.export(request(vec![large.clone()])).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.message().contains("10000 bytes"), "{status:?}");
    let mut packed = traces.clone().send_compressed(CompressionEncoding::Gzip);
    let status = packed.export(request(vec![large])).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");

    let mut metrics = MetricsServiceClient::connect(to).await.unwrap();
    let status = metrics.export(ExportMetricsServiceRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains("Portico keeps traces only"), "{status:?}");
}

#[test]
fn grpc_frames() {
    let spans = |body: &[u8]| {
        let read = Read {
            method: Method::POST,
            uri: Uri::default(),
            version: Version::HTTP_2,
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body),
        };
        grpc::spans(&read, &DecodeLimits::default()).map(|batch| batch.spans.len())
    };
    assert_eq!(spans(&[0, 0, 0, 0, 0]).unwrap(), 0);
    for body in [&[][..], &[0, 0, 0, 0], &[0, 0, 0, 0, 1], &[0, 0, 0, 0, 0, 7], &[1, 0, 0, 0, 1, 0]]
    {
        assert_eq!(grpc::code(spans(body).unwrap_err().cause), 3, "{body:?}");
    }
    assert_eq!(grpc::code(spans(b"\0\0\0\0\x03abc").unwrap_err().cause), 3);
}

#[tokio::test]
async fn what_is_left_out_is_said() {
    let decode = DecodeLimits { spans: 2, span: 100, ..DecodeLimits::default() };
    let (handle, got) = start(Limits { decode, ..Limits::default() }).await;
    let mut large = span(9);
    large.name = "x".repeat(500);
    let mut nameless = span(8);
    nameless.trace_id.clear();
    let message = request(vec![large, nameless, span(1), span(2), span(3)]);
    let to = format!("http://{}", handle.grpc().unwrap());
    let mut client = TraceServiceClient::connect(to).await.unwrap();
    let partial =
        client.export(message.clone()).await.unwrap().into_inner().partial_success.unwrap();
    assert_eq!((partial.rejected_spans, &*partial.error_message), (3, "a span may have 100 bytes"));
    let body = serde_json::to_vec(&message).unwrap();
    let (_, _, answer) = post(&handle, "/v1/traces", &[JSON], &body).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.contains(r#""partialSuccess":{"rejectedSpans":"2""#)
            || answer.contains(r#""rejectedSpans":"3""#),
        "{answer}"
    );
    assert!(got.0.lock().unwrap().len() >= 4);
    assert!(handle.received().spans_rejected >= 5);
}

#[tokio::test]
async fn a_message_of_nothing_but_spans_takes_little_memory() {
    // Two bytes each; decoded at once they would take hundreds of MiB.
    let spans: Vec<u8> = [0x12, 0].repeat(2_000_000);
    let scope = ScopeSpans::default().encode_to_vec();
    assert!(scope.is_empty());
    let wrap = |tag: u8, inner: Vec<u8>| {
        let mut outer = vec![tag];
        prost::encode_length_delimiter(inner.len(), &mut outer).unwrap();
        outer.extend(inner);
        outer
    };
    let message = wrap(0x0a, wrap(0x12, spans));
    let batch = decode::protobuf(message.into(), &DecodeLimits::default()).unwrap();
    assert_eq!((batch.spans.len(), batch.rejected), (0, 2_000_000));
}

#[tokio::test]
async fn slow_senders_are_let_go_and_others_are_served() {
    let limits = Limits { patience: Duration::from_millis(200), requests: 1, ..Limits::default() };
    let (handle, got) = start(limits).await;
    let mut slow = TcpStream::connect(handle.http().unwrap()).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _reset = slow.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    let body = request(vec![span(1)]).encode_to_vec();
    assert_eq!(post(&handle, "/v1/traces", &[PROTOBUF], &body).await.0, 200);
    assert_eq!(got.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_taken_port_is_named_and_a_dropped_receiver_frees_its_own() {
    let (handle, got) = start(Limits::default()).await;
    let settings = Settings { grpc: handle.grpc(), http: None, ..Settings::default() };
    let sink: Arc<dyn Sink> = got;
    let error = Receiver::start(settings.clone(), Arc::clone(&sink)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {} for spans", handle.grpc().unwrap()));
    drop(handle);
    let again = async {
        while Receiver::start(settings.clone(), Arc::clone(&sink)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
}

mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_are_a_danger(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let limits = DecodeLimits::default();
            let _any = decode::protobuf(Bytes::from(bytes.clone()), &limits);
            let _any = decode::json(&bytes, &limits);
            let _any = decode::gunzip(&bytes, &limits);
        }

        /// A right message with one byte changed.
        #[test]
        fn no_damage_is_a_danger(at in 0_usize..40, byte in any::<u8>()) {
            let mut bytes = request(vec![span(1), span(2)]).encode_to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _any = decode::protobuf(bytes.into(), &DecodeLimits::default());
        }

        #[test]
        fn layers_decode_to_what_was_encoded(names in prop::collection::vec("[a-z]{0,9}", 0..9)) {
            let spans: Vec<OtlpSpan> =
                names.iter().map(|name| OtlpSpan { name: name.clone(), ..span(1) }).collect();
            let message = request(spans).encode_to_vec();
            let batch = decode::protobuf(message.into(), &DecodeLimits::default()).unwrap();
            let decoded: Vec<String> = batch.spans.iter().map(|span| span.name.to_string()).collect();
            prop_assert_eq!(decoded, names);
        }
    }
}
