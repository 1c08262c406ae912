//! [gRPC] as far as one unary call needs it.
//!
//! A generated server would decode a message before anybody can look at it, and answers what is
//! too large with `OUT_OF_RANGE`, which OTLP's senders take for a reason to try again.
//!
//! [gRPC]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Response, Version, header};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

use super::{
    Read,
    answer::{Answer, Cause, Refusal},
    decode::{self, Batch, Limits},
};

/// A flag and the length of the message.
pub(super) const PREFIX: usize = 5;
const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.";
const LOGS: &str = "/opentelemetry.proto.collector.logs.";

/// Whether a request is meant to be gRPC.
pub(super) fn is(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"application/grpc")
}

/// Looks at the head.
pub(super) fn admit(read: &Read) -> Result<(), Refusal> {
    if read.version != Version::HTTP_2 || read.method != Method::POST {
        return Err(Refusal::bad("gRPC needs HTTP/2 and POST"));
    }
    match read.uri.path() {
        TRACES => {}
        path if path.starts_with(METRICS) => return Err(Refusal::signal("metrics")),
        path if path.starts_with(LOGS) => return Err(Refusal::signal("logs")),
        path => return Err(Refusal::new(Cause::NotOffered, format!("there is no {path}"))),
    }
    match read.headers.get("grpc-encoding").map(HeaderValue::as_bytes) {
        None | Some(b"gzip" | b"identity") => Ok(()),
        Some(_) => Err(Refusal::new(Cause::Encoding, "compression other than gzip is not known")),
    }
}

/// Reads the message.
pub(super) fn spans(read: &Read, limits: &Limits) -> Result<Batch, Refusal> {
    let cut = || Refusal::bad("the message is shorter than it says");
    let mut body = read.body.clone();
    if body.len() < PREFIX {
        return Err(cut());
    }
    let prefix = body.split_to(PREFIX);
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    match (prefix[0], body.len()) {
        (_, there) if there < length => Err(cut()),
        (_, there) if there > length => Err(Refusal::bad("one message is expected, not more")),
        (0, _) => decode::protobuf(body, limits),
        (1, _) if read.headers.get("grpc-encoding").is_some_and(|kind| kind == "gzip") => {
            decode::protobuf(decode::gunzip(&body, limits)?, limits)
        }
        _ => Err(Refusal::bad("a compressed message without `grpc-encoding: gzip`")),
    }
}

pub(super) fn accepted(batch: &Batch) -> Response<Answer> {
    let message = ExportTraceServiceResponse { partial_success: partial(batch) };
    let mut data = BytesMut::new();
    data.put_u8(0);
    data.put_u32(u32::try_from(message.encoded_len()).unwrap_or(u32::MAX));
    data.put_slice(&message.encode_to_vec());
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    answer(Answer { data: Some(data.freeze()), trailers: Some(trailers) })
}

/// What the answer says about spans that were not taken, in either protocol.
pub(super) fn partial(batch: &Batch) -> Option<ExportTracePartialSuccess> {
    let error_message = batch.why.clone()?;
    let rejected_spans = i64::try_from(batch.rejected).unwrap_or(i64::MAX);
    Some(ExportTracePartialSuccess { rejected_spans, error_message })
}

pub(super) fn refused(refusal: &Refusal) -> Response<Answer> {
    let mut response = answer(Answer::default());
    let code = HeaderValue::from(code(refusal.cause));
    response.headers_mut().insert("grpc-status", code);
    response.headers_mut().insert("grpc-message", percent_encoded(&refusal.words));
    if refusal.cause == Cause::Encoding {
        let known = HeaderValue::from_static("gzip");
        response.headers_mut().insert("grpc-accept-encoding", known);
    }
    response
}

/// gRPC's status codes. Of these OTLP's senders try only `DEADLINE_EXCEEDED` again.
pub(super) fn code(cause: Cause) -> u16 {
    match cause {
        Cause::Bad => 3,
        Cause::Slow => 4,
        Cause::TooLarge => 8,
        Cause::Encoding | Cause::Method | Cause::NotOffered => 12,
    }
}

fn answer(body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn percent_encoded(words: &str) -> HeaderValue {
    let mut encoded = Vec::with_capacity(words.len());
    for byte in words.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(byte),
            _ => encoded.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    HeaderValue::from_maybe_shared(Bytes::from(encoded))
        .unwrap_or_else(|_| HeaderValue::from_static("refused"))
}
