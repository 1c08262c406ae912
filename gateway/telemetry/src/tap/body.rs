//! A body, or the beginning of one, as it can be shown.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, header};
use serde::Serialize;

use super::Captured;
use crate::redact::Redactor;

/// What is shown of a body.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Body {
    /// There was more.
    truncated: bool,
    #[serde(flatten)]
    content: Content,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    /// With what must not be seen taken out.
    Text(String),
    /// What is no text.
    Base64(String),
    /// Not shown, and why.
    Withheld(String),
}

impl Body {
    /// Nothing for a body that is empty.
    pub(super) fn new(
        captured: &Captured,
        headers: &HeaderMap,
        redactor: &Redactor,
    ) -> Option<Self> {
        if captured.bytes.is_empty() {
            return None;
        }
        let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let kind = value(header::CONTENT_TYPE);
        let coding = value(header::CONTENT_ENCODING).filter(|coding| *coding != "identity");
        let content = match (coding, text(captured)) {
            // What is packed cannot be searched for what must not be seen.
            (Some(coding), _) => Content::Withheld(format!("it is encoded as {coding}")),
            (None, Some(text)) => Content::Text(redactor.body(kind, text).into_owned()),
            (None, None) if redactor.has_patterns() => {
                Content::Withheld("it is no text, so that patterns cannot be searched for".into())
            }
            (None, None) => Content::Base64(STANDARD.encode(&captured.bytes)),
        };
        Some(Self { truncated: captured.is_cut, content })
    }
}

/// The text, without the half of a character at which it was cut.
fn text(captured: &Captured) -> Option<&str> {
    match std::str::from_utf8(&captured.bytes) {
        Ok(text) => Some(text),
        Err(error) if captured.is_cut && error.error_len().is_none() => {
            std::str::from_utf8(&captured.bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}
