//! What can be asked about the requests that were served: over the admin API and the command line.

mod cli;
mod graph;
mod refusals;
mod requests;
mod secrets;
mod tap;
mod traces;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use portico_tests::{Gateway, configuration::LISTENERS, eventually};
use serde_json::Value;

/// A service `web`, a route `web` for everything and a route `slow`, whose timeout is short. A
/// receiver for spans, so that traces are passed on.
fn telling(web: SocketAddr, slow: SocketAddr) -> String {
    format!(
        "{LISTENERS}telemetry: {{ receiver: {{ http: '127.0.0.1:0' }} }}
services:
  - {{ name: web, endpoints: ['{web}'] }}
  - {{ name: staff, endpoints: ['{slow}'] }}
routes:
  - {{ name: web, rules: [{{ backends: [web] }}] }}
  - name: slow
    timeout: 200ms
    rules: [{{ matches: [{{ path: {{ prefix: /slow }} }}], backends: [staff] }}]
"
    )
}

/// Waits until so many requests are kept that are like that, and returns them, the newest first.
async fn found(gateway: &Gateway, query: &str, count: usize) -> Result<Vec<Value>> {
    eventually(async || {
        let found = gateway.read(&format!("/api/v1/requests?sort=time&q={query}")).await?;
        let requests = found["requests"].as_array().context("no list")?.clone();
        ensure!(requests.len() == count, "{} requests for `{query}`: {found:#}", requests.len());
        Ok(requests)
    })
    .await
}

/// The one request that is like that, whole.
async fn whole(gateway: &Gateway, query: &str) -> Result<Value> {
    let request = found(gateway, query, 1).await?.remove(0);
    gateway.read(&format!("/api/v1/requests/{}", request["seq"])).await
}

/// The sentences of a request's story that are about this.
fn told(whole: &Value, about: &str) -> String {
    let sentences = whole["story"].as_array().into_iter().flatten();
    let chosen = sentences.filter(|sentence| sentence["about"] == about);
    chosen.filter_map(|sentence| sentence["text"].as_str()).collect::<Vec<_>>().join(" ")
}
