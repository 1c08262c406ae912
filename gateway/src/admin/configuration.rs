//! Reading and changing the configuration.

use std::{path::PathBuf, time::Duration};

use axum::{
    Json,
    extract::{Extension, Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use portico_config::{Diagnostic, ItemKind, Source};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Admin, Who};
use crate::{
    change,
    control::Outcome,
    generation::{Author, Generation, Held, Origin, Rejection},
};

/// A configuration in a body. 100,000 routes are about 20 MB.
pub(super) const BODY_BYTES: usize = 64 << 20;

#[derive(Deserialize)]
pub(super) struct To {
    to: Option<u64>,
    reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Of {
    of: String,
}

/// What may go with a text that is put.
#[derive(Deserialize)]
pub(super) struct Why {
    reason: Option<String>,
}

pub(super) async fn show(State(admin): State<Admin>) -> Json<Value> {
    let status = admin.control.status.load();
    let history = &status.history;
    Json(json!({
        "running": history.running().map(generation),
        "rejected": history.rejected.as_ref().map(rejection),
        "history": history.iter().map(generation).collect::<Vec<_>>(),
        "source": &status.source,
        "held": history.held().iter().map(held).collect::<Vec<_>>(),
    }))
}

/// One generation with its texts, and what made it out of the one before.
pub(super) async fn one(State(admin): State<Admin>, Path(number): Path<u64>) -> Response {
    let status = admin.control.status.load();
    let mut kept = status.history.iter().skip_while(|kept| kept.number < number);
    let Some(found) = kept.next().filter(|found| found.number == number) else {
        let error = format!("generation {number} is not kept");
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    };
    let before = status.history.iter().take_while(|kept| kept.number < number).last();
    let diff = before.map_or_else(String::new, |before| change::difference_of(before, found));
    let texts = found.sources.iter();
    let texts = texts.map(|own| json!({ "source": own.name, "text": own.text }));
    let mut answer = generation(found);
    answer["texts"] = texts.collect();
    answer["diff"] = diff.into();
    Json(answer).into_response()
}

/// `?of=service:NAME`: everything that holds for an item, and which line says so.
pub(super) async fn effective(State(admin): State<Admin>, Query(Of { of }): Query<Of>) -> Response {
    let refuse = |status: StatusCode, error: String| {
        (status, Json(json!({ "error": error }))).into_response()
    };
    let asked = of.split_once(':').and_then(|(kind, name)| Some((ItemKind::parse(kind)?, name)));
    let Some((kind, name)) = asked else {
        let error = "`of` is `service:NAME`, or a route, a listener, a plugin".to_owned();
        return refuse(StatusCode::BAD_REQUEST, error);
    };
    let status = admin.control.status.load_full();
    let Some(running) = status.history.running() else {
        return refuse(StatusCode::NOT_FOUND, "no configuration runs yet".to_owned());
    };
    let (sources, number, name) = (running.sources.clone(), running.number, name.to_owned());
    let found = tokio::task::spawn_blocking(move || {
        portico_config::effective(&sources, kind, &name).ok_or(name)
    });
    match found.await {
        Ok(Ok(effective)) => Json(effective.to_json(number)).into_response(),
        Ok(Err(name)) => {
            let error = format!("there is no {} `{name}`", kind.as_str());
            refuse(StatusCode::NOT_FOUND, error)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "this call failed".to_owned()),
    }
}

/// The JSON Schema of the whole document.
pub(super) async fn schema() -> Json<Value> {
    Json(portico_config::schema())
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

pub(super) async fn put(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    Query(Why { reason }): Query<Why>,
    body: String,
) -> Response {
    let status = admin.control.status.load_full();
    // Relative paths of plugins mean what they mean in the files that run.
    let running = status.history.running().and_then(|running| running.sources.first());
    let folder = running.map_or_else(|| PathBuf::from("."), |source| source.folder.clone());
    let source = Source { name: "admin API".into(), folder, text: body };
    answer(admin.control.apply(vec![source], author(&who, reason)).await)
}

pub(super) async fn rollback(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    Query(To { to, reason }): Query<To>,
) -> Response {
    answer(admin.control.rollback(to, author(&who, reason)).await)
}

pub(super) async fn reload(State(admin): State<Admin>) -> Response {
    answer(admin.control.reload(Origin::Admin).await)
}

pub(super) fn author(who: &Who, reason: Option<String>) -> Author {
    Author { name: who.name().to_owned(), reason }
}

/// What came of a configuration that somebody sent or asked for.
pub(super) fn answer(outcome: Outcome) -> Response {
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
        Outcome::Unfit(error) => {
            let body = json!({ "error": error.to_string() });
            (StatusCode::CONFLICT, Json(body)).into_response()
        }
        Outcome::ReadOnly { why, writes } => {
            let patch: String = writes.iter().map(change::patch).collect();
            let error = format!("the configuration cannot be written here: {why}");
            (StatusCode::CONFLICT, Json(json!({ "error": error, "patch": patch }))).into_response()
        }
        Outcome::Unwritten(error) => {
            (StatusCode::CONFLICT, Json(json!({ "error": error }))).into_response()
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
    let Generation {
        number,
        origin,
        author,
        sources,
        held: _,
        written,
        digest,
        at,
        took,
        warnings,
    } = generation;
    json!({
        "generation": number,
        "origin": origin.to_string(),
        "author": author.as_ref().map(|author| &author.name),
        "reason": author.as_ref().and_then(|author| author.reason.as_ref()),
        "at": humantime::format_rfc3339_millis(*at).to_string(),
        "took_ms": milliseconds(*took),
        "sources": sources.iter().map(|source| &source.name).collect::<Vec<_>>(),
        "written": written,
        "digest": digest.to_string(),
        "warnings": diagnostics(warnings),
    })
}

fn rejection(rejection: &Rejection) -> Value {
    let Rejection { origin, author, at, problems } = rejection;
    json!({
        "origin": origin.to_string(),
        "author": author.as_ref().map(|author| &author.name),
        "at": humantime::format_rfc3339_millis(*at).to_string(),
        "diagnostics": diagnostics(problems),
    })
}

fn held(held: &Held) -> Value {
    let Held { edits, author: Author { name, reason }, at, trouble } = held;
    json!({
        "edits": edits,
        "author": name,
        "reason": reason,
        "at": humantime::format_rfc3339_millis(*at).to_string(),
        "trouble": trouble,
    })
}

pub(super) fn diagnostics(diagnostics: &[Diagnostic]) -> Vec<Value> {
    diagnostics.iter().map(Diagnostic::to_json).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
