//! Routes, and the ways from them to services: what was counted, and who has no timeout.

use std::{
    collections::{BTreeSet, HashSet},
    time::SystemTime,
};

use portico_config::config::{PathMatch, Route, Rule};
use serde_json::{Value, json};

use super::calls;
use crate::{
    admin::{
        Admin,
        facts::{Facts, MINUTE},
    },
    attention::{
        self,
        situation::{self, Unlimited, Way},
    },
};

pub(super) fn routes(admin: &Admin, facts: &Facts) -> Vec<situation::Route> {
    let config = &facts.snapshot.config;
    let route = |route: &Route| {
        let mut services: Vec<usize> = Vec::new();
        for backend in route.rules.iter().flat_map(|rule| &rule.backends) {
            if backend.weight > 0 && !services.contains(&backend.service.0) {
                services.push(backend.service.0);
            }
        }
        let seen = facts.traffic.node(&format!("route:{}", route.name));
        let ways = services.into_iter().filter_map(|service| {
            let name = &*config.services.get(service)?.name;
            let own = facts.traffic.way(&route.name, name);
            let waiting = seen.in_flight.min(facts.traffic.at_endpoints(name));
            let hanging = admin.memory.hanging((&route.name, name), waiting, &own, facts.at);
            Some(Way {
                service: name.to_owned(),
                numbers: own.numbers,
                unlimited: unlimited(route, service),
                hanging,
                calls: Vec::new(),
            })
        });
        situation::Route {
            name: route.name.to_string(),
            numbers: seen.numbers,
            ways: ways.collect(),
        }
    };
    let mut routes: Vec<_> = config.routes.iter().map(route).collect();
    blame(admin, facts, &mut routes);
    let known: HashSet<(&str, &str)> = routes
        .iter()
        .flat_map(|route| route.ways.iter().map(|way| (&*route.name, &*way.service)))
        .collect();
    admin.memory.retain(|route, service| known.contains(&(route, service)));
    routes
}

/// Where several are slow, one may wait for the other.
fn blame(admin: &Admin, facts: &Facts, routes: &mut [situation::Route]) {
    let takes_long = |route: &&situation::Route| route.ways.iter().any(attention::takes_long);
    let slow = routes.iter().filter(takes_long).map(|route| route.name.clone());
    let slow: Vec<String> = slow.collect();
    if slow.len() < 2 {
        return;
    }
    let names: BTreeSet<&str> = slow.iter().map(|name| &**name).collect();
    let since = facts.at.checked_sub(MINUTE).unwrap_or(SystemTime::UNIX_EPOCH);
    let calls = calls::among(&names, &admin.telemetry.shelf().store, since);
    for route in routes {
        let Some(called) = calls.get(&route.name) else { continue };
        for way in &mut route.ways {
            way.calls = called.iter().cloned().collect();
        }
    }
}

/// The first rule that sends requests to a service and has no timeout.
fn unlimited(route: &Route, service: usize) -> Option<Unlimited> {
    let sends =
        |rule: &Rule| rule.backends.iter().any(|own| own.service.0 == service && own.weight > 0);
    let (index, rule) =
        route.rules.iter().enumerate().find(|(_, rule)| sends(rule) && rule.timeout.is_none())?;
    let is_all = route.rules.iter().all(|rule| rule.timeout.is_none());
    let path = match is_all {
        true => json!(["routes", { "name": &*route.name }, "timeout"]),
        false => {
            json!(["routes", { "name": &*route.name }, "rules", rule_step(rule, index), "timeout"])
        }
    };
    Some(Unlimited { shown: shown(route, rule), path })
}

/// How an edit names a rule: one without a name is named by its place.
pub(in crate::admin) fn rule_step(rule: &Rule, index: usize) -> Value {
    if *rule.name == *index.to_string() { json!(index) } else { json!({ "name": &*rule.name }) }
}

/// What people call it: its path.
fn shown(route: &Route, rule: &Rule) -> String {
    let path = rule.matches.first().map(|matched| match &matched.path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) => path.to_string(),
        PathMatch::Regex(pattern) => pattern.text.to_string(),
    });
    path.filter(|path| path != "/").unwrap_or_else(|| route.name.to_string())
}
