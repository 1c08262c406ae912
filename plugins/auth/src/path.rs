//! The path that rules are compared with.
//!
//! A rule that makes a path public, or asks for other credentials, is a promise about what
//! the service will take the path for. Services resolve `..`, decode escapes, join slashes
//! and cut off `;` parameters, each in its own way; so a path that may mean two things is
//! refused where there are rules, and the rest is decoded once before it is compared.

use crate::place::escape;
use std::borrow::Cow;

/// The path (without its query) as every service understands it; `None` if services differ.
pub(crate) fn canonical(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    // The targets of `OPTIONS *` and of CONNECT have no segments to disagree about.
    if path.is_empty() || path == b"*" {
        return Some(Cow::Borrowed(path));
    }
    let path = if path.contains(&b'%') { Cow::Owned(decoded(path)?) } else { Cow::Borrowed(path) };
    let segments = path.strip_prefix(b"/")?;
    let odd = |&byte: &u8| !byte.is_ascii_graphic() || matches!(byte, b'\\' | b';' | b'#');
    if segments.iter().any(odd) {
        return None;
    }
    let mut segments = segments.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        // An empty segment is fine as the last one: `/a/`.
        if matches!(segment, b"." | b"..") || (segment.is_empty() && segments.peek().is_some()) {
            return None;
        }
    }
    Some(path)
}

/// Escapes of characters that need none are decoded, others are kept; `None` for what is no
/// escape and for those that some services take for a separator or an end.
fn decoded(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'%' {
            out.push(byte);
            rest = tail;
            continue;
        }
        match escape(rest)? {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(byte),
            b'/' | b'\\' | b';' | 0..=0x1f | 0x7f => return None,
            _ => out.extend(rest[..3].to_ascii_uppercase()),
        }
        rest = &rest[3..];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_meaning_or_none() {
        for (path, expected) in [
            ("/", Some("/")),
            ("/a/b/", Some("/a/b/")),
            ("/%61dmin", Some("/admin")),
            ("/a%20b%c3%A9", Some("/a%20b%C3%A9")),
            ("/a.b/..c", Some("/a.b/..c")),
            ("*", Some("*")),
            ("", Some("")),
            ("/a/../b", None),
            ("/a/%2e%2E/b", None),
            ("/a/.", None),
            ("//a", None),
            ("/a//", None),
            ("/a%2fb", None),
            ("/a%5cb", None),
            ("/a\\b", None),
            ("/a;b", None),
            ("/a%3Bb", None),
            ("/a%00", None),
            ("/a#b", None),
            ("/a%", None),
            ("/a%4", None),
            ("/a%zz", None),
            ("a", None),
            ("/\u{e9}", None),
        ] {
            let result = canonical(path.as_bytes());
            assert_eq!(result.as_deref(), expected.map(str::as_bytes), "{path}");
        }
    }

    proptest! {
        #[test]
        fn it_stays_what_it_is(path in "/(a|/|\\.|%2e|%2F|%61|%25|;|%){0,10}") {
            if let Some(path) = canonical(path.as_bytes()) {
                prop_assert_eq!(canonical(&path), Some(path.clone()));
            }
        }
    }
}
