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
//! | `GET /api/v1/configuration/effective?of=route:NAME` | what holds for an item, line by line |
//! | `GET /api/v1/schema` | the JSON Schema of the configuration |
//! | `GET /api/v1/plugins`, `plugins/NAME` and more | plugins: `admin/plugins.rs` has the table |
//! | `POST /api/v1/plugins/NAME/promote` | sends every request to the plugin's canary |
//! | `POST /api/v1/plugins/NAME/rollback` | sends none |
//! | `GET /api/v1/status` | listeners, plugins, connections |
//! | `GET /api/v1/plugins/NAME/log?after=&level=&wait=` | the plugin's last lines, or the next ones |
//! | `GET /api/v1/explain?method=&url=&header=` | what a request would meet |
//! | `GET /api/v1/overview` | is it up, where, how well, what needs attention |
//! | `GET /api/v1/stream?window=` | the same and the graph, as they change: `admin/stream.rs` |
//! | `GET /api/v1/history?of=&window=` | how a place did, step by step |
//! | `GET /api/v1/services`, `services/NAME`, `routes`, `routes/NAME` | what is configured and how it does |
//! | `POST /api/v1/send` | sends a request to one of its own listeners |
//! | `GET /api/v1/graph`, `requests`, `traces`, `doctor`, `telemetry`, `tap` | what happens: `admin/telemetry.rs` has the table |
//!
//! | `GET`, `POST`, `DELETE /api/v1/session` | who I am; signing in and out: `admin/session.rs` |
//! | `GET /api/v1/audit?limit=` | who tried to change what; for operators |
//! | `GET /`, `/help` | the console for browsers, the list of calls for everybody else |
//!
//! Changes, and what may hold secrets, need the role operator; other reads the role viewer, or
//! nothing if the API listens on a loopback address and is asked by a name of this machine
//! (`localhost`, `127.0.0.1`). A role comes with a token (`authorization: Bearer TOKEN`), a session
//! or a client certificate: `admin/access.rs`. Every call passes, from the outside: security headers,
//! who it is, the audit log, and the layer of its group.

mod start;

mod door;

mod access;
mod changes;

mod browser;
mod session;
mod token;
mod who;

mod audit;

mod badges;
mod configuration;
mod console;
mod facts;
mod history;
mod metrics;
mod overview;
mod plugin_log;
mod plugins;
mod send;
mod status;
mod stream;
mod telemetry;
mod topology;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    middleware,
    routing::{get, post},
};

pub use self::{
    access::{Access, Keys},
    audit::{Audit, AuditLog, Audited},
    door::tls::{AuthorityError, Tls, TlsError, TlsFiles},
    start::{Endpoint, Options, start},
    token::Token,
    who::{How, Role, Who},
};
use crate::{control::Control, logging::PluginLog, measures::Measures, telemetry::Live};

/// What every call needs.
#[derive(Clone)]
struct Admin {
    control: Control,
    access: Arc<Access>,
    audit: Arc<Audit>,
    measures: Measures,
    plugin_log: PluginLog,
    telemetry: Arc<Live>,
    hub: Arc<stream::Hub>,
    memory: Arc<overview::Memory>,
    sending: Arc<send::Sending>,
}

/// Whether an address can only be reached from this machine.
pub fn is_private(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// For whoever opens the address to see what is there.
const HELP: &str = "\
Portico's admin API. In a browser, the same address shows the console.

  GET  /readyz                          is it serving?
  GET  /metrics                         all numbers, for Prometheus
  GET  /api/v1/configuration            what runs, what was refused and why, what ran before
  GET  /api/v1/configuration/effective?of=route:NAME   what holds, and which line says so
  GET  /api/v1/schema                   what a configuration may hold, as JSON Schema
  GET  /api/v1/status                   listeners, plugins, connections
  GET  /api/v1/overview                 is it up, where, how well, what needs attention
  GET  /api/v1/services/NAME            a service and its endpoints; also services, routes
  GET  /api/v1/history?of=route:NAME    how a place did, step by step
  GET  /api/v1/stream?window=10s        all of it as it changes, as server-sent events
  GET  /api/v1/plugins                  what each plugin is, where it runs, what it costs
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
  GET  /api/v1/session                  who you are; POST signs in, DELETE signs out

Signed in, or with the header `authorization: Bearer TOKEN` (the start of the gateway names its
file):

  GET  /api/v1/tap?bodies=1024          with the beginnings of their bodies
  GET  /api/v1/configuration/text       the running text
  PUT  /api/v1/configuration            apply the YAML in the body
  POST /api/v1/configuration/rollback   back to the one before, or ?to=N
  POST /api/v1/configuration/reload     read the files again
  GET  /api/v1/configuration/generations/N   one of them with its text and what it changed
  POST /api/v1/changes                  edit what runs, and the file that it came from
  POST /api/v1/changes/preview          what an edit would change
  POST /api/v1/send                     send a request to one of its own listeners
  POST /api/v1/plugins/NAME/promote     send every request to the plugin's canary
  POST /api/v1/plugins/NAME/rollback    send none
  GET  /api/v1/audit                    who tried to change what
  POST /api/v1/plugins/NAME/module      a new module, as its canary or ?as=main
  POST /api/v1/plugins/NAME/try         what it does to a request that was kept
  GET  /api/v1/plugins/NAME/configuration   what the plugin gets
";

fn routes(admin: Admin) -> Router {
    let reads = Router::new()
        .route("/metrics", get(metrics::show))
        .route("/api/v1/configuration", get(configuration::show))
        .route("/api/v1/configuration/effective", get(configuration::effective))
        .route("/api/v1/schema", get(configuration::schema))
        .route("/api/v1/status", get(status::show))
        .route("/api/v1/explain", get(status::explain))
        .route("/api/v1/plugins/{name}/log", get(plugin_log::show))
        .route("/api/v1/overview", get(overview::show))
        .route("/api/v1/stream", get(stream::listen))
        .route("/api/v1/history", get(history::show))
        .route("/api/v1/services", get(topology::all_services))
        .route("/api/v1/services/{name}", get(topology::one_service))
        .route("/api/v1/routes", get(topology::all_routes))
        .route("/api/v1/routes/{name}", get(topology::one_route))
        .merge(plugins::reads())
        .merge(telemetry::routes())
        .layer(middleware::from_fn_with_state(admin.clone(), access::may_read));
    let writes = Router::new()
        .route("/api/v1/configuration", axum::routing::put(configuration::put))
        .route("/api/v1/changes", post(changes::make))
        .route("/api/v1/configuration/rollback", post(configuration::rollback))
        .route("/api/v1/configuration/reload", post(configuration::reload))
        .route("/api/v1/send", post(send::send))
        .route("/api/v1/plugins/{name}/promote", post(status::promote))
        .route("/api/v1/plugins/{name}/rollback", post(status::roll_back))
        .merge(plugins::writes())
        .layer(DefaultBodyLimit::max(configuration::BODY_BYTES))
        .layer(middleware::from_fn_with_state(admin.clone(), access::may_change));
    let secrets = Router::new()
        .route("/api/v1/configuration/text", get(configuration::text))
        .route("/api/v1/configuration/generations/{number}", get(configuration::one))
        .route("/api/v1/changes/preview", post(changes::preview))
        .route("/api/v1/audit", get(audit::show))
        .layer(middleware::from_fn_with_state(admin.clone(), access::may_see_secrets));
    let session = Router::new()
        .route("/api/v1/session", get(session::show).post(session::begin).delete(session::end))
        .layer(DefaultBodyLimit::max(session::BODY_BYTES));
    Router::new()
        .route("/", get(console::index))
        .route("/help", get(|| async { HELP }))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(reads)
        .merge(secrets)
        .merge(writes)
        .merge(session)
        .fallback(console::file)
        .layer(middleware::from_fn_with_state(admin.clone(), audit::keep))
        .layer(middleware::from_fn_with_state(admin.clone(), access::identify))
        .layer(middleware::from_fn(browser::secure))
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
