//! A plugin on a request that was kept: what it would do, without doing it to anybody.

mod answer;

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
};
use portico_telemetry::store::Kept;
use portico_wasm::{Plugin, Spec};
use serde::Deserialize;
use serde_json::Value;

use self::answer::{Tried, tried};
use super::{Admin, Places, Refusal, Running};
use crate::trial::{Message, Request, Response, Trial, drive};

/// A request in words of JSON; the largest configurations have some thousand keys.
const QUESTION_BYTES: usize = 1 << 20;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    /// The newest request that met the plugin by default, or the newest at all.
    seq: Option<u64>,
    /// What applies at the plugin's first place by default. Text as it is, anything else as JSON.
    configuration: Option<Value>,
}

pub(super) async fn run(
    State(admin): State<Admin>,
    Extension(places): Extension<Places>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Tried>, Refusal> {
    let question = question(&body)?;
    let running = Running::now(&admin).await;
    let index = running.find(&name)?;
    let kept = choose(&admin.telemetry.shelf().store.all(), question.seq, &name)?;
    let plugin = serving(&running, index);
    let spec = spec(&plugin, question.configuration);
    let (trial, bodies) = trial(spec, &kept)?;
    let place = places.take()?;
    let work = move || {
        let _until_it_ends = place;
        let module = plugin.shared_module();
        tried(&kept, drive(&trial, || Ok(module)), bodies)
    };
    let ours = |_| {
        let error = "the trial could not be made; the gateway's log says more";
        Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_owned())
    };
    tokio::task::spawn_blocking(work).await.map(Json).map_err(ours)
}

fn question(body: &[u8]) -> Result<Question, Refusal> {
    let bad = |error: String| Refusal(StatusCode::BAD_REQUEST, error);
    if body.len() > QUESTION_BYTES {
        return Err(bad(format!("the body has more than {QUESTION_BYTES} bytes")));
    }
    if body.trim_ascii().is_empty() {
        return Ok(Question::default());
    }
    // Where in the text, but not what it says: it may be secret.
    let place = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        bad(format!("the body is not `{{seq?, configuration?}}`: line {line}, column {column}"))
    };
    serde_json::from_slice(body).map_err(place)
}

fn choose(all: &[Arc<Kept>], seq: Option<u64>, plugin: &str) -> Result<Arc<Kept>, Refusal> {
    let met = |kept: &Kept| kept.record.filters.iter().any(|filter| *filter.name == *plugin);
    let found = match seq {
        Some(seq) => all.iter().find(|kept| kept.seq == seq),
        None => all.iter().max_by_key(|kept| (met(kept), kept.seq)),
    };
    found.cloned().ok_or_else(|| {
        let error = match seq {
            Some(seq) => format!("no request {seq} is kept; older ones make room for newer"),
            None => "no request is kept yet: send one, and try again".to_owned(),
        };
        Refusal(StatusCode::NOT_FOUND, error)
    })
}

/// The instances that requests enter: the canary's, once it takes all of them.
fn serving(running: &Running, index: usize) -> Arc<Plugin> {
    let canary = running.snapshot.canaries[index].as_ref();
    let promoted = canary.filter(|canary| canary.trial.percent() == 100);
    promoted.map_or(&running.snapshot.plugins[index], |canary| &canary.plugin).clone()
}

/// The plugin's own, with one configuration: the first of a running plugin is that of its first
/// place.
fn spec(plugin: &Plugin, configuration: Option<Value>) -> Spec {
    let mut spec = plugin.spec().clone();
    match configuration {
        Some(Value::String(text)) => spec.configurations = vec![text.into_bytes().into()],
        Some(value) => spec.configurations = vec![value.to_string().into_bytes().into()],
        None => spec.configurations.truncate(1),
    }
    spec
}

/// A trial of what is kept of a request, and whether it had bodies, of which nothing is kept.
fn trial(spec: Spec, kept: &Kept) -> Result<(Trial, bool), Refusal> {
    let record = &kept.record;
    let headers = |headers: &http::HeaderMap| {
        let headers = headers.iter().filter(|(name, _)| **name != header::HOST);
        headers.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let value = |text: &str| {
        HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
            let error = format!("request {} has no head that a filter could see", kept.seq);
            Refusal(StatusCode::UNPROCESSABLE_ENTITY, error)
        })
    };
    let mut request = Request {
        method: record.request.method.clone(),
        scheme: record.request.scheme.to_owned(),
        authority: value(&record.request.authority)?,
        path: value(&record.request.target)?,
        message: Message { headers: headers(&record.request.headers), body: Bytes::new() },
    };
    request.message.frame();
    let response = match StatusCode::from_u16(record.response.status) {
        Ok(status) => {
            let headers = headers(&record.response.headers);
            let mut message = Message { headers, body: Bytes::new() };
            message.frame();
            Response { status, message }
        }
        // Nothing was answered.
        Err(_) => Response::usual(),
    };
    let bodies = record.request.body_bytes > 0 || record.response.body_bytes > 0;
    let calls = Vec::new();
    Ok((Trial { spec, request, response, calls, chunk: None, ticks: 0, repeat: 1 }, bodies))
}
