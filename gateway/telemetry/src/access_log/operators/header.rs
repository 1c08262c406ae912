//! `%REQ(X?Y)%`, `%RESP(X?Y)%` and what else is read from heads.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::GrpcStyle;
use crate::{
    access_log::value::Value,
    record::Record,
    redact::{REDACTED, Redactor},
};

/// A header, and the one that is taken if it is missing.
#[derive(Clone, Debug)]
pub(in crate::access_log) struct Header {
    main: Source,
    other: Option<Source>,
    without_query: bool,
}

/// Where a value comes from. What may be seen of it is decided when the format is compiled.
#[derive(Clone, Debug)]
enum Source {
    Authority,
    Hidden(HeaderName),
    Method,
    Named {
        name: HeaderName,
        is_address: bool,
    },
    Path,
    RequestId,
    Scheme,
    Status,
    /// `x-envoy-upstream-service-time`, which is measured if nobody sent it.
    UpstreamTime(HeaderName),
}

impl Header {
    /// As `%REQ_WITHOUT_QUERY(…)%` does.
    pub(super) fn without_query(self) -> Self {
        Self { without_query: true, ..self }
    }

    pub(super) fn of_request<'a>(&self, record: &'a Record, redactor: &Redactor) -> Value<'a> {
        self.read(record, &record.request.headers, redactor)
    }

    pub(super) fn of_response<'a>(&self, record: &'a Record, redactor: &Redactor) -> Value<'a> {
        self.read(record, &record.response.headers, redactor)
    }

    fn read<'a>(
        &self,
        record: &'a Record,
        headers: &'a HeaderMap,
        redactor: &Redactor,
    ) -> Value<'a> {
        let main = self.main.read(record, headers, redactor);
        let value = match &self.other {
            Some(other) if main.is_missing() => other.read(record, headers, redactor),
            _ => main,
        };
        match value {
            Value::Text(text) if self.without_query => {
                let end = text.iter().position(|byte| *byte == b'?').unwrap_or(text.len());
                Value::Text(text[..end].to_vec().into())
            }
            value => value,
        }
    }
}

impl Source {
    fn read<'a>(
        &self,
        record: &'a Record,
        headers: &'a HeaderMap,
        redactor: &Redactor,
    ) -> Value<'a> {
        match self {
            Self::Authority => Value::from(&*record.request.authority),
            Self::Hidden(name) if headers.contains_key(name) => Value::Word(REDACTED),
            Self::Hidden(_) => Value::Missing,
            Self::Method => Value::from(record.request.method.as_str()),
            Self::Named { name, is_address } => match headers.get(name) {
                Some(value) => Value::Text(redactor.value(value.as_bytes(), *is_address)),
                None => Value::Missing,
            },
            Self::Path => Value::from(redactor.address(&record.request.target)),
            Self::RequestId => Value::from(&*record.request_id),
            Self::Scheme => Value::Word(record.request.scheme),
            Self::Status => Value::Count(record.response.status.into()),
            Self::UpstreamTime(name) => match headers.get(name) {
                Some(value) => Value::Text(redactor.value(value.as_bytes(), false)),
                None => upstream_time(record),
            },
        }
    }
}

/// `X`, or `X?Y`.
pub(super) fn parse(parameter: Option<&str>, redactor: &Redactor) -> Result<Header, String> {
    let parameter = parameter.unwrap_or_default();
    let (main, other) = match parameter.split_once('?') {
        Some((main, other)) => (main, Some(other)),
        None => (parameter, None),
    };
    if main.is_empty() {
        return Err("it needs a header's name in brackets".into());
    }
    let other = other.map(|other| source(other, redactor)).transpose()?;
    Ok(Header { main: source(main, redactor)?, other, without_query: false })
}

fn source(name: &str, redactor: &Redactor) -> Result<Source, String> {
    match &*name.to_ascii_lowercase() {
        ":authority" | "host" => return Ok(Source::Authority),
        ":method" => return Ok(Source::Method),
        ":path" => return Ok(Source::Path),
        ":scheme" => return Ok(Source::Scheme),
        ":status" => return Ok(Source::Status),
        "x-request-id" => return Ok(Source::RequestId),
        _ => {}
    }
    let name = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header name"))?;
    Ok(if redactor.hides_header(&name) {
        Source::Hidden(name)
    } else if name == "x-envoy-upstream-service-time" {
        Source::UpstreamTime(name)
    } else {
        let is_address = redactor.header_holds_address(&name);
        Source::Named { name, is_address }
    })
}

/// How long the service took for the head of its answer, in milliseconds.
fn upstream_time(record: &Record) -> Value<'_> {
    let waited = record.attempts.last().and_then(|attempt| {
        let from = attempt.connected.unwrap_or(attempt.began);
        Some(attempt.first_byte?.saturating_sub(from))
    });
    waited.map_or(Value::Missing, |waited| Value::Count(waited.as_millis() as u64))
}

/// From the head of the response to a gRPC call. Trailers are not kept, so the status of a call that
/// sent messages is missing.
pub(super) fn grpc_status(record: &Record, style: GrpcStyle) -> Value<'_> {
    const NAMES: [(&str, &str); 17] = [
        ("OK", "OK"),
        ("Canceled", "CANCELLED"),
        ("Unknown", "UNKNOWN"),
        ("InvalidArgument", "INVALID_ARGUMENT"),
        ("DeadlineExceeded", "DEADLINE_EXCEEDED"),
        ("NotFound", "NOT_FOUND"),
        ("AlreadyExists", "ALREADY_EXISTS"),
        ("PermissionDenied", "PERMISSION_DENIED"),
        ("ResourceExhausted", "RESOURCE_EXHAUSTED"),
        ("FailedPrecondition", "FAILED_PRECONDITION"),
        ("Aborted", "ABORTED"),
        ("OutOfRange", "OUT_OF_RANGE"),
        ("Unimplemented", "UNIMPLEMENTED"),
        ("Internal", "INTERNAL"),
        ("Unavailable", "UNAVAILABLE"),
        ("DataLoss", "DATA_LOSS"),
        ("Unauthenticated", "UNAUTHENTICATED"),
    ];
    let kind = record.request.headers.get(http::header::CONTENT_TYPE);
    let is_grpc = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    let status = record.response.headers.get("grpc-status").filter(|_| is_grpc).and_then(number);
    let Some(status) = status else { return Value::Missing };
    match (style, NAMES.get(status as usize)) {
        (GrpcStyle::Number, _) | (_, None) => Value::Count(status),
        (GrpcStyle::Camel, Some((camel, _))) => Value::Word(camel),
        (GrpcStyle::Snake, Some((_, snake))) => Value::Word(snake),
    }
}

fn number(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}
