//! `GET /api/v1/overview`: is it up, where, how well, and what needs attention.

mod addresses;
mod calls;
mod gather;
mod memory;
mod ways;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use portico_telemetry::{graph::Stats, process::Process, series::Edge};
use serde::Serialize;
use tokio::time::timeout;

use self::addresses::Address;
pub(super) use self::{memory::Memory, ways::rule_step};
use super::{
    Admin,
    facts::{Facts, NOW},
    telemetry::{Parameters, Refusal, aside, graph::WINDOWS},
};
use crate::{
    attention::{self, Attention},
    control::SourceStatus,
};

/// How long to wait for fresh counts of connections and plugins. The control loop may be starting
/// some plugins, and what was known before is better than nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// The overview, as the console reads it.
#[derive(Serialize)]
pub(super) struct Overview {
    now_ms: u64,
    started_ms: u64,
    version: &'static str,
    state: &'static str,
    generation: Option<u64>,
    applied_ms: Option<u64>,
    took_ms: Option<f64>,
    addresses: Vec<Address>,
    stats: Stats,
    in_flight: u64,
    connections: usize,
    workers: usize,
    memory_bytes: Option<u64>,
    pub(super) attention: Vec<Attention>,
    source: SourceStatus,
}

pub(super) async fn show(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Overview>, Refusal> {
    let parameters = Parameters::read(query.as_deref(), &["window"], &[])?;
    let window = parameters.duration("window", WINDOWS)?.unwrap_or(NOW);
    refresh(&admin).await;
    aside(move || {
        let facts = Facts::gather(&admin, SystemTime::now());
        Ok(Json(Overview::of(&admin, &facts, window)))
    })
    .await
}

/// Lets the control loop count again.
pub(super) async fn refresh(admin: &Admin) {
    let _late = timeout(PATIENCE, admin.control.refresh()).await;
}

impl Overview {
    /// Numbers are those of a window.
    pub(super) fn of(admin: &Admin, facts: &Facts, window: Duration) -> Self {
        let situation = gather::situation(admin, facts);
        let status = &facts.status;
        let running = status.history.running();
        let state = match running {
            _ if admin.control.is_ending() => "draining",
            None => "starting",
            Some(_) => "serving",
        };
        let of_requests = |edge: &Edge| matches!(edge, Edge::Entry { .. });
        Self {
            now_ms: millis(facts.at),
            started_ms: millis(admin.telemetry.started()),
            version: env!("CARGO_PKG_VERSION"),
            state,
            generation: running.map(|running| running.number),
            applied_ms: running.map(|running| millis(running.at)),
            took_ms: running.map(|running| (running.took.as_secs_f64() * 1e6).round() / 1e3),
            addresses: addresses::all(&facts.snapshot.config, status),
            stats: admin.telemetry.meters().graph.stats(window, of_requests),
            in_flight: facts.traffic.node("client").in_flight,
            connections: status.connections,
            workers: status.workers,
            memory_bytes: Process::default().usage().resident_bytes,
            attention: attention::attention(&situation),
            source: status.source.clone(),
        }
    }
}

/// Since 1970.
pub(super) fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
