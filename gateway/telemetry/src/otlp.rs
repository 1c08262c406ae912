//! Records and numbers in the words of OpenTelemetry's protocol (OTLP).

pub mod attribute;
pub mod logs;
pub mod metrics;
pub mod resource;
pub mod spans;

/// The version of the semantic conventions that names of attributes are taken from.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";
