//! Routing through the process: what the router decides is what happens on the wire.

use anyhow::Result;
use portico_tests::{Backend, Client, Gateway, Request, configuration, forward, get};

#[tokio::test]
async fn a_request_reaches_its_service_and_says_who_served() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let answer = get(gateway.address, "/a?b=c").await?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("server"), Some("portico"));
    assert_eq!(answer.header("x-backend"), Some("web"));
    let time = answer.header("x-envoy-upstream-service-time").unwrap_or_default();
    assert!(time.parse::<u64>().is_ok(), "`{time}`");
    assert!(answer.text().starts_with("GET /a?b=c HTTP/1.1\r\n"));
    Ok(())
}

/// A route that answers with its own name.
fn rule(name: &str, condition: &str) -> String {
    format!(
        "      - name: {name}
        matches: [{condition}]
        filters: [{{ respond: {{ body: {name} }} }}]\n"
    )
}

#[tokio::test]
async fn rules_match_by_path_header_query_and_method() -> Result<()> {
    let rules = [
        ("exact", "{ path: { exact: /exact } }"),
        ("prefix", "{ path: { prefix: /prefix } }"),
        ("longer", "{ path: { prefix: /prefix/longer } }"),
        ("regex", "{ path: { regex: '/v[12]/.*' } }"),
        ("header", "{ path: { prefix: /prefix }, headers: { x-my-header: canary } }"),
        ("query", "{ path: { prefix: /prefix }, query: { version: '2' } }"),
        ("method", "{ path: { prefix: /prefix }, method: DELETE }"),
    ];
    let rules: String = rules.iter().map(|(name, condition)| rule(name, condition)).collect();
    let routes = format!("  - name: all\n    rules:\n{rules}");
    let gateway = Gateway::start(&configuration(&[], &routes)).await?;
    let get = Request::get;
    for (request, body) in [
        (get("/exact"), "exact"),
        (get("/exact?a=b"), "exact"),
        (get("/exact/"), ""),
        (get("/prefix"), "prefix"),
        (get("/prefix/"), "prefix"),
        (get("/prefixes"), ""),
        (get("/prefix/longer/still"), "longer"),
        (get("/v1/x"), "regex"),
        (get("/v3/x"), ""),
        (get("/prefix").header("X-My-Header", "canary"), "header"),
        (get("/prefix").header("x-my-header", "canary2"), "prefix"),
        (get("/prefix?version=2"), "query"),
        (get("/prefix?version=20"), "prefix"),
        (Request::new("DELETE", "/prefix"), "method"),
    ] {
        let answer = request.send(gateway.address).await?;
        let expected = if body.is_empty() { (404, "no_route") } else { (200, "-") };
        assert_eq!((answer.status, answer.reason()), expected, "{request:?}");
        if answer.status == 200 {
            assert_eq!(answer.text(), body, "{request:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_most_specific_host_wins() -> Result<()> {
    let route = |name: &str, hosts: &str| {
        format!(
            "  - {{ name: {name}, hosts: {hosts}, rules: [{{ filters: [{{ respond: {{ body: \
             {name} }} }}] }}] }}\n"
        )
    };
    let routes = [
        route("any", "['*']"),
        route("suffix", "['*.fleet.local']"),
        route("deep", "['*.api.fleet.local']"),
        route("exact", "[www.fleet.local]"),
    ];
    let gateway = Gateway::start(&configuration(&[], &routes.concat())).await?;
    for (host, body) in [
        ("www.fleet.local", "exact"),
        ("WWW.Fleet.Local:30080", "exact"),
        ("x.fleet.local", "suffix"),
        ("x.y.fleet.local", "suffix"),
        ("x.api.fleet.local", "deep"),
        ("fleet.local", "any"),
        ("127.0.0.1", "any"),
    ] {
        let answer = Request::get("/").host(host).send(gateway.address).await?;
        assert_eq!(answer.text(), body, "{host}");
    }
    Ok(())
}

#[tokio::test]
async fn weights_share_requests_out() -> Result<()> {
    let (stable, canary, none) = (
        Backend::start("stable").await?,
        Backend::start("canary").await?,
        Backend::start("0").await?,
    );
    let services = [("stable", stable.address), ("canary", canary.address), ("none", none.address)];
    let routes = "  - name: all
    rules:
      - backends:
          - { service: stable, weight: 90 }
          - { service: canary, weight: 10 }
          - { service: none, weight: 0 }";
    let gateway = Gateway::start(&configuration(&services, routes)).await?;
    let mut client = Client::connect(gateway.address).await?;
    for _ in 0..500 {
        assert_eq!(client.ask(&Request::get("/")).await?.status, 200);
    }
    // 50 are expected; it is off by more than six standard deviations once in a billion runs.
    let share = canary.received().len();
    assert!((8..=92).contains(&share), "{share} of 500 went to the canary");
    assert!(none.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn redirects_rewrites_and_answers_do_what_they_say() -> Result<()> {
    let backend = Backend::start("web").await?;
    let routes = "  - name: all
    rules:
      - matches: [{ path: { prefix: /old } }]
        filters: [{ redirect: { scheme: https, host: new.local, status: 301, path: { replace_prefix: /new } } }]
      - matches: [{ path: { prefix: /api/v1 } }]
        filters: [{ rewrite: { host: inner.local, path: { replace_prefix: / } } }]
        backends: [web]
      - matches: [{ path: { exact: /full } }]
        filters: [{ rewrite: { path: { replace_full: /other } } }]
        backends: [web]
      - matches: [{ path: { exact: /teapot } }]
        filters: [{ respond: { status: 418, headers: { x-kind: teapot }, body: short } }]";
    let gateway = Gateway::start(&configuration(&[("web", backend.address)], routes)).await?;
    let answer = get(gateway.address, "/old/a?b=c").await?;
    let location = answer.header("location");
    assert_eq!((answer.status, location), (301, Some("https://new.local/new/a?b=c")));

    let answer = get(gateway.address, "/api/v1/cars?b=c").await?.text();
    assert!(answer.starts_with("GET /cars?b=c HTTP/1.1\r\n"), "{answer}");
    let head = backend.last().head;
    assert_eq!(head.all("host"), ["inner.local"]);
    let answer = get(gateway.address, "/full?b=c").await?.text();
    assert!(answer.starts_with("GET /other?b=c HTTP/1.1\r\n"), "{answer}");

    let answer = get(gateway.address, "/teapot").await?;
    assert_eq!((answer.status, answer.header("x-kind")), (418, Some("teapot")));
    assert_eq!(answer.text(), "short");
    Ok(())
}

#[tokio::test]
async fn headers_are_removed_set_and_added_both_ways() -> Result<()> {
    let backend = Backend::start("web").await?;
    let routes = "  - name: all
    filters:
      - request_headers: { remove: [x-gone], set: { x-set: route }, add: { x-add: route } }
      - response_headers: { remove: [x-backend], set: { content-type: text/html }, add: { x-add: back } }
    rules: [{ backends: [web] }]";
    let gateway = Gateway::start(&configuration(&[("web", backend.address)], routes)).await?;
    let request = Request::get("/").header("X-Gone", "1").header("x-gone", "2");
    let request = request.header("x-set", "client").header("x-add", "client");
    let answer = request.send(gateway.address).await?;
    let head = backend.last().head;
    assert_eq!(head.all("x-gone"), [""; 0]);
    assert_eq!(head.all("x-set"), ["route"]);
    assert_eq!(head.all("x-add"), ["client", "route"]);
    assert_eq!(answer.header("x-backend"), None);
    assert_eq!(answer.head.all("content-type"), ["text/html"]);
    assert_eq!(answer.head.all("x-add"), ["back"]);
    Ok(())
}

#[tokio::test]
async fn the_service_learns_who_asks() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let answer = get(gateway.address, "/").await?;
    let head = backend.last().head;
    assert_eq!(head.all("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(head.all("x-forwarded-proto"), ["http"]);
    let id = head.header("x-request-id").unwrap_or_default().to_owned();
    assert_eq!((id.len(), answer.header("x-request-id")), (36, Some(&*id)));

    let request = Request::get("/").header("x-forwarded-for", "203.0.113.7");
    let request = request.header("x-forwarded-for", "10.0.0.1").header("x-request-id", "my-id");
    let answer = request.header("x-forwarded-proto", "https").send(gateway.address).await?;
    let head = backend.last().head;
    assert_eq!(head.all("x-forwarded-for"), ["203.0.113.7, 10.0.0.1, 127.0.0.1"]);
    assert_eq!(head.all("x-forwarded-proto"), ["http"], "a stranger's word counts for nothing");
    assert_eq!(head.all("x-request-id"), ["my-id"]);
    assert_eq!(answer.head.all("x-request-id"), ["my-id"]);

    let request = Request::get("/").header("x-request-id", &"x".repeat(200));
    assert_ne!(
        request.send(gateway.address).await?.header("x-request-id").map(str::len),
        Some(200)
    );
    Ok(())
}
