//! The end: nobody who is being served notices, and nobody waits longer than asked.

use anyhow::{Result, ensure};
use portico_tests::{
    Backend, Behaviour, Client, Gateway, Request, Setup, answering, eventually, forward, get,
};
use rustix::process::Signal;
use tokio::net::TcpStream;

#[tokio::test]
async fn readiness_goes_first_while_requests_are_served_on() -> Result<()> {
    let setup = Setup::file(&answering("ok"))?.with(&["--drain-delay", "1h"]);
    let mut gateway = setup.start().await?;
    assert_eq!(get(gateway.admin, "/readyz").await?.status, 200);
    gateway.signal(Signal::TERM)?;
    eventually(async || {
        let ready = get(gateway.admin, "/readyz").await?;
        ensure!(ready.status == 503 && ready.text() == "draining\n", "{}", ready.text());
        Ok(())
    })
    .await?;
    assert_eq!(get(gateway.admin, "/healthz").await?.status, 200, "it lives");
    assert_eq!(get(gateway.address, "/").await?.text(), "ok", "and still serves");
    // Who asks twice does not want to wait for the hour to be over.
    gateway.signal(Signal::TERM)?;
    assert_eq!(gateway.ended().await?.code(), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_change_while_draining_opens_nothing_again() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let mut gateway = Gateway::start(&forward(backend.address)).await?;
    let mut busy = Client::connect(gateway.address).await?;
    busy.send(Request::get("/busy").bytes()).await?;
    backend.has(1).await?;
    gateway.signal(Signal::TERM)?;
    eventually(async || {
        ensure!(TcpStream::connect(gateway.address).await.is_err(), "it still listens");
        Ok(())
    })
    .await?;
    assert_eq!(gateway.put(&answering("again")).await?.status, 503);
    assert!(TcpStream::connect(gateway.address).await.is_err(), "it listens again");
    backend.release();
    assert_eq!(busy.answer().await?.status, 200);
    assert_eq!(gateway.ended().await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn what_is_under_way_finishes_and_what_is_idle_closes() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let mut gateway = Gateway::start(&forward(backend.address)).await?;
    let mut busy = Client::connect(gateway.address).await?;
    busy.send(Request::get("/busy").bytes()).await?;
    backend.has(1).await?;
    let mut fresh = Client::connect(gateway.address).await?;
    gateway.signal(Signal::TERM)?;
    assert!(fresh.closed().await?.is_empty());
    eventually(async || {
        let connected = TcpStream::connect(gateway.address).await;
        ensure!(connected.is_err(), "a new connection is let in to wait for nobody");
        Ok(())
    })
    .await?;
    backend.release();
    let answer = busy.answer().await?;
    assert_eq!(answer.status, 200);
    assert!(busy.closed().await?.is_empty());
    assert_eq!(gateway.ended().await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn an_idle_keep_alive_connection_does_not_hold_the_end_up() -> Result<()> {
    let mut gateway = Gateway::start(&answering("ok")).await?;
    let mut idle = Client::connect(gateway.address).await?;
    idle.ask(&Request::get("/")).await?;
    gateway.signal(Signal::INT)?;
    assert!(idle.closed().await?.is_empty());
    assert_eq!(gateway.ended().await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn who_stays_busy_is_cut_when_the_time_is_over() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Silent).await?;
    let setup = Setup::file(&forward(backend.address))?.with(&["--drain-timeout", "300ms"]);
    let mut gateway = setup.start().await?;
    let mut busy = Client::connect(gateway.address).await?;
    busy.send(Request::get("/busy").bytes()).await?;
    backend.has(1).await?;
    gateway.signal(Signal::TERM)?;
    assert_eq!(gateway.ended().await?.code(), Some(1));
    gateway.log.says("still busy").await?;
    assert!(busy.closed().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_request_that_arrives_as_the_drain_begins_is_not_cut() -> Result<()> {
    let backend = Backend::start("web").await?;
    for _ in 0..5 {
        let mut gateway = Gateway::start(&forward(backend.address)).await?;
        let mut client = Client::connect(gateway.address).await?;
        client.ask(&Request::get("/1")).await?;
        client.send(Request::get("/2").bytes()).await?;
        gateway.signal(Signal::TERM)?;
        // Either it was read, and is answered in full, or it was not, and nothing is.
        let answers = client.answers().await?;
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(gateway.ended().await?.code(), Some(0));
    }
    Ok(())
}

#[tokio::test]
async fn the_port_is_free_afterwards() -> Result<()> {
    let mut gateway = Gateway::start(&answering("ok")).await?;
    gateway.signal(Signal::TERM)?;
    assert_eq!(gateway.ended().await?.code(), Some(0));
    assert!(TcpStream::connect(gateway.address).await.is_err());
    let port = std::net::TcpListener::bind(gateway.address);
    assert!(port.is_ok(), "the port is free at once");
    Ok(())
}
