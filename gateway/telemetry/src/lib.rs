//! What Portico tells about the requests it served. Knows no pingora, no plugin host, no YAML.
//!
//! The gateway stamps an exchange while it runs and builds one [`Record`] when it ends. Everything
//! else is made from records: metrics, spans, access log, service graph, trace store, tap.

pub mod record;

pub use record::Record;
