//! The router against the oracle, and the promise about its cost.

pub(super) mod build;
mod cost;
pub(super) mod generate;

use http::HeaderValue;
use portico_config::config::{Config, HostPattern, ListenerRef};
use proptest::{prelude::*, test_runner::Config as Settings};

use self::generate::{Asked, config, hosts, request};
use super::{Router, Sites, facts::Facts, oracle, patterns};

/// Enough that pairs of rules that differ in one criterion only meet often.
fn settings() -> Settings {
    Settings { cases: 2_000, failure_persistence: None, ..Settings::default() }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn finds_what_the_oracle_finds(
        config in config(),
        requests in prop::collection::vec(request(), 8),
    ) {
        for listener in (0..config.listeners.len()).map(ListenerRef) {
            let router = Router::new(&config, listener);
            for asked in &requests {
                let expected = oracle::ranking(&config, listener, &asked.request());
                prop_assert_eq!(router.find(&asked.request()), expected.first().copied(), "{:?}", asked);
            }
        }
    }

    #[test]
    fn explains_what_the_oracle_finds(
        config in config(),
        requests in prop::collection::vec(request(), 4),
    ) {
        let router = Router::new(&config, ListenerRef(0));
        for asked in &requests {
            explained_right(&config, &router, asked)?;
        }
    }

    #[test]
    fn sites_are_the_oracles(
        hosts in prop::collection::vec(hosts(), 1..5),
        asked in prop::collection::vec(generate::host(), 8),
    ) {
        let config = build::listeners(hosts);
        let all: Vec<_> = (0..config.listeners.len()).map(ListenerRef).collect();
        let sites = Sites::new(&config, &all);
        for host in &asked {
            prop_assert_eq!(sites.find(host), oracle::site(&config, &all, host), "{:?}", host);
        }
    }

    #[test]
    fn any_text_is_a_request(host in ".{0,300}", path in ".{0,80}", query in "[%+&=a-f0-9é]{0,40}") {
        let asked = Asked { host, path, query: Some(query), ..Asked::default() };
        let config = build::config(["exact /a q:a=f", "prefix / q:%zz=%", "regex /.*é h:a~.*"]);
        let expected = oracle::ranking(&config, ListenerRef(0), &asked.request());
        let router = Router::new(&config, ListenerRef(0));
        prop_assert_eq!(router.find(&asked.request()), expected.first().copied());
    }
}

/// What lost by precedence is listed in the oracle's order, the rest with a reason that is true.
fn explained_right(config: &Config, router: &Router, asked: &Asked) -> Result<(), TestCaseError> {
    let request = asked.request();
    let ranking = oracle::ranking(config, ListenerRef(0), &request);
    let explanation = router.explain(config, &request);
    prop_assert_eq!(explanation.found, ranking.first().copied());
    let places = |found: &super::Found| (found.rule, found.matched);
    let outranked: Vec<_> = ranking.iter().skip(1).take(20).map(places).collect();
    let lost: Vec<_> = explanation.lost.iter().map(|lost| (lost.rule, lost.matched)).collect();
    prop_assert!(lost.len() <= 20 && lost.starts_with(&outranked), "{:?} {:?}", lost, outranked);
    for lost in &explanation.lost {
        let holds = ranking.iter().any(|found| places(found) == (lost.rule, lost.matched));
        prop_assert_eq!(lost.why.contains("wins"), holds, "{:?}", lost);
    }
    if explanation.found.is_some() {
        prop_assert!(explanation.host.is_some());
    }
    Ok(())
}

#[test]
fn hosts_the_listener_does_not_answer_are_unknown() {
    let mut config = build::config(["prefix /"]);
    config.listeners[0].hosts = vec![HostPattern::Suffix("example.com".into())];
    let host = |host: &str| HostPattern::Exact(host.into());
    config.routes[0].hosts = vec![host("a.example.com"), host("a.example.net")];
    let asked = Asked { host: "a.example.net".into(), ..Asked::default() };
    let explanation = Router::new(&config, ListenerRef(0)).explain(&config, &asked.request());
    assert_eq!(explanation.hosts_known, [host("a.example.com")]);
    assert_eq!(explanation.lost[0].why, "listener `0` does not answer this host");
}

#[test]
fn a_listener_that_does_not_exist_has_no_rules() {
    let config = build::config(["prefix /"]);
    let router = Router::new(&config, ListenerRef(7));
    let asked = Asked::default();
    assert_eq!(router.find(&asked.request()), None);
    assert_eq!(router.explain(&config, &asked.request()).found, None);
    assert_eq!(Sites::new(&config, &[ListenerRef(7)]).find("a"), None);
}

/// Secrets stay out of what may be logged: the request's values always, the rule's where the
/// name tells.
#[test]
fn reasons_keep_secrets() {
    let config = build::config(["prefix / h:x-api-key=rule-secret", "prefix / q:v=1"]);
    let mut asked = Asked { query: Some("v=sent-secret".into()), ..Asked::default() };
    asked.headers.insert("x-api-key", HeaderValue::from_static("sent-secret"));
    let explanation = Router::new(&config, ListenerRef(0)).explain(&config, &asked.request());
    let reasons: Vec<_> = explanation.lost.iter().map(|lost| lost.why.as_str()).collect();
    let expected = [
        "header `x-api-key` has another value; the rule asks for another one",
        "query parameter `v` has another value; the rule asks for `1`",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn literal_segments_are_those_every_match_begins_with() {
    let of = |text: &str| patterns::literal_segments(text).collect::<Vec<_>>().join("|");
    assert_eq!(of("/users/[0-9]+"), "users");
    assert_eq!(of("^/users/v1/[0-9]+"), "users|v1");
    assert_eq!(of("/users/?"), "");
    assert_eq!(of("/users/*.*"), "");
    assert_eq!(of("/users/{0,1}.*"), "");
    assert_eq!(of("/users/+.*"), "users");
    assert_eq!(of("/a/b/?.*"), "a");
    assert_eq!(of("/a/b|/c/d"), "");
    assert_eq!(of("(?i)/a/b/c"), "");
    assert_eq!(of(".*/a/b/"), "");
    assert_eq!(of(r"/a/\w+/b"), "a");
    assert_eq!(of("//a/b"), "|a");
}

/// Too many for one automaton, and too large: both are split, and precedence holds across.
#[test]
fn many_and_large_expressions() {
    let many = (0..600).map(|at| format!("regex .*/{at}/.*"));
    let large = (0..8).map(|at| format!(r"regex .*\w{{40}}/{at}/.*"));
    let texts: Vec<String> = many.chain(large).collect();
    let config = build::config(texts.iter().map(String::as_str));
    let router = Router::new(&config, ListenerRef(0));
    let long = format!("/{}/7/599/", "x".repeat(40));
    for path in ["/x/7/8/", "/x/599/8/", "/x/7/599/", "/x/600/", &long] {
        let asked = Asked { path: path.into(), ..Asked::default() };
        let expected = oracle::ranking(&config, ListenerRef(0), &asked.request());
        assert_eq!(router.find(&asked.request()), expected.first().copied(), "{path}");
    }
}

/// Hosts that share their routes share what is compiled.
#[test]
fn a_route_of_many_hosts_is_compiled_once() {
    let mut config = build::config(["prefix /a", "exact /b h:x=1"]);
    let nodes = |config: &Config| Router::new(config, ListenerRef(0)).paths.nodes();
    let one = nodes(&config);
    config.routes[0].hosts = (0..1_000).map(|at| build::host(&format!("h{at}.local"))).collect();
    assert_eq!(nodes(&config), one);
}

#[test]
fn a_query_is_decoded_once() {
    let asked = Asked { query: Some("a=%41&a=b&%61b=c+d".into()), ..Asked::default() };
    let request = asked.request();
    let facts = Facts::new(&request);
    assert_eq!(facts.query_value("a"), Some(&b"A"[..]));
    assert_eq!(facts.query_value("ab"), Some(&b"c d"[..]));
    assert!(std::ptr::eq(
        facts.query_value("a").expect("is there"),
        facts.query_value("a").expect("is there"),
    ));
}
