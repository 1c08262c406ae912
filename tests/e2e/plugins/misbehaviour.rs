//! Filters that loop, trap and take all memory: one request fails, or goes on without them.

use anyhow::{Result, ensure};
use portico_tests::{Backend, Gateway, Load, Request, Response};

use super::{guest, stamp, start, status, with_plugins};

const DEEDS: [&str; 3] = ["x-loop", "x-trap", "x-grow"];

/// `/` goes through the guest `loop`, `/neighbour` through `stamp`.
async fn gateway(backend: &Backend, on_failure: &str) -> Result<Gateway> {
    let plugins = format!(
        "  - {{ name: loop, file: loop.wasm, on_failure: {on_failure} }}
  - {{ name: stamp, file: stamp.wasm, configuration: here }}"
    );
    let routes = "  - { name: bad, filters: [{ plugin: loop }], rules: [{ backends: [web] }] }
  - { name: good, filters: [{ plugin: stamp }],
      rules: [{ matches: [{ path: { prefix: /neighbour } }], backends: [web] }] }";
    let text = with_plugins(backend.address, &plugins, routes);
    start(&[("loop.wasm", guest("loop")?), ("stamp.wasm", stamp(1)?)], &text).await
}

async fn ask(gateway: &Gateway, name: &str, place: &str) -> Result<Response> {
    Request::get("/").header(name, place).send(gateway.address).await
}

#[tokio::test]
async fn closed_a_failing_filter_fails_its_request_and_no_other() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend, "closed").await?;
    let load = Load::start(gateway.address, 4, Request::get("/neighbour"), |answer| {
        ensure!(answer.header("x-stamp") == Some("here"), "the neighbour's filter was left out");
        Ok(())
    });
    load.more(10).await?;
    for (deed, place) in DEEDS.into_iter().flat_map(|deed| [(deed, "request"), (deed, "response")])
    {
        let failed = ask(&gateway, deed, place).await?;
        assert_eq!((failed.status, failed.reason()), (503, "plugin_failed"), "{deed} in {place}");
        assert_eq!(failed.header("x-served"), None);
        let next = ask(&gateway, "x-nothing", "at all").await?;
        assert_eq!((next.status, next.header("x-served")), (200, Some("1")), "after {deed}");
        load.more(4).await?;
    }
    load.stop().await?.without_failure()?;
    let status = status(&gateway, "loop").await?;
    let count = |name| status[0][name].as_u64().unwrap_or_default();
    assert_eq!((count("deadlines"), count("traps"), count("replaced")), (2, 4, 6), "{status:#?}");
    assert_eq!(count("requests"), 12);
    gateway.log.says("used more than its 10ms of CPU time").await?;
    gateway.log.says("the request asked for it").await?;
    gateway.log.says("its memory limit was reached").await?;
    Ok(())
}

/// The gateway's own answer to a failure must not go through the filter that has just failed.
#[tokio::test]
async fn each_failure_is_told_once() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend, "closed").await?;
    assert_eq!(ask(&gateway, "x-trap", "response").await?.status, 503);
    // Lines come in order, so when the next request's is there, so are all of the first.
    assert_eq!(ask(&gateway, "x-trap", "request").await?.status, 503);
    gateway.log.says("detail=\"it trapped in `proxy_on_request_headers`").await?;
    let told = gateway.log.text().matches("the filter `loop` failed").count();
    assert_eq!(told, 2, "{}", gateway.log.text());
    Ok(())
}

#[tokio::test]
async fn open_the_request_goes_on_without_the_filter() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend, "open").await?;
    for (deed, place) in DEEDS.into_iter().flat_map(|deed| [(deed, "request"), (deed, "response")])
    {
        let answer = ask(&gateway, deed, place).await?;
        assert_eq!((answer.status, answer.header("x-served")), (200, None), "{deed} in {place}");
        let next = ask(&gateway, "x-nothing", "at all").await?;
        assert_eq!((next.status, next.header("x-served")), (200, Some("1")), "after {deed}");
    }
    Ok(())
}
