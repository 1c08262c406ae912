//! How telling itself is doing: who is told, what is held, what was dropped.

use axum::{
    Json,
    extract::{RawQuery, State},
};
use portico_telemetry::{access_log, store::Interest};
use serde_json::{Map, Value, json};

use super::{Admin, Parameters, Refusal, switched_off};
use crate::telemetry::{Live, LogStatus, ReceiverStatus};

pub(super) async fn show(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    Parameters::read(query.as_deref(), &[], &[])?;
    let live = &admin.telemetry;
    let exporters = live.exporters();
    let exporters =
        exporters.iter().map(|(name, status)| json!({ "name": name, "status": status }));
    let meters = live.meters();
    Ok(Json(json!({
        "enabled": switched_off(&admin).is_none(),
        "exporters": exporters.collect::<Vec<_>>(),
        "access_logs": live.access_logs().iter().map(log).collect::<Vec<_>>(),
        "receiver": receiver(live),
        "store": store(live),
        "graph": {
            "bytes": meters.graph.memory(),
            "far_links_refused": meters.graph.far_refused(),
        },
        "tapped": live.tap.is_wanted(),
        "records_dropped": live.dropped(),
    })))
}

fn log(log: &LogStatus) -> Value {
    let LogStatus { target, status } = log;
    let status = status.map(|status| {
        let access_log::Status {
            written,
            dropped_queue_full,
            dropped_write_failed,
            queued_bytes,
            reopened,
            is_failing,
        } = status;
        json!({
            "written": written,
            "dropped_queue_full": dropped_queue_full,
            "dropped_write_failed": dropped_write_failed,
            "queued_bytes": queued_bytes,
            "reopened": reopened,
            "failing": is_failing,
        })
    });
    json!({ "target": target, "status": status })
}

/// Null if no receiver is configured.
fn receiver(live: &Live) -> Value {
    match live.received() {
        None => Value::Null,
        Some(Err(error)) => json!({ "error": error }),
        Some(Ok(ReceiverStatus { received, grpc, http })) => {
            json!({ "grpc": grpc, "http": http, "received": received })
        }
    }
}

fn store(live: &Live) -> Value {
    let held = live.shelf().store.held();
    let kinds = Interest::ALL.iter().zip(held.records).map(|(interest, count)| {
        let word = match interest {
            Interest::Failed => "failed",
            Interest::Plugin => "plugin",
            Interest::Sample => "sample",
            Interest::Slow => "slow",
        };
        (word.to_owned(), count.into())
    });
    json!({
        "requests": kinds.collect::<Map<_, _>>(),
        "bytes": held.record_bytes,
        "made_room": held.evicted,
        "spans": held.spans,
    })
}
