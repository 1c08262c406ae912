//! Asking about requests: the graph, the list, one request, one trace, the doctor, a live view.
//!
//! | call | answers |
//! |---|---|
//! | `GET /api/v1/graph?window=&at=` | who calls whom, how often and how well; where sight ends |
//! | `GET /api/v1/requests?q=&sort=&limit=&after=` | a page of the requests that are kept |
//! | `GET /api/v1/requests/SEQ` | one of them whole, with its story |
//! | `GET /api/v1/requests/har?q=&limit=` | the same requests as a file, HAR 1.2 |
//! | `GET /api/v1/traces/ID` | a trace: the gateway's own spans and those of services, as a tree |
//! | `GET /api/v1/traces/ID/otlp` | the same as a file, OTLP JSON |
//! | `GET /api/v1/traces/compare?a=&b=` | two traces side by side |
//! | `GET /api/v1/doctor` | services that drop the trace context, in words |
//! | `GET /api/v1/telemetry` | exporters, access logs, receiver, what is held, what was dropped |
//! | `GET /api/v1/tap?…` | requests as they end, as server-sent events: [`tap`] |
//!
//! `ID` is a trace id of 32 hexadecimal digits, or the `SEQ` of a request. A parameter that is
//! unknown or cannot be read is refused with 400 and a sentence that names it. Secrets are in none
//! of the answers.

pub(super) mod graph;
mod parameters;
mod requests;
mod status;
mod tap;
mod traces;
mod whole;

use axum::{
    Router,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
    routing::get,
};

pub(super) use self::parameters::{Parameters, Refusal, shortened};
use super::Admin;

pub(super) fn routes() -> Router<Admin> {
    Router::new()
        .route("/api/v1/graph", get(graph::show))
        .route("/api/v1/requests", get(requests::list))
        .route("/api/v1/requests/har", get(requests::har))
        .route("/api/v1/requests/{seq}", get(requests::one))
        .route("/api/v1/traces/compare", get(traces::compare))
        .route("/api/v1/traces/{id}", get(traces::one))
        .route("/api/v1/traces/{id}/otlp", get(traces::otlp))
        .route("/api/v1/doctor", get(graph::doctor))
        .route("/api/v1/telemetry", get(status::show))
        .route("/api/v1/tap", get(tap::listen))
}

/// Does what takes some milliseconds beside the tasks that answer others.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Refusal::ours()))
}

/// Text that browsers save as a file.
fn download(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, "application/json"), (header::CONTENT_DISPOSITION, &disposition)];
    (headers, text).into_response()
}

/// Whether the running configuration wants telemetry, and if not what to say to whoever asks.
pub(super) fn switched_off(admin: &Admin) -> Option<&'static str> {
    let is_off = admin.control.snapshot.load().telemetry.is_none();
    is_off.then_some("telemetry is switched off: the configuration has `telemetry.enabled: false`")
}
