//! All that may be known of a plugin by anybody who may read.

use portico_config::config::{Isolation, OnFailure, PluginSource};
use portico_wasm::{Limit, Phase, Plugin, Stats};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Running, limits,
    places::{self, Place},
};
use crate::{
    canary::Canary,
    control::{ModuleStatus, PluginStatus},
};

/// `Plugin` of `api/types.ts`.
#[derive(Serialize)]
pub(super) struct About {
    name: String,
    source: String,
    version: Option<String>,
    digest: String,
    abi: String,
    on_failure: &'static str,
    isolation: &'static str,
    imports: Vec<Import>,
    grants: Vec<&'static str>,
    versions: Vec<Version>,
    places: Vec<Place>,
    limits: Vec<limits::Limit>,
    schema: Option<Value>,
    configured: bool,
    path: Value,
    canary: Option<Value>,
    signature: Option<Value>,
    trouble: Option<String>,
}

#[derive(Serialize)]
struct Import {
    name: String,
    capability: Option<&'static str>,
    offered: bool,
    granted: bool,
}

/// An instance set that lives.
#[derive(Serialize)]
struct Version {
    digest: String,
    state: State,
    requests: u64,
    traps: u64,
    deadlines: u64,
    replaced: u64,
    instances: u64,
    requests_inside: u64,
    calls_open: u64,
    memory_bytes: usize,
    cost: Vec<Cost>,
    limits_met: Map<String, Value>,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Serving,
    Canary,
    Draining,
}

#[derive(Serialize)]
struct Cost {
    phase: &'static str,
    calls: u64,
    mean_us: f64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
}

impl About {
    pub(super) fn of(running: &Running, index: usize) -> Self {
        let Running { snapshot, status } = running;
        let plugin = running.plugin(index);
        let serving = &snapshot.plugins[index];
        let module = status.modules.iter().find(|module| *module.plugin == *plugin.name);
        let own = status.plugins.iter().filter(|version| *version.name == *plugin.name);
        let mut versions: Vec<Version> = own.map(Version::of).collect();
        versions.sort_by_key(|version| version.state);
        let notes = serving.module().notes();
        let (schema, remark) = schema(notes.schema.as_deref());
        Self {
            name: plugin.name.to_string(),
            source: source(&plugin.source),
            version: notes.version.clone(),
            digest: serving.digest().to_string(),
            abi: serving.module().abi().to_string(),
            on_failure: match plugin.on_failure {
                OnFailure::Closed => "closed",
                OnFailure::Open => "open",
            },
            isolation: match plugin.isolation {
                Isolation::Stream => "stream",
                Isolation::Worker => "worker",
            },
            imports: imports(serving),
            grants: serving.spec().capabilities.iter().map(|granted| granted.word()).collect(),
            versions,
            places: places::of(&snapshot.config, index),
            limits: limits::of(&plugin.limits),
            schema,
            configured: !plugin.configuration.0.is_empty(),
            path: json!(["plugins", { "name": plugin.name }]),
            canary: snapshot.canaries[index].as_ref().map(canary),
            signature: module.and_then(signature),
            trouble: trouble(module, notes.problems.iter().cloned().chain(remark)),
        }
    }
}

impl Version {
    fn of(status: &PluginStatus) -> Self {
        let PluginStatus { digest, current, canary, memory_bytes, stats, .. } = status;
        let is_canary = canary.as_ref().is_some_and(|canary| canary.is_itself);
        Self {
            digest: digest.clone(),
            state: match (current, is_canary) {
                (true, false) => State::Serving,
                (true, true) => State::Canary,
                (false, _) => State::Draining,
            },
            requests: stats.requests,
            traps: stats.traps,
            deadlines: stats.deadlines,
            replaced: stats.replaced,
            instances: stats.instances,
            requests_inside: stats.contexts,
            calls_open: stats.calls_open,
            memory_bytes: *memory_bytes,
            cost: cost(stats),
            limits_met: limits_met(stats),
        }
    }
}

/// As it is in the configuration. A URL comes without its query, which may hold a secret.
fn source(source: &PluginSource) -> String {
    match source {
        PluginSource::Bundled(name) => format!("bundled: {name}"),
        PluginSource::File { path, .. } => format!("file: {}", path.display()),
        PluginSource::Http { url, .. } => format!("url: {url}"),
        PluginSource::Oci { reference, .. } => format!("oci: {reference}"),
    }
}

fn imports(plugin: &Plugin) -> Vec<Import> {
    let granted = plugin.spec().capabilities;
    let imports = plugin.module().imports().into_iter().map(|import| {
        let portico_wasm::Import { module, name, capability, offered } = import;
        Import {
            name: if module == "env" { name } else { format!("{module}.{name}") },
            capability: capability.map(|capability| capability.word()),
            offered,
            granted: capability.is_none_or(|capability| granted.has(capability)),
        }
    });
    imports.collect()
}

/// By phase; those that never came are left out.
fn cost(stats: &Stats) -> Vec<Cost> {
    let microseconds = |nanoseconds: f64| (nanoseconds / 10.0).round() / 100.0;
    let phases = Phase::ALL.into_iter().map(|phase| (phase, stats.phase(phase)));
    let phases = phases.filter(|(_, work)| work.calls > 0).map(|(phase, work)| {
        let percentile = |took: std::time::Duration| microseconds(took.as_nanos() as f64);
        Cost {
            phase: phase.word(),
            calls: work.calls,
            mean_us: microseconds(work.nanoseconds as f64 / work.calls as f64),
            p50_us: work.p50.map(percentile),
            p99_us: work.p99.map(percentile),
        }
    });
    phases.collect()
}

/// Limits it has met and how often.
fn limits_met(stats: &Stats) -> Map<String, Value> {
    let met = Limit::ALL.into_iter().map(|limit| (limit.word(), stats.met.of(limit)));
    let met = met.filter(|(_, count)| *count > 0);
    met.map(|(word, count)| (word.to_owned(), count.into())).collect()
}

fn canary(canary: &Canary) -> Value {
    let (requests, failures) = canary.trial.counts();
    json!({
        "percent": canary.trial.percent(),
        "requests": requests,
        "failures": failures,
        "stands": canary.trial.stands().to_string(),
        "digest": canary.plugin.digest().to_string(),
    })
}

fn signature(module: &ModuleStatus) -> Option<Value> {
    let signature = module.signature.as_ref()?;
    Some(json!({ "signed_by": signature.as_ref().ok(), "not_trusted": signature.as_ref().err() }))
}

/// The schema that a module brings, or what is wrong with it.
fn schema(text: Option<&str>) -> (Option<Value>, Option<String>) {
    let Some(text) = text else { return (None, None) };
    match serde_json::from_str(text) {
        Ok(schema @ (Value::Object(_) | Value::Bool(_))) => (Some(schema), None),
        Ok(_) => (None, Some("its section `portico.schema` is no JSON Schema".to_owned())),
        Err(error) => (None, Some(format!("its section `portico.schema` is no JSON: {error}"))),
    }
}

/// What is wrong but does not keep the plugin from serving.
fn trouble(module: Option<&ModuleStatus>, remarks: impl Iterator<Item = String>) -> Option<String> {
    let fetching = module.and_then(|module| module.trouble.clone());
    let all: Vec<String> = fetching.into_iter().chain(remarks).collect();
    (!all.is_empty()).then(|| all.join("; "))
}
