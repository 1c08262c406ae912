//! What an operator found in a record, and how it is written down.

use std::{
    borrow::Cow,
    io::Write,
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime},
};

use super::{escape, time::Pattern, time::padded};
use crate::{
    flags::{Flag, Flags},
    record::{Attempt, Filter},
};

/// No operator prints more of what a stranger wrote. A head may be much longer, and many lines
/// of that length would fill a disk for nothing.
pub(super) const VALUE_BYTES: usize = 8 * 1024;

/// What an operator found.
pub(super) enum Value<'a> {
    Missing,
    /// A word of our own that needs no escaping.
    Word(&'a str),
    /// What others wrote: a stranger, or the one who named a route.
    Text(Cow<'a, [u8]>),
    Truth(bool),
    Count(u64),
    Signed(i64),
    /// In milliseconds, with the microseconds behind the point.
    Millis(Duration),
    Time(&'a Pattern, SystemTime),
    Hex(&'a [u8]),
    Socket(SocketAddr),
    Ip(IpAddr),
    /// An address whose last bits are cleared, and how many are left.
    Network(IpAddr, u8),
    /// The endpoints that were tried.
    Endpoints(&'a [Attempt], fn(&mut Vec<u8>, SocketAddr)),
    /// Response flags, each by this name.
    Flags(Flags, fn(Flag) -> &'static str),
    /// Filters with the time each took, in µs: `auth:38,limit:4`.
    Filters(&'a [Filter]),
}

/// A name or a sentence: an empty one is missing.
impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        if text.is_empty() { Self::Missing } else { Self::Text(Cow::Borrowed(text.as_bytes())) }
    }
}

/// What a client sent: it may be empty, and is there all the same.
impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

impl Value<'_> {
    /// Whether there is nothing to say.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Endpoints(attempts, _) => attempts.is_empty(),
            Self::Flags(flags, _) => flags.is_empty(),
            Self::Filters(filters) => filters.is_empty(),
            _ => false,
        }
    }

    /// Appends it to a line of text: `-` if it is missing, as Envoy does.
    pub(super) fn write_text(&self, out: &mut Vec<u8>, limit: usize) {
        match self {
            value if value.is_missing() => out.push(b'-'),
            Self::Text(text) => escape::text(out, cut(text, limit)),
            value => value.write_safe(out),
        }
    }

    /// Appends it inside of a JSON string.
    pub(super) fn write_in_string(&self, out: &mut Vec<u8>, limit: usize) {
        match self {
            value if value.is_missing() => out.push(b'-'),
            Self::Text(text) => escape::json(out, cut(text, limit)),
            // A pattern for moments may hold what its author wrote.
            Self::Filters(_) | Self::Time(..) => {
                let mut text = Vec::new();
                self.write_safe(&mut text);
                escape::json(out, &text);
            }
            value => value.write_safe(out),
        }
    }

    /// Appends it as a JSON value of its own type.
    pub(super) fn write_json(&self, out: &mut Vec<u8>, limit: usize) {
        match self {
            value if value.is_missing() => out.extend(b"null"),
            Self::Truth(_) | Self::Count(_) | Self::Signed(_) | Self::Millis(_) => {
                self.write_safe(out);
            }
            value => {
                out.push(b'"');
                value.write_in_string(out, limit);
                out.push(b'"');
            }
        }
    }

    /// Appends what needs no escaping on a line of text.
    fn write_safe(&self, out: &mut Vec<u8>) {
        match self {
            Self::Missing => {}
            Self::Word(text) => out.extend_from_slice(text.as_bytes()),
            Self::Text(text) => escape::text(out, text),
            Self::Truth(truth) => out.extend(if *truth { "true".bytes() } else { "false".bytes() }),
            Self::Count(count) => padded(out, *count, 1, b'0'),
            Self::Signed(number) => {
                if *number < 0 {
                    out.push(b'-');
                }
                padded(out, number.unsigned_abs(), 1, b'0');
            }
            Self::Millis(duration) => {
                let micros = duration.as_micros() as u64;
                padded(out, micros / 1_000, 1, b'0');
                out.push(b'.');
                padded(out, micros % 1_000, 3, b'0');
            }
            Self::Time(pattern, moment) => pattern.write(out, *moment),
            Self::Hex(bytes) => write_hex(out, bytes),
            Self::Socket(address) => socket(out, *address),
            Self::Ip(address) => ip(out, *address),
            Self::Network(address, bits) => {
                ip(out, *address);
                out.push(b'/');
                padded(out, u64::from(*bits), 1, b'0');
            }
            Self::Endpoints(attempts, write) => {
                joined(out, attempts.iter(), |out, attempt| write(out, attempt.endpoint));
            }
            Self::Flags(flags, name) => {
                joined(out, flags.iter(), |out, flag| out.extend(name(flag).bytes()));
            }
            Self::Filters(filters) => joined(out, filters.iter(), |out, filter| {
                escape::text(out, filter.name.as_bytes());
                out.push(b':');
                padded(out, filter.spent.as_micros() as u64, 1, b'0');
            }),
        }
    }
}

/// `192.0.2.1:80`, or `[2001:db8::1]:80`.
pub(super) fn socket(out: &mut Vec<u8>, address: SocketAddr) {
    if let SocketAddr::V6(_) = address {
        // Writing to a vector cannot fail.
        let _ = write!(out, "{address}");
        return;
    }
    ip(out, address.ip());
    out.push(b':');
    padded(out, u64::from(address.port()), 1, b'0');
}

pub(super) fn ip(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (index, octet) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                padded(out, u64::from(octet), 1, b'0');
            }
        }
        IpAddr::V6(address) => {
            let _ = write!(out, "{address}");
        }
    }
}

/// The first bytes, but no half of a character.
fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    if bytes.len() <= limit {
        return bytes;
    }
    let is_continued = |at: usize| bytes[at] & 0b1100_0000 == 0b1000_0000;
    // A character has four bytes at most; what is longer is no UTF-8, and is cut anywhere.
    let end = (limit.saturating_sub(3)..=limit).rev().find(|at| !is_continued(*at));
    &bytes[..end.unwrap_or(limit)]
}

/// In lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(2 * bytes.len());
    write_hex(&mut out, bytes);
    String::from_utf8(out).unwrap_or_default()
}

fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

fn joined<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, write: impl Fn(&mut Vec<u8>, T)) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(value: &Value<'_>, limit: usize) -> (String, String) {
        let (mut text, mut json) = (Vec::new(), Vec::new());
        value.write_text(&mut text, limit);
        value.write_json(&mut json, limit);
        (String::from_utf8(text).unwrap(), String::from_utf8(json).unwrap())
    }

    #[test]
    fn values_have_two_forms() {
        let cases: [(Value<'_>, &str, &str); 9] = [
            (Value::Missing, "-", "null"),
            (Value::from(""), "-", "null"),
            (Value::from("a\"b"), "a\\\"b", "\"a\\\"b\""),
            (Value::Signed(-12), "-12", "-12"),
            (Value::Millis(Duration::from_micros(12_034)), "12.034", "12.034"),
            (Value::Truth(true), "true", "true"),
            (Value::Hex(&[0, 0xab]), "00ab", "\"00ab\""),
            (Value::Network([10, 1, 0, 0].into(), 16), "10.1.0.0/16", "\"10.1.0.0/16\""),
            (Value::Socket("[::1]:80".parse().unwrap()), "[::1]:80", "\"[::1]:80\""),
        ];
        for (value, text, json) in cases {
            assert_eq!(both(&value, VALUE_BYTES), (text.to_owned(), json.to_owned()));
        }
    }

    #[test]
    fn no_character_is_cut_in_two() {
        assert_eq!(both(&Value::from("aé€"), 2).0, "a");
        assert_eq!(both(&Value::from("aé€"), 3).0, "aé");
        assert_eq!(both(&Value::from("aé€"), 5).0, "aé");
        assert_eq!(both(&Value::from("aé€"), 6).0, "aé€");
        assert_eq!(cut(&[0x80; 9], 5).len(), 5);
    }
}
