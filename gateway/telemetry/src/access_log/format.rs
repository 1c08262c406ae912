//! How a line is written: compiled once, rendered into a buffer that is used again.

use std::sync::Arc;

use super::{json::Json, operators::Scene, template::Template};
use crate::{record::Record, redact::Redactor};

/// Envoy's default format, for tools that know it.
pub const ENVOY: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% \
    %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
    %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \
    \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"";

/// Apache's combined format.
pub const COMBINED: &str = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% - - \
    [%START_TIME(%d/%b/%Y:%H:%M:%S %z)%] \"%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%\" \
    %RESPONSE_CODE% %BYTES_SENT% \"%REQ(REFERER)%\" \"%REQ(USER-AGENT)%\"";

/// For eyes: what was asked, what came of it and why, where it went, and what filters cost.
pub const PLAIN: &str = "%START_TIME% %RESPONSE_CODE% %REQ(:METHOD)% \
    %PORTICO(scheme)%://%REQ(:AUTHORITY)%%REQ(:PATH)% %PORTICO(duration_ms)%ms \
    reason=%PORTICO(reason)% route=%ROUTE_NAME% service=%UPSTREAM_CLUSTER% \
    endpoint=%UPSTREAM_HOST% attempts=%UPSTREAM_REQUEST_ATTEMPT_COUNT% in=%BYTES_RECEIVED% \
    out=%BYTES_SENT% filters=%PORTICO(filter_us)%us client=%DOWNSTREAM_REMOTE_ADDRESS% \
    id=%STREAM_ID% trace=%TRACE_ID%";

/// What each JSON line says unless other fields are chosen.
pub const FIELDS: [(&str, &str); 28] = [
    ("time", "%START_TIME%"),
    ("request_id", "%STREAM_ID%"),
    ("trace_id", "%TRACE_ID%"),
    ("client", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("method", "%REQ(:METHOD)%"),
    ("scheme", "%PORTICO(scheme)%"),
    ("host", "%REQ(:AUTHORITY)%"),
    ("path", "%REQ(:PATH)%"),
    ("protocol", "%PROTOCOL%"),
    ("status", "%RESPONSE_CODE%"),
    ("answered_by", "%PORTICO(answered_by)%"),
    ("reason", "%PORTICO(reason)%"),
    ("detail", "%PORTICO(detail)%"),
    ("flags", "%RESPONSE_FLAGS%"),
    ("duration_ms", "%PORTICO(duration_ms)%"),
    ("listener", "%PORTICO(listener)%"),
    ("route", "%ROUTE_NAME%"),
    ("rule", "%PORTICO(rule)%"),
    ("service", "%UPSTREAM_CLUSTER%"),
    ("endpoint", "%UPSTREAM_HOST%"),
    ("attempts", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"),
    ("bytes_in", "%BYTES_RECEIVED%"),
    ("bytes_out", "%BYTES_SENT%"),
    ("filter_us", "%PORTICO(filter_us)%"),
    ("plugin_failed", "%PORTICO(plugin_failed)%"),
    ("tls", "%DOWNSTREAM_TLS_VERSION%"),
    ("user_agent", "%REQ(USER-AGENT):256%"),
    ("referer", "%REQ(REFERER):1024%"),
];

/// How lines look.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Layout {
    /// One JSON object a line, with these fields in this order. A field that is one operator has
    /// that operator's type; with text around it, it is a string.
    Json {
        /// Name and format of each.
        fields: Vec<(String, String)>,
        /// A field that has nothing to say is `null` (true) or left out (false).
        nulls: bool,
    },
    /// Text with Envoy's command operators. Each line is ended by a line break, whether the text
    /// has one at its end or not.
    Text(String),
}

impl Layout {
    /// A text format that has a name: `envoy`, `combined` or `plain`.
    pub fn named(name: &str) -> Option<Self> {
        let text = match name {
            "envoy" => ENVOY,
            "combined" => COMBINED,
            "plain" => PLAIN,
            _ => return None,
        };
        Some(Self::Text(text.to_owned()))
    }
}

impl Default for Layout {
    /// JSON with [`FIELDS`], without those that have nothing to say.
    fn default() -> Self {
        let field = |(name, format): (&str, &str)| (name.to_owned(), format.to_owned());
        Self::Json { fields: FIELDS.into_iter().map(field).collect(), nulls: false }
    }
}

/// A layout that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    #[error("field `{name}`: {source}")]
    Field { name: String, source: Box<Self> },
    #[error("there are two fields `{name}`")]
    FieldTwice { name: String },
    #[error("there are {count} fields; at most {limit} are written")]
    Fields { count: usize, limit: usize },
    #[error("column {column}: a line break inside of a format; each request is one line")]
    LineBreak { column: usize },
    #[error("column {column}: `%{name}%` cannot be served: {why}")]
    NotServed { column: usize, name: String, why: &'static str },
    #[error("column {column}: `%{name}%`: {why}")]
    Parameter { column: usize, name: String, why: String },
    #[error("column {column}: this `%` begins no operator; a percent sign is written `%%`")]
    Percent { column: usize },
    #[error("the format has {bytes} bytes; at most {limit} are read")]
    TooLong { bytes: usize, limit: usize },
    #[error("column {column}: there is no operator `%{name}%`{hint}")]
    Unknown { column: usize, name: String, hint: String },
}

/// A compiled [`Layout`].
#[derive(Clone, Debug)]
pub struct Format {
    kind: Kind,
    redactor: Arc<Redactor>,
}

#[derive(Clone, Debug)]
enum Kind {
    Json(Json),
    Text(Template),
}

impl Format {
    /// `hostname` is what `%HOSTNAME%` prints.
    ///
    /// # Errors
    /// What is wrong with the layout, and in which column.
    pub fn new(
        layout: &Layout,
        redactor: Arc<Redactor>,
        hostname: &str,
    ) -> Result<Self, FormatError> {
        let scene = Scene { redactor: &redactor, hostname };
        let kind = match layout {
            Layout::Json { fields, nulls } => Kind::Json(Json::new(fields, *nulls, &scene)?),
            Layout::Text(text) => {
                let text = text.strip_suffix('\n').unwrap_or(text);
                Kind::Text(Template::parse(text, &scene)?)
            }
        };
        Ok(Self { kind, redactor })
    }

    /// Appends one line, with its line break.
    pub fn write(&self, out: &mut Vec<u8>, record: &Record) {
        match &self.kind {
            Kind::Json(json) => json.write(out, record, &self.redactor),
            Kind::Text(template) => template.write_text(out, record, &self.redactor),
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests;
