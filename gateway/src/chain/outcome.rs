//! What a callback of a plugin means for the exchange: an answer of its own, a failure, or nothing.

use std::sync::Arc;

use portico_config::config::OnFailure;
use portico_wasm::Fault;

use crate::{
    answer::Answer, exchange::Exchange, failure::Failure, heads::Missing, proxy::Broken,
    snapshot::PluginStep,
};

/// Looks at what the callback that has just returned left in the stream.
///
/// # Errors
/// The filter's own answer, or the failure that its head or its wish to close means.
pub(super) fn check(exchange: &mut Exchange, step: &PluginStep, status: u16) -> Result<(), Broken> {
    let Some(stream) = &mut exchange.filters.stream else { return Ok(()) };
    let name = &step.plugin.spec().name;
    if let Some(local) = stream.local_response.take() {
        // In a log line, details are one word.
        stream.facts.progress.details = Some(local.details.replace(' ', "_").into());
        return Err(Answer::from_filter(name, local, exchange.is_grpc).into());
    }
    if std::mem::take(&mut stream.close) {
        stream.facts.progress.details = Some("wasm_close_stream".into());
        tracing::debug!(target: "portico::request", plugin = &**name, "a filter closed the stream");
        return Err(Broken::Closed);
    }
    if let Some(invalid) = stream.invalid.take() {
        let cause = format!("it put an invalid name or value into header `{}`", invalid.name);
        return Err(failed(name.clone(), cause, status).into());
    }
    Ok(())
}

/// A filter failed: what the request meets is the configuration's choice.
pub(super) fn on_fault(step: &PluginStep, is_canary: bool, fault: &Fault) -> Result<(), Failure> {
    if let Some(canary) = step.canary.as_ref().filter(|_| is_canary) {
        canary.trial.failed(canary.threshold);
    }
    let plugin = step.plugin.spec().name.clone();
    tracing::warn!(target: "portico::plugin", plugin = &*plugin, "on a request it {fault}");
    match step.on_failure {
        OnFailure::Open => Ok(()),
        OnFailure::Closed => Err(failed(plugin, format!("it {fault}"), 503)),
    }
}

pub(super) fn failed(plugin: Arc<str>, cause: String, status: u16) -> Failure {
    Failure::Plugin { plugin, cause, status }
}

/// As on Envoy: 404 for a request that lost its pseudo headers, 502 for a response.
pub(super) fn incomplete(plugin: Arc<str>, Missing(what): Missing, status: u16) -> Failure {
    failed(plugin, format!("missing required header: {what}"), status)
}
