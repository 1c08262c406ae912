//! What must not be seen: credentials in heads, addresses and bodies.
//!
//! One [`Redactor`] serves access log, tap and traces. Names decide: a header, a query parameter
//! or a JSON field whose name says that it holds a secret is replaced by `[redacted]`, and so is a
//! header's value that begins as credentials do (`Bearer …`, `Basic …`). What has another name is
//! found only by a pattern that the operator wrote.

mod body;
mod names;
mod url;

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use regex::{Regex, RegexBuilder};

/// Stands where something was taken out.
pub const REDACTED: &str = "[redacted]";

/// A compiled pattern may take this much memory. Enough for any list of words; a pattern that
/// needs more is a mistake.
const PATTERN_BYTES: usize = 256 * 1024;

/// What is redacted beyond what always is. The default adds nothing.
///
/// Always: the headers `authorization`, `proxy-authorization`, `cookie`, `set-cookie`,
/// `x-api-key` and others with names like `x-auth-token`; query parameters, form fields and JSON
/// fields with names like `token`, `api_key`, `clientSecret`, `password`; user and password in
/// addresses.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Header names. Case does not count.
    pub headers: Vec<String>,
    /// Names of query parameters and of form fields. Case does not count.
    pub parameters: Vec<String>,
    /// Names of fields in JSON bodies, at any depth. Case does not count.
    pub fields: Vec<String>,
    /// Regular expressions (of the crate `regex`); each match in a header's value, an address or a
    /// body is replaced. Every text is searched for every pattern, which costs time.
    pub patterns: Vec<String>,
    /// Parameters and fields that are shown although their name sounds like a secret's, as
    /// `page_token`. It does not help a header.
    pub shown: Vec<String>,
}

impl Rules {
    /// These and others. What is `shown` stays as it is here: others can only add to what is
    /// taken out.
    pub(crate) fn and(mut self, others: Self) -> Self {
        let Self { headers, parameters, fields, patterns, shown: _ } = others;
        self.headers.extend(headers);
        self.parameters.extend(parameters);
        self.fields.extend(fields);
        self.patterns.extend(patterns);
        self
    }
}

/// Rules that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    #[error("`{name}` is no header name")]
    Header { name: String },
    #[error("`{pattern}` is no pattern to redact")]
    Pattern { pattern: String, source: Box<regex::Error> },
}

/// Takes out what must not be seen. Cheap to share behind an `Arc`; knows no state.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    headers: Vec<HeaderName>,
    /// In lower case, as the following.
    parameters: Vec<String>,
    fields: Vec<String>,
    patterns: Vec<Regex>,
    shown: Vec<String>,
}

impl Redactor {
    /// # Errors
    /// If a header's name or a pattern is none.
    pub fn new(rules: Rules) -> Result<Self, RedactError> {
        let Rules { headers, parameters, fields, patterns, shown } = rules;
        let header =
            |name: String| HeaderName::try_from(&name).map_err(|_| RedactError::Header { name });
        let pattern = |pattern: String| {
            RegexBuilder::new(&pattern)
                .size_limit(PATTERN_BYTES)
                .build()
                .map_err(|source| RedactError::Pattern { pattern, source: source.into() })
        };
        let lower =
            |names: Vec<String>| names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(Self {
            headers: headers.into_iter().map(header).collect::<Result<_, _>>()?,
            parameters: lower(parameters),
            fields: lower(fields),
            patterns: patterns.into_iter().map(pattern).collect::<Result<_, _>>()?,
            shown: lower(shown),
        })
    }

    /// Whether nothing of this header's value may be seen.
    pub fn hides_header(&self, name: &HeaderName) -> bool {
        names::header_is_secret(name.as_str()) || self.headers.contains(name)
    }

    /// Whether this header's value is an address, which may have a query with secrets.
    pub(crate) fn header_holds_address(&self, name: &HeaderName) -> bool {
        names::header_holds_address(name.as_str())
    }

    /// Whether nothing of the value of this query parameter or form field may be seen.
    pub fn hides_parameter(&self, name: &str) -> bool {
        self.hides(&self.parameters, name)
    }

    /// Whether nothing of the value of this JSON field may be seen.
    pub fn hides_field(&self, name: &str) -> bool {
        self.hides(&self.fields, name)
    }

    /// Whether there are patterns that every text must be searched for.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// A header's value as it may be shown. Those of headers that hold addresses (`referer`,
    /// `location` and the like) are treated as [`Self::address`] does.
    pub fn header<'a>(&self, name: &HeaderName, value: &'a HeaderValue) -> Cow<'a, [u8]> {
        if self.hides_header(name) {
            return Cow::Borrowed(REDACTED.as_bytes());
        }
        self.value(value.as_bytes(), names::header_holds_address(name.as_str()))
    }

    /// The value of a header that is not hidden by its name.
    pub(crate) fn value<'a>(&self, value: &'a [u8], is_address: bool) -> Cow<'a, [u8]> {
        if names::begins_as_credentials(value) {
            return Cow::Borrowed(REDACTED.as_bytes());
        }
        if !is_address && self.patterns.is_empty() {
            return Cow::Borrowed(value);
        }
        // What is no UTF-8 is shown with marks instead; nothing of it can be missed by that.
        match String::from_utf8_lossy(value) {
            Cow::Borrowed(text) if is_address => bytes(self.address(text)),
            Cow::Borrowed(text) => bytes(self.text(text)),
            Cow::Owned(text) if is_address => self.address(&text).into_owned().into_bytes().into(),
            Cow::Owned(text) => self.text(&text).into_owned().into_bytes().into(),
        }
    }

    /// A path with its query, or a whole URL: the values of parameters that hide are taken out,
    /// also in what follows a `#`, and so are user and password.
    pub fn address<'a>(&self, address: &'a str) -> Cow<'a, str> {
        let cleared = url::redact(address, &|name| self.hides_parameter(name));
        self.patterns_in(cleared)
    }

    /// A text in which only patterns can tell what is secret.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.patterns_in(Cow::Borrowed(text))
    }

    /// A body, or the beginning of one, of this `content-type`: fields are looked for in JSON and
    /// in forms, patterns in all.
    pub fn body<'a>(&self, kind: Option<&str>, text: &'a str) -> Cow<'a, str> {
        let kind = kind.unwrap_or_default().trim().to_ascii_lowercase();
        let cleared = if kind.starts_with("application/x-www-form-urlencoded") {
            url::redact_form(text, &|name| self.hides_parameter(name))
        } else if kind.contains("json") || text.trim_start().starts_with(['{', '[']) {
            body::redact_json(text, &|name| self.hides_field(name))
        } else {
            Cow::Borrowed(text)
        };
        self.patterns_in(cleared)
    }

    fn patterns_in<'a>(&self, mut text: Cow<'a, str>) -> Cow<'a, str> {
        for pattern in &self.patterns {
            if let Cow::Owned(replaced) = pattern.replace_all(&text, regex::NoExpand(REDACTED)) {
                text = Cow::Owned(replaced);
            }
        }
        text
    }

    fn hides(&self, listed: &[String], name: &str) -> bool {
        let is_in = |list: &[String]| list.iter().any(|other| other.eq_ignore_ascii_case(name));
        is_in(listed) || (names::name_is_secret(name) && !is_in(&self.shown))
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests;
