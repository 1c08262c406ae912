//! Traces: one whole, as a file, two compared.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    response::Response,
};
use portico_telemetry::{
    compare::{self, Comparison},
    export_file,
    store::Store,
    trace::Trace,
};
use serde::Serialize;

use super::{Admin, Parameters, Refusal, aside, download, parameters::shortened, requests::kept};

/// Two traces, and how they differ.
#[derive(Serialize)]
pub(super) struct Compared {
    #[serde(flatten)]
    comparison: Comparison,
    a: Trace,
    b: Trace,
}

pub(super) async fn one(
    State(admin): State<Admin>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Trace>, Refusal> {
    Parameters::read(query.as_deref(), &[], &[])?;
    let store = admin.telemetry.shelf().store.clone();
    aside(move || trace(&store, "ID", &id).map(Json)).await
}

pub(super) async fn otlp(
    State(admin): State<Admin>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    Parameters::read(query.as_deref(), &[], &[])?;
    let store = admin.telemetry.shelf().store.clone();
    let file = move || {
        let id = trace_id(&store, "ID", &id)?;
        let (records, spans) = (store.trace_records(&id), store.trace_spans(&id));
        if records.is_empty() && spans.is_empty() {
            return Err(unknown(&id));
        }
        let text = export_file::otlp(&records, &spans).map_err(|error| {
            tracing::error!(%error, "a trace cannot be written as OTLP");
            Refusal::ours()
        })?;
        Ok(download(&format!("{}.otlp.json", written(&id)), text))
    };
    aside(file).await
}

pub(super) async fn compare(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Compared>, Refusal> {
    let parameters = Parameters::read(query.as_deref(), &["a", "b"], &[])?;
    let given = |name: &'static str| {
        let why = "is missing: give the id of a trace, or the number of a request";
        parameters.owned(name).ok_or_else(|| Refusal::parameter(name, why))
    };
    let (a, b) = (given("a")?, given("b")?);
    let store = admin.telemetry.shelf().store.clone();
    let both = move || {
        let (a, b) = (trace(&store, "a", &a)?, trace(&store, "b", &b)?);
        Ok(Json(Compared { comparison: compare::compare(&a, &b), a, b }))
    };
    aside(both).await
}

fn trace(store: &Store, name: &str, text: &str) -> Result<Trace, Refusal> {
    let id = trace_id(store, name, text)?;
    Trace::find(store, &id).ok_or_else(|| unknown(&id))
}

/// The id that somebody wrote, or that of the request whose number it is.
fn trace_id(store: &Store, name: &str, text: &str) -> Result<[u8; 16], Refusal> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let number = u128::from_str_radix(text, 16).unwrap_or_default();
        return Ok(number.to_be_bytes());
    }
    if text.parse::<u64>().is_ok() {
        return Ok(kept(store, text)?.record.trace.trace_id);
    }
    let why = format!(
        "`{}` is neither a trace id (32 hexadecimal digits) nor the number of a request",
        shortened(text)
    );
    Err(Refusal::parameter(name, &why))
}

fn unknown(id: &[u8; 16]) -> Refusal {
    Refusal::missing(format!("nothing is kept of the trace {}", written(id)))
}

fn written(id: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*id))
}
