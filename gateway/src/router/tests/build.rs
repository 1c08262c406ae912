//! Configurations from short texts: `prefix /api GET h:x-v=1 q:a~[0-9]+`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use portico_config::config::{
    Config, FieldMatch, HostPattern, Listener, ListenerRef, Match, PathMatch, Pattern, Route, Rule,
    ValueMatch,
};
use regex::Regex;

/// Listeners `0`, `1`, … on one address, without routes.
pub(in crate::router) fn listeners(hosts: Vec<Vec<HostPattern>>) -> Config {
    let listeners = hosts.into_iter().enumerate().map(|(place, hosts)| Listener {
        name: place.to_string().into(),
        address: ([127, 0, 0, 1], 0).into(),
        hosts,
    });
    Config { listeners: listeners.collect(), ..Config::default() }
}

/// One listener and one route, both for every host, with a rule of one match for each text.
pub(in crate::router) fn config<'a>(matches: impl IntoIterator<Item = &'a str>) -> Config {
    let mut config = listeners(vec![vec![HostPattern::Any]]);
    let rules = matches.into_iter().map(|text| rule(vec![one_match(text)])).collect();
    config.routes = vec![route(vec![ListenerRef(0)], vec![HostPattern::Any], rules)];
    config
}

pub(in crate::router) fn route(
    listeners: Vec<ListenerRef>,
    hosts: Vec<HostPattern>,
    rules: Vec<Rule>,
) -> Route {
    Route { name: Arc::from("route"), listeners, hosts, suspended: None, rules }
}

pub(in crate::router) fn rule(matches: Vec<Match>) -> Rule {
    Rule {
        name: Arc::from("rule"),
        matches,
        filters: Vec::new(),
        backends: Vec::new(),
        timeout: None,
    }
}

/// `exact|prefix|regex PATH`, then any of `METHOD`, `h:NAME=VALUE`, `q:NAME=VALUE`; `~` in place
/// of `=` before a regular expression.
pub(in crate::router) fn one_match(text: &str) -> Match {
    let mut words = text.split_whitespace();
    let (kind, path) = (words.next().expect("a kind"), words.next().expect("a path"));
    let path = match kind {
        "exact" => PathMatch::Exact(path.into()),
        "prefix" => PathMatch::Prefix(path.into()),
        "regex" => PathMatch::Regex(pattern(path)),
        other => panic!("`{other}` is no kind of path"),
    };
    let mut of = Match { path, method: None, headers: Vec::new(), query: Vec::new() };
    for word in words {
        if let Some(text) = word.strip_prefix("h:") {
            of.headers.push(field(text));
        } else if let Some(text) = word.strip_prefix("q:") {
            of.query.push(field(text));
        } else {
            of.method = Some(word.into());
        }
    }
    of
}

fn field(text: &str) -> FieldMatch {
    let at = text.find(['=', '~']).expect("`=` or `~`");
    let (name, value) = (&text[..at], &text[at + 1..]);
    let value = match text.as_bytes()[at] {
        b'=' => ValueMatch::Exact(value.into()),
        _ => ValueMatch::Regex(pattern(value)),
    };
    FieldMatch { name: name.into(), value }
}

/// Compiles each expression once: that, and not routing, is what would take a test's time.
fn pattern(text: &str) -> Pattern {
    static KNOWN: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = known
        .entry(text.to_owned())
        .or_insert_with(|| Regex::new(&format!("^(?:{text})$")).expect("an expression"));
    Pattern { text: text.into(), regex: regex.clone() }
}

pub(in crate::router) fn host(text: &str) -> HostPattern {
    match text.strip_prefix("*.") {
        _ if text == "*" => HostPattern::Any,
        Some(suffix) => HostPattern::Suffix(suffix.into()),
        None => HostPattern::Exact(text.into()),
    }
}
