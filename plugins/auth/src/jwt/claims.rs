//! What a token says, apart from its signature (RFC 7519 section 4).

use serde_json::{Map, Value};
use std::borrow::Cow;

pub(crate) struct Claims(pub(crate) Map<String, Value>);

/// The moments a token names, in seconds since 1970; they may have fractions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) expires: Option<f64>,
    pub(crate) not_before: Option<f64>,
    pub(crate) issued: Option<f64>,
}

impl Claims {
    /// `None` if one of the times is not a number.
    pub(crate) fn times(&self) -> Option<Times> {
        let time = |name: &str| match self.0.get(name) {
            None => Some(None),
            Some(value) => value.as_f64().map(Some),
        };
        Some(Times { expires: time("exp")?, not_before: time("nbf")?, issued: time("iat")? })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Whether the claim is this text or a list that has it. `scope` is a list separated by
    /// spaces (RFC 8693 section 4.2), a claim of numbers is compared by its digits.
    pub(crate) fn has(&self, name: &str, wanted: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(scalar).any(|item| item == wanted),
            Some(Value::String(text)) if name == "scope" => {
                text.split(' ').any(|item| item == wanted)
            }
            Some(value) => scalar(value).is_some_and(|text| text == wanted),
            None => false,
        }
    }

    /// The claim as the value of a header: a text as it is, a number or a boolean as JSON
    /// has it, a list of those with commas between. `Ok(None)` if the token has no such claim.
    ///
    /// # Errors
    /// A claim that no header can carry: an object, or a text with control characters, with
    /// anything outside of ASCII, or with a space at an end.
    pub(crate) fn header(&self, name: &str) -> Result<Option<String>, Unfit> {
        let text = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(items)) => {
                let items: Option<Vec<_>> = items.iter().map(scalar).collect();
                Cow::Owned(items.ok_or(Unfit)?.join(","))
            }
            Some(value) => scalar(value).ok_or(Unfit)?,
        };
        if fits_header(&text) { Ok(Some(text.into_owned())) } else { Err(Unfit) }
    }
}

/// A claim that no header can carry.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Unfit;

pub(crate) fn fits_header(text: &str) -> bool {
    text.trim() == text && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Array(_) | Value::Null | Value::Object(_) => None,
    }
}
