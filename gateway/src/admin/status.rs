//! Reading the state, and asking what a request would meet.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use portico_wasm::{Limit, Phase, Stats};
use serde_json::{Value, json};

use super::Admin;
use crate::{
    control::{Decision, ModuleStatus, PluginStatus},
    explain::{self, Question},
};

pub(super) async fn show(State(admin): State<Admin>) -> Json<Value> {
    admin.control.refresh().await;
    let status = admin.control.status.load();
    let listeners = status
        .listeners
        .iter()
        .map(|listener| json!({ "name": listener.name, "address": listener.address }));
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "generation": status.history.running().map(|running| running.number),
        "listeners": listeners.collect::<Vec<_>>(),
        "plugins": status.plugins.iter().map(plugin).collect::<Vec<_>>(),
        "modules": status.modules.iter().map(module).collect::<Vec<_>>(),
        "waiting_for_modules": status.waiting,
        "connections": status.connections,
        "workers": status.workers,
        "draining": admin.control.is_ending(),
    }))
}

/// `?method=GET&url=http://host/path&header=name:value`, each percent-encoded, `header` as often
/// as there are headers.
pub(super) async fn explain(State(admin): State<Admin>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let (mut method, mut url, mut headers) = ("GET".to_owned(), None, Vec::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "method" => method = value.into_owned(),
            "url" => url = Some(value.into_owned()),
            "header" => headers.push(value.into_owned()),
            other => {
                let error = format!("`{other}` is not one of `method`, `url` and `header`");
                return refuse(&error);
            }
        }
    }
    let Some(url) = url else { return refuse("`url` is missing") };
    match Question::new(&method, &url, &headers) {
        Ok(question) => {
            let snapshot = admin.control.snapshot.load();
            let status = admin.control.status.load();
            // Just after a swap, the texts may be those of the generation before.
            let running = status.history.running();
            let same = running.filter(|running| running.number == snapshot.generation);
            let sources = same.map_or(&[][..], |running| &running.sources);
            Json(explain::explain(&snapshot.config, sources, &question)).into_response()
        }
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

fn module(module: &ModuleStatus) -> Value {
    let ModuleStatus { plugin, source, resolved, digest, signature, trouble } = module;
    json!({
        "plugin": plugin,
        "source": source,
        "resolved": resolved,
        "digest": digest,
        "signed_by": signature.as_ref().and_then(|signature| signature.as_ref().ok()),
        "not_trusted": signature.as_ref().and_then(|signature| signature.as_ref().err()),
        "trouble": trouble,
    })
}

fn plugin(plugin: &PluginStatus) -> Value {
    let PluginStatus { name, digest, current, canary, configurations, memory_bytes, stubs, stats } =
        plugin;
    let is_canary = canary.as_ref().is_some_and(|canary| canary.is_itself);
    let state = match (current, is_canary) {
        (true, true) => "canary",
        (true, false) => "serving",
        (false, _) => "draining",
    };
    json!({
        "name": name,
        "digest": digest,
        "state": state,
        "canary": canary.as_ref().map(|canary| json!({
            "percent": canary.percent,
            "requests": canary.requests,
            "failures": canary.failures,
            "stands": canary.stands,
        })),
        "configurations": configurations,
        "memory_bytes": memory_bytes,
        "not_offered": stubs,
        "requests": stats.requests,
        "traps": stats.traps,
        "deadlines": stats.deadlines,
        "replaced": stats.replaced,
        "instances": stats.instances,
        "requests_inside": stats.contexts,
        "calls_open": stats.calls_open,
        "cost": cost(stats),
        "limits_met": limits_met(stats),
    })
}

/// What it has cost, by phase; those that never came are left out.
fn cost(stats: &Stats) -> Value {
    let phases = Phase::ALL.into_iter().map(|phase| (phase, stats.phase(phase)));
    let phases = phases.filter(|(_, work)| work.calls > 0).map(|(phase, work)| {
        let each = work.nanoseconds / work.calls;
        (phase.word().to_owned(), json!({ "calls": work.calls, "nanoseconds_each": each }))
    });
    Value::Object(phases.collect())
}

/// Limits it has met and how often.
fn limits_met(stats: &Stats) -> Value {
    let met = Limit::ALL.into_iter().map(|limit| (limit.word(), stats.met.of(limit)));
    let met = met.filter(|(_, count)| *count > 0);
    Value::Object(met.map(|(word, count)| (word.to_owned(), count.into())).collect())
}

/// Every request goes to the canary of a plugin from now on.
pub(super) async fn promote(State(admin): State<Admin>, Path(name): Path<String>) -> Response {
    decide(&admin, name, Decision::Promote).await
}

/// No request goes to the canary of a plugin any more.
pub(super) async fn roll_back(State(admin): State<Admin>, Path(name): Path<String>) -> Response {
    decide(&admin, name, Decision::RollBack).await
}

async fn decide(admin: &Admin, name: String, decision: Decision) -> Response {
    if admin.control.decide(name.clone(), decision).await {
        let word = match decision {
            Decision::Promote => "promoted",
            Decision::RollBack => "rolled back",
        };
        return Json(json!({ "plugin": name, "canary": word })).into_response();
    }
    let error = format!("there is no plugin `{name}` with a canary");
    (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response()
}
