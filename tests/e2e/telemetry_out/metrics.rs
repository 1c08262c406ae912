use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Client, Gateway, Request, Response, eventually, get};

use super::{ENDED, page, page_after, sum, telling};

/// A receiver makes requests part of traces, so that there is something to point to.
const RECEIVER: &str = "  receiver: { http: '127.0.0.1:0' }";

async fn accepting(gateway: &Gateway, accept: &str) -> Result<Response> {
    Request::get("/metrics").header("accept", accept).send(gateway.admin).await
}

/// Each family is described once, and no two samples are the same series.
fn unique(page: &str) -> Result<()> {
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| *line != "# EOF") {
        let key = match line.strip_prefix("# ") {
            Some(comment) => comment.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "),
            None => {
                line.split(" # ").next().and_then(|own| own.rsplit_once(' ')).context("?")?.0.into()
            }
        };
        ensure!(seen.insert(key.clone()), "`{key}` is there twice");
    }
    Ok(())
}

#[tokio::test]
async fn a_scraper_gets_the_format_that_it_accepts() -> Result<()> {
    let service = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(service.address, RECEIVER)).await?;
    let mut client = Client::connect(gateway.address).await?;
    for _ in 0..3 {
        client.ask(&Request::get("/")).await?;
    }
    let open = eventually(async || {
        let open = accepting(&gateway, "application/openmetrics-text;version=1.0.0").await?;
        ensure!(open.text().contains(" # {trace_id=\""), "no exemplar");
        Ok(open)
    })
    .await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open.header("content-type"), Some(kind));
    let open = open.text();
    assert!(open.ends_with("# EOF\n") && open.contains("# TYPE portico_swaps counter\n"));
    // What it points to is a trace that the service saw.
    let trace = open.split("trace_id=\"").nth(1).map(|rest| &rest[..32]).context("no id")?;
    let is_of = |trace: &str| {
        let of = |head: &str| head.contains(trace);
        service.received().iter().any(|one| one.head.header("traceparent").is_some_and(of))
    };
    assert!(is_of(trace), "nobody has seen {trace}");
    unique(&open)?;

    let plain = accepting(&gateway, "*/*").await?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(plain.header("content-type"), Some(kind));
    let plain = plain.text();
    assert!(plain.contains("# TYPE portico_swaps_total counter\n"));
    assert!(!plain.contains("trace_id") && !plain.contains("# EOF"));
    unique(&plain)
}

#[tokio::test]
async fn requests_attempts_and_connections_are_counted() -> Result<()> {
    let mut service = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(service.address, RECEIVER)).await?;
    let mut client = Client::connect(gateway.address).await?;
    for _ in 0..5 {
        client.ask(&Request::get("/")).await?;
    }
    client.ask(&Request::new("POST", "/").body(b"12345")).await?;
    service.kill();
    assert_eq!(get(gateway.address, "/").await?.status, 503);
    let page = page_after(&gateway, 7).await?;
    for (name, labels, expected) in [
        (ENDED, "http_route=\"all\"", 7.0),
        (ENDED, "http_request_method=\"POST\"", 1.0),
        (ENDED, "error_type=\"connect_failed\"", 1.0),
        ("http_server_request_body_size_bytes_sum", "", 5.0),
        ("http_server_active_requests", "", 0.0),
        ("http_client_active_requests", "portico_service=\"web\"", 0.0),
        ("portico_service_connections_opened_total", "portico_service=\"web\"", 1.0),
        ("portico_generation", "", 1.0),
        ("portico_telemetry_records_dropped_total", "", 0.0),
        ("portico_receiver_up", "", 1.0),
    ] {
        assert_eq!(sum(&page, name, labels)?, expected, "{name} {labels}");
    }
    assert!(sum(&page, "portico_service_connections_reused_total", "")? >= 5.0, "{page}");
    assert!(sum(&page, "process_resident_memory_bytes", "")? > 1e6, "{page}");
    unique(&page)
}

#[tokio::test]
async fn requests_that_are_under_way_are_counted() -> Result<()> {
    let service = Backend::with("web", portico_tests::Behaviour::Hold).await?;
    let gateway = Gateway::start(&telling(service.address, RECEIVER)).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(Request::get("/").bytes()).await?;
    service.has(1).await?;
    for name in ["http_server_active_requests", "http_client_active_requests"] {
        assert_eq!(sum(&page(&gateway).await?, name, "")?, 1.0, "{name}");
    }
    service.release();
    client.answer().await?;
    eventually(async || {
        let page = page(&gateway).await?;
        let names = ["http_server_active_requests", "http_client_active_requests"];
        let active: Vec<_> =
            names.iter().map(|name| sum(&page, name, "")).collect::<Result<_>>()?;
        ensure!(active == [0.0, 0.0], "{active:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn swaps_are_counted_and_refusals() -> Result<()> {
    let service = Backend::start("web").await?;
    let text = telling(service.address, RECEIVER);
    let gateway = Gateway::start(&text).await?;
    let state = async || -> Result<[f64; 3]> {
        let page = page(&gateway).await?;
        let names =
            ["portico_swaps_total", "portico_swaps_rejected_total", "portico_swap_rejected"];
        let values = names.map(|name| sum(&page, name, ""));
        let [swaps, rejected, is_rejected] = values;
        Ok([swaps?, rejected?, is_rejected?])
    };
    assert_eq!(state().await?, [1.0, 0.0, 0.0]);
    gateway.apply(&format!("{text}# changed\n")).await?;
    assert_eq!(state().await?, [2.0, 0.0, 0.0]);
    assert_eq!(gateway.put(&text.replace("rules", "ruels")).await?.status, 422);
    assert_eq!(state().await?, [2.0, 1.0, 1.0]);
    gateway.apply(&text).await?;
    assert_eq!(state().await?, [3.0, 1.0, 0.0]);
    let page = page(&gateway).await?;
    let took = sum(&page, "portico_swap_seconds", "")?;
    assert!(took > 0.0 && took < 20.0, "{took}");
    Ok(())
}
