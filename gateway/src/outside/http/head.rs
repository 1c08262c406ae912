//! The head of a call as it goes on the wire.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use pingora::http::RequestHeader;
use portico_wasm::joins;

/// Says that the request comes from the proxy itself.
const INTERNAL: HeaderName = HeaderName::from_static("x-envoy-internal");
/// How long the caller waits, for a peer that plans by it.
const EXPECTED: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");

/// With these a guest tells Envoy's router how to send its call; none goes on the wire. Timeouts
/// are obeyed. Retries are not made: a guest sees the first answer.
const TIMEOUT: &str = "x-envoy-upstream-rq-timeout-ms";
const TRY_TIMEOUT: &str = "x-envoy-upstream-rq-per-try-timeout-ms";
const DIRECTIONS: [&str; 10] = [
    TIMEOUT,
    TRY_TIMEOUT,
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-max-retries",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-timeout-alt-response",
];

/// A request's head, ready to be sent as often as needed.
pub(super) struct Head {
    pub(super) header: RequestHeader,
    /// Sending it twice does what sending it once does (RFC 9110, section 9.2.2).
    pub(super) repeatable: bool,
}

impl Head {
    /// From the pairs of a guest, with the time it is willing to wait; zero is for ever. `None` if
    /// no head can be written that every server would read alike.
    pub(super) fn new(
        pairs: Vec<(Bytes, Bytes)>,
        body: usize,
        timeout: Duration,
    ) -> Option<(Self, Duration)> {
        let pseudo = |wanted: &[u8]| {
            let pair = pairs.iter().find(|(name, _)| **name == *wanted);
            pair.map(|(_, value)| value.clone())
        };
        let method = Method::from_bytes(&pseudo(b":method")?).ok()?;
        let path = pseudo(b":path").filter(|path| is_target(path, &method))?;
        // It keeps names as they are given: in lower case, as Envoy sends them.
        let mut header = RequestHeader::build(method, &path, Some(pairs.len() + 4)).ok()?;
        let host = HeaderValue::from_maybe_shared(pseudo(b":authority")?).ok()?;
        insert(&mut header, &header::HOST, host)?;
        let timeout = shorter(timeout, &pairs);
        for (name, value) in pairs {
            if let Some(name) = carried(&name) {
                append(&mut header, &name, &value)?;
            }
        }
        frame(&mut header, body)?;
        add(&mut header, timeout)?;
        if body == 0 && wants_length(&header.method) {
            insert(&mut header, &header::CONTENT_LENGTH, HeaderValue::from_static("0"))?;
        }
        let repeatable = header.method.is_idempotent();
        Some((Self { header, repeatable }, timeout))
    }
}

/// The name of a header that goes on the wire.
fn carried(name: &[u8]) -> Option<HeaderName> {
    let directs = DIRECTIONS.iter().any(|direction| direction.as_bytes() == name);
    if name.first() == Some(&b':') || directs {
        return None;
    }
    // The host is `:authority`, and how the body is framed is not the guest's to say.
    let name = HeaderName::from_bytes(name).ok()?;
    (name != header::HOST && name != header::TRANSFER_ENCODING).then_some(name)
}

/// The length of the body, where the guest named one, or behind its headers.
fn frame(header: &mut RequestHeader, body: usize) -> Option<()> {
    if body == 0 {
        header.remove_header(&header::CONTENT_LENGTH);
        return Some(());
    }
    insert(header, &header::CONTENT_LENGTH, HeaderValue::from(body))
}

/// What Envoy's router adds.
fn add(header: &mut RequestHeader, timeout: Duration) -> Option<()> {
    insert(header, &INTERNAL, HeaderValue::from_static("true"))?;
    if timeout.is_zero() {
        return Some(());
    }
    let millis = u64::try_from(timeout.as_millis()).ok()?;
    insert(header, &EXPECTED, HeaderValue::from(millis))
}

/// One more value, joined to the first where Envoy has one slot.
fn append(header: &mut RequestHeader, name: &HeaderName, value: &[u8]) -> Option<()> {
    let first = header.headers.get(name).filter(|_| joins(name.as_str()));
    let joined = match first.map(HeaderValue::as_bytes) {
        None => {
            let value = HeaderValue::from_bytes(value).ok()?;
            header.append_header(name.as_str().to_owned(), value).ok()?;
            return Some(());
        }
        Some(first) if first.is_empty() || value.is_empty() => [first, value].concat(),
        Some(first) => [first, b",", value].concat(),
    };
    insert(header, name, HeaderValue::from_maybe_shared(Bytes::from(joined)).ok()?)
}

fn insert(header: &mut RequestHeader, name: &HeaderName, value: HeaderValue) -> Option<()> {
    header.insert_header(name.as_str().to_owned(), value).ok()
}

/// The least of the timeouts that the guest named, in the call and in its headers.
fn shorter(timeout: Duration, pairs: &[(Bytes, Bytes)]) -> Duration {
    let named = pairs.iter().filter(|(name, _)| name == TIMEOUT || name == TRY_TIMEOUT);
    let named = named.filter_map(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok());
    let named = named.filter(|millis| *millis > 0).map(Duration::from_millis);
    let all = named.chain((!timeout.is_zero()).then_some(timeout));
    all.min().unwrap_or_default()
}

/// Whether a request line can end behind this target.
fn is_target(target: &[u8], method: &Method) -> bool {
    let begins = target.first() == Some(&b'/') || (target == b"*" && method == Method::OPTIONS);
    begins && target.iter().all(|byte| *byte > b' ' && *byte != 0x7f && *byte != b'#')
}

/// Whether a request without a body says so.
fn wants_length(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::DELETE | Method::TRACE | Method::CONNECT
    )
}
