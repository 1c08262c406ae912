//! Where a credential stands in a request, and what a request looks like without it.
//!
//! A credential that stands there twice is neither one: the service behind might believe
//! the other. So every look-up tells one from several.

use request::Headers;
use std::borrow::Cow;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// After this scheme (in lower case) in the `authorization` header.
    Authorization(&'static str),
    /// The value of the cookie with this name.
    Cookie(String),
    /// The whole value of the header with this name, which is in lower case.
    Header(String),
    /// The value of the query parameter with this name.
    Query(String),
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Found<'a> {
    Nothing,
    One(Cow<'a, [u8]>),
    Several,
}

/// What is to be changed in the request before the service sees it.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Add(String, Vec<u8>),
    Remove(String),
    Set(String, Vec<u8>),
}

impl Place {
    pub(crate) fn find<'a>(&'a self, headers: &'a Headers) -> Found<'a> {
        match self {
            Self::Authorization(scheme) => {
                match one(headers.all("authorization").map(Cow::Borrowed)) {
                    Found::One(Cow::Borrowed(value)) => after_scheme(value, scheme)
                        .map_or(Found::Nothing, |rest| Found::One(rest.into())),
                    other => other,
                }
            }
            Self::Cookie(name) => {
                let cookies = headers.all("cookie").flat_map(cookies);
                one(cookies
                    .filter(|(key, _)| *key == name.as_bytes())
                    .map(|(_, value)| value.into()))
            }
            Self::Header(name) => one(headers.all(name).map(Cow::Borrowed)),
            Self::Query(name) => {
                let parameters = parameters(headers.first(":path").unwrap_or_default());
                one(parameters
                    .filter(|(key, _)| percent_decoded(key) == name.as_bytes())
                    .map(|(_, value)| percent_decoded(value)))
            }
        }
    }
}

/// What takes the credentials in these places out of the request.
pub(crate) fn strip<'a>(
    places: impl Iterator<Item = &'a Place> + Clone,
    headers: &Headers,
) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for place in places.clone() {
        let name = match place {
            Place::Authorization(_) => "authorization",
            Place::Header(name) => name,
            Place::Cookie(_) | Place::Query(_) => continue,
        };
        changes.push(Change::Remove(name.to_owned()));
    }
    if places.clone().any(|place| matches!(place, Place::Query(_))) {
        let gone = |name: &[u8]| {
            let name = percent_decoded(name);
            places.clone().any(
                |place| matches!(place, Place::Query(query) if query.as_bytes() == name.as_ref()),
            )
        };
        changes.push(Change::Set(":path".into(), without_parameters(headers, gone)));
    }
    if places.clone().any(|place| matches!(place, Place::Cookie(_))) {
        let gone = |name: &[u8]| {
            places
                .clone()
                .any(|place| matches!(place, Place::Cookie(cookie) if cookie.as_bytes() == name))
        };
        changes.push(Change::Remove("cookie".into()));
        let left = headers.all("cookie").flat_map(|header| header.split(|&byte| byte == b';'));
        let left: Vec<&[u8]> = left
            .map(<[u8]>::trim_ascii)
            .filter(|cookie| !cookie.is_empty() && !gone(name_and_value(cookie).0))
            .collect();
        if !left.is_empty() {
            changes.push(Change::Add("cookie".into(), left.join(&b"; "[..])));
        }
    }
    changes
}

fn one<'a>(mut values: impl Iterator<Item = Cow<'a, [u8]>>) -> Found<'a> {
    match (values.next(), values.next()) {
        (None, _) => Found::Nothing,
        (Some(value), None) => Found::One(value),
        (Some(_), Some(_)) => Found::Several,
    }
}

/// RFC 9110 section 11.4: the scheme in any case, at least one space, the credentials.
fn after_scheme<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let value = value.trim_ascii();
    let (start, rest) = value.split_at_checked(scheme.len())?;
    let rest = start.eq_ignore_ascii_case(scheme.as_bytes()).then_some(rest)?;
    match rest.first() {
        None => Some(rest),
        Some(b' ') => Some(rest.trim_ascii()),
        Some(_) => None,
    }
}

fn cookies(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|&byte| byte == b';').map(|cookie| name_and_value(cookie.trim_ascii()))
}

fn name_and_value(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|&byte| byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, b""),
    }
}

fn query_of(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = path.iter().position(|&byte| byte == b'?')?;
    Some((&path[..at], &path[at + 1..]))
}

fn parameters(path: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let query = query_of(path).map_or(&b""[..], |(_, query)| query);
    query.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(name_and_value)
}

fn without_parameters(headers: &Headers, gone: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let path = headers.first(":path").unwrap_or_default();
    let Some((before, query)) = query_of(path) else { return path.to_vec() };
    let left: Vec<&[u8]> =
        query.split(|&byte| byte == b'&').filter(|pair| !gone(name_and_value(pair).0)).collect();
    if left.is_empty() {
        return before.to_vec();
    }
    [before, b"?", &left.join(&b"&"[..])].concat()
}

/// `%41` becomes `A`; what is no escape stays as it is, and so does `+`, because keys have it.
fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match escape(rest) {
            Some(byte) => {
                decoded.push(byte);
                rest = &rest[3..];
            }
            None => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    Cow::Owned(decoded)
}

/// The byte that a percent escape at the beginning stands for.
pub(crate) fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok());
    Some(digit(*high)? << 4 | digit(*low)?)
}

#[cfg(test)]
mod tests;
