//! What Portico tells about the requests it served. Knows no pingora, no plugin host, no YAML.
//!
//! The gateway stamps an exchange while it runs and builds one [`Record`] when it ends. Everything
//! else is made from records: metrics, spans, access log, service graph, trace store, tap.

pub mod record;

pub mod context;
pub mod sampling;

pub mod histogram;
pub mod series;

pub mod graph;

pub mod flags;
pub mod redact;

pub mod access_log;
pub mod tap;

pub mod store;

pub mod compare;
pub mod doctor;
pub mod export_file;
pub mod far;
pub mod query;
pub mod receiver;
pub mod story;
pub mod trace;

pub mod expose;
pub mod process;

pub mod export;
pub mod otlp;
pub mod secret;

#[cfg(test)]
mod fixture;

pub use record::Record;
