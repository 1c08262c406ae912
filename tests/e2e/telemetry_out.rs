//! What the gateway tells others about its requests: access logs, spans, and numbers.

mod access_log;
mod bounds;
mod metrics;
mod metrics_out;
mod spans;
mod switches;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use portico_tests::{Gateway, Request, eventually, forward};

/// Requests that have ended, by listener, route, method and status.
const ENDED: &str = "http_server_request_duration_seconds_count";

/// Everything goes to one service, and this is the telemetry section.
fn telling(to: SocketAddr, telemetry: &str) -> String {
    format!("{}\ntelemetry:\n{telemetry}\n", forward(to))
}

/// The page of metrics, as Prometheus reads it.
async fn page(gateway: &Gateway) -> Result<String> {
    Ok(Request::get("/metrics").send(gateway.admin).await?.text())
}

/// The page as soon as this many requests are counted, which is after they were answered.
async fn page_after(gateway: &Gateway, requests: u32) -> Result<String> {
    eventually(async || {
        let page = page(gateway).await?;
        let ended = sum(&page, ENDED, "")?;
        ensure!(ended == f64::from(requests), "{ended} of {requests} requests");
        Ok(page)
    })
    .await
}

/// The sum of all samples of a name whose labels contain a text.
fn sum(page: &str, name: &str, labels: &str) -> Result<f64> {
    let mut sum = None;
    for line in page.lines() {
        let (series, value) = line.rsplit_once(' ').unwrap_or_default();
        let (own, own_labels) = series.split_once('{').unwrap_or((series, ""));
        if own == name && own_labels.contains(labels) {
            *sum.get_or_insert(0.0) += value.parse::<f64>()?;
        }
    }
    sum.with_context(|| format!("no `{name}` with `{labels}`"))
}
