//! The overview: what it says, and when it stops saying it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Behaviour, Gateway, Request, configuration::configuration, eventually, gateway::FILE,
    get,
};
use serde_json::Value;

const ROUTE: &str = "  - { name: staff, rules: [{ matches: [{ path: { prefix: /api/staff } }], backends: [staff] }] }";

/// What is said under this id, if anything is.
async fn said(gateway: &Gateway, id: &str) -> Result<Option<Value>> {
    let overview = gateway.read("/api/v1/overview").await?;
    let attention = overview["attention"].as_array().context("no attention")?;
    Ok(attention.iter().find(|own| own["id"] == id).cloned())
}

async fn says(gateway: &Gateway, id: &str) -> Result<Value> {
    eventually(async || {
        let said = said(gateway, id).await?;
        said.with_context(|| format!("nothing is said about `{id}`"))
    })
    .await
}

async fn stops_saying(gateway: &Gateway, id: &str) -> Result<()> {
    eventually(async || {
        let said = said(gateway, id).await?;
        ensure!(said.is_none(), "{said:#?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn without_traffic_it_says_how_to_make_some() -> Result<()> {
    let backend = Backend::start("staff").await?;
    let gateway = Gateway::start(&configuration(&[("staff", backend.address)], ROUTE)).await?;
    let overview = gateway.read("/api/v1/overview").await?;
    assert_eq!((&overview["state"], &overview["generation"]), (&"serving".into(), &1.into()));
    let port = gateway.address.port();
    let address = &overview["addresses"][0];
    assert_eq!(address["url"], format!("http://localhost:{port}/"));
    assert_eq!(address["curl"], format!("curl -i http://localhost:{port}/api/staff"));
    assert_eq!(overview["source"]["writable"], true);
    assert!(overview["memory_bytes"].as_u64() > Some(1 << 20));
    let notice = &overview["attention"][0];
    assert_eq!((&notice["id"], &notice["severity"]), (&"no_traffic:all".into(), &"notice".into()));
    get(gateway.address, "/api/staff").await?;
    stops_saying(&gateway, "no_traffic:all").await?;
    eventually(async || {
        let overview = gateway.read("/api/v1/overview").await?;
        ensure!(overview["stats"]["requests"] == 1, "{overview:#}");
        Ok(())
    })
    .await
}

/// The fleet story, in small.
#[tokio::test]
async fn a_slow_service_is_named_until_there_is_a_timeout() -> Result<()> {
    let backend = Backend::with("staff", Behaviour::Delay(Duration::from_millis(1_100))).await?;
    let text = configuration(&[("staff", backend.address)], ROUTE);
    let gateway = Gateway::start(&text).await?;
    let asks = || get(gateway.address, "/api/staff");
    let asked = tokio::join!(asks(), asks(), asks(), asks());
    assert_eq!(
        (asked.0?.status, asked.1?.status, asked.2?.status, asked.3?.status),
        (200, 200, 200, 200)
    );
    let said = says(&gateway, "slow:staff/staff").await?;
    let sentence = said["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("`/api/staff` has no timeout"), "{said:#}");
    assert_eq!(said["subject"], serde_json::json!({ "kind": "route", "name": "staff" }));
    let edit = &said["actions"][0]["edits"][0];
    assert_eq!(edit["path"], serde_json::json!(["routes", { "name": "staff" }, "timeout"]));
    assert_eq!(edit["value"], "1s");

    gateway
        .edit(&text.replace("{ name: staff, rules", "{ name: staff, timeout: 1s, rules"))
        .await?;
    stops_saying(&gateway, "slow:staff/staff").await?;
    let asked = tokio::join!(asks(), asks(), asks());
    assert_eq!((asked.0?.status, asked.1?.status, asked.2?.status), (504, 504, 504));
    let said = says(&gateway, "timeout:staff").await?;
    let sentence = said["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("504") && sentence.contains("timeout of rule `staff/0`"), "{said:#}");
    Ok(())
}

#[tokio::test]
async fn a_hang_is_seen_before_it_ends() -> Result<()> {
    let backend = Backend::with("staff", Behaviour::Silent).await?;
    let gateway = Gateway::start(&configuration(&[("staff", backend.address)], ROUTE)).await?;
    let waiting = {
        let address = gateway.address;
        tokio::spawn(async move { get(address, "/api/staff").await })
    };
    let said = says(&gateway, "slow:staff/staff").await?;
    let sentence = said["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("has not answered for"), "{sentence}");
    waiting.abort();
    stops_saying(&gateway, "slow:staff/staff").await
}

#[tokio::test]
async fn nothing_listens() -> Result<()> {
    let backend = Backend::refusing()?;
    let gateway = Gateway::start(&configuration(&[("staff", backend.address)], ROUTE)).await?;
    for _ in 0..5 {
        assert_eq!(get(gateway.address, "/api/staff").await?.status, 503);
    }
    let said = says(&gateway, "dead:staff").await?;
    assert_eq!(said["severity"], "critical");
    let why = format!("Nothing listens at {}: is it started?", backend.address);
    assert_eq!(said["why"], why, "{said:#}");
    assert!(self::said(&gateway, "errors:staff").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_refused_configuration_is_said_until_it_is_right() -> Result<()> {
    let backend = Backend::start("staff").await?;
    let text = configuration(&[("staff", backend.address)], ROUTE);
    let gateway = Gateway::start(&text).await?;
    gateway.folder.replace(FILE, &text.replace("backends", "backend"))?;
    let said = says(&gateway, "refused:configuration").await?;
    let sentence = said["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("portico.yaml:5") && sentence.contains("`backend`"), "{sentence}");
    gateway.folder.replace(FILE, &text)?;
    stops_saying(&gateway, "refused:configuration").await
}

#[tokio::test]
async fn a_wrong_host_is_told_which_ones_are_known() -> Result<()> {
    let backend = Backend::start("staff").await?;
    let route = "  - { name: staff, hosts: [fleet.local], rules: [{ backends: [staff] }] }";
    let gateway = Gateway::start(&configuration(&[("staff", backend.address)], route)).await?;
    for _ in 0..12 {
        let request = Request::get("/").host("wrong.local:80");
        assert_eq!(request.send(gateway.address).await?.status, 404);
    }
    let said = says(&gateway, "strangers:all").await?;
    let sentence = said["sentence"].as_str().unwrap_or_default();
    let words = "they ask for host `wrong.local`, and the routes know `fleet.local`";
    assert!(sentence.contains(words), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn who_waits_for_a_slow_service_is_not_blamed() -> Result<()> {
    let staff = Backend::with("staff", Behaviour::Delay(Duration::from_millis(1_100))).await?;
    let outer = Backend::with("positions", Behaviour::Delay(Duration::from_millis(1_800))).await?;
    let services = [("staff", staff.address), ("positions", outer.address)];
    let routes =
        format!("{ROUTE}\n  - {{ name: positions, rules: [{{ backends: [positions] }}] }}");
    let text =
        configuration(&services, &routes) + "telemetry: { receiver: { http: '127.0.0.1:0' } }\n";
    let gateway = Gateway::start(&text).await?;
    // As if the one called the other while it serves: in the same trace.
    let pair = async |nth: usize| {
        let trace = format!("00-{:032x}-00000000000000aa-01", nth + 1);
        let asks = Request::get("/").header("traceparent", &trace);
        let called = async {
            eventually(async || {
                ensure!(outer.received().len() > nth, "not asked yet");
                Ok(())
            })
            .await?;
            let request = Request::get("/api/staff").header("traceparent", &trace);
            request.send(gateway.address).await
        };
        let (asks, called) = tokio::join!(asks.send(gateway.address), called);
        asks.and(called)
    };
    for nth in 0..3 {
        assert_eq!(pair(nth).await?.status, 200);
    }
    let staff = eventually(async || {
        let said = said(&gateway, "slow:staff/staff").await?.context("not blamed")?;
        let why = said["why"].as_str().unwrap_or_default();
        ensure!(why.ends_with("`positions` waits for it, too."), "{said:#}");
        Ok(said)
    })
    .await?;
    assert_eq!(staff["severity"], "critical");
    assert!(said(&gateway, "slow:positions/positions").await?.is_none());
    Ok(())
}
