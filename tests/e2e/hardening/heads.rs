//! Heads that are malformed, ambiguous or too large.

use anyhow::{Context, Result};
use portico_tests::{Backend, Client, Gateway, Request, Response, forward, get};

/// Sends a head and returns all answers until the gateway closes, which it must.
async fn refused(gateway: &Gateway, name: &str, head: &[u8]) -> Result<Vec<Response>> {
    let mut client = Client::connect(gateway.address).await?;
    // It may answer and close before it has read everything.
    let _closed_early = client.send(head).await;
    client.answers().await.with_context(|| name.to_owned())
}

#[tokio::test]
async fn a_malformed_head_is_refused_before_it_is_looked_at() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let shapes: [(&str, &[u8]); 18] = [
        ("no host", b"GET / HTTP/1.1\r\n\r\n"),
        ("two hosts", b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"),
        ("the same host twice", b"GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n"),
        ("host with a slash", b"GET / HTTP/1.1\r\nhost: a/b\r\n\r\n"),
        ("host with a space", b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n"),
        ("host with credentials", b"GET / HTTP/1.1\r\nhost: user@a\r\n\r\n"),
        ("NUL in a value", b"GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n"),
        ("bare CR in a value", b"GET / HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n"),
        ("bare CR before a header", b"GET / HTTP/1.1\r\nhost: a\r\nx: a\rhost: b\r\n\r\n"),
        ("NUL in a name", b"GET / HTTP/1.1\r\nhost: a\r\nx\0: a\r\n\r\n"),
        ("space in a name", b"GET / HTTP/1.1\r\nhost: a\r\nx y: a\r\n\r\n"),
        ("no name", b"GET / HTTP/1.1\r\nhost: a\r\n: a\r\n\r\n"),
        ("no colon", b"GET / HTTP/1.1\r\nhost: a\r\nnothing\r\n\r\n"),
        ("space before the first header", b"GET / HTTP/1.1\r\n host: a\r\n\r\n"),
        ("no version", b"GET /\r\nhost: a\r\n\r\n"),
        ("unknown version", b"GET / HTTP/3.7\r\nhost: a\r\n\r\n"),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        ("no target", b"GET  HTTP/1.1\r\nhost: a\r\n\r\n"),
    ];
    for (name, head) in shapes {
        let answers = refused(&gateway, name, head).await?;
        let statuses = answers.iter().map(|answer| answer.status).collect::<Vec<_>>();
        assert_eq!(statuses, [400], "{name}");
        assert_eq!(backend.received().len(), 0, "{name} reached the service");
    }
    assert_eq!(get(gateway.address, "/").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn an_absolute_target_is_turned_into_a_path() -> Result<()> {
    let backend = Backend::start("web").await?;
    let text = forward(backend.address).replace("name: all,", "name: all, hosts: [a.local],");
    let gateway = Gateway::start(&text).await?;
    let absolute = |target: &str| Request::get(target).host("a.local");
    let answer = absolute("http://a.local/x?y").send(gateway.address).await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let head = backend.last().head;
    // RFC 9112, section 3.2.1: services are sent paths; not all of them know what to do with more.
    assert_eq!((&*head.start, head.all("host")), ("GET /x?y HTTP/1.1", vec!["a.local"]));
    // Whoever names two hosts wants one reader to see the one and another the other.
    let answer = absolute("http://b.local/x").send(gateway.address).await?;
    assert_eq!(answer.status, 400);
    assert_eq!(backend.received().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_by_size() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let large = Request::get("/").header("x-large", &"x".repeat(64 << 10)).bytes();
    let answers = refused(&gateway, "64 KiB of headers", &large).await?;
    assert_eq!(answers.first().map(|answer| answer.status), Some(431));
    let several = (0..16).fold(Request::get("/"), |request, number| {
        request.header(&format!("x-{number}"), &"x".repeat(4 << 10))
    });
    let answers = refused(&gateway, "16 headers of 4 KiB", &several.bytes()).await?;
    assert_eq!(answers.first().map(|answer| answer.status), Some(431));
    let line = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(1 << 20));
    let answers = refused(&gateway, "1 MiB of a request line", line.as_bytes()).await?;
    assert!(answers.iter().all(|answer| matches!(answer.status, 400 | 414 | 431)));
    assert!(backend.received().is_empty());

    // Less than the limit is nobody's problem.
    let fair = Request::get("/").header("x-fair", &"x".repeat(48 << 10));
    assert_eq!(fair.send(gateway.address).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_thousand_headers_are_refused_or_served_but_bounded() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let many = |count| {
        (0..count)
            .fold(Request::get("/"), |request, number| request.header(&format!("x-{number}"), "v"))
    };
    let thousand = many(1000).header("connection", "close").bytes();
    let answers = refused(&gateway, "1,000 headers", &thousand).await?;
    assert!(matches!(answers[0].status, 200 | 400 | 431), "{}", answers[0].status);
    let answer = many(100).send(gateway.address).await?;
    assert_eq!(answer.status, 200, "a hundred are nothing unusual");
    Ok(())
}

#[tokio::test]
async fn connect_is_refused() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let head = format!("CONNECT {0} HTTP/1.1\r\nhost: {0}\r\n\r\n", backend.address);
    let answers = refused(&gateway, "connect", head.as_bytes()).await?;
    let status = answers.first().map_or(0, |answer| answer.status);
    assert!((400..=501).contains(&status), "{status}");
    assert_eq!(backend.accepted(), 0);
    Ok(())
}

#[tokio::test]
async fn targets_of_any_kind_do_not_harm() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let targets: [&[u8]; 7] = [
        b"*",
        b"/%00%0d%0a",
        b"/../../etc/passwd",
        b"//double//slashes",
        b"/\xff\xfe",
        b"/a#fragment",
        b"nonsense",
    ];
    for target in targets {
        let mut client = Client::connect(gateway.address).await?;
        let head = [b"OPTIONS ", target, b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"];
        client.send(head.concat()).await?;
        let answers = client.answers().await?;
        let shown = target.escape_ascii().to_string();
        assert_eq!(answers.len(), 1, "{shown}");
        assert!(matches!(answers[0].status, 200 | 400), "{shown}: {}", answers[0].status);
        for received in backend.received() {
            assert!(!received.head.start.contains('\r'), "{shown}");
        }
    }
    Ok(())
}
