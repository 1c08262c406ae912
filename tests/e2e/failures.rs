//! Every answer that the gateway makes itself says why, to the client in short and to the log in
//! full.

use anyhow::Result;
use portico_tests::{
    Backend, Behaviour, Client, Gateway, Request, Response, configuration, forward, get,
};
use serde_json::Value;

/// An answer of the gateway's own, with this status and reason, that betrays no address.
fn is_failure(answer: &Response, status: u16, reason: &str, backend: &Backend) {
    let text = answer.text();
    assert_eq!((answer.status, answer.reason()), (status, reason), "{text}");
    assert!(text.starts_with(&format!("{status} {reason}: ")), "{text}");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(answer.header("x-request-id").is_some());
    let all = String::from_utf8_lossy(&answer.head.bytes).into_owned() + &text;
    assert!(!all.contains("127.0.0.1"), "an address: {all}");
    assert!(!all.contains(&backend.address.port().to_string()), "a port: {all}");
}

#[tokio::test]
async fn a_request_that_no_rule_takes_is_told_so() -> Result<()> {
    let routes = "  - { name: a, hosts: [a.local], rules: [{ matches: [{ path: { prefix: /x } }], \
                  filters: [{ respond: {} }] }] }";
    let gateway = Gateway::start(&configuration(&[], routes)).await?;
    for (host, target) in [("a.local", "/y?secret=1"), ("b.local", "/x")] {
        let answer = Request::get(target).host(host).send(gateway.address).await?;
        assert_eq!((answer.status, answer.reason()), (404, "no_route"));
        let text = answer.text();
        assert!(text.contains("listener `web`") && text.contains(host), "{text}");
        assert!(!text.contains("secret"), "the query is nobody's business: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_service_that_closes_without_an_answer_is_a_502() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    for (behaviour, reason) in [
        (Behaviour::Break(Vec::new()), "upstream_reset"),
        (Behaviour::Break(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), "upstream_reset"),
        (Behaviour::Break(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()), "upstream_protocol"),
        (Behaviour::Break(b"\0\x01\x02\x03\r\n\r\n".to_vec()), "upstream_protocol"),
        (Behaviour::Break(b"HTTP/1.1 9999 What\r\n\r\n".to_vec()), "upstream_protocol"),
    ] {
        backend.behave(behaviour.clone());
        // A body makes it a request that must not be sent twice.
        let answer = Request::new("POST", "/").body(b"once").send(gateway.address).await?;
        is_failure(&answer, 502, reason, &backend);
        assert!(answer.text().contains("service `web`"), "{behaviour:?}");
    }
    assert_eq!(backend.received().len(), 5, "no request was sent twice");
    gateway.log.says(&backend.address.to_string()).await?;
    backend.behave(Behaviour::Echo);
    assert_eq!(get(gateway.address, "/").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_service_that_refuses_is_a_503() -> Result<()> {
    let backend = Backend::refusing()?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let answer = get(gateway.address, "/path?token=hidden").await?;
    is_failure(&answer, 503, "connect_failed", &backend);
    let line = gateway.log.says("connect_failed").await?;
    assert!(line.contains(&backend.address.to_string()), "the log has the address: {line}");
    assert!(line.contains("/path") && line.contains("all/0"), "{line}");
    assert!(line.contains(answer.header("x-request-id").unwrap_or("-")), "{line}");
    assert!(!gateway.log.text().contains("hidden"), "the log has the query string");
    Ok(())
}

/// A service with these endpoints, in this order.
fn endpoints(backends: &[&Backend]) -> String {
    let list = backends.iter().map(|backend| format!("'{}'", backend.address));
    let list = list.collect::<Vec<_>>().join(", ");
    configuration(&[], "  - { name: all, rules: [{ backends: [web] }] }")
        .replace("services:\n  []", &format!("services:\n  - {{ name: web, endpoints: [{list}] }}"))
}

#[tokio::test]
async fn another_endpoint_takes_over_whatever_the_method() -> Result<()> {
    let (down, up) = (Backend::refusing()?, Backend::start("up").await?);
    let also_down = Backend::refusing()?;
    let gateway = Gateway::start(&endpoints(&[&down, &up, &also_down])).await?;
    let mut client = Client::connect(gateway.address).await?;
    for number in 0..30 {
        let body = format!("body {number}");
        let answer = client.ask(&Request::new("POST", "/").body(body.as_bytes())).await?;
        assert_eq!((answer.status, answer.header("x-backend")), (200, Some("up")));
        assert_eq!(up.last().body, body.as_bytes());
    }
    assert_eq!(up.received().len(), 30);
    Ok(())
}

#[tokio::test]
async fn all_endpoints_down_is_a_503_that_counts_them() -> Result<()> {
    let (one, two) = (Backend::refusing()?, Backend::refusing()?);
    let gateway = Gateway::start(&endpoints(&[&one, &two])).await?;
    let answer = get(gateway.address, "/").await?;
    is_failure(&answer, 503, "connect_failed", &one);
    assert!(answer.text().contains("(2 tried)"), "{}", answer.text());
    Ok(())
}

#[tokio::test]
async fn a_rule_whose_backends_all_weigh_nothing_is_a_503() -> Result<()> {
    let backend = Backend::start("web").await?;
    let routes = "  - { name: all, rules: [{ backends: [{ service: web, weight: 0 }] }] }";
    let gateway = Gateway::start(&configuration(&[("web", backend.address)], routes)).await?;
    is_failure(&get(gateway.address, "/").await?, 503, "no_backend", &backend);
    Ok(())
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_503_and_in_the_log() -> Result<()> {
    let backend = Backend::start("web").await?;
    let text = forward(backend.address)
        .replace(&backend.address.to_string(), "no-such-service.invalid:80");
    let gateway = Gateway::start(&text).await?;
    let answer = get(gateway.address, "/").await?;
    is_failure(&answer, 503, "no_endpoint", &backend);
    assert!(!answer.text().contains("invalid"), "where a service lives: {}", answer.text());
    gateway.log.says("no-such-service.invalid").await?;
    Ok(())
}

#[tokio::test]
async fn a_name_that_resolves_is_connected_to() -> Result<()> {
    let backend = Backend::start("web").await?;
    let name = format!("localhost:{}", backend.address.port());
    let text = forward(backend.address).replace(&backend.address.to_string(), &name);
    let gateway = Gateway::start(&text).await?;
    let answer = get(gateway.address, "/").await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Ok(())
}

#[tokio::test]
async fn json_is_answered_to_who_asks_for_it() -> Result<()> {
    let gateway = Gateway::start(&configuration(&[], "  []")).await?;
    for (accept, json) in [
        ("application/json", true),
        ("application/json, */*;q=0.1", true),
        ("*/*", false),
        ("text/html,application/xhtml+xml,application/json", false),
    ] {
        let request = Request::get("/").header("accept", accept);
        let answer = request.send(gateway.address).await?;
        let parsed = serde_json::from_slice::<Value>(&answer.body);
        assert_eq!(parsed.is_ok(), json, "{accept}: {}", answer.text());
        if let Ok(body) = parsed {
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!((&body["status"], &body["reason"]), (&404.into(), &"no_route".into()));
            assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_head_request_gets_no_body_of_any_kind() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    let head = Request::new("HEAD", "/");
    let answer = client.ask(&head).await?;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("content-length"), Some("0"), "the length of what GET would get");
    gateway.apply(&configuration(&[], "  []")).await?;
    // Over the same connection: bytes of a body would be read as the next answer.
    let failure = client.ask(&head).await?;
    assert_eq!((failure.status, failure.reason()), (404, "no_route"));
    assert_eq!(client.ask(&Request::get("/")).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_service_killed_in_the_middle_of_an_answer_breaks_that_answer_only() -> Result<()> {
    let part = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart".to_vec();
    let chunk = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n".to_vec();
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    for behaviour in [Behaviour::Break(part), Behaviour::Break(chunk)] {
        backend.behave(behaviour);
        let error = get(gateway.address, "/").await.err();
        assert!(error.is_some(), "a part must not look like a whole answer");
        backend.behave(Behaviour::Echo);
        assert_eq!(get(gateway.address, "/").await?.status, 200);
    }
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_killed_fails_what_it_held_and_is_not_waited_for() -> Result<()> {
    let mut backend = Backend::with("web", Behaviour::Hold).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut held = Client::connect(gateway.address).await?;
    held.send(Request::new("POST", "/").body(b"x").bytes()).await?;
    backend.has(1).await?;
    backend.kill();
    is_failure(&held.answer().await?, 502, "upstream_reset", &backend);
    let next = get(gateway.address, "/").await?;
    is_failure(&next, 503, "connect_failed", &backend);
    Ok(())
}

#[tokio::test]
async fn a_warm_connection_that_the_service_has_closed_costs_no_request() -> Result<()> {
    let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec();
    // The service says that it keeps the connection, and closes it after its answer.
    let backend = Backend::with("web", Behaviour::Break(whole)).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    for _ in 0..50 {
        let answer = client.ask(&Request::get("/")).await?;
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    }
    Ok(())
}
