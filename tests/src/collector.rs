//! A receiver of OpenTelemetry data (OTLP over HTTP): takes everything and remembers it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{KeyValue, any_value::Value},
    logs::v1::LogRecord,
    metrics::v1::Metric,
    trace::v1::Span,
};
use prost::Message;

use crate::backend::{Backend, Behaviour};

/// Takes what it is sent.
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A receiver on a port of its own. It ends when it is dropped.
#[derive(Debug)]
pub struct Collector {
    backend: Backend,
}

impl Collector {
    /// # Errors
    /// If there is no port for it.
    pub async fn start() -> Result<Self> {
        let backend = Backend::with("collector", Behaviour::Answer(TAKEN.to_vec())).await?;
        Ok(Self { backend })
    }

    /// An exporter to it, for the list of a configuration.
    pub fn exporter(&self, signals: &str, more: &str) -> String {
        let address = self.backend.address;
        format!(
            "{{ name: here, endpoint: 'http://{address}', protocol: http, gzip: false, \
             interval: 100ms, signals: [{signals}]{more} }}"
        )
    }

    /// Every span so far.
    ///
    /// # Errors
    /// If something that came is no message of OTLP.
    pub fn spans(&self) -> Result<Vec<Span>> {
        let requests = self.decoded::<ExportTraceServiceRequest>("/v1/traces")?;
        let resources = requests.into_iter().flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        Ok(scopes.flat_map(|scope| scope.spans).collect())
    }

    /// Every log record so far.
    ///
    /// # Errors
    /// If something that came is no message of OTLP.
    pub fn logs(&self) -> Result<Vec<LogRecord>> {
        let requests = self.decoded::<ExportLogsServiceRequest>("/v1/logs")?;
        let resources = requests.into_iter().flat_map(|request| request.resource_logs);
        let scopes = resources.flat_map(|resource| resource.scope_logs);
        Ok(scopes.flat_map(|scope| scope.log_records).collect())
    }

    /// The last state of all metrics, by name.
    ///
    /// # Errors
    /// If something that came is no message of OTLP, or none has come.
    pub fn metrics(&self) -> Result<BTreeMap<String, Metric>> {
        let requests = self.decoded::<ExportMetricsServiceRequest>("/v1/metrics")?;
        // The last one may still be on its way.
        let mut whole = requests.into_iter().rev().filter(|one| !one.resource_metrics.is_empty());
        let last = whole.next().context("no metrics have come")?;
        let scopes = last.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        let metrics = scopes.flat_map(|scope| scope.metrics);
        Ok(metrics.map(|metric| (metric.name.clone(), metric)).collect())
    }

    fn decoded<M: Message + Default>(&self, path: &str) -> Result<Vec<M>> {
        let start = format!("POST {path} HTTP/1.1");
        let own = self.backend.received().into_iter().filter(|one| one.head.start == start);
        own.map(|request| Ok(M::decode(&*request.body)?)).collect()
    }

    /// Ends as a process that is killed does.
    pub fn kill(&mut self) {
        self.backend.kill();
    }

    /// Comes back to where it was, and knows what it had been sent.
    ///
    /// # Errors
    /// If its address cannot be had again.
    pub async fn revive(&mut self) -> Result<()> {
        self.backend.revive().await
    }
}

/// An attribute as text.
pub fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(is) => Some(is.to_string()),
        _ => None,
    }
}

/// An id as it is written in headers.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
