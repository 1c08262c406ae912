//! What is special about a node of the graph: a timeout, a split, filters, trouble.

use std::{collections::HashMap, sync::Arc};

use portico_config::config::{Config, Filter, Route, Rule, Setting};
use serde::Serialize;

use super::{
    facts::{Facts, services},
    topology::health,
};
use crate::{canary::Decided, snapshot::Snapshot};

/// Filters and rules that a badge names. A tool tip is no list.
const NAMED: usize = 6;

/// A mark on a node.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Badge {
    kind: Kind,
    /// For the tool tip.
    words: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Canary,
    Plugin,
    Split,
    Suspended,
    Timeout,
    Unhealthy,
}

/// All badges, by the ids of nodes.
#[derive(Default)]
pub(super) struct Badges {
    by_node: HashMap<String, Arc<[Badge]>>,
    none: Arc<[Badge]>,
}

impl Badges {
    pub(super) fn new(facts: &Facts) -> Self {
        let mut this = Self::default();
        let snapshot = &facts.snapshot;
        for route in &snapshot.config.routes {
            this.put(format!("route:{}", route.name), of_route(snapshot, route));
        }
        for (index, service) in snapshot.config.services.iter().enumerate() {
            let mut badges = Vec::new();
            badges.extend(suspended(service.suspended.clone()));
            let seen = facts.services.get(index).map_or(&[][..], |own| &own.endpoints);
            let running = snapshot.services.get(index);
            for (place, (endpoint, seen)) in service.endpoints.iter().zip(seen).enumerate() {
                let reason = endpoint.suspended.clone();
                let mut own: Vec<Badge> = suspended(reason.clone()).into_iter().collect();
                let (health, why) = health::of(seen, reason.as_deref());
                if health.is_trouble() {
                    let words = why.unwrap_or_else(|| "its attempts fail".to_owned());
                    let there = format!("{}: {words}", seen.address);
                    badges.push(Badge { kind: Kind::Unhealthy, words: there });
                    own.push(Badge { kind: Kind::Unhealthy, words });
                }
                let resolution = running.and_then(|running| running.resolution(place));
                for address in services::addresses(&endpoint.address, resolution.as_deref()) {
                    this.put(services::node(&service.name, &address), own.clone());
                }
            }
            badges.truncate(NAMED);
            this.put(format!("service:{}", service.name), badges);
        }
        this
    }

    pub(super) fn of(&self, node: &str) -> Arc<[Badge]> {
        self.by_node.get(node).unwrap_or(&self.none).clone()
    }

    fn put(&mut self, node: String, badges: Vec<Badge>) {
        if !badges.is_empty() {
            self.by_node.insert(node, badges.into());
        }
    }
}

fn of_route(snapshot: &Snapshot, route: &Route) -> Vec<Badge> {
    let mut badges = Vec::new();
    badges.extend(suspended(route.suspended.clone()));
    let timeouts = route.rules.iter().filter_map(|rule| {
        let timeout = rule.timeout?;
        Some(format!("rule `{}` ends after {}", rule.name, humantime::format_duration(timeout)))
    });
    badges.extend(joined(Kind::Timeout, timeouts));
    let splits = route.rules.iter().filter_map(|rule| split(&snapshot.config, rule));
    badges.extend(joined(Kind::Split, splits));
    let (mut plugins, mut canaries) = (Vec::new(), Vec::new());
    for filter in route.rules.iter().flat_map(|rule| &rule.filters) {
        let Filter::Plugin(step) = filter else { continue };
        let is_on = step.setting != Setting::Disabled || !step.variants.is_empty();
        let name = &snapshot.config.plugins[step.plugin.0].name;
        let words = format!("filter `{name}`");
        if is_on && !plugins.contains(&words) {
            plugins.push(words);
            canaries.extend(canary(snapshot, step.plugin.0));
        }
    }
    badges.extend(joined(Kind::Plugin, plugins.into_iter()));
    badges.extend(joined(Kind::Canary, canaries.into_iter()));
    badges
}

/// `90 % to `a`, 10 % to `b``, if there is a choice.
pub(super) fn split(config: &Config, rule: &Rule) -> Option<String> {
    let total: u64 = rule.backends.iter().map(|own| u64::from(own.weight)).sum();
    let used = rule.backends.iter().filter(|own| own.weight > 0);
    if used.clone().count() < 2 {
        return None;
    }
    let share = |own: &portico_config::config::Backend| {
        let percent = f64::from(own.weight) * 100.0 / total as f64;
        let name = config.services.get(own.service.0).map_or("?", |service| &service.name);
        format!("{} % to `{name}`", (percent * 10.0).round() / 10.0)
    };
    Some(used.map(share).collect::<Vec<_>>().join(", "))
}

fn canary(snapshot: &Snapshot, plugin: usize) -> Option<String> {
    let canary = snapshot.canaries.get(plugin)?.as_ref()?;
    let name = &canary.plugin.spec().name;
    (canary.trial.stands() == Decided::Running).then(|| {
        format!("{} % of the requests meet the canary of `{name}`", canary.trial.percent())
    })
}

fn suspended(reason: Option<Arc<str>>) -> Option<Badge> {
    reason.map(|reason| Badge { kind: Kind::Suspended, words: reason.to_string() })
}

fn joined(kind: Kind, words: impl Iterator<Item = String>) -> Option<Badge> {
    let words: Vec<String> = words.take(NAMED).collect();
    (!words.is_empty()).then(|| Badge { kind, words: words.join("; ") })
}
