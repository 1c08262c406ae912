//! What a plugin said, for its author: asked again and again, each time for what is new.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use tracing::Level;

use super::Admin;
use crate::logging::Line;

/// How long an answer may be held back for a line to come: shorter than what proxies in between
/// usually wait.
const LONGEST: u64 = 25;

#[derive(Deserialize)]
pub(super) struct Asked {
    /// Only lines after the one with this number; 0, the default, for all that are kept.
    #[serde(default)]
    after: u64,
    /// Only lines of this level and graver; `info` by default.
    level: Option<String>,
    /// Seconds to wait for a line if there is none; 0 by default, 25 at most.
    #[serde(default)]
    wait: u64,
}

/// `{"lines": [{"number", "at", "level", "text"}], "next"}`: `next` is what to ask `after` next time.
pub(super) async fn show(
    State(admin): State<Admin>,
    Path(plugin): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let Ok(level) = asked.level.as_deref().unwrap_or("info").parse::<Level>() else {
        let error = "`level` is one of `error`, `warn`, `info`, `debug` and `trace`";
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    };
    let until = Instant::now() + Duration::from_secs(asked.wait.min(LONGEST));
    let mut newest = admin.plugin_log.watch();
    loop {
        newest.mark_unchanged();
        let (lines, next) = admin.plugin_log.after(&plugin, asked.after, level);
        let waits = lines.is_empty() && !admin.control.is_ending();
        if !waits || timeout_at(until, newest.changed()).await.is_err() {
            let lines = lines.iter().map(line).collect::<Vec<_>>();
            return Json(json!({ "lines": lines, "next": next })).into_response();
        }
    }
}

fn line(line: &Line) -> Value {
    let Line { number, at, level, text } = line;
    json!({
        "number": number,
        "at": humantime::format_rfc3339_millis(*at).to_string(),
        "level": level.as_str().to_ascii_lowercase(),
        "text": text,
    })
}
