//! Queries, forms and addresses.

use std::borrow::Cow;

use super::REDACTED;

/// Takes out the values of parameters that `hides` names, and `user:password@` of an authority.
pub(super) fn redact<'a>(address: &'a str, hides: &dyn Fn(&str) -> bool) -> Cow<'a, str> {
    let address = without_user(address);
    let Some(query) = address.find(['?', '#']) else { return address };
    match values(&address, query + 1, hides) {
        Some(redacted) => Cow::Owned(redacted),
        None => address,
    }
}

/// The same for `a=b&c=d`.
pub(super) fn redact_form<'a>(form: &'a str, hides: &dyn Fn(&str) -> bool) -> Cow<'a, str> {
    values(form, 0, hides).map_or(Cow::Borrowed(form), Cow::Owned)
}

/// The text with the values of hidden parameters replaced, if there are any. Parameters end where
/// any server might see an end of one: `;` is old, and a second `?` or a `#` begins another query
/// where an address was put into an address, as it is or percent-encoded (`?next=%2Fa%3Ftoken%3D1`).
fn values(text: &str, from: usize, hides: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut out: Option<String> = None;
    let (mut at, mut copied) = (from, 0);
    while at < text.len() {
        let (end, next) = find(text, at, |byte| matches!(byte, b'&' | b';' | b'?' | b'#'));
        let (name_end, value) = find(&text[..end], at, |byte| byte == b'=');
        if value < end && hides(&decoded(&text[at..name_end])) {
            let out = out.get_or_insert_with(String::new);
            out.push_str(&text[copied..value]);
            out.push_str(REDACTED);
            copied = end;
        }
        at = next;
    }
    let mut out = out?;
    out.push_str(&text[copied..]);
    Some(out)
}

/// Where the first such byte, plain or percent-encoded, begins and ends.
fn find(text: &str, from: usize, is_it: fn(u8) -> bool) -> (usize, usize) {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        if is_it(*byte) {
            return (at, at + 1);
        }
        if *byte == b'%' && encoded(&bytes[at + 1..]).is_some_and(is_it) {
            return (at, at + 3);
        }
    }
    (text.len(), text.len())
}

/// The byte that two hexadecimal digits stand for.
fn encoded(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    Some((digit(0)? * 16 + digit(1)?) as u8)
}

/// `%6bey` is `key` to the service.
fn decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(percent) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..percent]);
        rest = &rest[percent + 1..];
        match encoded(rest.as_bytes()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[2..];
            }
            None => bytes.push(b'%'),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// `https://[redacted]@host/` for `https://user:password@host/`, for each URL inside.
fn without_user(address: &str) -> Cow<'_, str> {
    // A path has seldom a colon at all.
    if !address.contains(':') {
        return Cow::Borrowed(address);
    }
    let mut out: Option<String> = None;
    let mut copied = 0;
    for (scheme, _) in address.match_indices("://") {
        let start = scheme + 3;
        let rest = &address[start..];
        let authority = rest.find(['/', '?', '#', '&']).unwrap_or(rest.len());
        if let Some(at) = rest[..authority].rfind('@') {
            let out = out.get_or_insert_with(String::new);
            out.push_str(&address[copied..start]);
            out.push_str(REDACTED);
            copied = start + at;
        }
    }
    match out {
        Some(out) => Cow::Owned(out + &address[copied..]),
        None => Cow::Borrowed(address),
    }
}
