//! Services.

use std::time::Duration;

use portico_config::config;
use portico_telemetry::{graph::Stats, series::Edge};
use serde::Serialize;
use serde_json::{Value, json};

use super::health::{self, Health};
use crate::admin::{
    Admin,
    facts::{Facts, services},
};

/// Addresses of a name that are listed.
const RESOLVED: usize = 100;

#[derive(Serialize)]
pub(in crate::admin) struct ServiceStatus {
    name: String,
    suspended: Option<String>,
    connect_timeout_ms: u64,
    endpoints: Vec<EndpointStatus>,
    used_by: Vec<Use>,
    stats: Stats,
    path: Value,
}

#[derive(Serialize)]
struct EndpointStatus {
    address: String,
    weight: u32,
    suspended: Option<String>,
    health: Health,
    why: Option<String>,
    resolved: Vec<String>,
    stats: Stats,
    path: Value,
}

#[derive(Serialize)]
struct Use {
    route: String,
    rule: String,
    weight: u32,
}

pub(super) fn status(
    admin: &Admin,
    facts: &Facts,
    index: usize,
    window: Duration,
) -> Option<ServiceStatus> {
    let config = &facts.snapshot.config;
    let service = config.services.get(index)?;
    let graph = &admin.telemetry.meters().graph;
    let is_own =
        |edge: &Edge| matches!(edge, Edge::Branch { service: own, .. } if *own == service.name);
    let rules =
        config.routes.iter().flat_map(|route| route.rules.iter().map(move |own| (route, own)));
    let uses = rules.flat_map(|(route, rule)| {
        let backends = rule.backends.iter().filter(|own| own.service.0 == index);
        backends.map(|own| Use {
            route: route.name.to_string(),
            rule: rule.name.to_string(),
            weight: own.weight,
        })
    });
    let endpoints = (0..service.endpoints.len())
        .filter_map(|place| endpoint(admin, facts, (index, service), place, window));
    Some(ServiceStatus {
        name: service.name.to_string(),
        suspended: service.suspended.clone().map(|reason| reason.to_string()),
        connect_timeout_ms: service.connect_timeout.as_millis() as u64,
        endpoints: endpoints.collect(),
        used_by: uses.collect(),
        stats: graph.stats(window, is_own),
        path: json!(["services", { "name": &*service.name }]),
    })
}

fn endpoint(
    admin: &Admin,
    facts: &Facts,
    (index, service): (usize, &config::Service),
    place: usize,
    window: Duration,
) -> Option<EndpointStatus> {
    let own = service.endpoints.get(place)?;
    let seen = facts.services.get(index)?.endpoints.get(place)?;
    let resolution = facts.snapshot.services.get(index).and_then(|own| own.resolution(place));
    let addresses = services::addresses(&own.address, resolution.as_deref());
    let suspended = own.suspended.clone().map(|reason| reason.to_string());
    let (health, why) = health::of(seen, suspended.as_deref());
    let is_own = |edge: &Edge| {
        matches!(edge, Edge::Leaf { service: name, endpoint }
            if *name == service.name && addresses.contains(endpoint))
    };
    let address = services::written(&own.address);
    let is_name = resolution.is_some();
    let resolved = addresses.iter().filter(|_| is_name).take(RESOLVED);
    Some(EndpointStatus {
        weight: own.weight,
        suspended,
        health,
        why,
        resolved: resolved.map(ToString::to_string).collect(),
        stats: admin.telemetry.meters().graph.stats(window, is_own),
        path: json!(["services", { "name": &*service.name }, "endpoints", { "address": address }]),
        address,
    })
}
