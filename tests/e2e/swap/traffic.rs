//! Requests do not notice a swap: none is lost, none sees two configurations.

use anyhow::{Result, ensure};
use portico_tests::{Backend, Behaviour, Client, Gateway, Load, Request, Response, get, marked};

#[tokio::test]
async fn a_request_in_flight_finishes_on_the_configuration_it_began_with() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let gateway = Gateway::start(&marked(backend.address, "old")).await?;
    let mut held = Client::connect(gateway.address).await?;
    held.send(Request::get("/held").bytes()).await?;
    backend.has(1).await?;
    gateway.apply(&marked(backend.address, "new")).await?;
    backend.behave(Behaviour::Echo);
    let new = get(gateway.address, "/").await?;
    assert_eq!((new.header("x-marker"), new.generation()?), (Some("new"), 2));

    backend.release();
    let old = held.answer().await?;
    assert_eq!((old.header("x-marker"), old.generation()?), (Some("old"), 1));
    // The next one over the same connection is of the new generation.
    let next = held.ask(&Request::get("/next")).await?;
    assert_eq!((next.header("x-marker"), next.generation()?), (Some("new"), 2));
    Ok(())
}

#[tokio::test]
async fn a_request_in_flight_finishes_though_its_route_and_service_are_gone() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let gateway = Gateway::start(&marked(backend.address, "old")).await?;
    let mut held = Client::connect(gateway.address).await?;
    held.send(Request::get("/held").bytes()).await?;
    backend.has(1).await?;
    gateway.apply(&portico_tests::configuration(&[], "  []")).await?;
    assert_eq!(get(gateway.address, "/").await?.status, 404);
    backend.release();
    assert_eq!(held.answer().await?.header("x-marker"), Some("old"));
    Ok(())
}

#[tokio::test]
async fn an_unchanged_service_keeps_its_warm_connections() -> Result<()> {
    let backend = Backend::start("web").await?;
    let setup = portico_tests::Setup::file(&marked(backend.address, "0"))?;
    // Connections are kept by the worker that made them: with one, the number is exact.
    let gateway = setup.with(&["--workers", "1"]).start().await?;
    let mut client = Client::connect(gateway.address).await?;
    client.ask(&Request::get("/")).await?;
    for swap in 1..=50 {
        let marker = swap.to_string();
        gateway.apply(&marked(backend.address, &marker)).await?;
        let answer = client.ask(&Request::get("/")).await?;
        assert_eq!(answer.header("x-marker"), Some(&*marker));
    }
    assert_eq!(backend.accepted(), 1);
    Ok(())
}

/// Odd generations are marked `odd`. What the service saw, what the client sees and the number
/// that the gateway gives must agree.
fn is_of_one_generation(answer: &Response) -> Result<()> {
    let generation = answer.generation()?;
    let expected = if generation.is_multiple_of(2) { "even" } else { "odd" };
    let back = answer.header("x-marker").unwrap_or("none");
    let there = answer.text().contains(&format!("x-marker: {expected}\r\n"));
    ensure!(
        back == expected && there,
        "generation {generation} sent `{back}` back, and to the service:\n{}",
        answer.text()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_swaps_lose_no_request_and_mix_no_generations() -> Result<()> {
    let backend = Backend::start("web").await?;
    let texts = ["even", "odd"].map(|marker| marked(backend.address, marker));
    let gateway = Gateway::start(&texts[1]).await?;
    let load = Load::start(gateway.address, 8, Request::get("/load"), is_of_one_generation);
    load.more(100).await?;
    for number in 2..=1001 {
        assert_eq!(gateway.apply(&texts[number % 2]).await?, number as u64);
    }
    load.more(100).await?;
    let report = load.stop().await?;
    report.without_failure()?;
    assert!(report.generations.contains(&1001), "the last one has answered");
    assert!(report.generations.len() > 100, "the load has met only {:?}", report.generations);
    println!("{} answers of {} generations, none lost", report.answers, report.generations.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_the_file_again_and_again_loses_no_request() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&marked(backend.address, "0")).await?;
    let load = Load::start(gateway.address, 4, Request::get("/load"), |_| Ok(()));
    load.more(50).await?;
    for save in 1..=25 {
        gateway.edit(&marked(backend.address, &save.to_string())).await?;
        let answer = get(gateway.address, "/").await?;
        assert_eq!(answer.header("x-marker"), Some(&*save.to_string()));
    }
    load.stop().await?.without_failure()
}
