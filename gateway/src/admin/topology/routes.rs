//! Routes.

use std::time::Duration;

use portico_config::{
    Source,
    config::{Config, Route, Rule},
    locate_item,
};
use portico_telemetry::{graph::Stats, series::Edge};
use serde::Serialize;
use serde_json::{Value, json};

use super::words;
use crate::admin::{Admin, facts::Facts, overview::rule_step};

/// Texts in which it is looked who set a timeout. Each look parses them; more than this is not worth
/// the time.
const TEXT_BYTES: usize = 256 << 10;

#[derive(Serialize)]
pub(in crate::admin) struct RouteStatus {
    name: String,
    suspended: Option<String>,
    listeners: Vec<String>,
    hosts: Vec<String>,
    rules: Vec<RuleStatus>,
    stats: Stats,
    path: Value,
}

#[derive(Serialize)]
struct RuleStatus {
    name: String,
    matches: Vec<String>,
    filters: Vec<String>,
    backends: Vec<BackendStatus>,
    timeout_ms: Option<u64>,
    timeout_from: Option<&'static str>,
    path: Value,
}

#[derive(Serialize)]
struct BackendStatus {
    service: String,
    weight: u32,
    suspended: Option<String>,
    path: Value,
}

pub(super) fn status(
    admin: &Admin,
    facts: &Facts,
    index: usize,
    window: Duration,
) -> Option<RouteStatus> {
    let config = &facts.snapshot.config;
    let route = config.routes.get(index)?;
    let running = facts.status.history.running();
    // Just after a swap, the texts may be those of the generation before.
    let running = running.filter(|own| own.number == facts.snapshot.generation);
    let sources = running.map_or(&[][..], |running| &running.sources);
    let is_own =
        |edge: &Edge| matches!(edge, Edge::Entry { route: Some(name), .. } if *name == route.name);
    let listeners = route.listeners.iter().filter_map(|own| config.listeners.get(own.0));
    let rules = route.rules.iter().enumerate();
    let rules = rules.map(|(place, rule)| status_of(config, sources, (index, route), place, rule));
    Some(RouteStatus {
        name: route.name.to_string(),
        suspended: route.suspended.clone().map(|reason| reason.to_string()),
        listeners: listeners.map(|own| own.name.to_string()).collect(),
        hosts: route.hosts.iter().map(ToString::to_string).collect(),
        rules: rules.collect(),
        stats: admin.telemetry.meters().graph.stats(window, is_own),
        path: json!(["routes", { "name": &*route.name }]),
    })
}

fn status_of(
    config: &Config,
    sources: &[Source],
    (index, route): (usize, &Route),
    place: usize,
    rule: &Rule,
) -> RuleStatus {
    let step = rule_step(rule, place);
    let backends = rule.backends.iter().filter_map(|own| {
        let service = config.services.get(own.service.0)?;
        let name = json!({ "service": &*service.name });
        Some(BackendStatus {
            service: service.name.to_string(),
            weight: own.weight,
            suspended: service.suspended.clone().map(|reason| reason.to_string()),
            path: json!(["routes", { "name": &*route.name }, "rules", step, "backends", name]),
        })
    });
    RuleStatus {
        name: rule.name.to_string(),
        matches: rule.matches.iter().map(words::matched).collect(),
        filters: rule.filters.iter().map(|filter| words::filter(config, filter)).collect(),
        backends: backends.collect(),
        timeout_ms: rule.timeout.map(|timeout| timeout.as_millis() as u64),
        timeout_from: rule.timeout.and_then(|_| timeout_from(sources, index, place)),
        path: json!(["routes", { "name": &*route.name }, "rules", step]),
    }
}

/// Who set it: nobody knows if there is too much text to look.
fn timeout_from(sources: &[Source], route: usize, rule: usize) -> Option<&'static str> {
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    if sources.is_empty() || bytes > TEXT_BYTES {
        return None;
    }
    let part = format!("rules[{rule}].timeout");
    let is_own = locate_item(sources, "routes", route, &part).is_some();
    Some(if is_own { "rule" } else { "route" })
}
