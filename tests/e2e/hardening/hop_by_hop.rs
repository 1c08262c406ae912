//! Headers that belong to one connection stop at the gateway, both ways (RFC 9110, section 7.6.1).

use anyhow::Result;
use portico_tests::{Backend, Behaviour, Client, Gateway, Request, forward, get, marked};

#[tokio::test]
async fn headers_of_the_clients_connection_do_not_reach_the_service() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let request = Request::get("/")
        .header("connection", "keep-alive, X-Nominated, te")
        .header("x-nominated", "secret")
        .header("x-stays", "yes")
        .header("keep-alive", "timeout=5")
        .header("proxy-connection", "keep-alive")
        .header("proxy-authenticate", "Basic")
        .header("proxy-authorization", "Basic Zm9v")
        .header("te", "trailers, deflate")
        .header("trailer", "x-t")
        .header("upgrade", "h2c")
        .header("http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA");
    assert_eq!(request.send(gateway.address).await?.status, 200);
    let head = backend.last().head;
    assert_eq!(head.header("x-stays"), Some("yes"));
    for name in [
        "x-nominated",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "trailer",
        "upgrade",
        "te",
    ] {
        assert_eq!(head.header(name), None, "{name}");
    }
    let connection = head.header("connection").unwrap_or("").to_ascii_lowercase();
    assert!(!connection.contains("nominated") && !connection.contains("te"), "{connection}");
    Ok(())
}

#[tokio::test]
async fn nominating_a_header_that_the_gateway_sets_does_not_remove_it() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&marked(backend.address, "set by a filter")).await?;
    for name in ["x-marker", "x-request-id", "x-forwarded-for", "x-forwarded-proto", "host"] {
        let request = Request::get("/").header("connection", &format!("close, {name}"));
        let answer = request.send(gateway.address).await?;
        // To refuse it is fair; to pass it on without what a service relies on is not.
        if answer.status == 400 {
            assert_eq!(answer.reason(), "bad_request", "{name}: {}", answer.text());
            continue;
        }
        assert_eq!(answer.status, 200, "{name}");
        assert!(backend.last().head.header(name).is_some(), "any client can remove {name}");
    }
    Ok(())
}

#[tokio::test]
async fn close_in_a_second_connection_header_counts() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    let request = Request::get("/").header("connection", "keep-alive");
    client.send(request.header("connection", "close").bytes()).await?;
    assert_eq!(client.answers().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_body_is_framed_though_its_length_was_nominated() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    let request = Request::new("POST", "/").header("connection", "close, content-length");
    let inner = b"GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    client.send(request.body(inner).bytes()).await?;
    let answers = client.answers().await?;
    assert!(answers.len() == 1 && matches!(answers[0].status, 200 | 400));
    let smuggled = backend.received().iter().any(|own| own.head.start.contains("smuggled"));
    assert!(!smuggled, "a body without a length is a request");
    Ok(())
}

#[tokio::test]
async fn headers_of_the_services_connection_do_not_reach_the_client() -> Result<()> {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive, x-nominated\r\n\
                  x-nominated: inner\r\nkeep-alive: timeout=77\r\nproxy-connection: keep-alive\r\n\
                  proxy-authenticate: Basic\r\nupgrade: h2c\r\ntrailer: x-t\r\nx-stays: yes\r\n\r\n\
                  ok";
    let backend = Backend::with("web", Behaviour::Answer(answer.into())).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let answer = get(gateway.address, "/").await?;
    assert_eq!((answer.status, answer.header("x-stays")), (200, Some("yes")));
    for name in ["x-nominated", "proxy-connection", "proxy-authenticate", "upgrade", "trailer"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert_ne!(answer.header("keep-alive"), Some("timeout=77"));
    let connection = answer.header("connection").unwrap_or("");
    assert!(!connection.contains("nominated"), "{connection}");
    Ok(())
}

#[tokio::test]
async fn a_service_that_closes_does_not_close_the_client() -> Result<()> {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".to_vec();
    let backend = Backend::with("web", Behaviour::Break(answer)).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    for _ in 0..3 {
        assert_eq!(client.ask(&Request::get("/")).await?.text(), "ok");
    }
    Ok(())
}

#[tokio::test]
async fn a_service_cannot_split_its_answer_in_two() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    for head in [
        "content-length: 2\r\ncontent-length: 50",
        "content-length: 2\r\ntransfer-encoding: chunked",
        "x: a\0b\r\ncontent-length: 2",
    ] {
        let second = "HTTP/1.1 200 OK\r\nx-second: yes\r\ncontent-length: 0\r\n\r\n";
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nok{second}");
        backend.behave(Behaviour::Break(bytes.into()));
        let mut client = Client::connect(gateway.address).await?;
        client.send(Request::get("/1").header("connection", "close").bytes()).await?;
        let answers = client.answers().await?;
        assert!(answers.len() <= 1, "{head}");
        assert!(answers.iter().all(|answer| answer.header("x-second").is_none()), "{head}");
    }
    // Bytes after an answer belong to no one.
    let extra =
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nx-second: yes\r\n\
                  content-length: 0\r\n\r\n";
    backend.behave(Behaviour::Answer(extra.to_vec()));
    let mut client = Client::connect(gateway.address).await?;
    for _ in 0..5 {
        let answer = client.ask(&Request::get("/2")).await?;
        assert_eq!((answer.text().as_str(), answer.header("x-second")), ("ok", None));
    }
    Ok(())
}
