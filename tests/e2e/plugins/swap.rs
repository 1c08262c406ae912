//! A plugin's file changes while requests are served by it.

use anyhow::{Result, ensure};
use portico_tests::{Backend, Behaviour, Client, Load, Request, eventually, get};

use super::{guest, install, stamp, start, status, with_plugins};

const PLUGIN: &str = "  - { name: stamp, file: stamp.wasm, configuration: one }";
const ROUTE: &str = "  - { name: all, filters: [{ plugin: stamp }], rules: [{ backends: [web] }] }";

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_swapped_100_times_under_load_loses_no_request() -> Result<()> {
    let backend = Backend::start("web").await?;
    let text = with_plugins(backend.address, PLUGIN, ROUTE);
    let gateway = start(&[("stamp.wasm", stamp(0)?)], &text).await?;
    let load = Load::start(gateway.address, 8, Request::get("/"), |answer| {
        let version = answer.header("x-version").unwrap_or_default();
        let of_ours = version.len() == 8 && version.starts_with('v');
        ensure!(of_ours && answer.header("x-stamp") == Some("one"), "{version:?}");
        Ok(())
    });
    for version in 1..=100 {
        install(&gateway.folder, "stamp.wasm", &stamp(version)?)?;
        eventually(async || {
            let answer = get(gateway.address, "/").await?;
            let now = answer.header("x-version").unwrap_or_default();
            ensure!(now == format!("v{version:07}"), "{now} instead of {version}");
            Ok(())
        })
        .await?;
        load.more(8).await?;
    }
    let report = load.stop().await?;
    report.without_failure()?;
    assert!(report.generations.len() > 100, "{} generations", report.generations.len());
    eventually(async || {
        let left = status(&gateway, "stamp").await?;
        ensure!(left.len() == 1 && left[0]["state"] == "serving", "{left:#?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_file_that_is_no_filter_is_refused_and_the_old_one_serves() -> Result<()> {
    let backend = Backend::start("web").await?;
    let text = with_plugins(backend.address, PLUGIN, ROUTE);
    let gateway = start(&[("stamp.wasm", stamp(1)?)], &text).await?;
    let whole = stamp(2)?;
    let cases: [(&[u8], &str); 4] = [
        (b"", "the file is empty"),
        (b"<html>not found</html>", "is not WebAssembly: it starts with `<html>no`"),
        (&whole[..whole.len() / 2], "does not compile"),
        (b"\0asm\x01\0\0\0", "is not a proxy-wasm filter"),
    ];
    for (wasm, why) in cases {
        install(&gateway.folder, "stamp.wasm", wasm)?;
        eventually(async || {
            let rejected = gateway.rejected().await?.to_string();
            ensure!(rejected.contains(why), "{why:?} is not in {rejected}");
            Ok(())
        })
        .await?;
        let answer = get(gateway.address, "/").await?;
        assert_eq!((answer.status, answer.header("x-version")), (200, Some("v0000001")), "{why}");
    }
    install(&gateway.folder, "stamp.wasm", &whole)?;
    eventually(async || {
        let answer = get(gateway.address, "/").await?;
        ensure!(answer.header("x-version") == Some("v0000002"), "{:?}", answer.head);
        ensure!(gateway.rejected().await?.is_null(), "the rejection is still shown");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_plugin_that_refuses_or_loops_at_its_start_is_refused_and_the_old_one_serves()
-> Result<()> {
    let backend = Backend::start("web").await?;
    let files = [("stamp.wasm", stamp(1)?), ("loop.wasm", guest("loop")?)];
    let gateway = start(&files, &with_plugins(backend.address, PLUGIN, ROUTE)).await?;
    let cases = [
        ("file: stamp.wasm, configuration: refuse", "it said: it was told to refuse"),
        (
            "file: loop.wasm, configuration: loop, limits: { start_cpu: 200ms }",
            "of CPU time and was stopped",
        ),
    ];
    for (plugin, why) in cases {
        let plugin = format!("  - {{ name: stamp, {plugin} }}");
        let answer = gateway.put(&with_plugins(backend.address, &plugin, ROUTE)).await?;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains(why), "{why:?} is not in {}", answer.text());
        assert_eq!(get(gateway.address, "/").await?.header("x-stamp"), Some("one"));
    }
    Ok(())
}

#[tokio::test]
async fn one_plugin_has_a_configuration_for_each_route() -> Result<()> {
    let backend = Backend::start("web").await?;
    let routes = "  - { name: a, filters: [{ plugin: { name: stamp, configuration: of a } }],
      rules: [{ matches: [{ path: { prefix: /a } }], backends: [web] }] }
  - { name: b, filters: [{ plugin: { name: stamp, configuration: { of: [b] } } }],
      rules: [{ matches: [{ path: { prefix: /b } }], backends: [web] }] }
  - { name: other, filters: [{ plugin: stamp }], rules: [{ backends: [web] }] }";
    let text = with_plugins(backend.address, PLUGIN, routes);
    let gateway = start(&[("stamp.wasm", stamp(1)?)], &text).await?;
    for (path, stamp) in [("/a", "of a"), ("/b", r#"{"of":["b"]}"#), ("/c", "one")] {
        let answer = get(gateway.address, path).await?;
        assert_eq!(answer.header("x-stamp"), Some(stamp), "{path}");
        assert_eq!(backend.last().head.header("x-stamp"), Some(stamp), "{path} at the service");
    }
    let status = status(&gateway, "stamp").await?;
    assert_eq!((status.len(), &status[0]["configurations"]), (1, &3.into()), "{status:#?}");
    Ok(())
}

#[tokio::test]
async fn the_old_plugin_finishes_its_requests_and_is_then_gone() -> Result<()> {
    let backend = Backend::with("web", Behaviour::Hold).await?;
    let text = with_plugins(backend.address, PLUGIN, ROUTE);
    let gateway = start(&[("stamp.wasm", stamp(1)?)], &text).await?;
    let mut client = Client::connect(gateway.address).await?;
    client.send(Request::get("/").bytes()).await?;
    backend.has(1).await?;
    let before = gateway.generation().await?;
    install(&gateway.folder, "stamp.wasm", &stamp(2)?)?;
    gateway.after(before).await?;
    let both = status(&gateway, "stamp").await?;
    let states = both.iter().map(|plugin| &plugin["state"]).collect::<Vec<_>>();
    assert_eq!(states, ["draining", "serving"], "{both:#?}");
    assert_eq!((&both[0]["requests"], &both[1]["requests"]), (&1.into(), &0.into()));
    backend.release();
    let answer = client.answer().await?;
    assert_eq!(answer.header("x-version"), Some("v0000001"), "it ends where it began");
    drop(client);
    eventually(async || {
        let left = status(&gateway, "stamp").await?;
        ensure!(left.len() == 1 && left[0]["state"] == "serving", "{left:#?}");
        Ok(())
    })
    .await
}
