//! From the state of the gateway to the plain data that sentences are made of.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

use portico_config::config::{self, Config};
use portico_telemetry::{series::Edge, store::Interest};
use serde_json::json;

use super::{addresses, ways};
use crate::{
    admin::{
        Admin,
        facts::{Facts, MINUTE, NOW, count, services::written},
    },
    attention::{
        Kind,
        situation::{
            Finding, Module, Numbers, Plugin, Refused, Situation, Strangers, Suspended, Telling,
            Warning,
        },
    },
    canary::{Decided, Why},
};

/// Records without a route that are looked at, and different hosts or paths among them.
const STRANGERS: usize = 500;

pub(super) fn situation(admin: &Admin, facts: &Facts) -> Situation {
    let Facts { at, snapshot, status, traffic, failures, services } = facts;
    let history = &status.history;
    let client = traffic.node("client");
    let addresses = addresses::all(&snapshot.config, status);
    Situation {
        uptime: at.duration_since(admin.telemetry.started()).unwrap_or_default(),
        is_draining: admin.control.is_ending(),
        is_counting: snapshot.telemetry.is_some() || history.running().is_none(),
        curl: addresses.into_iter().next().map(|own| own.curl),
        has_traffic: client.last.is_some() || client.in_flight > 0,
        refused: refused(facts),
        warnings: warnings(facts),
        suspended: suspended(&snapshot.config),
        routes: ways::routes(admin, facts),
        services: services.clone(),
        failures: failures.grouped(),
        strangers: strangers(admin, facts),
        plugins: plugins(facts),
        modules: modules(facts),
        findings: findings(admin, facts, *at),
        telling: telling(admin, facts),
    }
}

fn refused(facts: &Facts) -> Option<Refused> {
    let history = &facts.status.history;
    let rejection = history.rejected.as_ref()?;
    let first = rejection.problems.first();
    Some(Refused {
        place: first.map_or_else(String::new, |own| format!("{}:{}", own.source, own.line)),
        message: first.map_or_else(String::new, |own| own.message.clone()),
        problems: rejection.problems.len(),
        origin: rejection.origin.to_string(),
        running: history.running().map(|running| running.number),
    })
}

fn warnings(facts: &Facts) -> Vec<Warning> {
    let running = facts.status.history.running();
    let warnings = running.map_or(&[][..], |running| &running.warnings);
    let warning = |own: &portico_config::Diagnostic| Warning {
        place: format!("{}:{}", own.source, own.line),
        path: own.path.clone(),
        message: own.message.clone(),
    };
    warnings.iter().map(warning).collect()
}

fn suspended(config: &Config) -> Vec<Suspended> {
    let mut all = Vec::new();
    let mut add = |kind, name: String, reason: Option<Arc<str>>, path| {
        if let Some(reason) = reason {
            all.push(Suspended { kind, name, reason: reason.to_string(), path });
        }
    };
    for service in &config.services {
        let name = &*service.name;
        let path = json!(["services", { "name": name }, "suspended"]);
        add(Kind::Service, name.to_owned(), service.suspended.clone(), path);
        for endpoint in &service.endpoints {
            let address = written(&endpoint.address);
            let place = json!({ "address": address });
            let path = json!(["services", { "name": name }, "endpoints", place, "suspended"]);
            let shown = format!("{name}@{address}");
            add(Kind::Endpoint, shown, endpoint.suspended.clone(), path);
        }
    }
    for route in &config.routes {
        let path = json!(["routes", { "name": &*route.name }, "suspended"]);
        add(Kind::Route, route.name.to_string(), route.suspended.clone(), path);
    }
    all
}

fn strangers(admin: &Admin, facts: &Facts) -> Strangers {
    let meters = admin.telemetry.meters();
    let unmatched = |edge: &Edge| matches!(edge, Edge::Entry { route: None, .. });
    let [minute, now] = [MINUTE, NOW].map(|window| count(&meters.graph.stats(window, unmatched)));
    if minute.requests == 0 {
        return Strangers::default();
    }
    let since = facts.at.checked_sub(MINUTE).unwrap_or(SystemTime::UNIX_EPOCH);
    let without_route = |_: Interest, route: Option<&Arc<str>>| route.is_none();
    let kept = admin.telemetry.shelf().store.recent(since, STRANGERS, without_route);
    let (mut hosts, mut paths) = (BTreeMap::<String, u64>::new(), BTreeMap::new());
    for kept in kept.iter().filter(|kept| kept.record.response.status == 404) {
        let request = &kept.record.request;
        let authority = &*request.authority;
        let port = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
        let host = port.map_or(authority, |(host, _)| host);
        *hosts.entry(host.to_ascii_lowercase()).or_default() += 1;
        *paths.entry(request.path().to_owned()).or_default() += 1;
    }
    let config = &facts.snapshot.config;
    let known: BTreeSet<String> =
        config.routes.iter().flat_map(|route| &route.hosts).map(ToString::to_string).collect();
    let known = known.into_iter().collect();
    let numbers = Numbers { minute, now };
    Strangers { numbers, hosts: commonest(hosts), paths: commonest(paths), known }
}

fn commonest(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

fn plugins(facts: &Facts) -> Vec<Plugin> {
    let snapshot = &facts.snapshot;
    let plugins = snapshot.config.plugins.iter().zip(&snapshot.canaries);
    let plugin = |(own, canary): (&config::Plugin, &Option<crate::canary::Canary>)| {
        let failed = facts.failures.of_filters.get(&own.name);
        let stands = canary.as_ref().map(|canary| canary.trial.stands());
        let rolled_back = match stands {
            Some(Decided::RolledBack(why @ Why::Failed { .. })) => Some(why.to_string()),
            _ => None,
        };
        Plugin {
            name: own.name.to_string(),
            failures: failed.map_or(0, |(count, _)| *count),
            said: failed.map(|(_, said)| said.to_string()),
            is_closed: own.on_failure == config::OnFailure::Closed,
            rolled_back,
        }
    };
    plugins.map(plugin).collect()
}

fn modules(facts: &Facts) -> Vec<Module> {
    let module = |own: &crate::control::ModuleStatus| {
        Some(Module {
            plugin: own.plugin.clone(),
            source: own.source.clone(),
            trouble: own.trouble.clone()?,
            is_there: own.digest.is_some(),
        })
    };
    facts.status.modules.iter().filter_map(module).collect()
}

fn findings(admin: &Admin, facts: &Facts, at: SystemTime) -> Vec<Finding> {
    let plan = facts.snapshot.telemetry.as_ref();
    // Without contexts nobody can lose them.
    if plan.is_none_or(|plan| plan.propagation.is_none()) {
        return Vec::new();
    }
    let found = admin.memory.diagnosis(at, || admin.telemetry.doctor().report(at).findings);
    let finding = |own: &portico_telemetry::doctor::Finding| Finding {
        service: own.service.to_string(),
        words: own.words.clone(),
        trace_id: own.trace_id.clone(),
        dropped: own.dropped as u64,
    };
    // Who drops contexts drops most of them; less may be chance after all.
    found.iter().filter(|own| own.dropped * 2 >= own.calls).map(finding).collect()
}

fn telling(admin: &Admin, facts: &Facts) -> Telling {
    let live = &admin.telemetry;
    if facts.snapshot.telemetry.is_none() {
        return Telling::default();
    }
    let exporters = live.exporters();
    let failing = exporters.iter().filter_map(|(name, status)| {
        let failing = status.signals.iter().find(|signal| signal.failing)?;
        let error = failing.last_error.as_ref();
        let why = error.map_or_else(|| "its receiver fails".to_owned(), |own| own.message.clone());
        Some((name.to_string(), why))
    });
    let logs = live.access_logs();
    let logs = logs.iter().filter(|log| log.status.is_some_and(|status| status.is_failing));
    Telling {
        exporters: failing.collect(),
        logs: logs.map(|log| log.target.clone()).collect(),
        receiver: live.received().and_then(Result::err),
        dropped: admin.memory.dropped(live.dropped()),
    }
}
