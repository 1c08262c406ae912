//! What conditions ask about a request: its header fields and its query parameters.

use std::{borrow::Cow, cell::OnceCell, collections::HashMap};

use http::{HeaderName, HeaderValue};
use portico_config::config::ValueMatch;

use super::Request;

/// A request, and what was worked out about it so far.
pub(super) struct Facts<'a> {
    pub(super) request: &'a Request<'a>,
    /// Decoded when the first condition asks. A hash table with random keys, because the client
    /// chooses the names, and may send thousands.
    query: OnceCell<Parameters<'a>>,
}

/// The first value of each query parameter, decoded.
type Parameters<'a> = HashMap<Cow<'a, [u8]>, Cow<'a, [u8]>>;

impl<'a> Facts<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Self { request, query: OnceCell::new() }
    }

    /// Whether a header field is as asked: any one of its values, or all of them joined by `,`.
    pub(super) fn header_meets(&self, name: &HeaderName, asked: &ValueMatch) -> bool {
        self.header_values(name).any(|value| meets(&value, asked))
    }

    /// The single values of a header field, then, if there are several, their joined value.
    pub(super) fn header_values(&self, name: &HeaderName) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let values = self.request.headers.get_all(name);
        let several = values.iter().nth(1).is_some();
        let single = values.iter().map(|value| Cow::from(value.as_bytes()));
        let joined = std::iter::once_with(move || {
            let values: Vec<_> = values.iter().map(HeaderValue::as_bytes).collect();
            Cow::from(values.join(&b','))
        });
        single.chain(joined.take(usize::from(several)))
    }

    /// Whether a query parameter is as asked.
    pub(super) fn query_meets(&self, name: &str, asked: &ValueMatch) -> bool {
        self.query_value(name).is_some_and(|value| meets(value, asked))
    }

    /// The decoded value of a query parameter; of one that is there twice, the first.
    pub(super) fn query_value(&self, name: &str) -> Option<&[u8]> {
        let query = self.query.get_or_init(|| decode_query(self.request.query.unwrap_or_default()));
        query.get(name.as_bytes()).map(|value| &**value)
    }
}

/// Whether a value is as asked. A regular expression never matches what is not UTF-8.
fn meets(value: &[u8], asked: &ValueMatch) -> bool {
    match asked {
        ValueMatch::Exact(exact) => exact.as_bytes() == value,
        ValueMatch::Regex(pattern) => {
            std::str::from_utf8(value).is_ok_and(|value| pattern.regex.is_match(value))
        }
    }
}

/// The parameters of a query string, as HTML forms write it (WHATWG URL, section 5.1), except
/// that what is not UTF-8 after decoding is kept as it is.
fn decode_query(query: &str) -> Parameters<'_> {
    let mut parameters = HashMap::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        parameters.entry(decode(name)).or_insert_with(|| decode(value));
    }
    parameters
}

/// Decodes `%41` and `+`. A `%` without two hexadecimal digits stands for itself.
fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::from(text.as_bytes());
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return Cow::from(decoded),
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                decoded.push(digit(*high) << 4 | digit(*low));
                after
            }
            [b'+', after @ ..] => {
                decoded.push(b' ');
                after
            }
            [byte, after @ ..] => {
                decoded.push(*byte);
                after
            }
        };
    }
}

/// What a hexadecimal digit stands for.
fn digit(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        _ => (hex | 0x20) - b'a' + 10,
    }
}
