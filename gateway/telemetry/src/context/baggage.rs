//! W3C Baggage (<https://www.w3.org/TR/baggage/>) and Jaeger's headers for the same thing.

use http::{HeaderMap, HeaderValue};

use super::{
    BAGGAGE, Carried, Formats, Found, Incoming,
    jaeger::BAGGAGE_PREFIX,
    w3c::{header, trim},
};

/// §3.3.2: what has to be passed on. More is cut, by whole members, from the end.
const BYTES: usize = 8192;
const MEMBERS: usize = 64;

pub(super) fn extract(
    found: &Found<'_>,
    headers: &HeaderMap,
    accept: Formats,
    incoming: &mut Incoming,
) {
    if !accept.contains(Formats::BAGGAGE) {
        incoming.unwanted = uberctx(headers).map(|(name, _)| name.clone()).collect();
        incoming.baggage = Carried { value: None, differs: found.baggage.is_some() };
        return;
    }
    incoming.baggage = match found.baggage {
        Some(baggage) if !found.more_baggage => one(baggage),
        Some(_) => several(headers),
        // The headers go on as well; services that know the standard only see this one.
        None if found.uberctx => translated(headers),
        None => Carried::default(),
    };
}

fn one(baggage: &HeaderValue) -> Carried {
    let bytes = baggage.as_bytes();
    match fits(bytes) {
        Some(end) if end == bytes.len() => Carried::as_it_came(baggage.clone()),
        Some(end) => Carried::rewritten(&bytes[..end]),
        None => Carried::dropped(),
    }
}

fn several(headers: &HeaderMap) -> Carried {
    let all: Vec<_> = headers.get_all(BAGGAGE).iter().map(HeaderValue::as_bytes).collect();
    let joined = all.join(&b',');
    match fits(&joined) {
        // The headers are left as they are.
        Some(end) if end == joined.len() => Carried::as_it_came(header(&joined)),
        Some(end) => Carried::rewritten(&joined[..end]),
        None => Carried::dropped(),
    }
}

/// Jaeger encodes values as in a URL, which is what the standard asks for.
fn translated(headers: &HeaderMap) -> Carried {
    let mut joined = Vec::new();
    for (name, value) in uberctx(headers) {
        let value = value.as_bytes();
        let plain = |byte: &u8| matches!(byte, b'!'..=b'~') && !matches!(byte, b',' | b';' | b'"');
        let key = &name.as_str()[BAGGAGE_PREFIX.len()..];
        if !key.is_empty() && value.iter().all(plain) {
            joined.extend_from_slice(if joined.is_empty() { b"" } else { b"," });
            joined.extend_from_slice(key.as_bytes());
            joined.push(b'=');
            joined.extend_from_slice(value);
        }
    }
    match fits(&joined) {
        Some(end @ 1..) => Carried::rewritten(&joined[..end]),
        _ => Carried::default(),
    }
}

fn uberctx(headers: &HeaderMap) -> impl Iterator<Item = (&http::HeaderName, &HeaderValue)> {
    headers.iter().filter(|(name, _)| name.as_str().starts_with(BAGGAGE_PREFIX))
}

/// How much of a list is within the limits. Nothing, if not even its first member is.
fn fits(list: &[u8]) -> Option<usize> {
    let (mut count, mut end) = (0, 0);
    for (index, member) in list.split(|&byte| byte == b',').enumerate() {
        let after = end + usize::from(index > 0) + member.len();
        count += usize::from(!trim(member).is_empty());
        if after > BYTES || count > MEMBERS {
            return (end > 0).then_some(end);
        }
        end = after;
    }
    Some(end)
}
