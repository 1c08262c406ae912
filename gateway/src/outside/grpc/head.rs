//! Heads of gRPC calls: the guest's as it goes on the wire, the peer's as pairs.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version, header,
    uri::{Authority, PathAndQuery, Scheme},
};
use portico_wasm::{GrpcCall, joins};

/// Headers that HTTP/2 has no place for (RFC 9113, section 8.2.2), or that are ours to say.
const LEFT_OUT: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// The head of a call. Its authority is the name that the guest has for its upstream, as on Envoy,
/// or the service's where that one is none.
pub(super) fn request(call: &GrpcCall, service: &str) -> Option<Request<()>> {
    let authority = call.upstream.parse::<Authority>().or_else(|_| service.parse()).ok()?;
    let path = format!("/{}/{}", call.service, call.method);
    let printable = path.bytes().all(|byte| byte > b' ' && byte < 0x7f && byte != b'#');
    let path = path.parse::<PathAndQuery>().ok().filter(|_| printable)?;
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path);
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.build().ok()?;
    *request.version_mut() = Version::HTTP_2;
    fill(request.headers_mut(), call)?;
    Some(request)
}

fn fill(headers: &mut HeaderMap, call: &GrpcCall) -> Option<()> {
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    let millis = call.timeout.map(|timeout| timeout.as_millis());
    // Only a unary call has one, and zero is none, said as Envoy says it.
    if call.first.is_some() {
        let timeout = format!("{}m", millis.unwrap_or_default());
        headers.insert("grpc-timeout", HeaderValue::from_str(&timeout).ok()?);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let is_binary = |name: &Bytes| name.ends_with(b"-bin");
    for (name, value) in call.metadata.iter().filter(|(name, _)| !is_binary(name)) {
        append(headers, name, value)?;
    }
    for (name, value) in call.metadata.iter().filter(|(name, _)| is_binary(name)) {
        append(headers, name, STANDARD.encode(value).as_bytes())?;
    }
    headers.insert("x-envoy-internal", HeaderValue::from_static("true"));
    if let Some(millis) = millis.filter(|millis| *millis > 0) {
        let millis = HeaderValue::from_str(&millis.to_string()).ok()?;
        headers.insert("x-envoy-expected-rq-timeout-ms", millis);
    }
    Some(())
}

fn append(headers: &mut HeaderMap, name: &[u8], value: &[u8]) -> Option<()> {
    if name.first() == Some(&b':') {
        return Some(());
    }
    let name = HeaderName::from_bytes(name).ok()?;
    let value = HeaderValue::from_bytes(value).ok()?;
    // What is said in front is a gRPC client's to say, and once.
    let ours = name == header::TE || name == header::CONTENT_TYPE || name == "grpc-timeout";
    if !ours && !LEFT_OUT.contains(&name) {
        headers.append(name, value);
    }
    Some(())
}

/// The pairs of a head or of trailers, with how long the peer took for its head if it had all of
/// the request.
pub(super) fn pairs(
    status: Option<StatusCode>,
    headers: &HeaderMap,
    took: Option<Duration>,
) -> Vec<(Bytes, Bytes)> {
    let mut pairs = Vec::with_capacity(headers.len() + 2);
    let mut push = |name: &str, value: &[u8]| {
        let pair = (Bytes::copy_from_slice(name.as_bytes()), Bytes::copy_from_slice(value));
        pairs.push(pair);
    };
    if let Some(status) = status {
        push(":status", status.as_str().as_bytes());
    }
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        if joins(name.as_str()) {
            push(name.as_str(), &values.collect::<Vec<_>>().join(&b","[..]));
        } else {
            values.for_each(|value| push(name.as_str(), value));
        }
    }
    if let Some(took) = took {
        push("x-envoy-upstream-service-time", took.as_millis().to_string().as_bytes());
    }
    pairs
}
