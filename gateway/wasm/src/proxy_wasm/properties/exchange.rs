//! `request` and `response`.

use std::borrow::Cow;

use super::value::{Value, headers};
use crate::stream::{Fields, Stream};

/// Facts of the request. Those in its head are there as long as the guest may read the head, as in
/// Envoy; without it, the head has no bytes.
pub(super) fn request<'a>(
    stream: &'a Stream,
    head: Option<&'a Fields>,
    path: &[&[u8]],
) -> Option<Value<'a>> {
    let Some((name, rest)) = path.split_first() else { return Some(Value::Opaque) };
    if *name == b"headers" {
        return headers(head, rest);
    }
    if !rest.is_empty() {
        return None;
    }
    let target = || head.map(|head| head.first(b":path").map_or(&b""[..], |path| path.as_bytes()));
    match *name {
        b"path" => field(head?, b":path"),
        b"url_path" => Some(text(split_query(target()?).0)),
        b"query" => Some(text(split_query(target()?).1)),
        b"host" => field(head?, b":authority"),
        b"method" => field(head?, b":method"),
        b"scheme" => field(head?, b":scheme"),
        b"referer" => field(head?, b"referer"),
        b"useragent" => field(head?, b"user-agent"),
        b"id" => field(head?, b"x-request-id"),
        b"protocol" => Some(stream.facts.protocol.into()),
        b"time" => Some(Value::Time(stream.facts.time)),
        b"duration" => stream.facts.end.map(|end| Value::Duration(end.duration)),
        b"size" => match head.and_then(|head| head.first(b"content-length")) {
            Some(length) => length.to_str().ok()?.trim().parse().ok().map(Value::Int),
            None => Some(number(received(stream))),
        },
        b"headers_bytes" => Some(number(size(head))),
        b"total_size" => Some(number(received(stream) + size(head))),
        _ => None,
    }
}

/// Facts of the response.
pub(super) fn response<'a>(
    stream: &'a Stream,
    head: Option<&'a Fields>,
    path: &[&[u8]],
) -> Option<Value<'a>> {
    let Some((name, rest)) = path.split_first() else { return Some(Value::Opaque) };
    let trailers = &stream.response_trailers;
    match *name {
        b"headers" => return headers(head, rest),
        b"trailers" => return headers(Some(trailers), rest),
        _ if !rest.is_empty() => return None,
        _ => {}
    }
    let progress = &stream.facts.progress;
    match *name {
        b"code" => stream.status().map(Value::Int),
        b"code_details" => progress.details.as_deref().map(Value::from),
        b"flags" => Some(number(progress.flags)),
        b"grpc_status" => grpc_status(stream, head).map(Value::Int),
        b"size" => Some(number(sent(stream))),
        b"headers_bytes" => Some(number(size(head))),
        b"total_size" => Some(number(sent(stream) + size(head) + size(Some(trailers)))),
        b"backend_latency" => progress.backend_latency.map(Value::Duration),
        _ => None,
    }
}

/// Path and query; what stands behind `#` is of neither.
fn split_query(target: &[u8]) -> (&[u8], &[u8]) {
    let Some(at) = target.iter().position(|byte| *byte == b'?') else { return (target, b"") };
    let query = &target[at + 1..];
    let end = query.iter().position(|byte| *byte == b'#').unwrap_or(query.len());
    (&target[..at], &query[..end])
}

/// The status in the trailers, or the head, or what gRPC makes of the HTTP status. -1 is one that
/// gRPC does not know.
fn grpc_status(stream: &Stream, head: Option<&Fields>) -> Option<i64> {
    let given = stream.response_trailers.first(b"grpc-status");
    if let Some(value) = given.or_else(|| head?.first(b"grpc-status")) {
        let known = |status: &u64| *status <= 16;
        let status = value.to_str().ok().and_then(|text| text.parse().ok()).filter(known);
        return Some(status.map_or(-1, u64::cast_signed));
    }
    // https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
    Some(match stream.status()? {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    })
}

/// Bytes of the request's body so far.
fn received(stream: &Stream) -> u64 {
    let facts = &stream.facts;
    facts.end.map_or(facts.progress.request_body, |end| end.request_body)
}

/// Bytes of the response's body so far.
fn sent(stream: &Stream) -> u64 {
    let facts = &stream.facts;
    facts.end.map_or(facts.progress.response_body, |end| end.response_body)
}

fn size(head: Option<&Fields>) -> u64 {
    let bytes =
        |head: &Fields| head.iter().map(|f| (f.name.as_str().len() + f.value.len()) as u64).sum();
    head.map_or(0, bytes)
}

fn field<'a>(head: &'a Fields, name: &[u8]) -> Option<Value<'a>> {
    head.first(name).map(|value| text(value.as_bytes()))
}

fn text(bytes: &[u8]) -> Value<'_> {
    Value::Text(Cow::Borrowed(bytes))
}

fn number(number: u64) -> Value<'static> {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
