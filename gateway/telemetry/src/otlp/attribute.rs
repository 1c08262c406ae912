//! Attributes of spans, logs and resources.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

/// Strangers choose paths and agents. Backends cut at about the same length.
const LONGEST: usize = 2048;

/// A text, cut after 2,048 bytes.
pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    let mut value = value.into();
    value.truncate(value.floor_char_boundary(LONGEST));
    attribute(key, Value::StringValue(value))
}

/// A number. What an `i64` cannot hold becomes the largest.
pub fn number(key: &str, value: impl TryInto<i64>) -> KeyValue {
    attribute(key, Value::IntValue(value.try_into().unwrap_or(i64::MAX)))
}

/// A truth value.
pub fn truth(key: &str, value: bool) -> KeyValue {
    attribute(key, Value::BoolValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}
