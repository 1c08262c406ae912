//! Which rule a request meets, by the precedence of Gateway API's HTTPRoute.
//!
//! A listener's routes are compiled into an index once per snapshot, so that finding a rule
//! costs by the labels of the host and the length of the path, not by the number of routes:
//!
//! 1. `hosts`: the request's host leads, most specific pattern first, to a tree of paths;
//! 2. `paths`: one walk over the path's segments finds the exact match, the regular
//!    expressions and the prefixes that apply, in this order of precedence;
//! 3. `candidates`: rules that share a path differ by method, headers and query.
//!
//! The text leaves some choices to the implementation. Portico's are: hosts give precedence, not
//! exclusivity, so if no rule of `a.example.com` matches, those of `*.example.com` are tried;
//! a regular expression stands between an exact path and a prefix, and a longer one (by its
//! text) before a shorter one; of a header sent several times any single value may match, or all
//! of them joined by `,` without a space.
//!
//! Nothing here knows of sockets, clocks or tasks: a configuration and a request in, a rule out.

mod candidates;
mod explain;
mod facts;
mod hosts;
mod index;
mod paths;
mod patterns;
mod sites;
mod steps;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use portico_config::config::{Config, HostPattern, ListenerRef, Match, Route, Rule};

pub(crate) use self::hosts::{NAME_MAX, name as host_name};
use self::{
    candidates::Candidate,
    facts::Facts,
    hosts::{Gate, HostMap},
    paths::{Builder, NodeId, Paths},
};
pub use self::{
    explain::{Explanation, Lost},
    sites::Sites,
};

/// What of a request decides where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// As received: a port, capital letters and one trailing dot are ignored. May be empty.
    pub host: &'a str,
    /// As it came on the wire, without the query string; compared byte for byte.
    pub path: &'a str,
    /// What follows the first `?`, still encoded.
    pub query: Option<&'a str>,
    /// Compared exactly: methods are case-sensitive (RFC 9110, section 9.1).
    pub method: &'a http::Method,
    /// The request's header fields.
    pub headers: &'a http::HeaderMap,
}

/// The rule a request meets, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// Index into the flattened list of rules: all rules of route 0, then of route 1, ….
    pub rule: u32,
    /// Which of the rule's matches.
    pub matched: u16,
    /// Bytes of the path that the match's prefix took; 0 for `/`, exact paths and regular
    /// expressions.
    pub prefix: u32,
}

/// The routes of one listener, compiled.
#[derive(Debug)]
pub struct Router {
    listener: ListenerRef,
    gate: Gate,
    hosts: HostMap<NodeId>,
    paths: Paths,
}

impl Router {
    /// Compiles the routes that serve on a listener. Hosts of a route that the listener does not
    /// answer are ignored, as Gateway API asks.
    pub fn new(config: &Config, listener: ListenerRef) -> Self {
        let gate = Gate::new(listener_hosts(config, listener));
        let served: Vec<(&Route, u32)> =
            routes(config).filter(|(route, _)| route.listeners.contains(&listener)).collect();
        let mut hosts = HostMap::default();
        for (place, (route, _)) in served.iter().enumerate() {
            for host in route.hosts.iter().filter(|host| gate.overlaps(host)) {
                hosts.entry(host, Vec::new).push(place);
            }
        }
        // Hosts that the same routes name share a tree, so a route with a thousand hosts and a
        // hundred rules takes a hundred entries.
        let mut paths = Builder::default();
        let mut roots = HashMap::new();
        let hosts = hosts.map(|places: Vec<usize>| {
            let plant = |places: &Vec<usize>| {
                let routes = places.iter().filter_map(|place| served.get(*place));
                tree(&mut paths, routes)
            };
            *roots.entry(places).or_insert_with_key(plant)
        });
        Self { listener, gate, hosts, paths: paths.finish() }
    }

    /// The rule with the highest precedence among those whose conditions the request meets.
    pub fn find(&self, request: &Request<'_>) -> Option<Found> {
        let mut buffer = [0; NAME_MAX];
        let host = hosts::name(request.host, &mut buffer);
        if !self.gate.admits(host) {
            return None;
        }
        let facts = Facts::new(request);
        self.hosts.matches(host).find_map(|root| self.paths.find(*root, &facts))
    }

    /// What [`Router::find`] decides, and why others lost. `config` is the one this was compiled
    /// from. Looks at every route, so it is for people, not for the request path.
    pub fn explain(&self, config: &Config, request: &Request<'_>) -> Explanation {
        explain::explain(config, self.listener, request, self.find(request))
    }
}

/// A new tree of the paths of some routes.
fn tree<'a>(paths: &mut Builder<'a>, routes: impl Iterator<Item = &'a (&'a Route, u32)>) -> NodeId {
    let root = paths.root();
    for (route, first) in routes {
        for (rule, matched, of) in matches(&route.rules, *first) {
            if let Some(candidate) = Candidate::new(rule, matched, of) {
                paths.add(root, &of.path, candidate);
            }
        }
    }
    root
}

/// The hosts a listener answers; none for a listener that does not exist.
fn listener_hosts(config: &Config, listener: ListenerRef) -> &[HostPattern] {
    config.listeners.get(listener.0).map_or(&[], |listener| &listener.hosts)
}

/// Every route with the flattened index of its first rule.
fn routes(config: &Config) -> impl Iterator<Item = (&Route, u32)> {
    config.routes.iter().scan(0_u32, |next, route| {
        let first = *next;
        *next = next.saturating_add(u32::try_from(route.rules.len()).unwrap_or(u32::MAX));
        Some((route, first))
    })
}

/// Every match of some rules, with the rule's flattened index and the match's own.
///
/// A rule's matches past 65,536 are left out: [`Found::matched`] cannot name them. Gateway API
/// allows 64.
fn matches(rules: &[Rule], first: u32) -> impl Iterator<Item = (u32, u16, &Match)> {
    (first..).zip(rules).flat_map(|(index, rule)| {
        (0..=u16::MAX).zip(&rule.matches).map(move |(matched, found)| (index, matched, found))
    })
}
