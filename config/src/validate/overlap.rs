//! Rules that can never be reached, because earlier ones take the same requests.
//!
//! Two rules compete where listener, host and match are the same. Each such triple is looked up
//! once in a hash table, so that the work grows with the size of the configuration.

use std::collections::{HashMap, HashSet};

use crate::{
    config::{FieldMatch, HostPattern, Listener, Match, PathMatch, Route},
    path::At,
};

use super::{RouteItem, Scope};

/// How many triples are looked at: 100 times those of a configuration with 100,000 rules. Beyond
/// that the gateway's own tables would not fit in memory.
const MAX_TRIPLES: usize = 10_000_000;

/// A match, so that equal ones are equal.
#[derive(Eq, Hash, PartialEq)]
struct MatchKey<'c> {
    path: (u8, &'c str),
    method: Option<&'c str>,
    headers: &'c [FieldMatch],
    query: &'c [FieldMatch],
}

impl<'c> MatchKey<'c> {
    fn of(found: &'c Match) -> Self {
        let Match { path, method, headers, query } = found;
        let path = match path {
            PathMatch::Exact(path) => (0, &**path),
            PathMatch::Prefix(path) => (1, &**path),
            PathMatch::Regex(pattern) => (2, &*pattern.text),
        };
        Self { path, method: method.as_deref(), headers, query }
    }
}

/// A rule by the places of its route and itself.
type RulePlace = (usize, usize);

/// What is known of one rule.
#[derive(Default)]
struct Tally {
    total: usize,
    taken: usize,
    /// The first triple that an earlier rule has: that rule, our match, the host.
    first: Option<(RulePlace, usize, usize)>,
    /// A match that this rule has twice.
    double: Option<usize>,
}

/// Which rule has which triple of listener, host and match; hosts and matches by number.
#[derive(Default)]
struct Table<'c> {
    hosts: HashMap<&'c HostPattern, usize>,
    matches: HashMap<MatchKey<'c>, usize>,
    owners: HashMap<(usize, usize, usize), RulePlace>,
    size: usize,
}

/// Reports rules of which every triple is taken, and warns of those of which some are.
pub(super) fn check(
    items: &[RouteItem<'_>],
    routes: &[Option<Route>],
    listeners: &[Option<Listener>],
    scope: &mut Scope<'_, '_>,
) {
    let mut table = Table::default();
    for (place, (item, route)) in items.iter().zip(routes).enumerate() {
        let Some(route) = route else { continue };
        let pairs = pairs(route, *item, listeners, scope);
        for (index, rule) in route.rules.iter().enumerate() {
            table.size = table.size.saturating_add(pairs.len() * rule.matches.len());
            if table.size > MAX_TRIPLES {
                item.place("routes", |at| {
                    let problem =
                        scope.problems.error(at, "the routes are too many in combination");
                    problem.why("listeners, hosts and matches multiply to more than 10,000,000");
                    problem.help("name fewer hosts or listeners per route");
                });
                return;
            }
            let mine = (place, index);
            let tally = table.enter(mine, route, &pairs, &rule.matches);
            report(mine, &tally, items, routes, scope);
        }
    }
}

#[expect(
    clippy::mutable_key_type,
    reason = "what changes inside a regular expression is its cache; it is hashed by its text"
)]
impl<'c> Table<'c> {
    fn enter(
        &mut self,
        mine: RulePlace,
        route: &'c Route,
        pairs: &[(usize, usize)],
        matches: &'c [Match],
    ) -> Tally {
        let mut tally = Tally::default();
        let mut numbers = Vec::with_capacity(route.hosts.len());
        for host in &route.hosts {
            let next = self.hosts.len();
            numbers.push(*self.hosts.entry(host).or_insert(next));
        }
        for (index, found) in matches.iter().enumerate() {
            let next = self.matches.len();
            let number = *self.matches.entry(MatchKey::of(found)).or_insert(next);
            for (listener, host) in pairs {
                tally.total += 1;
                let owner = *self.owners.entry((*listener, numbers[*host], number)).or_insert(mine);
                if owner != mine {
                    tally.taken += 1;
                    tally.first.get_or_insert((owner, index, *host));
                }
            }
        }
        let mut seen = HashSet::with_capacity(matches.len());
        tally.double = matches.iter().position(|found| !seen.insert(MatchKey::of(found)));
        tally
    }
}

/// The listeners and hosts (by index) at which a route gets requests. Warns of hosts that none of
/// its listeners answers to.
fn pairs(
    route: &Route,
    item: RouteItem<'_>,
    listeners: &[Option<Listener>],
    scope: &mut Scope<'_, '_>,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::with_capacity(route.hosts.len() * route.listeners.len());
    for (index, host) in route.hosts.iter().enumerate() {
        let mut met = false;
        for listener in &route.listeners {
            // A listener with a problem of its own may well answer to it.
            let answers = listeners
                .get(listener.0)
                .and_then(Option::as_ref)
                .is_none_or(|listener| listener.hosts.iter().any(|other| other.meets(host)));
            if answers {
                pairs.push((listener.0, index));
                met = true;
            }
        }
        if !met {
            item.place("routes", |at| {
                let hosts = at.key("hosts");
                let problem = scope
                    .problems
                    .warning(&hosts.index(index), format!("no listener answers to `{host}`"));
                problem.why("the listeners of this route have other `hosts`");
            });
        }
    }
    pairs
}

fn report(
    mine: RulePlace,
    tally: &Tally,
    items: &[RouteItem<'_>],
    routes: &[Option<Route>],
    scope: &mut Scope<'_, '_>,
) {
    let Tally { total, taken, first, double } = tally;
    if let Some(index) = double {
        place(items, mine, |at| {
            let matches = at.key("matches");
            let problem =
                scope.problems.warning(&matches.index(*index), "this match is written twice");
            problem.why("the same match stands earlier in this rule");
        });
    }
    let Some((owner, index, host)) = first else { return };
    let Some((route, other)) = routes[mine.0].as_ref().zip(routes[owner.0].as_ref()) else {
        return;
    };
    let name = format!("`{}/{}`", other.name, other.rules[owner.1].name);
    let what = describe(&route.hosts[*host], &route.rules[mine.1].matches[*index]);
    place(items, mine, |at| {
        let matches = at.key("matches");
        let problem = if taken == total {
            let problem = scope.problems.error(at, "this rule can never be reached");
            problem.why(format!("{name} takes the same requests before it: {what}"));
            problem.help(
                "remove one of them, or let them differ in host, path, method, headers or query",
            )
        } else {
            let problem =
                scope.problems.warning(&matches.index(*index), "this match is partly taken");
            problem.why(format!("{name} takes some of the same requests before it: {what}"))
        };
        place(items, *owner, |at| {
            problem.related("the earlier rule", at);
        });
    });
}

fn place(items: &[RouteItem<'_>], (route, rule): RulePlace, then: impl FnOnce(&At<'_>)) {
    let item = items[route];
    let index = item.document.rules.as_ref().and_then(|rules| rules.0.get(rule));
    let index = index.map_or(rule, |(index, _)| *index);
    item.place("routes", |at| then(&at.key("rules").index(index)));
}

fn describe(host: &HostPattern, found: &Match) -> String {
    let path = match &found.path {
        PathMatch::Exact(path) => format!("path `{path}`"),
        PathMatch::Prefix(path) => format!("prefix `{path}`"),
        PathMatch::Regex(pattern) => format!("regex `{}`", pattern.text),
    };
    let method = found.method.as_ref().map(|method| format!(", method `{method}`"));
    format!("host `{host}`, {path}{}", method.unwrap_or_default())
}
