//! The admin API, on its own listener: what runs, what was refused and why, and how to change it.
//!
//! | call | answers |
//! |---|---|
//! | `GET /healthz` | 200 while the process lives |
//! | `GET /readyz` | 200 once the first configuration serves, 503 before and while draining |
//! | `GET /metrics` | all numbers, for Prometheus: `measures.rs` lists them |
//! | `GET /api/v1/configuration` | the running generation, the last rejected one, the history |
//! | `GET /api/v1/configuration/text` | the running text; needs the token, it may hold secrets |
//! | `PUT /api/v1/configuration` | applies the YAML in the body: 200, or 422 with diagnostics |
//! | `POST /api/v1/configuration/rollback` | back to the one before, or `?to=N` |
//! | `POST /api/v1/configuration/reload` | reads the files again |
//! | `GET /api/v1/configuration/generations/N` | one generation with its texts; needs the token |
//! | `POST /api/v1/changes`, `changes/preview` | edits, through the files: `admin/changes.rs` |
//! | `GET /api/v1/schema` | the JSON Schema of the configuration |
//! | `POST /api/v1/plugins/NAME/promote` | sends every request to the plugin's canary |
//! | `POST /api/v1/plugins/NAME/rollback` | sends none |
//! | `GET /api/v1/status` | listeners, plugins, connections |
//! | `GET /api/v1/plugins/NAME/log?after=&level=&wait=` | the plugin's last lines, or the next ones |
//! | `GET /api/v1/explain?method=&url=&header=` | what a request would meet |
//! | `GET /api/v1/graph`, `requests`, `traces`, `doctor`, `telemetry`, `tap` | what happens: `admin/telemetry.rs` has the table |
//!
//! Changes need `authorization: Bearer TOKEN`. Reads need it too unless the API listens on a
//! loopback address and is asked by a name of this machine (`localhost`, `127.0.0.1`).

mod access;
mod changes;
mod configuration;
mod metrics;
mod plugin_log;
mod status;
mod telemetry;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    middleware,
    routing::{get, post},
};
use tokio::net::TcpListener;

pub use self::access::{Access, Token};
use crate::{control::Control, logging::PluginLog, measures::Measures, telemetry::Live};

/// What every call needs.
#[derive(Clone)]
pub struct Admin {
    control: Control,
    access: Arc<Access>,
    measures: Measures,
    plugin_log: PluginLog,
    telemetry: Arc<Live>,
}

/// Serves the API until the process ends.
///
/// # Errors
/// If the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    access: Access,
    measures: Measures,
    plugin_log: PluginLog,
) -> std::io::Result<()> {
    let (control, telemetry) = (measures.control.clone(), measures.telemetry.clone());
    let admin = Admin { control, access: Arc::new(access), measures, plugin_log, telemetry };
    axum::serve(listener, routes(admin)).await
}

/// Whether an address can only be reached from this machine.
pub fn is_private(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// For whoever opens the address to see what is there.
const HELP: &str = "\
Portico's admin API

  GET  /readyz                          is it serving?
  GET  /metrics                         all numbers, for Prometheus
  GET  /api/v1/configuration            what runs, what was refused and why, what ran before
  GET  /api/v1/schema                   what a configuration may hold, as JSON Schema
  GET  /api/v1/status                   listeners, plugins, connections
  GET  /api/v1/plugins/NAME/log         what a plugin said last
  GET  /api/v1/explain?url=http://…     which rule takes a request, and why others do not
  GET  /api/v1/graph?window=60s         who calls whom, how often and how well
  GET  /api/v1/requests?q=status:5xx    the requests of the last minutes; also requests/har
  GET  /api/v1/requests/SEQ             one of them whole, with its story
  GET  /api/v1/traces/ID                a trace as a tree; also traces/ID/otlp
  GET  /api/v1/traces/compare?a=&b=     what made the second one slower
  GET  /api/v1/doctor                   services that drop the trace context
  GET  /api/v1/telemetry                exporters, logs, receiver, what is held
  GET  /api/v1/tap?path=/api            requests as they end, as server-sent events

With the header `authorization: Bearer TOKEN` (the start of the gateway names its file):

  GET  /api/v1/tap?bodies=1024          with the beginnings of their bodies
  GET  /api/v1/configuration/text       the running text
  PUT  /api/v1/configuration            apply the YAML in the body
  POST /api/v1/configuration/rollback   back to the one before, or ?to=N
  POST /api/v1/configuration/reload     read the files again
  GET  /api/v1/configuration/generations/N   one of them with its text and what it changed
  POST /api/v1/changes                  edit what runs, and the file that it came from
  POST /api/v1/changes/preview          what an edit would change
  POST /api/v1/plugins/NAME/promote     send every request to the plugin's canary
  POST /api/v1/plugins/NAME/rollback    send none
";

fn routes(admin: Admin) -> Router {
    let reads = Router::new()
        .route("/metrics", get(metrics::show))
        .route("/api/v1/configuration", get(configuration::show))
        .route("/api/v1/schema", get(configuration::schema))
        .route("/api/v1/status", get(status::show))
        .route("/api/v1/explain", get(status::explain))
        .route("/api/v1/plugins/{name}/log", get(plugin_log::show))
        .merge(telemetry::routes())
        .layer(middleware::from_fn_with_state(admin.clone(), access::may_read));
    let writes = Router::new()
        .route("/api/v1/configuration", axum::routing::put(configuration::put))
        .route("/api/v1/configuration/text", get(configuration::text))
        .route("/api/v1/configuration/generations/{number}", get(configuration::one))
        .route("/api/v1/changes", post(changes::make))
        .route("/api/v1/changes/preview", post(changes::preview))
        .route("/api/v1/configuration/rollback", post(configuration::rollback))
        .route("/api/v1/configuration/reload", post(configuration::reload))
        .route("/api/v1/plugins/{name}/promote", post(status::promote))
        .route("/api/v1/plugins/{name}/rollback", post(status::roll_back))
        .layer(axum::extract::DefaultBodyLimit::max(configuration::BODY_BYTES))
        .layer(middleware::from_fn_with_state(admin.clone(), access::may_change));
    Router::new()
        .route("/", get(|| async { HELP }))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(reads)
        .merge(writes)
        .with_state(admin)
}

async fn ready(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    let status = admin.control.status.load();
    if admin.control.is_ending() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else if status.history.running().is_none() {
        (StatusCode::SERVICE_UNAVAILABLE, "no configuration serves yet\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}
