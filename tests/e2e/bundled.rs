//! The filters that come with Portico, in Portico.

use std::{fs, time::Duration};

use anyhow::{Result, ensure};
use portico_tests::{
    Backend, Behaviour, Gateway, Request, answering, command::program, configuration::LISTENERS,
    eventually, get,
};
use tokio::time::Instant;

/// A gateway whose every request meets one of the bundled filters. `None`, with the reason
/// printed, if filters have not been built; where everything must have been, that is an error.
#[expect(clippy::print_stdout, reason = "the output of a test")]
async fn with(filter: &str, configuration: &str, backend: &Backend) -> Result<Option<Gateway>> {
    let module = program()?.with_file_name("plugins").join(format!("{filter}.wasm"));
    if !module.is_file() {
        ensure!(std::env::var_os("CI").is_none(), "`{}` is missing", module.display());
        println!("skipped: `{}` is missing: run `make build`", module.display());
        return Ok(None);
    }
    let text = format!(
        "{LISTENERS}services: [{{ name: web, endpoints: ['{}'] }}]
plugins:
  - {{ name: filter, bundled: {filter}, limits: {{ cpu: 1s }}, configuration: {configuration} }}
routes: [{{ name: all, filters: [{{ plugin: filter }}], rules: [{{ backends: [web] }}] }}]
",
        backend.address
    );
    Gateway::start(&text).await.map(Some)
}

#[tokio::test]
async fn tracing_makes_every_request_part_of_a_trace() -> Result<()> {
    let backend = Backend::start("web").await?;
    let Some(gateway) = with("tracing", "{}", &backend).await? else { return Ok(()) };
    get(gateway.address, "/").await?;
    let made = backend.last().head.header("traceparent").unwrap_or_default().to_owned();
    assert_eq!(made.split('-').map(str::len).collect::<Vec<_>>(), [2, 32, 16, 2], "{made}");

    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let known = format!("00-{trace}-00f067aa0ba902b7-01");
    Request::get("/").header("traceparent", &known).send(gateway.address).await?;
    let head = backend.last().head;
    let continued = head.header("traceparent").unwrap_or_default();
    assert!(continued.contains(trace), "{continued}");
    Ok(())
}

#[tokio::test]
async fn timeouts_cut_a_slow_service() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Silent).await?;
    let settings = "{ rules: [{ path: { prefix: /api }, timeout: 300ms }] }";
    let Some(gateway) = with("timeouts", settings, &backend).await? else { return Ok(()) };
    for asked in ["", "60000", "0"] {
        let began = Instant::now();
        let request = Request::get("/api/staff").header("x-envoy-upstream-rq-timeout-ms", asked);
        let answer = request.send(gateway.address).await?;
        assert_eq!((answer.status, answer.reason()), (504, "timeout"), "asked for `{asked}`");
        assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    }
    Ok(())
}

#[tokio::test]
async fn auth_asks_for_a_key_and_never_says_it() -> Result<()> {
    let backend = Backend::start("web").await?;
    let settings = "{ providers: [{ name: keys, api_key: { header: x-api-key }, keys: [{ id: \
                    alice, key: open-sesame }, { id: eve, key: known-but-not-allowed }], allow: \
                    { ids: [alice] } }], strip: true, identity_header: x-user }";
    let Some(gateway) = with("auth", settings, &backend).await? else { return Ok(()) };
    for wrong in [None, Some("open-sesam"), Some("")] {
        let request = Request::get("/").header("x-user", "alice");
        let request = match wrong {
            Some(key) => request.header("x-api-key", key),
            None => request,
        };
        assert_eq!(request.send(gateway.address).await?.status, 401, "{wrong:?}");
    }
    assert!(backend.received().is_empty());
    let request = Request::get("/").header("x-api-key", "open-sesame").header("x-user", "bob");
    assert_eq!(request.send(gateway.address).await?.status, 200);
    let head = backend.last().head;
    assert_eq!((head.header("x-api-key"), head.all("x-user")), (None, vec!["alice"]));

    let known = Request::get("/").header("x-api-key", "known-but-not-allowed");
    assert_eq!(known.send(gateway.address).await?.status, 403);

    // Who is let in cannot take his name off again, and be somebody without one.
    let request = Request::get("/").header("x-api-key", "open-sesame");
    let answer = request.header("connection", "close, x-user").send(gateway.address).await?;
    let named = backend.last().head.all("x-user") == ["alice"];
    assert!(named || answer.status == 400, "{}", answer.text());
    assert!(!gateway.log.text().contains("open-sesame"), "the log has the key");
    Ok(())
}

#[tokio::test]
async fn a_compiled_filter_is_kept_and_the_running_one_goes_with_its_last_route() -> Result<()> {
    let backend = Backend::start("web").await?;
    let Some(gateway) = with("tracing", "{}", &backend).await? else { return Ok(()) };
    let cache = gateway.folder.path().join("cache/portico/modules");
    eventually(async || {
        ensure!(fs::read_dir(&cache)?.next().is_some(), "nothing in the cache");
        Ok(())
    })
    .await?;
    gateway.apply(&answering("none")).await?;
    let status = gateway.read("/api/v1/status").await?;
    assert_eq!(status["plugins"].as_array().map(Vec::len), Some(0), "{status}");
    Ok(())
}

#[tokio::test]
async fn a_filter_refuses_a_configuration_that_makes_no_sense() -> Result<()> {
    let backend = Backend::start("web").await?;
    let Some(gateway) = with("tracing", "{}", &backend).await? else { return Ok(()) };
    let nonsense = "plugins: [{ name: filter, bundled: timeouts, configuration: { defualt: 1s } }]
routes: [{ name: all, filters: [{ plugin: filter }], rules: [{ filters: [{ respond: {} }] }] }]
";
    let answer = gateway.put(&format!("{LISTENERS}{nonsense}")).await?;
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("defualt"), "the filter's own words: {}", answer.text());
    get(gateway.address, "/").await?;
    assert!(backend.last().head.header("traceparent").is_some(), "the old one serves");
    Ok(())
}
