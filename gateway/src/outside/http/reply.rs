//! What a guest gets for an answer: the peer's head as pairs, or one that says what went wrong.

use std::time::Duration;

use bytes::Bytes;
use portico_wasm::{HttpCallResponse, joins};

/// Lines of a head; Envoy's default.
const LINES: usize = 100;

/// Bytes of a head; Envoy's default.
const HEAD_BYTES: usize = 60 << 10;

/// How long the peer took, in milliseconds.
const TOOK: &[u8] = b"x-envoy-upstream-service-time";

/// Why there is no answer, or none that could be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// The connection ended.
    Closed,
    /// No endpoint accepted in time.
    ConnectLate,
    /// No answer in time.
    Late,
    /// The gateway itself has no socket to give.
    Local,
    /// The service has no address at the moment.
    NoEndpoint,
    /// The answer is no HTTP that could be read in one way only.
    Protocol,
    /// No endpoint accepted.
    Refused,
    /// The head or the body of the answer is larger than a guest gets.
    TooLarge,
}

/// The answer that stands for the missing one; `None` where Envoy gives none either.
pub(super) fn answer(trouble: &Trouble) -> Option<HttpCallResponse> {
    let reset = |reason: &str| {
        format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}")
    };
    let (status, body) = match trouble {
        Trouble::Closed => ("503", reset("connection termination")),
        Trouble::ConnectLate => ("503", reset("connection timeout")),
        Trouble::Late => ("504", "upstream request timeout".to_owned()),
        Trouble::Local => ("503", reset("local connection failure")),
        Trouble::NoEndpoint => ("503", "no healthy upstream".to_owned()),
        Trouble::Protocol => ("502", reset("protocol error")),
        Trouble::Refused => ("503", reset("remote connection failure")),
        Trouble::TooLarge => return None,
    };
    let pair = |name: &'static str, value: Bytes| (Bytes::from_static(name.as_bytes()), value);
    let headers = vec![
        pair(":status", Bytes::from_static(status.as_bytes())),
        pair("content-length", body.len().to_string().into()),
        pair("content-type", Bytes::from_static(b"text/plain")),
    ];
    Some(HttpCallResponse { headers, body: body.into(), trailers: Vec::new() })
}

/// The pairs of a head, in its order, which a map of headers would lose.
///
/// # Errors
/// If the message could be read in two ways (RFC 9112, section 6.3), or is too large.
pub(super) fn headers(raw: &[u8], took: Duration) -> Result<Vec<(Bytes, Bytes)>, Trouble> {
    if raw.len() > HEAD_BYTES {
        return Err(Trouble::TooLarge);
    }
    let mut lines = [httparse::EMPTY_HEADER; LINES];
    let mut head = httparse::Response::new(&mut lines);
    let Ok(httparse::Status::Complete(_)) = head.parse(raw) else { return Err(Trouble::Protocol) };
    let status = head.code.ok_or(Trouble::Protocol)?;
    let mut pairs = Vec::with_capacity(head.headers.len() + 2);
    pairs.push((Bytes::from_static(b":status"), Bytes::from(status.to_string())));
    let took = Bytes::from(took.as_millis().to_string());
    let mut framings = 0;
    for line in head.headers.iter() {
        let name = line.name.to_ascii_lowercase();
        match name.as_str() {
            "keep-alive" => continue,
            "content-length" => framings += 1,
            "transfer-encoding" if line.value.eq_ignore_ascii_case(b"chunked") => framings += 1,
            "transfer-encoding" => return Err(Trouble::Protocol),
            _ => {}
        }
        let ours = name.as_bytes() == TOOK;
        let value = if ours { took.clone() } else { Bytes::copy_from_slice(line.value) };
        push(&mut pairs, name, value);
    }
    if framings > 1 {
        return Err(Trouble::Protocol);
    }
    if !pairs.iter().any(|(name, _)| **name == *TOOK) {
        pairs.push((Bytes::from_static(TOOK), took));
    }
    Ok(pairs)
}

/// One more line, joined to the first of its name where Envoy has one slot.
fn push(pairs: &mut Vec<(Bytes, Bytes)>, name: String, value: Bytes) {
    let first = pairs.iter_mut().find(|(known, _)| **known == *name.as_bytes());
    match first.filter(|_| joins(&name)) {
        Some((_, first)) if first.is_empty() => *first = value,
        Some(_) if value.is_empty() => {}
        Some((_, first)) => *first = [first, &b","[..], &value].concat().into(),
        None => pairs.push((name.into(), value)),
    }
}
