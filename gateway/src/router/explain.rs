//! Why a request meets the rule it meets, and why it does not meet the others.
//!
//! Works on the configuration, one match after the other, not on the index: it answers a person,
//! who asks seldom and wants to know about rules that the index never looks at.

use std::cmp::Reverse;

use http::Method;
use portico_config::config::{Config, HostPattern, ListenerRef, Match, PathMatch, ValueMatch};

use super::{
    Found, Request,
    candidates::{Candidate, Order, Unmet},
    facts::Facts,
    hosts::{self, Gate, NAME_MAX},
};

/// The most rules that are listed as having lost, and the most hosts that are listed as known:
/// what fits on a screen.
const LISTED_MAX: usize = 20;

/// A decision and its reasons.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// The host pattern of the rule that was found; without one, the most specific pattern that
    /// matches the request's host. `None` if no pattern does.
    pub host: Option<HostPattern>,
    /// The same as [`super::Router::find`] says.
    pub found: Option<Found>,
    /// The matches that came closest, best first; at most 20. The reasons are in plain words and
    /// never repeat a value that the request carries.
    pub lost: Vec<Lost>,
    /// The hosts that the listener's routes answer to, sorted, each once; at most 20.
    pub hosts_known: Vec<HostPattern>,
    /// How many there are in all.
    pub hosts_count: usize,
}

/// A match that a request did not go to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lost {
    /// Index into the flattened list of rules, as in [`Found::rule`].
    pub rule: u32,
    /// Which of the rule's matches.
    pub matched: u16,
    /// In plain words, such as "method GET, the rule asks for POST".
    pub why: String,
}

/// How a match stands to a request. Those that came closer are less.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Standing {
    /// Its conditions hold, so only precedence can have kept the request from it.
    Met,
    /// Host and path match, something else does not.
    Conditions,
    /// The host matches, the path does not; the fewer segments they share, the farther.
    Path(Reverse<usize>),
    /// The route has no host that matches.
    Host,
}

/// Gateway API's order among matches; the least comes first.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Precedence {
    host: Reverse<(u8, usize)>,
    path: Reverse<(u8, usize)>,
    order: Order,
}

/// One match of one rule, judged.
#[derive(Debug)]
struct Judged<'a> {
    standing: Standing,
    precedence: Precedence,
    host: &'a HostPattern,
    of: &'a Match,
    candidate: Candidate,
}

pub(super) fn explain(
    config: &Config,
    listener: ListenerRef,
    request: &Request<'_>,
    found: Option<Found>,
) -> Explanation {
    let mut buffer = [0; NAME_MAX];
    let name = hosts::name(request.host, &mut buffer);
    let gate = Gate::new(super::listener_hosts(config, listener));
    let facts = Facts::new(request);
    let mut judged = judge(config, listener, &gate, name, &facts);
    judged.sort_by(|a, b| (&a.standing, &a.precedence).cmp(&(&b.standing, &b.precedence)));
    let is_found = |one: &&Judged<'_>| {
        found.is_some_and(|found| (found.rule, found.matched) == one.candidate.place())
    };
    let winner = judged.iter().find(is_found);
    let lost = judged.iter().filter(|one| !is_found(one)).take(LISTED_MAX);
    let lost = lost.map(|one| Lost {
        rule: one.candidate.rule,
        matched: one.candidate.matched,
        why: if gate.admits(name) {
            why(one, winner, &facts)
        } else {
            not_answered(config, listener)
        },
    });
    let best = judged.iter().filter(|one| one.standing != Standing::Host);
    let best = best.min_by(|a, b| a.precedence.cmp(&b.precedence));
    let mut known = known_hosts(config, listener, &gate);
    let hosts_count = known.len();
    known.truncate(LISTED_MAX);
    Explanation {
        host: winner.or(best).map(|one| one.host.clone()),
        found,
        lost: lost.collect(),
        hosts_known: known,
        hosts_count,
    }
}

/// Judges every match of a listener's routes.
fn judge<'a>(
    config: &'a Config,
    listener: ListenerRef,
    gate: &Gate,
    name: &str,
    facts: &Facts<'_>,
) -> Vec<Judged<'a>> {
    let mut judged = Vec::new();
    for (route, first) in super::routes(config) {
        if !route.listeners.contains(&listener) {
            continue;
        }
        let matching = route.hosts.iter().filter(|host| hosts::pattern_matches(host, name));
        let matching = matching.filter(|_| gate.admits(name)).max_by_key(|host| host_rank(host));
        let Some(host) = matching.or_else(|| route.hosts.first()) else { continue };
        for (rule, matched, of) in super::matches(&route.rules, first) {
            let Some(candidate) = Candidate::new(rule, matched, of) else { continue };
            let standing = if matching.is_none() {
                Standing::Host
            } else if !path_matches(&of.path, facts.request.path) {
                Standing::Path(Reverse(shared_segments(&of.path, facts.request.path)))
            } else if candidate.unmet(facts).is_some() {
                Standing::Conditions
            } else {
                Standing::Met
            };
            let precedence = Precedence {
                host: Reverse(host_rank(host)),
                path: Reverse(path_rank(&of.path)),
                order: candidate.order(),
            };
            judged.push(Judged { standing, precedence, host, of, candidate });
        }
    }
    judged
}

/// Which of two matching hosts is more specific; the greater.
fn host_rank(host: &HostPattern) -> (u8, usize) {
    match host {
        HostPattern::Any => (0, 0),
        HostPattern::Suffix(suffix) => (1, suffix.len()),
        HostPattern::Exact(host) => (2, host.len()),
    }
}

/// Which of two matching paths is more specific; the greater.
fn path_rank(path: &PathMatch) -> (u8, usize) {
    match path {
        PathMatch::Prefix(prefix) => (0, prefix.len()),
        PathMatch::Regex(pattern) => (1, pattern.text.len()),
        PathMatch::Exact(path) => (2, path.len()),
    }
}

fn path_matches(asked: &PathMatch, path: &str) -> bool {
    match asked {
        PathMatch::Exact(exact) => **exact == *path,
        PathMatch::Prefix(prefix) if **prefix == *"/" => true,
        PathMatch::Prefix(prefix) => path
            .strip_prefix(&**prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        PathMatch::Regex(pattern) => pattern.regex.is_match(path),
    }
}

fn shared_segments(asked: &PathMatch, path: &str) -> usize {
    let (PathMatch::Exact(asked) | PathMatch::Prefix(asked)) = asked else { return 0 };
    asked.split('/').zip(path.split('/')).take_while(|(asked, is)| asked == is).count()
}

/// The hosts that some route answers on this listener, sorted.
fn known_hosts(config: &Config, listener: ListenerRef, gate: &Gate) -> Vec<HostPattern> {
    let routes = config.routes.iter().filter(|route| route.listeners.contains(&listener));
    let hosts = routes.flat_map(|route| &route.hosts).filter(|host| gate.overlaps(host));
    let mut hosts: Vec<&HostPattern> = hosts.collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts.into_iter().cloned().collect()
}

fn not_answered(config: &Config, listener: ListenerRef) -> String {
    match config.listeners.get(listener.0) {
        Some(listener) => format!("listener `{}` does not answer this host", listener.name),
        None => "there is no such listener".into(),
    }
}

fn why(one: &Judged<'_>, winner: Option<&Judged<'_>>, facts: &Facts<'_>) -> String {
    match &one.standing {
        Standing::Host => format!("its host `{}` does not match", host_text(one.host)),
        Standing::Path(_) => match &one.of.path {
            PathMatch::Exact(path) => format!("the path is not `{path}`"),
            PathMatch::Prefix(prefix) => format!("the path is not at or below `{prefix}`"),
            PathMatch::Regex(pattern) => {
                format!("the path does not match the expression `{}`", pattern.text)
            }
        },
        Standing::Conditions => match one.candidate.unmet(facts) {
            Some(unmet) => unmet_text(&unmet, facts),
            None => "its conditions do not hold".into(),
        },
        Standing::Met => match winner {
            Some(winner) => outranked(one, winner),
            None => "another rule comes first".into(),
        },
    }
}

/// Which step of the order of precedence decided between two matches that are both met.
fn outranked(one: &Judged<'_>, winner: &Judged<'_>) -> String {
    let (lost, won) = (&one.precedence, &winner.precedence);
    if lost.host != won.host {
        return format!("a more specific host wins: `{}`", host_text(winner.host));
    }
    if lost.path != won.path {
        return match &winner.of.path {
            PathMatch::Exact(path) => format!("an exact path wins: `{path}`"),
            PathMatch::Prefix(prefix) => format!("a longer prefix wins: `{prefix}`"),
            PathMatch::Regex(pattern) => match &one.of.path {
                PathMatch::Regex(_) => format!("a longer expression wins: `{}`", pattern.text),
                _ => format!("an expression wins over a prefix: `{}`", pattern.text),
            },
        };
    }
    let (lost, won) = (&lost.order, &won.order);
    if lost.any_method != won.any_method {
        "a rule that asks for the method wins".into()
    } else if lost.headers != won.headers {
        "a rule that asks for more headers wins".into()
    } else if lost.query != won.query {
        "a rule that asks for more query parameters wins".into()
    } else {
        "a rule that stands before it wins".into()
    }
}

fn unmet_text(unmet: &Unmet<'_>, facts: &Facts<'_>) -> String {
    match unmet {
        Unmet::Header(name, asked) => {
            let absent = !facts.request.headers.contains_key(*name);
            field_text("header", name.as_str(), absent, asked)
        }
        Unmet::Method(asked) => method_text(facts.request.method, asked),
        Unmet::Query(name, asked) => {
            field_text("query parameter", name, facts.query_value(name).is_none(), asked)
        }
    }
}

fn method_text(method: &Method, asked: &Method) -> String {
    format!("method {method}, the rule asks for {asked}")
}

fn field_text(kind: &str, name: &str, absent: bool, asked: &ValueMatch) -> String {
    let is = if absent { "is absent" } else { "has another value" };
    let asks = match asked {
        _ if is_secret(name) => "another one".into(),
        ValueMatch::Exact(value) => format!("`{value}`"),
        ValueMatch::Regex(pattern) => format!("the expression `{}`", pattern.text),
    };
    format!("{kind} `{name}` {is}; the rule asks for {asks}")
}

/// Whether the values of a header or parameter are likely to open a door for who reads them.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["auth", "cookie", "credential", "key", "password", "secret", "token"];
    words.iter().any(|word| name.contains(word))
}

fn host_text(host: &HostPattern) -> String {
    match host {
        HostPattern::Any => "*".into(),
        HostPattern::Exact(host) => host.to_string(),
        HostPattern::Suffix(suffix) => format!("*.{suffix}"),
    }
}
