//! The text of Gateway API, as slow and as plain as it reads, to hold the index against.
//!
//! Shares no code with what it judges: every candidate is listed, sorted by the order of
//! precedence, and the first whose conditions hold is the answer.

use std::{cmp::Reverse, sync::LazyLock};

use portico_config::config::{
    Config, FieldMatch, HostPattern, ListenerRef, Match, PathMatch, ValueMatch,
};
use regex::Regex;

use super::{Found, Request};

/// Of listeners that share an address, the one with the most specific host that matches.
pub(super) fn site(config: &Config, listeners: &[ListenerRef], host: &str) -> Option<ListenerRef> {
    let name = plain_name(host);
    let mut hosts = Vec::new();
    for (place, listener) in listeners.iter().enumerate() {
        for pattern in &config.listeners[listener.0].hosts {
            if host_matches(pattern, &name) {
                hosts.push((Reverse(specific(pattern)), place, *listener));
            }
        }
    }
    hosts.sort();
    hosts.first().map(|(_, _, listener)| *listener)
}

/// Every match of the listener whose conditions hold, the one with the highest precedence first.
pub(super) fn ranking(config: &Config, listener: ListenerRef, request: &Request<'_>) -> Vec<Found> {
    let name = plain_name(request.host);
    if !config.listeners[listener.0].hosts.iter().any(|host| host_matches(host, &name)) {
        return Vec::new();
    }
    let mut ranking = Vec::new();
    let mut index = 0;
    for route in &config.routes {
        let serves = route.listeners.contains(&listener);
        let hosts = route.hosts.iter().filter(|host| serves && host_matches(host, &name));
        let host = hosts.map(specific).max();
        for rule in &route.rules {
            for (place, of) in rule.matches.iter().enumerate() {
                if let Some(host) = host
                    && holds(of, request)
                {
                    let found =
                        Found { rule: index, matched: place as u16, prefix: prefix(&of.path) };
                    ranking.push((precedence(host, of, index, place), found));
                }
            }
            index += 1;
        }
    }
    ranking.sort_by_key(|(precedence, _)| *precedence);
    ranking.into_iter().map(|(_, found)| found).collect()
}

type Precedence = (
    Reverse<(bool, usize)>,
    Reverse<(u8, usize)>,
    Reverse<bool>,
    Reverse<usize>,
    Reverse<usize>,
    u32,
    usize,
);

fn precedence(host: (bool, usize), of: &Match, rule: u32, place: usize) -> Precedence {
    let path = match &of.path {
        PathMatch::Exact(_) => (3, 0),
        PathMatch::Regex(pattern) => (2, pattern.text.len()),
        PathMatch::Prefix(prefix) => (1, prefix.len()),
    };
    (
        Reverse(host),
        Reverse(path),
        Reverse(of.method.is_some()),
        Reverse(of.headers.len()),
        Reverse(of.query.len()),
        rule,
        place,
    )
}

fn prefix(path: &PathMatch) -> u32 {
    match path {
        PathMatch::Prefix(prefix) if &**prefix != "/" => prefix.len() as u32,
        _ => 0,
    }
}

/// "Characters in a matching non-wildcard hostname", then "characters in a matching hostname".
fn specific(host: &HostPattern) -> (bool, usize) {
    match host {
        HostPattern::Exact(name) => (true, name.len()),
        HostPattern::Suffix(suffix) => (false, "*.".len() + suffix.len()),
        HostPattern::Any => (false, 0),
    }
}

/// A name or an address in brackets, then perhaps a port.
static HOST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?s)(\[[^\]]*\]|[^:\[][^:]*)(:[0-9]*)?$").expect("a constant"));

fn plain_name(host: &str) -> String {
    let lower = host.to_ascii_lowercase();
    let Some(parts) = HOST.captures(&lower) else { return String::new() };
    let name = parts[1].strip_suffix('.').unwrap_or(&parts[1]).to_owned();
    if name.len() > 253 { String::new() } else { name }
}

fn host_matches(pattern: &HostPattern, name: &str) -> bool {
    match pattern {
        HostPattern::Any => true,
        HostPattern::Exact(host) => **host == *name,
        HostPattern::Suffix(suffix) => {
            let end = format!(".{suffix}");
            name.ends_with(&end) && name.len() > end.len()
        }
    }
}

fn holds(of: &Match, request: &Request<'_>) -> bool {
    let path = match &of.path {
        PathMatch::Exact(path) => request.path == &**path,
        PathMatch::Prefix(prefix) if &**prefix == "/" => true,
        PathMatch::Prefix(prefix) => {
            request.path == &**prefix || request.path.starts_with(&format!("{prefix}/"))
        }
        PathMatch::Regex(pattern) => pattern.regex.is_match(request.path),
    };
    path && of.method.as_ref().is_none_or(|method| **method == *request.method.as_str())
        && of.headers.iter().all(|field| header_holds(field, request))
        && of.query.iter().all(|field| query_holds(field, request))
}

/// Any single value, or all of them with commas between.
fn header_holds(field: &FieldMatch, request: &Request<'_>) -> bool {
    let values: Vec<Vec<u8>> = request
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().eq_ignore_ascii_case(&field.name))
        .map(|(_, value)| value.as_bytes().to_vec())
        .collect();
    let joined = values.join(&b","[..]);
    !values.is_empty() && values.iter().chain([&joined]).any(|value| value_holds(field, value))
}

/// The first parameter of this name.
fn query_holds(field: &FieldMatch, request: &Request<'_>) -> bool {
    let Some(query) = request.query else { return false };
    for parameter in query.split('&') {
        if parameter.is_empty() {
            continue;
        }
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if decoded(name) == field.name.as_bytes() {
            return value_holds(field, &decoded(value));
        }
    }
    false
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).filter(|hex| !hex.starts_with('+'));
        let escape = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], escape) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    decoded
}

fn value_holds(field: &FieldMatch, value: &[u8]) -> bool {
    match &field.value {
        ValueMatch::Exact(exact) => exact.as_bytes() == value,
        ValueMatch::Regex(pattern) => {
            String::from_utf8(value.to_vec()).is_ok_and(|value| pattern.regex.is_match(&value))
        }
    }
}
