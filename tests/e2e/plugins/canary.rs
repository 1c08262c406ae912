//! A new version of a filter takes a share of the requests, until somebody or its failures decide.

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Gateway, Request, eventually, get};
use serde_json::Value;

use super::{guest, install, stamp, start, status, with_plugins};

const ROUTE: &str = "  - { name: all, filters: [{ plugin: stamp }], rules: [{ backends: [web] }] }";

async fn gateway(backend: &Backend, percent: u8, canary: &str) -> Result<Gateway> {
    let plugin = format!(
        "  - {{ name: stamp, file: one.wasm, configuration: one, canary: {{ {canary}, percent: \
         {percent}, configuration: two, max_failures: {{ percent: 10, of: 5 }} }} }}"
    );
    let files = [("one.wasm", stamp(1)?), ("two.wasm", stamp(2)?), ("bad.wasm", guest("loop")?)];
    start(&files, &with_plugins(backend.address, &plugin, ROUTE)).await
}

/// How many of so many requests met the new version.
async fn share(gateway: &Gateway, requests: usize) -> Result<usize> {
    let mut new = 0;
    for _ in 0..requests {
        let answer = get(gateway.address, "/").await?;
        match answer.header("x-stamp") {
            Some("two") => new += 1,
            stamp => ensure!(stamp == Some("one"), "{stamp:?}"),
        }
    }
    Ok(new)
}

async fn decide(gateway: &Gateway, word: &str) -> Result<u16> {
    let target = format!("/api/v1/plugins/stamp/{word}");
    Ok(gateway.authorized(Request::new("POST", &target)).await?.status)
}

async fn canary(gateway: &Gateway) -> Result<Value> {
    let status = status(gateway, "stamp").await?;
    let canary = status.into_iter().find(|plugin| plugin["state"] == "canary");
    canary.context("no canary is alive")
}

#[tokio::test]
async fn a_canary_takes_its_share_and_one_call_decides() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend, 30, "file: two.wasm").await?;
    let taken = share(&gateway, 200).await?;
    ensure!((25..110).contains(&taken), "{taken} of 200");
    assert_eq!(decide(&gateway, "promote").await?, 200);
    assert_eq!(share(&gateway, 20).await?, 20);
    assert_eq!(canary(&gateway).await?["canary"]["stands"], "promoted");
    assert_eq!(decide(&gateway, "rollback").await?, 200);
    assert_eq!(share(&gateway, 20).await?, 0);
    assert_eq!(canary(&gateway).await?["canary"]["percent"], 0);
    Ok(())
}

#[tokio::test]
async fn a_decision_outlives_a_change_of_something_else() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend, 50, "file: two.wasm").await?;
    decide(&gateway, "rollback").await?;
    let text = gateway.authorized(Request::get("/api/v1/configuration/text")).await?.text();
    gateway.apply(&text.replace("name: all,", "name: other,")).await?;
    assert_eq!(share(&gateway, 20).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_canary_that_fails_is_taken_out_by_itself() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend, 50, "file: bad.wasm").await?;
    let mut failed = 0;
    for _ in 0..200 {
        let answer = Request::get("/").header("x-trap", "here").send(gateway.address).await?;
        failed += usize::from(answer.status == 503);
    }
    ensure!((1..20).contains(&failed), "{failed} requests failed before it was taken out");
    gateway.log.says("the canary is rolled back").await?;
    eventually(async || {
        let stands = canary(&gateway).await?["canary"]["stands"].to_string();
        ensure!(stands.contains("rolled back"), "{stands}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_new_file_of_a_canary_is_a_new_trial() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend, 50, "file: two.wasm").await?;
    decide(&gateway, "promote").await?;
    let old = canary(&gateway).await?["digest"].clone();
    install(&gateway.folder, "two.wasm", &stamp(3)?)?;
    eventually(async || {
        let new = canary(&gateway).await?;
        ensure!(new["digest"] != old && new["canary"]["stands"] == "running", "{new:#}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn without_a_canary_there_is_nothing_to_decide() -> Result<()> {
    let backend = Backend::start("web").await?;
    let plugin = "  - { name: stamp, file: one.wasm, configuration: one }";
    let text = with_plugins(backend.address, plugin, ROUTE);
    let gateway = start(&[("one.wasm", stamp(1)?)], &text).await?;
    assert_eq!(decide(&gateway, "promote").await?, 404);
    Ok(())
}
