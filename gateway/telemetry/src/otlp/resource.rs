//! Who reports.

use opentelemetry_proto::tonic::{common::v1::InstrumentationScope, resource::v1::Resource};

use super::attribute::text;

/// The process that reports: `service.name` (default `portico`), `service.version`,
/// `telemetry.sdk.*`, and what an operator adds, which goes before the defaults.
pub fn resource(own: &[(String, String)]) -> Resource {
    let defaults = [
        ("service.name", "portico"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("telemetry.sdk.name", "portico"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ];
    let missing = defaults.into_iter().filter(|(key, _)| !own.iter().any(|(own, _)| own == key));
    let mut attributes: Vec<_> = missing.map(|(key, value)| text(key, value)).collect();
    attributes.extend(own.iter().map(|(key, value)| text(key, value.as_str())));
    Resource { attributes, ..Resource::default() }
}

/// The part of the gateway that reports.
pub fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "portico".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
