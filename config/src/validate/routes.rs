//! Routes and their rules.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Duration};

use crate::{
    config::{Backend, HostPattern, ListenerRef, Route, Rule, ServiceRef},
    decode::List,
    document::route::{self, Timeout},
    path::At,
    problem::Problems,
    values::number::Whole,
};

use super::{RouteItem, Scope, filters, filters::Chain, matches, services::reason};

/// Builds the route at a place among all of them.
pub(super) fn build(place: usize, item: RouteItem<'_>, scope: &mut Scope<'_, '_>) -> Option<Route> {
    item.place("routes", |at| route(place, item.document, at, scope))
}

fn route(
    place: usize,
    document: &route::Route,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Route> {
    let route::Route { name, listeners, hosts, timeout, suspended, filters, rules } = document;
    let listeners = self::listeners(listeners.as_ref(), at, scope);
    let hosts_at = at.key("hosts");
    let hosts = match hosts {
        Some(hosts) => {
            let hosts: Vec<(usize, HostPattern)> =
                hosts.0.iter().map(|(index, host)| (*index, host.0.clone())).collect();
            unique(&hosts, "this host is written twice", &hosts_at, scope.problems);
            hosts.into_iter().map(|(_, host)| host).collect()
        }
        None => vec![HostPattern::Any],
    };
    let filters_at = at.key("filters");
    let shared = filters::build(filters.as_ref(), &filters_at, scope);
    let before = Chain { list: filters.as_ref(), at: &filters_at };
    before.check(scope.problems);
    let rules = rules.as_ref()?;
    let rules_at = at.key("rules");
    rule_names(rules, &rules_at, scope.problems);
    let built: Vec<Option<Rule>> = rules
        .0
        .iter()
        .enumerate()
        .map(|(own, (index, document))| {
            let (shared, timeout) = (shared.as_deref(), timeout.as_ref());
            let inherited = Inherited { place: (place, own), before: &before, shared, timeout };
            rule(*index, document, &rules_at.index(*index), inherited, scope)
        })
        .collect();
    let name: Arc<str> = name.as_ref()?.0.as_str().into();
    let rules = built.into_iter().collect::<Option<Vec<Rule>>>()?;
    Some(Route { name, listeners: listeners?, hosts, suspended: reason(suspended), rules })
}

/// What a rule has from its route.
struct Inherited<'a> {
    /// The places of the route among routes and of the rule in it.
    place: (usize, usize),
    before: &'a Chain<'a>,
    shared: Option<&'a [filters::Built]>,
    timeout: Option<&'a Timeout>,
}

fn rule(
    index: usize,
    document: &route::Rule,
    at: &At<'_>,
    inherited: Inherited<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Rule> {
    let route::Rule { name, matches, filters, backends, timeout } = document;
    let Inherited { place, before, shared, timeout: inherited_timeout } = inherited;
    let filters_at = at.key("filters");
    let own = filters::build(filters.as_ref(), &filters_at, scope);
    let chain = Chain { list: filters.as_ref(), at: &filters_at };
    let has_backends = backends.as_ref().is_some_and(|backends| !backends.0.is_empty());
    chain.check_after(before, scope.problems);
    filters::check_ending(before, &chain, has_backends, at, scope.problems);
    filters::check_prefixes(before, &chain, matches.as_ref(), &at.key("matches"), scope.problems);
    let matches = matches::build(matches.as_ref(), &at.key("matches"), scope);
    let backends = self::backends(backends.as_ref(), &at.key("backends"), scope);
    chain.warn_of_idle_switches(before, scope.problems);
    let filters = filters::join(shared?, own?, place, scope);
    let name =
        name.as_ref().map_or_else(|| index.to_string().into(), |name| name.0.as_str().into());
    let timeout = timeout.as_ref().or(inherited_timeout);
    let timeout = timeout.map(|timeout| timeout.0).filter(|timeout| *timeout > Duration::ZERO);
    Some(Rule { name, matches: matches?, filters, backends: backends?, timeout })
}

fn listeners(
    names: Option<&List<crate::values::name::Name, 1>>,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<ListenerRef>> {
    let Some(names) = names else {
        return Some((0..scope.listeners.len()).map(ListenerRef).collect());
    };
    let at = at.key("listeners");
    let mut found = Vec::with_capacity(names.0.len());
    let mut complete = true;
    for (index, name) in &names.0 {
        match scope.listeners.resolve(name, &at.index(*index), scope.problems) {
            Some(place) => found.push((*index, ListenerRef(place))),
            None => complete = false,
        }
    }
    unique(&found, "this listener is written twice", &at, scope.problems);
    let mut found: Vec<ListenerRef> = found.into_iter().map(|(_, listener)| listener).collect();
    found.sort_unstable();
    complete.then_some(found)
}

fn backends(
    list: Option<&List<route::Backend>>,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<Backend>> {
    let list = list.map_or(&[][..], |list| &list.0);
    let mut backends = Vec::with_capacity(list.len());
    for (index, route::Backend { service, weight: Whole(weight) }) in list {
        let at = at.index(*index);
        let Some(name) = service else { continue };
        let place = at.key("service");
        if let Some(service) = scope.services.resolve(name, &place, scope.problems) {
            backends.push(Backend { service: ServiceRef(service), weight: *weight });
        }
    }
    if !backends.is_empty() && backends.iter().all(|backend| backend.weight == 0) {
        let problem = scope.problems.warning(at, "the weights of all backends are 0");
        problem.why("every request of this rule is answered with 503");
        problem.help("give one a weight above 0, or answer with `respond`");
    }
    (backends.len() == list.len()).then_some(backends)
}

fn rule_names(rules: &List<route::Rule, 1>, at: &At<'_>, problems: &mut Problems) {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(rules.0.len());
    for (index, rule) in &rules.0 {
        let name = rule.name.as_ref().map_or_else(|| index.to_string(), |name| name.0.clone());
        let message = format!("a second rule of this route is named `{name}`");
        if let Some(first) = seen.insert(name, *index) {
            let place = at.index(*index);
            let problem = problems.error(&place.key("name"), message);
            problem.why("rules are told apart by their names; without one, a rule's is its place");
            problem.related("first here", &at.index(first));
        }
    }
}

/// Reports values that come again in a list.
pub(super) fn unique<T: Eq + Hash>(
    items: &[(usize, T)],
    message: &str,
    at: &At<'_>,
    problems: &mut Problems,
) {
    let mut seen = HashMap::with_capacity(items.len());
    for (index, item) in items {
        if let Some(first) = seen.insert(item, *index) {
            let place = at.index(*index);
            problems.error(&place, message).related("first here", &at.index(first));
        }
    }
}
