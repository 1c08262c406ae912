//! Reading a filter's settings, and saying what is wrong with them without repeating them:
//! a settings file holds keys and passwords, and what a filter reports ends up in a log.

use serde::de::DeserializeOwned;

/// Why settings were refused: where, and what is wrong there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{field}`: {reason}")]
pub struct SettingsError {
    /// The path of the field, such as `rules[2].timeout`; `.` is the whole document.
    pub field: String,
    /// What is wrong. Never contains a value that was written as a string or a number.
    pub reason: String,
}

impl SettingsError {
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The same error seen from one level up: `timeout` inside `rules[2]`.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let Self { field, reason } = self;
        Self { field: format!("{outer}.{field}"), reason }
    }
}

/// Reads the JSON document that the host hands over. No document at all counts as `{}`, so
/// that a filter whose settings all have defaults needs none.
///
/// # Errors
/// Text that is not JSON, or does not have the shape of `T`.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, SettingsError> {
    let json = if json.trim_ascii().is_empty() { b"{}" } else { json };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let cause = error.inner();
        if cause.is_data() {
            SettingsError::new(error.path().to_string(), without_value(&cause.to_string()))
        } else {
            SettingsError::new(".", format!("not JSON: {cause}"))
        }
    })?;
    reader.end().map_err(|_| SettingsError::new(".", "something follows the document"))?;
    Ok(value)
}

/// serde quotes the value that it did not expect (`invalid type: string "hunter2", expected
/// …`). Kept are the kind of the value and what was expected.
fn without_value(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(text, _)| text);
    let quoted = ["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .any(|start| message.starts_with(start));
    match message.rsplit_once(", expected ") {
        Some((found, expected)) if quoted => {
            let kind = found.find(['"', '`']).map_or(found, |at| found[..at].trim_end());
            format!("{kind}, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Sample {
        keys: Vec<Key>,
        count: u8,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the errors are looked at")]
    struct Key {
        id: String,
    }

    fn refusal(json: &str) -> String {
        parse::<Sample>(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn no_document_is_an_empty_one() {
        assert!(parse::<Sample>(b"").is_ok());
        assert!(parse::<Sample>(b" \n").is_ok());
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(
            refusal(r#"{"keys":[{"id":"a"},{"idd":"b"}]}"#),
            "`keys[1].idd`: unknown field `idd`, expected `id`"
        );
        assert_eq!(refusal(r#"{"count":300}"#), "`count`: invalid value: integer, expected u8");
        assert_eq!(refusal(r#"{} {}"#), "`.`: something follows the document");
        assert!(refusal("{").starts_with("`.`: not JSON: EOF"), "{}", refusal("{"));
    }

    #[test]
    fn errors_never_repeat_a_value() {
        for json in [
            r#"{"keys":["hunter2"]}"#,
            r#"{"keys":"hunter2"}"#,
            r#"{"keys":"hunter2, expected hunter2"}"#,
            r#"{"keys":"hunter2 at line 1\", expected hunter2"}"#,
            r#"{"count":"hunter2"}"#,
            r#""hunter2""#,
        ] {
            assert!(!refusal(json).contains("hunter2"), "{json}: {}", refusal(json));
        }
    }
}
