//! What every forwarded request and response carries, beside what filters did: the headers of a
//! proxy. Idempotent, because a retry runs it again.

use http::{HeaderName, HeaderValue, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use portico_telemetry::context::Carrier;
use tokio::time::Instant;

use crate::{exchange::Exchange, heads};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const GENERATION: HeaderName = HeaderName::from_static("x-portico-generation");
pub(crate) const SERVER: HeaderValue = HeaderValue::from_static("portico");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const SERVICE_TIME: HeaderName = HeaderName::from_static("x-envoy-upstream-service-time");
/// Set by clients and filters, read by the router: how long the exchange may take, in
/// milliseconds.
pub(crate) const TIMEOUT: HeaderName = HeaderName::from_static("x-envoy-upstream-rq-timeout-ms");
/// Told to the service: how long its caller will wait, in milliseconds.
const EXPECTED_TIMEOUT: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");

/// A request id from a client is kept if it is no longer than this; it ends up in logs.
const REQUEST_ID_MAX: usize = 128;

/// First of all: how the client came, and the id under which everything that happens to the
/// request can be found. Filters see both, in Envoy's order.
pub(crate) fn identify(exchange: &mut Exchange, head: &mut RequestHeader) -> pingora::Result<()> {
    head.insert_header(FORWARDED_PROTO, HeaderValue::from_static("http"))?;
    let known = head.headers.get(REQUEST_ID).filter(|id| is_request_id(id)).cloned();
    exchange.request_id = match known {
        Some(id) => id,
        None => {
            let id = new_request_id();
            head.insert_header(REQUEST_ID, id.clone())?;
            id
        }
    };
    Ok(())
}

/// On the way to the service.
pub(crate) fn request(exchange: &Exchange, head: &mut RequestHeader) -> pingora::Result<()> {
    let client = exchange.connection.client.clone();
    // One list on one line: some services read only the first of several.
    let forwarded = match head.headers.get(FORWARDED_FOR) {
        None => client,
        Some(_) => {
            let mut list = Vec::with_capacity(64);
            for value in head.headers.get_all(FORWARDED_FOR) {
                list.extend_from_slice(value.as_bytes());
                list.extend_from_slice(b", ");
            }
            list.extend_from_slice(client.as_bytes());
            HeaderValue::from_bytes(&list).unwrap_or(client)
        }
    };
    head.insert_header(FORWARDED_FOR, forwarded)?;
    head.remove_header(&TIMEOUT);
    let plan = exchange.snapshot.telemetry.as_ref();
    if let Some(propagation) = plan.and_then(|plan| plan.propagation.as_ref())
        && let Some((incoming, outgoing)) = exchange.notes.outgoing()
    {
        propagation.inject(&mut InHead(head), incoming, &outgoing);
    }
    if exchange.invited {
        // The client has been told to go on; the service is not asked again.
        head.remove_header(&header::EXPECT);
    }
    if let Some(deadline) = &exchange.deadline {
        let left = deadline.remaining(Instant::now()).unwrap_or_default();
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        head.insert_header(EXPECTED_TIMEOUT, HeaderValue::from(left))?;
    }
    Ok(())
}

/// A head that a trace's context is written into.
struct InHead<'a>(&'a mut RequestHeader);

impl Carrier for InHead<'_> {
    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        if let Err(error) = self.0.insert_header(name, value) {
            tracing::debug!(%error, "the trace's context does not fit into the head");
        }
    }

    fn remove(&mut self, name: &HeaderName) {
        self.0.remove_header(name);
    }
}

/// On the way back, before filters see it: how long the service took.
pub(crate) fn service_time(exchange: &Exchange, head: &mut ResponseHeader) -> pingora::Result<()> {
    // A service that answers before it has the whole request has not been timed.
    if let Some(sent) = exchange.attempts.sent {
        let took = u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX);
        head.insert_header(SERVICE_TIME, HeaderValue::from(took))?;
    }
    Ok(())
}

/// On the way back, after filters: every answer, whoever made it.
pub(crate) fn response(exchange: &Exchange, head: &mut ResponseHeader) -> pingora::Result<()> {
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        close_is_not_passed_on(head)?;
    }
    // The phrase says nothing that the number does not; a service's own is not passed on. Those that
    // Envoy does not know are its word for them.
    let known =
        head.status.canonical_reason().is_some() && !matches!(head.status.as_u16(), 418 | 451);
    head.set_reason_phrase(if known { None } else { Some("Unknown") })?;
    head.insert_header(header::SERVER, SERVER)?;
    if !exchange.request_id.is_empty() {
        head.insert_header(REQUEST_ID, exchange.request_id.clone())?;
    }
    if exchange.show_generation {
        head.insert_header(GENERATION, exchange.snapshot.generation_header.clone())?;
    }
    Ok(())
}

/// A service may close its connection to us; the client's is another one.
fn close_is_not_passed_on(head: &mut ResponseHeader) -> pingora::Result<()> {
    if head.headers.contains_key(header::CONNECTION) {
        heads::retain_response(head, |name, _| *name != header::CONNECTION)?;
    }
    Ok(())
}

fn is_request_id(id: &HeaderValue) -> bool {
    (1..=REQUEST_ID_MAX).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// A version 4 UUID (RFC 9562). It need not be secret, only unlikely to be given twice.
pub(crate) fn new_request_id() -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let random = fastrand::u128(..);
    let random = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let mut text = [b'-'; 36];
    let mut digit = 0;
    for (at, byte) in text.iter_mut().enumerate() {
        if !matches!(at, 8 | 13 | 18 | 23) {
            *byte = HEX[(random >> (124 - digit * 4)) as usize & 0xf];
            digit += 1;
        }
    }
    // Made of hex digits and dashes.
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_version_4_and_differ() {
        let (one, two) = (new_request_id(), new_request_id());
        assert_ne!(one, two);
        let text = one.to_str().unwrap();
        let parts = text.split('-').map(str::len).collect::<Vec<_>>();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&text[14..15], "4");
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
        assert!(is_request_id(&one));
    }
}
