//! OTLP over HTTP, in protobuf and JSON.

use http::{HeaderValue, Method, Response, StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::json;

use super::{
    Read,
    answer::{Answer, Cause, Refusal},
    decode::{self, Batch, Limits},
    grpc,
};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

/// `google.rpc.Status`, which an error's body holds.
#[derive(Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Looks at the head.
pub(super) fn admit(read: &Read) -> Result<(), Refusal> {
    let json = kind(read) == Some(JSON);
    let refuse = |refusal: Refusal| Err(Refusal { json, ..refusal });
    match read.uri.path() {
        "/v1/traces" => {}
        "/v1/metrics" => return refuse(Refusal::signal("metrics")),
        "/v1/logs" => return refuse(Refusal::signal("logs")),
        path => {
            let words = format!("there is no {path} here; spans go to /v1/traces");
            return refuse(Refusal::new(Cause::NotOffered, words));
        }
    }
    if read.method != Method::POST {
        return refuse(Refusal::new(Cause::Method, "spans are sent by POST"));
    }
    if !matches!(kind(read), Some(JSON | PROTOBUF)) {
        let words = "the content type must be application/x-protobuf or application/json";
        return refuse(Refusal::new(Cause::Encoding, words));
    }
    match read.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"gzip" | b"identity") => Ok(()),
        Some(_) => {
            refuse(Refusal::new(Cause::Encoding, "content encoding other than gzip is not known"))
        }
    }
}

/// Reads the body.
pub(super) fn spans(read: &Read, limits: &Limits) -> Result<Batch, Refusal> {
    let json = kind(read) == Some(JSON);
    let decoded = || {
        let is_packed =
            read.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
        let body = if is_packed {
            decode::gunzip(&read.body, limits)?
        } else if read.body.len() > limits.message {
            return Err(Refusal::too_large(limits.message));
        } else {
            read.body.clone()
        };
        if json { decode::json(&body, limits) } else { decode::protobuf(body, limits) }
    };
    decoded().map_err(|refusal| Refusal { json, ..refusal })
}

pub(super) fn accepted(batch: &Batch) -> Response<Answer> {
    let message = ExportTraceServiceResponse { partial_success: grpc::partial(batch) };
    if batch.json {
        let text = match &message.partial_success {
            // As the specification has it: 64 bit numbers are text.
            Some(partial) => json!({ "partialSuccess": {
                "rejectedSpans": partial.rejected_spans.to_string(),
                "errorMessage": partial.error_message,
            }}),
            None => json!({}),
        };
        answer(StatusCode::OK, JSON, text.to_string().into_bytes())
    } else {
        answer(StatusCode::OK, PROTOBUF, message.encode_to_vec())
    }
}

pub(super) fn refused(refusal: &Refusal) -> Response<Answer> {
    let status = match refusal.cause {
        Cause::Bad => StatusCode::BAD_REQUEST,
        Cause::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Cause::Method => StatusCode::METHOD_NOT_ALLOWED,
        Cause::NotOffered => StatusCode::NOT_FOUND,
        Cause::Slow => StatusCode::REQUEST_TIMEOUT,
        Cause::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
    };
    let (code, message) = (i32::from(grpc::code(refusal.cause)), refusal.words.to_string());
    let mut response = match (refusal.cause, refusal.json) {
        // Whoever asks so is a person or has an encoding of its own; text is for both.
        (Cause::Encoding | Cause::Method | Cause::NotOffered, false) => {
            answer(status, "text/plain; charset=utf-8", format!("{message}\n").into_bytes())
        }
        (_, true) => {
            let text = json!({ "code": code, "message": message }).to_string();
            answer(status, JSON, text.into_bytes())
        }
        (_, false) => answer(status, PROTOBUF, Status { code, message }.encode_to_vec()),
    };
    if refusal.cause == Cause::Method {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// The content type without its parameters.
fn kind(read: &Read) -> Option<&str> {
    let kind = read.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    kind.split(';').next().map(str::trim)
}

fn answer(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Answer> {
    let mut response = Response::new(Answer { data: Some(body.into()), trailers: None });
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
