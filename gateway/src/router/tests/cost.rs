//! Ten routes or ten thousand: the same number of steps.

use portico_config::config::{Config, ListenerRef};

use super::{
    build::{self, one_match, rule},
    generate::Asked,
};
use crate::router::{Router, Sites, steps};

/// The steps of a request in a configuration of this many routes.
fn steps(make: fn(usize) -> Config, asked: &Asked, routes: usize, found: bool) -> usize {
    let router = Router::new(&make(routes), ListenerRef(0));
    let request = asked.request();
    assert_eq!(router.find(&request).is_some(), found, "{asked:?} at {routes} routes");
    steps::count(|| _ = router.find(&request))
}

fn same_cost(make: fn(usize) -> Config, asked: &Asked, found: bool) {
    let few = steps(make, asked, 10, found);
    assert!(few > 0, "nothing was counted");
    assert_eq!(few, steps(make, asked, 10_000, found), "{asked:?}");
}

fn asked(host: &str, path: &str) -> Asked {
    Asked { host: host.into(), path: path.into(), ..Asked::default() }
}

fn rules(count: usize, text: fn(usize) -> String) -> Config {
    let texts: Vec<String> = (0..count).map(text).collect();
    build::config(texts.iter().map(String::as_str))
}

fn by_host(count: usize) -> Config {
    let mut config = build::config([]);
    let routes = (0..count).map(|at| {
        let hosts =
            vec![build::host(&format!("h{at}.local")), build::host(&format!("*.s{at}.local"))];
        build::route(vec![ListenerRef(0)], hosts, vec![rule(vec![one_match("prefix /a/b")])])
    });
    config.routes = routes.collect();
    config
}

#[test]
fn hosts() {
    same_cost(by_host, &asked("h7.local", "/a/b/c"), true);
    same_cost(by_host, &asked("x.s7.local:80", "/a/b/c"), true);
    same_cost(by_host, &asked("x.y.local", "/a/b/c"), false);
}

#[test]
fn paths() {
    let prefixes = |count| rules(count, |at| format!("prefix /api/{at}"));
    same_cost(prefixes, &asked("h", "/api/7/x"), true);
    same_cost(prefixes, &asked("h", "/api/none/x"), false);
    let exact = |count| rules(count, |at| format!("exact /api/{at}"));
    same_cost(exact, &asked("h", "/api/7"), true);
    same_cost(exact, &asked("h", "/api/7/"), false);
    let expressions = |count| rules(count, |at| format!("regex /api/{at}/[0-9]+"));
    same_cost(expressions, &asked("h", "/api/7/77"), true);
    same_cost(expressions, &asked("h", "/api/7/x"), false);
}

#[test]
fn predicates() {
    let mut of_tenant = asked("h", "/api");
    of_tenant.headers.insert("x-tenant", http::HeaderValue::from_static("t7"));
    let headers = |count| rules(count, |at| format!("prefix /api h:x-tenant=t{at}"));
    same_cost(headers, &of_tenant, true);
    same_cost(headers, &asked("h", "/api"), false);
    let query = |count| rules(count, |at| format!("prefix /api q:tenant=t{at}"));
    same_cost(query, &Asked { query: Some("tenant=t7".into()), ..asked("h", "/api") }, true);
    same_cost(query, &asked("h", "/api"), false);
}

/// A path as long as a request's head may be costs what is known of it, not what is sent.
#[test]
fn a_hostile_path_ends_the_walk() {
    let router = Router::new(&build::config(["prefix /a/a", "prefix /b"]), ListenerRef(0));
    let cost = |times: usize| {
        let asked = asked("h", &"/a".repeat(times));
        steps::count(|| _ = router.find(&asked.request()))
    };
    assert_eq!(cost(3), cost(30_000));
}

#[test]
fn listeners() {
    let cost = |count: usize| {
        let hosts = (0..count).map(|at| vec![build::host(&format!("*.h{at}.local"))]);
        let config = build::listeners(hosts.collect());
        let all: Vec<_> = (0..count).map(ListenerRef).collect();
        let sites = Sites::new(&config, &all);
        assert_eq!(sites.find("x.h7.local"), Some(ListenerRef(7)));
        steps::count(|| _ = sites.find("x.h7.local"))
    };
    assert_eq!(cost(10), cost(10_000));
}
