//! Request smuggling: whatever two readers could disagree about is refused, and never passed on
//! (RFC 9112, sections 6 and 11.2).

use anyhow::{Context, Result};
use portico_tests::{Backend, Behaviour, Client, Gateway, Request, forward, get};

/// What a second reader might take for a request of its own.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

/// Headers and a body, each of which must be refused. `@` stands for [`SMUGGLED`].
const SHAPES: [(&str, &str, &str); 24] = [
    ("both lengths", "content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n@"),
    ("both, the other way", "transfer-encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n@"),
    ("both, length of zero", "content-length: 0\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n@"),
    ("two lengths", "content-length: 5\r\ncontent-length: 0\r\n", "@"),
    ("two lengths in one", "content-length: 5, 0\r\n", "@"),
    ("length with a sign", "content-length: +5\r\n", "12345@"),
    ("negative length", "content-length: -5\r\n", "12345@"),
    ("hexadecimal length", "content-length: 0x5\r\n", "12345@"),
    ("empty length", "content-length:\r\n", "@"),
    ("enormous length", "content-length: 99999999999999999999999\r\n", "@"),
    ("unknown coding", "transfer-encoding: xchunked\r\n", "0\r\n\r\n@"),
    ("identity last", "transfer-encoding: chunked, identity\r\n", "0\r\n\r\n@"),
    ("identity", "transfer-encoding: identity\r\ncontent-length: 5\r\n", "12345@"),
    ("gzip first", "transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n@"),
    ("two codings", "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n@"),
    ("two, one unknown", "transfer-encoding: chunked\r\ntransfer-encoding: x\r\n", "0\r\n\r\n@"),
    ("quoted coding", "transfer-encoding: \"chunked\"\r\n", "0\r\n\r\n@"),
    ("empty coding", "transfer-encoding:\r\ncontent-length: 0\r\n", "@"),
    ("space before colon", "transfer-encoding : chunked\r\n", "0\r\n\r\n@"),
    ("space before length's colon", "content-length : 5\r\n", "12345@"),
    ("folded coding", "transfer-encoding:\r\n chunked\r\n", "0\r\n\r\n@"),
    ("folded header", "x-a: b\r\n c: d\r\n", "@"),
    ("folded length", "content-length: 0\r\n 5\r\n", "@"),
    ("vertical tab", "transfer-encoding: \x0bchunked\r\n", "0\r\n\r\n@"),
];

/// The head in front of them.
const CHUNKED: &str = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";

/// Chunked bodies that are none. The head is fine, so the service may see the request begin.
const CHUNKS: [(&str, &str); 9] = [
    ("not a number", "zz\r\nhello\r\n0\r\n\r\n@"),
    ("sign", "+5\r\nhello\r\n0\r\n\r\n@"),
    ("prefix", "0x5\r\nhello\r\n0\r\n\r\n@"),
    ("negative", "-1\r\nhello\r\n0\r\n\r\n@"),
    ("too large for any number", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n@"),
    ("no line end after the data", "5\r\nhelloXX0\r\n\r\n@"),
    ("size and space", "5 5\r\nhello\r\n0\r\n\r\n@"),
    ("bare line feeds", "5\nhello\n0\n\n@"),
    ("shorter than it says", "2\r\nhello\r\n0\r\n\r\n@"),
];

#[tokio::test]
async fn no_shape_that_can_be_read_in_two_ways_gets_through() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    for (name, headers, body) in SHAPES {
        let body = body.replace('@', SMUGGLED);
        let mut client = Client::connect(gateway.address).await?;
        client.send(format!("POST / HTTP/1.1\r\nhost: a\r\n{headers}\r\n{body}")).await?;
        let answers = client.answers().await.with_context(|| name.to_owned())?;
        let statuses = answers.iter().map(|answer| answer.status).collect::<Vec<_>>();
        assert_eq!(statuses, [400], "{name}");
        assert_eq!(backend.received().len(), 0, "{name} reached the service");
    }
    assert_eq!(get(gateway.address, "/").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn an_http_1_0_request_cannot_be_chunked() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    let head = "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    client.send(format!("{head}0\r\n\r\n{SMUGGLED}")).await?;
    let answers = client.answers().await?;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].status, 400);
    assert!(backend.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_chunked_body_that_is_none_ends_the_connection() -> Result<()> {
    for (name, body) in CHUNKS {
        let backend = Backend::start("web").await?;
        let gateway = Gateway::start(&forward(backend.address)).await?;
        let mut client = Client::connect(gateway.address).await?;
        client.send(CHUNKED.to_owned() + &body.replace('@', SMUGGLED)).await?;
        let answers = client.answers().await.with_context(|| name.to_owned())?;
        let statuses = answers.iter().map(|answer| answer.status).collect::<Vec<_>>();
        assert_eq!(statuses, [400], "{name}");
        let received = backend.received();
        assert!(received.len() <= 1, "{name}");
        let smuggled = received.iter().any(|own| own.head.start.contains("smuggled"));
        assert!(!smuggled, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_line_for_a_chunk_lets_nothing_through() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(format!("{CHUNKED}\r\n{SMUGGLED}")).await?;
    client.finish().await?;
    assert!(client.answers().await?.len() <= 1);
    let received = backend.received();
    let smuggled = received.iter().any(|own| own.head.start.contains("smuggled"));
    assert!(received.len() <= 1 && !smuggled, "{received:?}");
    Ok(())
}

#[tokio::test]
async fn a_flood_of_chunk_extensions_is_bounded() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(format!("{CHUNKED}1;")).await?;
    let before = gateway.memory()?;
    let piece = vec![b'x'; 1 << 20];
    let mut sent = 0;
    // It must stop reading or close; either way no 64 MiB of one chunk's header get in.
    while sent < 64 && client.send(&piece).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 64, "64 MiB of a chunk's extension were taken");
    let grown = gateway.memory()?.saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB for one chunk");
    assert_eq!(get(gateway.address, "/").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    let body = Request::new("POST", "/0").body(b"GET /inner HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut all = body.bytes();
    for number in 1..5 {
        all.extend(Request::get(&format!("/{number}")).bytes());
    }
    all.extend(Request::get("/last").header("connection", "close").bytes());
    client.send(all).await?;
    let answers = client.answers().await?;
    assert_eq!(answers.len(), 6);
    for (number, answer) in answers.iter().enumerate() {
        let method = if number == 0 { "POST" } else { "GET" };
        let target = if number == 5 { "last".to_owned() } else { number.to_string() };
        let start = format!("{method} /{target} HTTP/1.1\r\n");
        assert!(answer.text().starts_with(&start), "answer {number}: {}", answer.text());
    }
    let inner = backend.received().iter().any(|own| own.head.start.contains("inner"));
    assert!(!inner, "a body became a request");
    Ok(())
}

#[tokio::test]
async fn a_request_that_comes_early_does_not_end_the_one_before_it() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(Request::get("/first").bytes()).await?;
    backend.has(1).await?;
    client.send(Request::get("/second").bytes()).await?;
    backend.behave(Behaviour::Echo);
    backend.release();
    for target in ["first", "second"] {
        let answer = client.answer().await?;
        assert!(answer.text().starts_with(&format!("GET /{target} ")), "{}", answer.text());
    }
    Ok(())
}

#[tokio::test]
async fn a_length_that_is_a_list_is_refused() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    for lengths in ["content-length: 3, 3", "content-length: 3\r\ncontent-length: 3"] {
        let mut client = Client::connect(gateway.address).await?;
        client.send(format!("POST / HTTP/1.1\r\nhost: a\r\n{lengths}\r\n\r\nabc")).await?;
        let answer = client.answer().await?;
        assert_eq!((answer.status, answer.reason()), (400, "bad_request"), "{lengths}");
    }
    assert!(backend.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn chunked_bodies_and_trailers_arrive_whole() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    for body in ["5;a=b\r\nhello\r\n0\r\n\r\n", "1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"] {
        client.send(format!("{CHUNKED}{body}")).await?;
        assert_eq!(client.answer().await?.status, 200);
        assert_eq!(backend.last().body, b"hello");
    }
    let large = vec![b'x'; 5 << 20];
    let answer = client.ask(&Request::new("PUT", "/").body(&large)).await?;
    assert_eq!((answer.status, backend.last().body.len()), (200, 5 << 20));
    assert!(answer.body.ends_with(&large));
    Ok(())
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_to_go_on_is_told() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    let head = "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    client.send(head).await?;
    let interim = portico_tests::within("100", client.wire.response("POST")).await?;
    assert_eq!(interim.context("closed")?.status, 100);
    client.send("hello").await?;
    assert_eq!(client.answer().await?.status, 200);
    assert_eq!(backend.last().body, b"hello");
    Ok(())
}
