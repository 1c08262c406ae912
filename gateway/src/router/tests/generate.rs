//! Routes and requests made of few parts, so that they meet and collide all the time.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use portico_config::config::{Config, HostPattern, ListenerRef, Route, Rule};
use proptest::{collection::vec, prelude::*, sample::select};

use super::build;
use crate::router::Request;

/// A request that owns what [`Request`] borrows.
#[derive(Clone, Debug, Default)]
pub(in crate::router) struct Asked {
    pub(in crate::router) host: String,
    pub(in crate::router) path: String,
    pub(in crate::router) query: Option<String>,
    pub(in crate::router) method: Method,
    pub(in crate::router) headers: HeaderMap,
}

impl Asked {
    pub(in crate::router) fn request(&self) -> Request<'_> {
        Request {
            host: &self.host,
            path: &self.path,
            query: self.query.as_deref(),
            method: &self.method,
            headers: &self.headers,
        }
    }
}

const NAMES: [&str; 6] = ["c", "b.c", "a.b.c", "d.c", "a.d.c", "x.a.b.c"];
const EXPRESSIONS: [&str; 17] = [
    "/.*",
    "/a/.*",
    "^/a/b/?",
    "/a/b*",
    "/a/b/.+",
    "/(a|b)/.*",
    "/a|/b/.*",
    "(?i)/A/.*",
    "/[ab]/.*",
    "/a/b/c",
    "/a/{0,1}.*",
    "/a/*.*",
    "/a/b?/c",
    "//.*",
    ".*/c",
    "/b/.*",
    "/a/[^/]+/c",
];

pub(super) fn config() -> impl Strategy<Value = Config> {
    let listeners = vec(prop_oneof![Just(vec![HostPattern::Any]), hosts()], 1..4);
    // Most rules under few paths, so that some paths have more candidates than an index needs.
    let rules = prop_oneof![3 => vec(rule(), 1..4), 1 => vec(rule(), 10..40)];
    let route = (vec(0..3_usize, 1..3), hosts(), rules);
    (listeners, vec(route, 0..8)).prop_map(|(hosts, routes)| {
        let mut config = build::listeners(hosts);
        let count = config.listeners.len();
        let on =
            |places: Vec<usize>| places.iter().map(|place| ListenerRef(place % count)).collect();
        let routes = routes.into_iter();
        config.routes = routes
            .map(|(places, hosts, rules)| build::route(on(places), hosts, rules))
            .collect::<Vec<Route>>();
        config
    })
}

pub(super) fn hosts() -> impl Strategy<Value = Vec<HostPattern>> {
    let name = || select(NAMES.to_vec());
    vec(
        prop_oneof![
            1 => Just(HostPattern::Any),
            3 => name().prop_map(|name| HostPattern::Exact(name.into())),
            3 => name().prop_map(|name| HostPattern::Suffix(name.into())),
        ],
        1..4,
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    vec(one_match(), 1..3).prop_map(build::rule)
}

fn one_match() -> impl Strategy<Value = portico_config::config::Match> {
    let path = prop_oneof![
        2 => Just("prefix /a".to_owned()),
        2 => Just("prefix /".to_owned()),
        3 => segments().prop_map(|path| format!("prefix /{}", path.trim_end_matches('/'))),
        3 => segments().prop_map(|path| format!("exact /{path}")),
        3 => select(EXPRESSIONS.to_vec()).prop_map(|text| format!("regex {text}")),
    ];
    let method = prop_oneof![3 => Just(""), 1 => Just("GET"), 1 => Just("POST")];
    // Each name at most once and sorted, as in a valid configuration.
    let values = || prop_oneof![3 => Just(""), 1 => Just("=1"), 1 => Just("=2"), 1 => Just("~1,2"), 1 => Just("= ")];
    let fields = (values(), values(), values(), values());
    (path, method, fields).prop_map(|(path, method, fields)| {
        let mut text = format!("{path} {method}");
        let fields = [("h:x", fields.0), ("h:y", fields.1), ("q:x", fields.2), ("q:y", fields.3)];
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            text.push_str(&format!(" {name}{value}"));
        }
        build::one_match(&text)
    })
}

/// A path without its first slash.
fn segments() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "b", "c", ""]), 0..4).prop_map(|segments| segments.join("/"))
}

pub(super) fn host() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        6 => select(NAMES.to_vec()).prop_map(str::to_owned),
        2 => select(NAMES.to_vec()).prop_map(|name| format!("y.{name}")),
        1 => select(vec!["", ".", ".c", "..c", "A.b.C", "[::1]", "[::1", "a:b.c", "127.0.0.1", "c.c"])
            .prop_map(str::to_owned),
        1 => (250..256_usize).prop_map(|length| "y".repeat(length - 2) + ".c"),
    ];
    let end = prop_oneof![6 => Just(""), 1 => Just(":80"), 1 => Just("."), 1 => Just(".:8443"), 1 => Just(":x"), 1 => Just(":")];
    (name, end).prop_map(|(name, end)| name + end)
}

pub(super) fn request() -> impl Strategy<Value = Asked> {
    let path = prop_oneof![
        12 => segments().prop_map(|path| format!("/{path}")),
        1 => select(vec!["", "*", "/ab", "/A/b", "/a/b/c/a/b/c"]).prop_map(str::to_owned),
    ];
    let parameter = select(vec![
        "x=1", "x=2", "x", "y=1", "y=%31", "%78=1", "y=+", "x=1&x=2", "", "y=%", "y=%+1",
    ]);
    let query = prop::option::of(vec(parameter, 0..4).prop_map(|query| query.join("&")));
    let method = select(vec![Method::GET, Method::POST, Method::PUT]);
    let header = (select(vec!["x", "X", "y"]), select(vec!["1", "2", "", "1,2", "\u{e9}"]));
    (host(), path, query, method, vec(header, 0..4)).prop_map(
        |(host, path, query, method, fields)| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
                headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
            }
            Asked { host, path, query, method, headers }
        },
    )
}
