//! Services, endpoints and routes that are taken out of use while the gateway serves, and come back.

mod command;
mod parts;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use anyhow::{Result, ensure};
use portico_tests::{
    Backend, Behaviour, Client, Gateway, Load, Request, Response, configuration::LISTENERS,
    eventually, get,
};

/// What every answer here must repeat.
const WHY: &str = "its database is being moved";

/// `, suspended: …` for a service, an endpoint or a route.
fn out() -> String {
    format!(", suspended: '{WHY}'")
}

/// Two services that share the requests of a rule; nine of ten are `old`'s.
fn split(old: (SocketAddr, &str), new: (SocketAddr, &str)) -> String {
    format!(
        "{LISTENERS}services:
  - {{ name: old, endpoints: ['{}']{} }}
  - {{ name: new, endpoints: ['{}']{} }}
routes:
  - name: all
    rules: [{{ backends: [{{ service: old, weight: 9 }}, new] }}]
",
        old.0, old.1, new.0, new.1
    )
}

/// It says that `what` is out of use, and why.
fn is_suspended(answer: &Response, what: &str) -> Result<()> {
    let expected = format!("503 suspended: {what} is suspended: {WHY}\n");
    ensure!(
        (answer.status, answer.reason(), &*answer.text()) == (503, "suspended", &*expected),
        "{} {}: {}",
        answer.status,
        answer.reason(),
        answer.text()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn others_take_the_share_of_a_suspended_service_and_no_request_is_lost() -> Result<()> {
    let (old, new) = (Backend::start("old").await?, Backend::start("new").await?);
    let text = |of_old: &str, of_new: &str| split((old.address, of_old), (new.address, of_new));
    let gateway = Gateway::start(&text("", "")).await?;
    let load = Load::start(gateway.address, 8, Request::get("/load"), |_| Ok(()));
    load.more(200).await?;
    for (suspended, remaining, edited) in
        [(&old, &new, text(&out(), "")), (&new, &old, text("", &out()))]
    {
        gateway.edit(&edited).await?;
        // Those that were under way may still arrive.
        load.more(50).await?;
        let (before, others) = (suspended.received().len(), remaining.received().len());
        load.more(200).await?;
        assert_eq!(suspended.received().len(), before);
        assert!(remaining.received().len() >= others + 200);
        gateway.edit(&text("", "")).await?;
        suspended.has(before + 1).await?;
    }
    load.stop().await?.without_failure()
}

#[tokio::test]
async fn what_is_left_without_a_backend_says_why_and_a_request_in_flight_finishes() -> Result<()> {
    let backend = Backend::with("old", Behaviour::Hold).await?;
    let other = Backend::start("new").await?;
    let text = |out: &str| split((backend.address, out), (other.address, ", suspended: other"));
    let gateway = Gateway::start(&text("")).await?;
    let mut held = Client::connect(gateway.address).await?;
    held.send(Request::get("/held").bytes()).await?;
    backend.has(1).await?;

    gateway.edit(&text(&out())).await?;
    is_suspended(&get(gateway.address, "/").await?, "service `old`")?;
    let json = Request::get("/").header("accept", "application/json").send(gateway.address).await?;
    let json: serde_json::Value = serde_json::from_slice(&json.body)?;
    assert_eq!(json["message"], format!("service `old` is suspended: {WHY}"));
    gateway.log.says(&format!("service `old` is suspended: {WHY}")).await?;

    backend.release();
    let answer = held.answer().await?;
    assert_eq!((answer.status, answer.header("x-backend")), (200, Some("old")));
    is_suspended(&held.ask(&Request::get("/next")).await?, "service `old`")?;

    backend.behave(Behaviour::Echo);
    gateway.edit(&text("")).await?;
    assert_eq!(held.ask(&Request::get("/again")).await?.status, 200);
    assert!(other.received().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn suspending_a_service_under_load_only_ever_answers_503_with_the_reason() -> Result<()> {
    let (backend, other) = (Backend::start("old").await?, Backend::start("new").await?);
    let text = |out: &str| split((backend.address, out), (other.address, ", suspended: other"));
    let gateway = Gateway::start(&text("")).await?;
    let (address, over) = (gateway.address, Arc::<AtomicBool>::default());
    let clients = (0..4).map(|_| tokio::spawn(ask_on(address, over.clone())));
    let clients: Vec<_> = clients.collect();
    for _ in 0..5 {
        gateway.edit(&text(&out())).await?;
        gateway.edit(&text("")).await?;
    }
    over.store(true, Relaxed);
    for client in clients {
        let (served, turned_away) = client.await??;
        assert!(served > 0 && turned_away > 0, "{served} served, {turned_away} turned away");
    }
    Ok(())
}

/// Asks again and again over one connection, and counts both answers that there may be.
async fn ask_on(address: SocketAddr, over: Arc<AtomicBool>) -> Result<(u64, u64)> {
    let mut client = Client::connect(address).await?;
    let (mut served, mut turned_away) = (0, 0);
    while !over.load(Relaxed) {
        let answer = client.ask(&Request::get("/load")).await?;
        if answer.status == 200 {
            served += 1;
        } else {
            is_suspended(&answer, "service `old`")?;
            turned_away += 1;
        }
    }
    Ok((served, turned_away))
}

#[tokio::test]
async fn a_request_that_was_turned_away_can_be_looked_up_and_blames_no_service() -> Result<()> {
    let (backend, other) = (Backend::start("old").await?, Backend::start("new").await?);
    let suspended = ", suspended: 'gone.'";
    let text = split((backend.address, suspended), (other.address, suspended));
    let gateway = Gateway::start(&text).await?;
    get(gateway.address, "/lost").await?;
    let kept = eventually(async || {
        let found = gateway.read("/api/v1/requests?q=reason:suspended").await?;
        let kept = found["requests"][0].clone();
        ensure!(!kept.is_null(), "nothing is kept");
        Ok(kept)
    })
    .await?;
    assert_eq!(kept["route"], "all");
    assert!(kept["service"].is_null(), "{kept}");
    let whole = gateway.read(&format!("/api/v1/requests/{}", kept["seq"])).await?;
    let story = whole["story"].to_string();
    assert!(story.contains("By configuration, service `old` is suspended: gone."), "{story}");
    // What was meant to fail is no line for an operator.
    assert!(!gateway.log.text().contains("/lost"), "{}", gateway.log.text());
    Ok(())
}
