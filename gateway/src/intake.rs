//! What happens to a request before anything looks at it: what pingora lets pass and a gateway at
//! the edge should not is refused, and what belongs to the client's connection is taken out.

use http::{HeaderName, HeaderValue, Version, header};
use pingora::{
    http::{RequestHeader, ResponseHeader},
    protocols::http::ServerSession,
};

use crate::{chain::head_bytes, failure::ClientFault, heads};

/// Bytes of names and values in a head. Envoy's default, and more than any browser sends.
pub(crate) const HEAD_BYTES: usize = 60 << 10;

/// Refuses shapes that a service might read in another way than we do, and heads that are too
/// large.
///
/// # Errors
/// The reason, for a 400 or 431.
pub(crate) fn check(session: &ServerSession) -> Result<(), ClientFault> {
    let head = session.req_header();
    let bytes = head.raw_path().len() + usize::try_from(head_bytes(&head.headers)).unwrap_or(0);
    if bytes > HEAD_BYTES {
        return Err(ClientFault::HeadTooLarge { bytes, limit: HEAD_BYTES });
    }
    if !head.raw_path_is_utf8() {
        return Err(ClientFault::Malformed { why: "the request's target is not text" });
    }
    // A fragment is for the client alone (RFC 9110, section 7.1). Some services cut it off, some
    // take it for a part of the path.
    if head.raw_path().contains(&b'#') {
        return Err(ClientFault::Malformed { why: "the request's target has a fragment (`#`)" });
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
    let mut lengths = head.headers.get_all(header::CONTENT_LENGTH).iter();
    let number = |length: &HeaderValue| length.as_bytes().iter().all(u8::is_ascii_digit);
    if !lengths.next().is_none_or(number) || lengths.next().is_some() {
        return Err(ClientFault::Malformed { why: "the content-length is not one number" });
    }
    if head.headers.contains_key(header::TRANSFER_ENCODING) {
        return check_chunked(session);
    }
    Ok(())
}

/// pingora follows RFC 9112, section 6.3, and lets `transfer-encoding` win over `content-length`.
/// A request with both is an attack or a mistake; section 6.1 allows to refuse it.
fn check_chunked(session: &ServerSession) -> Result<(), ClientFault> {
    let head = session.req_header();
    let encodings = head.headers.get_all(header::TRANSFER_ENCODING);
    let plain = encodings.iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !plain || encodings.iter().count() > 1 {
        return Err(ClientFault::Malformed { why: "no transfer-encoding but `chunked` is known" });
    }
    let raw = session.to_h1_raw();
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

/// Headers that hold between two hops only (RFC 9110, section 7.6.1, and what older agents send).
/// `connection`, `te` and `upgrade` are looked at more closely; `transfer-encoding` stays, because
/// pingora frames bodies by it.
const OF_ONE_HOP: [HeaderName; 6] = [
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TRAILER,
];

/// Headers that `connection` may not name: without them the message means something else, or
/// hides where it came from.
const PROTECTED: [&str; 8] = [
    "content-length",
    "cookie",
    "forwarded",
    "host",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// What the `connection` headers of a message say, over all lines.
#[derive(Debug, Default, Eq, PartialEq)]
struct Nominations {
    close: bool,
    upgrade: bool,
    names: Vec<HeaderName>,
}

impl Nominations {
    fn of(headers: &http::HeaderMap) -> Self {
        let mut this = Self::default();
        for value in headers.get_all(header::CONNECTION) {
            for token in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                match &*token.to_ascii_lowercase() {
                    b"" | b"keep-alive" => {}
                    b"close" => this.close = true,
                    b"upgrade" => this.upgrade = true,
                    // What is no name names nothing.
                    name => this.names.extend(HeaderName::from_bytes(name)),
                }
            }
        }
        this
    }
}

/// Takes out what belongs to the client's connection. This comes before filters run: otherwise a
/// client could name, and so strip, what the gateway and its filters add. Answers whether the
/// connection is to be closed.
///
/// # Errors
/// If the client names a header that must not be stripped.
pub(crate) fn strip(head: &mut RequestHeader) -> pingora::Result<Result<bool, ClientFault>> {
    // pingora keeps a proxy's form of target as it came, and has refused one that differs from
    // the host. An origin server wants the path alone (RFC 9112, section 3.2.1).
    if !matches!(head.raw_path().first(), Some(b'/' | b'*')) {
        head.set_uri(head.uri.clone());
    }
    let nominations = Nominations::of(&head.headers);
    if nominations.names.iter().any(|name| PROTECTED.contains(&name.as_str())) {
        let why = "the `connection` header names a header that may not be stripped";
        return Ok(Err(ClientFault::Malformed { why }));
    }
    // Nothing else is known to be safe behind a gateway: an upgrade to HTTP/2 would smuggle.
    let websocket = head.headers.get(header::UPGRADE).is_some_and(is_websocket);
    let upgrades = nominations.upgrade && websocket && head.version == Version::HTTP_11;
    heads::retain_request(head, |name, value| match *name {
        header::CONNECTION => false,
        header::UPGRADE => upgrades,
        // gRPC services want to be told that their trailers will be read.
        header::TE => value == "trailers",
        _ => !OF_ONE_HOP.contains(name) && !nominations.names.contains(name),
    })?;
    if upgrades {
        head.insert_header(header::CONNECTION, HeaderValue::from_static("upgrade"))?;
    }
    Ok(Ok(nominations.close))
}

fn is_websocket(protocol: &HeaderValue) -> bool {
    protocol.as_bytes().eq_ignore_ascii_case(b"websocket")
}

/// The same for a service's response, before filters see it. As on Envoy, they still see that the
/// service closes its connection.
pub(crate) fn strip_response(head: &mut ResponseHeader) -> pingora::Result<()> {
    let nominations = Nominations::of(&head.headers);
    let named = |name: &HeaderName| {
        let stays = PROTECTED.contains(&name.as_str()) || *name == header::SET_COOKIE;
        !stays && nominations.names.contains(name)
    };
    heads::retain_response(head, |name, value| match *name {
        header::CONNECTION => value.as_bytes().eq_ignore_ascii_case(b"close"),
        header::TE | header::UPGRADE => false,
        _ => !OF_ONE_HOP.contains(name) && !named(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[(&'static str, &'static str)]) -> RequestHeader {
        let mut head = RequestHeader::build("GET", b"/", None).unwrap();
        for (name, value) in lines {
            head.append_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn lines_of_connection_are_one_list() {
        let mut head = head(&[
            ("host", "a"),
            ("connection", "keep-alive, X-One"),
            ("connection", "close"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("x-three", "3"),
        ]);
        assert!(strip(&mut head).unwrap().unwrap());
        let names: Vec<_> = head.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["host", "x-two", "te", "x-three"]);
    }

    #[test]
    fn protected_headers_may_not_be_named() {
        let mut head = head(&[("host", "a"), ("connection", "x-forwarded-for")]);
        assert!(strip(&mut head).unwrap().is_err());
    }

    #[test]
    fn an_upgrade_stays_and_an_absolute_target_goes() {
        let mut head =
            head(&[("host", "a.local"), ("connection", "Upgrade"), ("upgrade", "WebSocket")]);
        head.set_raw_path(b"http://a.local/x?y").unwrap();
        assert_eq!(heads::target(&head), "/x?y");
        assert!(!strip(&mut head).unwrap().unwrap());
        assert_eq!(head.raw_path(), b"/x?y");
        assert_eq!(head.headers[header::UPGRADE], "WebSocket");
    }
}
