//! Reading and changing the configuration.

use std::{path::PathBuf, time::Duration};

use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use portico_config::{Diagnostic, Source};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use crate::{
    control::Outcome,
    generation::{Generation, Origin, Rejection},
};

/// A configuration in a body. 100,000 routes are about 20 MB.
pub(super) const BODY_BYTES: usize = 64 << 20;

#[derive(Deserialize)]
pub(super) struct To {
    to: Option<u64>,
}

pub(super) async fn show(State(admin): State<Admin>) -> Json<Value> {
    let status = admin.control.status.load();
    let history = &status.history;
    Json(json!({
        "running": history.running().map(generation),
        "rejected": history.rejected.as_ref().map(rejection),
        "history": history.iter().map(generation).collect::<Vec<_>>(),
    }))
}

/// The running text. Several files come as several YAML documents, each under its name.
pub(super) async fn text(State(admin): State<Admin>) -> Response {
    let status = admin.control.status.load();
    let Some(running) = status.history.running() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let text = match &*running.sources {
        [only] => only.text.clone(),
        several => several
            .iter()
            .map(|source| format!("--- # {}\n{}\n", source.name, source.text))
            .collect(),
    };
    ([(header::CONTENT_TYPE, "application/yaml")], text).into_response()
}

pub(super) async fn put(State(admin): State<Admin>, body: String) -> Response {
    let status = admin.control.status.load_full();
    // Relative paths of plugins mean what they mean in the files that run.
    let running = status.history.running().and_then(|running| running.sources.first());
    let folder = running.map_or_else(|| PathBuf::from("."), |source| source.folder.clone());
    let source = Source { name: "admin API".into(), folder, text: body };
    answer(admin.control.apply(vec![source]).await)
}

pub(super) async fn rollback(State(admin): State<Admin>, Query(To { to }): Query<To>) -> Response {
    answer(admin.control.rollback(to).await)
}

pub(super) async fn reload(State(admin): State<Admin>) -> Response {
    answer(admin.control.reload(Origin::Admin).await)
}

fn answer(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Applied { generation, warnings } => Json(json!({
            "generation": generation,
            "diagnostics": diagnostics(&warnings),
        }))
        .into_response(),
        Outcome::Unchanged { generation } => {
            Json(json!({ "generation": generation, "unchanged": true })).into_response()
        }
        Outcome::Rejected(problems) => {
            let body = json!({
                "error": "the configuration was refused; what ran before runs on",
                "diagnostics": diagnostics(&problems),
            });
            (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
        }
        Outcome::Unknown => {
            let body = json!({ "error": "there is no such generation to go back to" });
            (StatusCode::NOT_FOUND, Json(body)).into_response()
        }
        Outcome::Ended => {
            let body = json!({ "error": "the gateway is ending" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

fn generation(generation: &Generation) -> Value {
    let Generation { number, origin, sources, digest, at, took, warnings } = generation;
    json!({
        "generation": number,
        "origin": origin.to_string(),
        "at": humantime::format_rfc3339_millis(*at).to_string(),
        "took_ms": milliseconds(*took),
        "sources": sources.iter().map(|source| &source.name).collect::<Vec<_>>(),
        "digest": digest.to_string(),
        "warnings": diagnostics(warnings),
    })
}

fn rejection(rejection: &Rejection) -> Value {
    let Rejection { origin, at, problems } = rejection;
    json!({
        "origin": origin.to_string(),
        "at": humantime::format_rfc3339_millis(*at).to_string(),
        "diagnostics": diagnostics(problems),
    })
}

fn diagnostics(diagnostics: &[Diagnostic]) -> Vec<Value> {
    diagnostics.iter().map(Diagnostic::to_json).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
