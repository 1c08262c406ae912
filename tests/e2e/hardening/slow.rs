//! Clients that take their time, on purpose.

use std::time::Duration;

use anyhow::{Result, ensure};
use portico_tests::{Backend, Behaviour, Client, Gateway, Request, forward, get};
use tokio::time::{Instant, timeout};

/// A head must be there within 10 s; a busy machine may notice later.
const EARLIEST: Duration = Duration::from_secs(8);
const LATEST: Duration = Duration::from_secs(18);

/// Sends `first`, then `again` twice a second, and says how long it was suffered.
async fn suffered(gateway: &Gateway, first: &[u8], again: &[u8]) -> Result<Duration> {
    let mut client = Client::connect(gateway.address).await?;
    let began = Instant::now();
    client.send(first).await?;
    let dribble = async {
        // The pace is the attack; nothing is waited for here.
        loop {
            let closed = timeout(Duration::from_millis(500), client.wire.rest()).await.is_ok();
            if closed || client.send(again).await.is_err() {
                return;
            }
        }
    };
    ensure!(timeout(LATEST, dribble).await.is_ok(), "still open after {LATEST:?}");
    Ok(began.elapsed())
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_however_it_is_sent() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let (nothing, half, letters, headers) = tokio::join!(
        suffered(&gateway, b"", b""),
        suffered(&gateway, b"GET / HTTP/1.1\r\nhost: a\r\n", b""),
        suffered(&gateway, b"GET / HTTP/1.1\r\nhost: ", b"a"),
        suffered(&gateway, b"GET / HTTP/1.1\r\nhost: a\r\n", b"x: y\r\n"),
    );
    for (name, took) in
        [("nothing", nothing), ("half", half), ("letters", letters), ("headers", headers)]
    {
        let took = took?;
        assert!(took >= EARLIEST, "{name} was cut after {took:?}");
    }
    assert!(backend.received().is_empty());
    assert_eq!(get(gateway.address, "/").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn clients_that_never_read_cost_little_memory_and_lose_nothing() -> Result<()> {
    const BODY: usize = 16 << 20;
    const CLIENTS: usize = 20;
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + BODY, b'x');
    let backend = Backend::with("web", Behaviour::Answer(answer)).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    assert_eq!(get(gateway.address, "/").await?.body.len(), BODY);
    let before = gateway.memory()?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(gateway.address).await?;
        client.send(Request::get("/").bytes()).await?;
        clients.push(client);
    }
    backend.has(CLIENTS + 1).await?;
    // Others are served meanwhile, and each of these answers is time to read ahead.
    let mut most = before;
    for _ in 0..5 {
        assert_eq!(get(gateway.address, "/").await?.body.len(), BODY);
        most = most.max(gateway.memory()?);
    }
    let grown = most.saturating_sub(before) >> 10;
    assert!(grown < 64, "{grown} MiB for {CLIENTS} clients that do not read");
    let patient = clients.pop().expect("there are twenty").answer().await?;
    assert_eq!(patient.body.len(), BODY);
    Ok(())
}

#[tokio::test]
async fn a_client_that_goes_away_is_not_an_error_of_anybody() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    for count in 1..=5 {
        let mut client = Client::connect(gateway.address).await?;
        client.send(Request::get("/").bytes()).await?;
        backend.has(count).await?;
        drop(client);
    }
    backend.behave(Behaviour::Echo);
    assert_eq!(get(gateway.address, "/").await?.status, 200);
    portico_tests::eventually(async || {
        let status = gateway.read("/api/v1/status").await?;
        ensure!(status["connections"] == 0, "{status}");
        Ok(())
    })
    .await?;
    let log = gateway.log.text();
    assert!(!log.contains(" WARN ") && !log.contains(" ERROR "), "{log}");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_trickles_without_a_timeout_streams() -> Result<()> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_vec();
    let backend = Backend::with("web", Behaviour::Trickle(head)).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(Request::get("/").bytes()).await?;
    // Bytes are passed on as they come: no one waits for the end of a stream that has none.
    let read = async {
        let head = client.wire.head().await?;
        ensure!(head.is_some(), "closed");
        client.wire.exactly(20).await
    };
    portico_tests::within("events", read).await?;
    Ok(())
}
