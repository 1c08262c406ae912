//! Requests that are refused before anything looks at them: what pingora lets pass and a gateway
//! at the edge should not.

use http::{Version, header};
use pingora::proxy::Session;

use crate::{chain::head_bytes, failure::ClientFault, heads};

/// Bytes of names and values in a head. Envoy's default, and more than any browser sends.
pub(crate) const HEAD_BYTES: usize = 60 << 10;

/// Refuses shapes that a service might read in another way than we do, and heads that are too
/// large.
///
/// # Errors
/// The reason, for a 400 or 431.
pub(crate) fn check(session: &Session) -> Result<(), ClientFault> {
    let head = session.req_header();
    let bytes = head.raw_path().len() + usize::try_from(head_bytes(&head.headers)).unwrap_or(0);
    if bytes > HEAD_BYTES {
        return Err(ClientFault::HeadTooLarge { bytes, limit: HEAD_BYTES });
    }
    let hosts = head.headers.get_all(header::HOST).iter().count();
    if hosts > 1 {
        return Err(ClientFault::Malformed { why: "the request names its host more than once" });
    }
    if hosts == 0 && head.version == Version::HTTP_11 {
        return Err(ClientFault::Malformed { why: "an HTTP/1.1 request must name its host" });
    }
    if heads::host(head).bytes().any(|byte| byte.is_ascii_whitespace() || byte == b'/') {
        return Err(ClientFault::Malformed { why: "the request's host is not a host" });
    }
    if head.headers.contains_key(header::TRANSFER_ENCODING) {
        return check_chunked(session);
    }
    Ok(())
}

/// pingora follows RFC 9112, section 6.3, and lets `transfer-encoding` win over `content-length`.
/// A request with both is an attack or a mistake; section 6.1 allows to refuse it.
fn check_chunked(session: &Session) -> Result<(), ClientFault> {
    let head = session.req_header();
    let encodings = head.headers.get_all(header::TRANSFER_ENCODING);
    let plain = encodings.iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !plain || encodings.iter().count() > 1 {
        return Err(ClientFault::Malformed { why: "no transfer-encoding but `chunked` is known" });
    }
    let raw = session.as_downstream().to_h1_raw();
    let both = raw.split(|byte| *byte == b'\n').any(|line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"content-length")
    });
    if both {
        return Err(ClientFault::Malformed {
            why: "the request has both `content-length` and `transfer-encoding`",
        });
    }
    Ok(())
}
