//! Services, routes, badges and history.

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Gateway, configuration::LISTENERS, eventually, get};
use serde_json::{Value, json};

fn town(good: &Backend, bad: &Backend) -> String {
    format!(
        "{LISTENERS}services:
  - {{ name: web, endpoints: ['{}', '{}', 'localhost:{}'] }}
  - {{ name: idle, endpoints: ['{}'], connect_timeout: 2s }}
routes:
  - name: shop
    timeout: 5s
    rules:
      - matches: [{{ path: {{ prefix: /buy }}, method: POST }}]
        timeout: 3s
        backends: [web]
      - name: rest
        filters: [{{ response_headers: {{ set: {{ x-shop: yes }} }} }}]
        backends: [{{ service: web, weight: 9 }}, {{ service: idle, weight: 1 }}]
",
        good.address,
        bad.address,
        good.address.port(),
        good.address,
    )
}

#[tokio::test]
async fn services_and_their_endpoints() -> Result<()> {
    let (good, bad) = (Backend::start("good").await?, Backend::refusing()?);
    let gateway = Gateway::start(&town(&good, &bad)).await?;
    for _ in 0..60 {
        assert_eq!(get(gateway.address, "/").await?.status, 200);
    }
    let web = eventually(async || {
        let web = gateway.read("/api/v1/services/web").await?;
        ensure!(web["endpoints"][1]["health"] == "failing", "{web:#}");
        Ok(web)
    })
    .await?;
    let endpoints = &web["endpoints"];
    assert_eq!(endpoints[0]["health"], "healthy");
    assert_eq!(endpoints[0]["resolved"], json!([]));
    let why = endpoints[1]["why"].as_str().context("no reason")?;
    assert!(why.contains("attempts failed") && why.contains("refused"), "{why}");
    let address = bad.address.to_string();
    assert_eq!(
        endpoints[1]["path"],
        json!(["services", { "name": "web" }, "endpoints", { "address": address }])
    );
    assert!(endpoints[2]["resolved"].as_array().is_some_and(|own| !own.is_empty()), "{web:#}");
    assert_eq!(
        web["used_by"],
        json!([
            { "route": "shop", "rule": "0", "weight": 1 },
            { "route": "shop", "rule": "rest", "weight": 9 },
        ])
    );
    assert!(web["stats"]["requests"].as_u64() > Some(30), "{web:#}");
    let all = gateway.read("/api/v1/services").await?;
    assert_eq!((&all[1]["name"], &all[1]["connect_timeout_ms"]), (&"idle".into(), &2_000.into()));
    assert_eq!(get(gateway.admin, "/api/v1/services/nobody").await?.status, 404);

    let graph = gateway.read("/api/v1/graph").await?;
    let badges = |id: &str| {
        let mut nodes = graph["nodes"].as_array().into_iter().flatten();
        let node = nodes.find(|node| node["id"] == id).cloned().unwrap_or_default();
        let badges = node["badges"].as_array().cloned().unwrap_or_default();
        badges.iter().map(|badge| badge["kind"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(badges("route:shop"), ["timeout", "split"]);
    assert_eq!(badges("service:web"), ["unhealthy"]);
    assert_eq!(badges(&format!("endpoint:web/{address}")), ["unhealthy"]);
    assert_eq!(badges("service:idle"), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn routes_in_words() -> Result<()> {
    let (good, bad) = (Backend::start("good").await?, Backend::refusing()?);
    let gateway = Gateway::start(&town(&good, &bad)).await?;
    let shop = gateway.read("/api/v1/routes/shop").await?;
    assert_eq!((&shop["listeners"], &shop["hosts"]), (&json!(["web"]), &json!(["*"])));
    let [buy, rest] = [&shop["rules"][0], &shop["rules"][1]];
    assert_eq!(buy["matches"], json!(["path starts with /buy, method is POST"]));
    assert_eq!((&buy["timeout_ms"], &buy["timeout_from"]), (&3_000.into(), &"rule".into()));
    assert_eq!((&rest["timeout_ms"], &rest["timeout_from"]), (&5_000.into(), &"route".into()));
    assert_eq!(rest["matches"], json!(["every path"]));
    assert_eq!(rest["filters"], json!(["response headers: set x-shop"]));
    let path = json!(["routes", { "name": "shop" }, "rules", { "name": "rest" }]);
    assert_eq!(rest["path"], path);
    assert_eq!(buy["path"], json!(["routes", { "name": "shop" }, "rules", 0]));
    assert_eq!(rest["backends"][0]["weight"], 9);
    Ok(())
}

#[tokio::test]
async fn history_has_every_step() -> Result<()> {
    let (good, bad) = (Backend::start("good").await?, Backend::refusing()?);
    let gateway = Gateway::start(&town(&good, &bad)).await?;
    get(gateway.address, "/").await?;
    for of in ["all", "route:shop"] {
        eventually(async || {
            let history = gateway.read(&format!("/api/v1/history?of={of}&window=30s")).await?;
            let points = history["points"].as_array().context("no points")?;
            ensure!((points.len(), &history["step_seconds"]) == (30, &1.into()), "{history:#}");
            let rates = points.iter().filter_map(|own| own["requests_per_second"].as_f64());
            ensure!(rates.sum::<f64>() == 1.0, "{history:#}");
            Ok(())
        })
        .await?;
    }
    let nobody = gateway.read("/api/v1/history?of=endpoint:web@1.2.3.4:5&window=10m").await?;
    let points = nobody["points"].as_array().context("no points")?;
    assert_eq!((points.len(), &nobody["step_seconds"]), (60, &10.into()));
    assert!(points.iter().all(|own| own["p99_ms"].is_null() && own["requests_per_second"] == 0.0));
    assert_eq!(get(gateway.admin, "/api/v1/history?of=nonsense").await?.status, 400);
    Ok(())
}
