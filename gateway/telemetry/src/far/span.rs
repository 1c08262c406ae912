//! A span that a service reported, in the form in which it is kept.

use std::{sync::Arc, time::Duration};

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{self as otlp, Status, span::SpanKind, status::StatusCode},
};

/// Attributes of one span. The SDKs' own default limit is 128; those that matter stand first.
const ATTRIBUTES: usize = 64;
/// Bytes of one attribute's value, of a name, of a message.
const TEXT: usize = 1024;
/// Bytes of an attribute's key.
const KEY: usize = 128;
/// What the conventions call a service that does not say its name.
const UNNAMED: &str = "unknown_service";

/// One span of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent_id: Option<[u8; 8]>,
    /// `service.name` of its resource.
    pub service: Arc<str>,
    pub name: Box<str>,
    pub kind: Kind,
    /// Since 1970, by the clock of the service.
    pub began: Duration,
    pub took: Duration,
    /// Its status is an error.
    pub failed: bool,
    /// What the status says, or else the message of an exception.
    pub message: Option<Box<str>>,
    pub attributes: Box<[(Box<str>, Value)]>,
}

/// Which side of a call a span stands for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Client,
    Consumer,
    Internal,
    Producer,
    Server,
}

/// An attribute's value. Lists and maps are kept as text.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    Flag(bool),
    Float(f64),
    Number(i64),
    Text(Box<str>),
}

/// Why a span is not kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSpan {
    #[error("a trace id must be 16 bytes and not all zero")]
    TraceId,
    #[error("a span id must be 8 bytes and not all zero")]
    SpanId,
}

/// The name that a service gives itself.
pub fn service(resource: Option<&Resource>) -> Arc<str> {
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    let named = attributes.iter().find(|attribute| attribute.key == "service.name");
    let named = named.and_then(|attribute| match value(attribute.value.as_ref()?) {
        Value::Text(name) if !name.is_empty() => Some(name),
        _ => None,
    });
    named.map_or_else(|| UNNAMED.into(), Arc::from)
}

impl Span {
    /// Takes over what OTLP says, within limits. A span that ends before it begins took no time.
    pub fn of(span: &otlp::Span, service: &Arc<str>) -> Result<Self, BadSpan> {
        let parent_id = match span.parent_span_id.len() {
            0 => None,
            _ => Some(id(&span.parent_span_id).ok_or(BadSpan::SpanId)?),
        };
        let (failed, message) = match &span.status {
            Some(Status { code, message }) if *code == StatusCode::Error as i32 => {
                (true, Some(message.as_str()).filter(|message| !message.is_empty()))
            }
            _ => (false, None),
        };
        let message = message.or_else(|| exception(span)).map(cut);
        let attributes = span.attributes.iter().take(ATTRIBUTES).filter_map(|attribute| {
            Some((cut_to(&attribute.key, KEY), value(attribute.value.as_ref()?)))
        });
        Ok(Self {
            trace_id: id(&span.trace_id).ok_or(BadSpan::TraceId)?,
            span_id: id(&span.span_id).ok_or(BadSpan::SpanId)?,
            parent_id,
            service: Arc::clone(service),
            name: cut(&span.name),
            kind: Kind::of(span.kind()),
            began: Duration::from_nanos(span.start_time_unix_nano),
            took: Duration::from_nanos(
                span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano),
            ),
            failed,
            message,
            attributes: attributes.collect(),
        })
    }

    /// As OTLP says it.
    pub fn to_otlp(&self) -> otlp::Span {
        let code = if self.failed { StatusCode::Error } else { StatusCode::Unset };
        let message = self.message.as_deref().unwrap_or_default().to_owned();
        let attributes = self.attributes.iter().map(|(key, value)| KeyValue {
            key: key.to_string(),
            value: Some(AnyValue { value: Some(value.to_otlp()) }),
            ..KeyValue::default()
        });
        otlp::Span {
            trace_id: self.trace_id.to_vec(),
            span_id: self.span_id.to_vec(),
            parent_span_id: self.parent_id.map(|id| id.to_vec()).unwrap_or_default(),
            name: self.name.to_string(),
            kind: self.kind.to_otlp() as i32,
            start_time_unix_nano: nanoseconds(self.began),
            end_time_unix_nano: nanoseconds(self.ended()),
            attributes: attributes.collect(),
            status: Some(Status { message, code: code as i32 }),
            ..otlp::Span::default()
        }
    }

    /// Since 1970, by the clock of the service.
    pub fn ended(&self) -> Duration {
        self.began.saturating_add(self.took)
    }

    /// An attribute that is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(name, _)| &**name == key)?;
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Bytes it holds, as estimated.
    pub fn weight(&self) -> usize {
        // Index entry and reference counts.
        const OVERHEAD: usize = 96;
        let attributes = self.attributes.iter().map(|(key, value)| {
            let text = if let Value::Text(text) = value { text.len() } else { 0 };
            size_of::<(Box<str>, Value)>() + 16 + key.len() + text
        });
        size_of::<Self>()
            + OVERHEAD
            + self.name.len()
            + self.message.as_ref().map_or(0, |message| message.len())
            + attributes.sum::<usize>()
    }
}

impl Kind {
    fn of(kind: SpanKind) -> Self {
        match kind {
            SpanKind::Client => Self::Client,
            SpanKind::Consumer => Self::Consumer,
            // The specification: unspecified may be taken for internal.
            SpanKind::Internal | SpanKind::Unspecified => Self::Internal,
            SpanKind::Producer => Self::Producer,
            SpanKind::Server => Self::Server,
        }
    }

    fn to_otlp(self) -> SpanKind {
        match self {
            Self::Client => SpanKind::Client,
            Self::Consumer => SpanKind::Consumer,
            Self::Internal => SpanKind::Internal,
            Self::Producer => SpanKind::Producer,
            Self::Server => SpanKind::Server,
        }
    }
}

impl Value {
    fn to_otlp(&self) -> any_value::Value {
        match self {
            Self::Flag(flag) => any_value::Value::BoolValue(*flag),
            Self::Float(float) => any_value::Value::DoubleValue(*float),
            Self::Number(number) => any_value::Value::IntValue(*number),
            Self::Text(text) => any_value::Value::StringValue(text.to_string()),
        }
    }
}

/// An id of the right length that is not all zero.
fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    <[u8; N]>::try_from(bytes).ok().filter(|id| id.iter().any(|byte| *byte != 0))
}

fn value(value: &AnyValue) -> Value {
    match &value.value {
        Some(any_value::Value::BoolValue(flag)) => Value::Flag(*flag),
        Some(any_value::Value::DoubleValue(float)) => Value::Float(*float),
        Some(any_value::Value::IntValue(number)) => Value::Number(*number),
        Some(any_value::Value::StringValue(text)) => Value::Text(cut(text)),
        Some(any_value::Value::BytesValue(bytes)) => {
            Value::Text(format!("{} bytes", bytes.len()).into())
        }
        Some(_) => Value::Text(cut(&json(value).to_string())),
        None => Value::Text("".into()),
    }
}

/// A list or map as people write it. Decoders limit how deep they are nested.
fn json(value: &AnyValue) -> serde_json::Value {
    match &value.value {
        Some(any_value::Value::ArrayValue(list)) => list.values.iter().map(json).collect(),
        Some(any_value::Value::KvlistValue(map)) => {
            let pair = |pair: &KeyValue| {
                (pair.key.clone(), pair.value.as_ref().map_or_else(Default::default, json))
            };
            map.values.iter().map(pair).collect()
        }
        Some(any_value::Value::BoolValue(flag)) => (*flag).into(),
        Some(any_value::Value::DoubleValue(float)) => (*float).into(),
        Some(any_value::Value::IntValue(number)) => (*number).into(),
        Some(any_value::Value::StringValue(text)) => text.as_str().into(),
        Some(any_value::Value::BytesValue(bytes)) => format!("{} bytes", bytes.len()).into(),
        _ => serde_json::Value::Null,
    }
}

/// The message of the first exception that was recorded.
fn exception(span: &otlp::Span) -> Option<&str> {
    let exception = span.events.iter().find(|event| event.name == "exception")?;
    let mut attributes = exception.attributes.iter();
    let message = attributes.find(|attribute| attribute.key == "exception.message")?;
    match message.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn cut(text: &str) -> Box<str> {
    cut_to(text, TEXT)
}

fn cut_to(text: &str, limit: usize) -> Box<str> {
    text[..text.floor_char_boundary(limit)].into()
}

/// Saturates in the year 2554, as OTLP does.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
