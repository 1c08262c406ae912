//! How messages are framed on their way out: by length where it is known, else in chunks.
//!
//! A filter may change a body whose length its head has announced. A head with a length therefore
//! waits until the first piece has passed the filters: if the body is complete by then, the length
//! is put right; if not, it is sent in chunks. Envoy leaves the length as it is, and truncates or
//! hangs.

use http::{HeaderValue, Method, Version, header};
use pingora::http::{RequestHeader, ResponseHeader};

use crate::chain::Way;

/// Frames a request. False if its head must wait.
pub(super) fn request(
    head: &mut RequestHeader,
    way: &Way,
    empty: bool,
    seen: bool,
) -> pingora::Result<bool> {
    let has_length = head.headers.contains_key(header::CONTENT_LENGTH);
    let undecided = way.out.is_empty() && !way.ended;
    if seen && has_length && !empty && undecided {
        return Ok(false);
    }
    head.remove_header(&header::TRANSFER_ENCODING);
    if way.changed && way.ended && has_length {
        head.insert_header(header::CONTENT_LENGTH, HeaderValue::from(way.out_bytes()))?;
    } else if way.changed || (!empty && !has_length) {
        head.remove_header(&header::CONTENT_LENGTH);
        head.insert_header(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))?;
    } else if empty && !has_length && !matches!(head.method, Method::GET | Method::HEAD) {
        // A method that anticipates a body says that there is none (RFC 9110, section 8.6).
        head.insert_header(header::CONTENT_LENGTH, HeaderValue::from_static("0"))?;
    }
    Ok(true)
}

/// A response that is its head alone says so, unless its status or the request does.
pub(super) fn alone(head: &mut ResponseHeader, method: &Method) -> pingora::Result<()> {
    let framed = head.headers.contains_key(header::CONTENT_LENGTH)
        || head.headers.contains_key(header::TRANSFER_ENCODING);
    if framed || matches!(head.status.as_u16(), 204 | 304) {
        return Ok(());
    }
    if *method == Method::HEAD {
        // What a GET would get here: a body of a length that nobody knows. As Envoy says it.
        head.insert_header(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))?;
    } else {
        head.insert_header(header::CONTENT_LENGTH, HeaderValue::from_static("0"))?;
    }
    Ok(())
}

/// Frames a response that has a body. False if its head must wait.
pub(super) fn response(head: &mut ResponseHeader, way: &Way, seen: bool) -> pingora::Result<bool> {
    let has_length = head.headers.contains_key(header::CONTENT_LENGTH);
    let undecided = way.out.is_empty() && !way.ended;
    if seen && has_length && undecided {
        return Ok(false);
    }
    if way.changed && way.ended && has_length {
        head.remove_header(&header::TRANSFER_ENCODING);
        head.insert_header(header::CONTENT_LENGTH, HeaderValue::from(way.out_bytes()))?;
    } else if way.changed {
        head.remove_header(&header::CONTENT_LENGTH);
    }
    if !head.headers.contains_key(header::CONTENT_LENGTH)
        && !head.headers.contains_key(header::TRANSFER_ENCODING)
    {
        // Otherwise the end of the connection would be the end of the body, which HTTP/1.0 has to
        // do with.
        head.set_version(Version::HTTP_11);
        head.insert_header(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))?;
    }
    Ok(true)
}
