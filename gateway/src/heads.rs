//! Heads in two forms: pingora's, which goes on the wire, and the ordered list that filters see.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use pingora::http::{RequestHeader, ResponseHeader};
use portico_wasm::{FieldName, Fields};

/// Headers that belong to a connection and not to a message. Filters neither see nor change them,
/// as on Envoy.
const OF_CONNECTION: [HeaderName; 3] =
    [header::CONNECTION, header::UPGRADE, header::TRANSFER_ENCODING];

/// Headers that say how the message is framed, besides its length.
const FRAMING: [HeaderName; 3] = [header::CONNECTION, header::UPGRADE, header::TRANSFER_ENCODING];

/// A head that a filter left without what every message needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Missing(pub &'static str);

/// The host of a request, as received. An absolute target names the same one, or was refused.
pub(crate) fn host(head: &RequestHeader) -> &str {
    head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// Path and query of a request, whatever form its target has.
pub(crate) fn target(head: &RequestHeader) -> &str {
    head.uri.path_and_query().map_or("/", |target| target.as_str())
}

/// A request's head for filters: `:authority`, `:path`, `:method`, `:scheme`, then the client's
/// headers in order of arrival.
pub(crate) fn request_fields(head: &RequestHeader) -> Fields {
    let mut fields = Fields::with_capacity(head.headers.len() + 6);
    let authority = head.headers.get(header::HOST).cloned();
    if let Some(authority) = authority {
        fields.push(FieldName::Pseudo(":authority"), authority);
    }
    if let Ok(path) = HeaderValue::from_str(target(head)) {
        fields.push(FieldName::Pseudo(":path"), path);
    }
    fields.push(FieldName::Pseudo(":method"), method_value(&head.method));
    fields.push(FieldName::Pseudo(":scheme"), HeaderValue::from_static("http"));
    for (name, value) in &head.headers {
        if *name != header::HOST && !OF_CONNECTION.contains(name) {
            fields.push(FieldName::Header(name.clone()), value.clone());
        }
    }
    fields
}

/// A request's head from what filters made of it.
pub(crate) fn request_head(fields: &Fields, old: &RequestHeader) -> Result<RequestHeader, Missing> {
    let path = fields.first(b":path").filter(|path| is_path(path)).ok_or(Missing(":path"))?;
    let method = fields.first(b":method").ok_or(Missing(":method"))?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Missing(":method"))?;
    let build = RequestHeader::build_no_case(method, path.as_bytes(), Some(fields.len() + 2));
    let mut head = build.map_err(|_| Missing(":path"))?;
    head.set_version(old.version);
    let authority = fields.first(b":authority").filter(|host| is_printable(host));
    let authority = authority.ok_or(Missing(":authority"))?;
    head.insert_header(header::HOST, authority.clone()).map_err(|_| FULL)?;
    carry(fields, &old.headers, |name, value| head.append_header(name, value))?;
    Ok(head)
}

/// A response's head for filters.
pub(crate) fn response_fields(head: &ResponseHeader) -> Fields {
    let mut fields = Fields::with_capacity(head.headers.len() + 1);
    // A status is three digits.
    if let Ok(status) = HeaderValue::from_str(head.status.as_str()) {
        fields.push(FieldName::Pseudo(":status"), status);
    }
    for (name, value) in &head.headers {
        // As on Envoy, a filter sees here that a response comes in chunks, or ends its connection.
        if *name != header::UPGRADE {
            fields.push(FieldName::Header(name.clone()), value.clone());
        }
    }
    fields
}

/// A response's head from what filters made of it.
pub(crate) fn response_head(
    fields: &Fields,
    old: &ResponseHeader,
) -> Result<ResponseHeader, Missing> {
    let status = fields.first(b":status").and_then(|status| status.to_str().ok());
    let status = status.and_then(|status| status.parse::<u16>().ok()).ok_or(Missing(":status"))?;
    let build = ResponseHeader::build_no_case(status, Some(fields.len() + 2));
    let mut head = build.map_err(|_| Missing(":status"))?;
    head.set_version(old.version);
    carry(fields, &old.headers, |name, value| head.append_header(name, value))?;
    Ok(head)
}

/// Headers go over from the list, but for those that frame the message: they stay as they were. The
/// length keeps its place among the others; a filter may only take it away, because it is going to
/// change the body.
fn carry(
    fields: &Fields,
    old: &HeaderMap,
    mut append: impl FnMut(HeaderName, HeaderValue) -> pingora::Result<bool>,
) -> Result<(), Missing> {
    for field in fields.iter() {
        let FieldName::Header(name) = &field.name else { continue };
        if *name == header::CONTENT_LENGTH {
            if let Some(length) = old.get(name) {
                append(name.clone(), length.clone()).map_err(|_| FULL)?;
            }
        } else if !FRAMING.contains(name) {
            append(name.clone(), field.value.clone()).map_err(|_| FULL)?;
        }
    }
    for name in FRAMING {
        for value in old.get_all(&name) {
            append(name.clone(), value.clone()).map_err(|_| FULL)?;
        }
    }
    Ok(())
}

/// Keeps the headers that `keep` says, in their order, which a map that takes them out one by one
/// would lose.
pub(crate) fn retain_request(
    head: &mut RequestHeader,
    keep: impl Fn(&HeaderName, &HeaderValue) -> bool,
) -> pingora::Result<()> {
    if head.headers.iter().all(|(name, value)| keep(name, value)) {
        return Ok(());
    }
    let room = head.headers.len();
    let mut kept = RequestHeader::build_no_case(head.method.clone(), head.raw_path(), Some(room))?;
    kept.set_version(head.version);
    for (name, value) in head.headers.iter().filter(|(name, value)| keep(name, value)) {
        kept.append_header(name.clone(), value.clone())?;
    }
    *head = kept;
    Ok(())
}

/// The same for a response.
pub(crate) fn retain_response(
    head: &mut ResponseHeader,
    keep: impl Fn(&HeaderName, &HeaderValue) -> bool,
) -> pingora::Result<()> {
    if head.headers.iter().all(|(name, value)| keep(name, value)) {
        return Ok(());
    }
    let room = head.headers.len();
    let mut kept = ResponseHeader::build_no_case(head.status, Some(room))?;
    kept.set_version(head.version);
    for (name, value) in head.headers.iter().filter(|(name, value)| keep(name, value)) {
        kept.append_header(name.clone(), value.clone())?;
    }
    *head = kept;
    Ok(())
}

const FULL: Missing = Missing("room for its headers");

/// A path in a request line ends at the first space; whatever a filter writes must not end it.
fn is_path(path: &HeaderValue) -> bool {
    let begins = path.as_bytes().starts_with(b"/") || path == "*";
    begins && is_printable(path)
}

fn is_printable(value: &HeaderValue) -> bool {
    value.as_bytes().iter().all(|byte| *byte > b' ' && *byte != 0x7f)
}

fn method_value(method: &Method) -> HeaderValue {
    match *method {
        Method::GET => HeaderValue::from_static("GET"),
        Method::POST => HeaderValue::from_static("POST"),
        Method::PUT => HeaderValue::from_static("PUT"),
        Method::HEAD => HeaderValue::from_static("HEAD"),
        // A method is a token, which is always a value.
        _ => HeaderValue::from_str(method.as_str()).unwrap_or(HeaderValue::from_static("GET")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> RequestHeader {
        let mut head = RequestHeader::build("POST", b"/a?b=c", None).unwrap();
        for (name, value) in [
            ("Host", "fleet.local:80"),
            ("X-One", "1"),
            ("Connection", "keep-alive"),
            ("Transfer-Encoding", "chunked"),
            ("X-Two", "2"),
        ] {
            head.append_header(name, value).unwrap();
        }
        head
    }

    #[test]
    fn filters_see_envoys_order() {
        let fields = request_fields(&head());
        let names = fields.iter().map(|field| field.name.as_str().to_owned());
        assert_eq!(
            names.collect::<Vec<_>>(),
            [":authority", ":path", ":method", ":scheme", "x-one", "x-two"]
        );
    }

    #[test]
    fn a_head_survives_the_way_there_and_back() {
        let old = head();
        let new = request_head(&request_fields(&old), &old).unwrap();
        assert_eq!(new.method, old.method);
        assert_eq!(new.raw_path(), old.raw_path());
        for (name, value) in &old.headers {
            assert_eq!(new.headers.get(name), Some(value), "{name}");
        }
        assert_eq!(new.headers.len(), old.headers.len());
    }

    #[test]
    fn filters_do_not_frame_messages() {
        let old = head();
        let mut fields = request_fields(&old);
        for (name, value) in [("transfer-encoding", "gzip"), ("content-length", "3")] {
            let name = FieldName::Header(HeaderName::from_static(name));
            fields.push(name, HeaderValue::from_static(value));
        }
        let new = request_head(&fields, &old).unwrap();
        assert_eq!(new.headers.get_all(header::TRANSFER_ENCODING).iter().count(), 1);
        assert!(!new.headers.contains_key(header::CONTENT_LENGTH));
    }

    #[test]
    fn filters_do_not_end_the_request_line() {
        let mut old = head();
        old.set_uri("/ok".parse().unwrap());
        let mut fields = Fields::default();
        for (name, value) in [(":authority", "a"), (":path", "/a HTTP/1.1"), (":method", "GET")] {
            fields.push(FieldName::Pseudo(name), HeaderValue::from_static(value));
        }
        assert_eq!(request_head(&fields, &old).unwrap_err(), Missing(":path"));
    }
}
