//! The graph, the doctor and the state of telemetry.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Behaviour, Gateway, answering, eventually, get};
use serde_json::Value;

use super::telling;

/// Requests and errors of each link.
fn links(graph: &Value) -> BTreeMap<(String, String), (u64, u64)> {
    let links = graph["links"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let link = |link: &Value| {
        let stats = &link["stats"];
        let counts = (count(&stats["requests"]), count(&stats["errors"]));
        ((text(&link["from"]), text(&link["to"])), counts)
    };
    links.map(link).collect()
}

#[tokio::test]
async fn the_graph_has_every_edge() -> Result<()> {
    let backend = Backend::start("web").await?;
    let silent = Backend::with("staff", Behaviour::Silent).await?;
    let gateway = Gateway::start(&telling(backend.address, silent.address)).await?;
    for _ in 0..3 {
        get(gateway.address, "/").await?;
    }
    get(gateway.address, "/slow").await?;
    let (web, staff) = (backend.address.to_string(), silent.address.to_string());
    let link = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let expected = BTreeMap::from([
        (link("client", "listener:web"), (4, 1)),
        (link("listener:web", "route:web"), (3, 0)),
        (link("listener:web", "route:slow"), (1, 1)),
        (link("route:web", "service:web"), (3, 0)),
        (link("route:slow", "service:staff"), (1, 1)),
        (link("service:web", &format!("endpoint:web/{web}")), (3, 0)),
        (link("service:staff", &format!("endpoint:staff/{staff}")), (1, 1)),
    ]);
    let graph = eventually(async || {
        let graph = gateway.read("/api/v1/graph?window=5m").await?;
        ensure!(links(&graph) == expected, "{graph:#}");
        Ok(graph)
    });
    let graph = graph.await?;
    let sight = graph["sight"].as_array().context("no sight")?;
    assert!(sight.iter().all(|sight| sight["ends_here"] == true), "{sight:#?}");
    assert!(graph["note"].is_null());

    let before = gateway.read("/api/v1/graph?window=10s&at=1000000000").await?;
    assert!(links(&before).values().all(|counts| *counts == (0, 0)), "{before:#}");
    Ok(())
}

#[tokio::test]
async fn the_doctor_says_what_it_knows() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let report = gateway.read("/api/v1/doctor").await?;
    assert!(report["words"].as_str().unwrap_or_default().contains("nothing to say"), "{report:#}");
    get(gateway.address, "/").await?;
    eventually(async || {
        let report = gateway.read("/api/v1/doctor").await?;
        ensure!(report["services"][0]["service"] == "web", "{report:#}");
        ensure!(report["services"][0]["verdict"] == "no_calls", "{report:#}");
        ensure!(report["findings"].as_array().is_some_and(Vec::is_empty), "{report:#}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_doctor_blames_nobody_without_contexts() -> Result<()> {
    let gateway = Gateway::start(&answering("hello")).await?;
    let report = gateway.read("/api/v1/doctor").await?;
    let words = report["words"].as_str().unwrap_or_default();
    assert!(
        words.contains("no trace context") && words.contains("`telemetry.receiver`"),
        "{words}"
    );
    Ok(())
}

#[tokio::test]
async fn telemetry_tells_how_it_is_doing() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    get(gateway.address, "/").await?;
    eventually(async || {
        let told = gateway.read("/api/v1/telemetry").await?;
        ensure!(told["store"]["requests"]["sample"] == 1, "{told:#}");
        ensure!(told["store"]["bytes"].as_u64() > Some(0), "{told:#}");
        ensure!(told["receiver"]["received"]["spans"] == 0, "{told:#}");
        ensure!(told["records_dropped"] == 0, "{told:#}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_switched_off_says_so() -> Result<()> {
    let text = answering("hello") + "telemetry: { enabled: false }\n";
    let gateway = Gateway::start(&text).await?;
    get(gateway.address, "/").await?;
    let told = gateway.read("/api/v1/telemetry").await?;
    assert_eq!(told["enabled"], false);
    for call in ["requests", "graph"] {
        let answer = gateway.read(&format!("/api/v1/{call}")).await?;
        assert!(answer["note"].as_str().unwrap_or_default().contains("switched off"), "{answer:#}");
    }
    assert_eq!(get(gateway.admin, "/api/v1/tap").await?.status, 409);
    Ok(())
}
