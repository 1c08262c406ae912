//! Connections that become something else.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Behaviour, Client, Gateway, Request, forward, marked, within};
use tokio::time::timeout;

fn websocket() -> Request {
    Request::get("/socket")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
}

#[tokio::test]
async fn a_web_socket_passes_through_and_outlives_swaps() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Upgrade).await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(websocket().bytes()).await?;
    let answer = within("101", client.wire.response("GET")).await?.context("closed")?;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    let head = backend.last().head;
    assert_eq!(head.header("upgrade"), Some("websocket"));
    assert_eq!(head.header("sec-websocket-version"), Some("13"));
    for round in 0..5_u8 {
        // Not HTTP, and not text.
        let frame = [0x81, 0x05, round, 0xff, b'\r', b'\n', 0];
        client.send(frame).await?;
        assert_eq!(within("echo", client.wire.exactly(frame.len())).await?, frame);
        gateway.apply(&marked(backend.address, &round.to_string())).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_timeout_does_not_cut_a_web_socket() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Upgrade).await?;
    let text = forward(backend.address).replace("name: all,", "name: all, timeout: 200ms,");
    let gateway = Gateway::start(&text).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(websocket().bytes()).await?;
    assert_eq!(client.answer().await?.status, 101);
    // Busy first and then idle, each for longer than the timeout.
    for pause in [20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 500] {
        let silence = timeout(Duration::from_millis(pause), client.wire.exactly(1)).await;
        ensure!(silence.is_err(), "cut: {silence:?}");
        client.send(b"ping").await?;
        assert_eq!(within("echo", client.wire.exactly(4)).await?, b"ping");
    }
    Ok(())
}

#[tokio::test]
async fn an_upgrade_that_the_service_declines_is_a_plain_answer() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let mut client = Client::connect(gateway.address).await?;
    assert_eq!(client.ask(&websocket()).await?.status, 200);
    Ok(())
}
