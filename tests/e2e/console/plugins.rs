//! Plugins as the console shows them: what each is and costs, trying one, bringing a new module.

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Gateway, Request, Response, command::program, eventually, get};
use serde_json::{Value, json};

use crate::plugins::{guest, stamp, start, with_plugins};

/// `/` goes through `stamp`, `/bad` through `loop`, `/flow` through `flow`.
async fn gateway(backend: &Backend) -> Result<Gateway> {
    let plugins = "  - { name: stamp, file: stamp.wasm, configuration: { a: one } }
  - { name: loop, file: loop.wasm }
  - { name: flow, file: flow.wasm, capabilities: [calls, clock, foreign_functions, queues, random, shared_data, ticks] }";
    let routes = "  - { name: good, filters: [{ plugin: stamp }], rules: [{ backends: [web] }] }
  - name: bad
    rules:
      - name: only
        matches: [{ path: { prefix: /bad } }]
        filters: [{ request_headers: { set: { x-a: b } } }, { plugin: loop }]
        backends: [web]
  - { name: flow, filters: [{ plugin: flow }],
      rules: [{ matches: [{ path: { prefix: /flow } }], backends: [web] }] }";
    let files =
        [("stamp.wasm", stamp(1)?), ("loop.wasm", guest("loop")?), ("flow.wasm", guest("flow")?)];
    start(&files, &with_plugins(backend.address, plugins, routes)).await
}

async fn plugin(gateway: &Gateway, name: &str) -> Result<Value> {
    gateway.read(&format!("/api/v1/plugins/{name}")).await
}

fn json(answer: &Response) -> Result<Value> {
    serde_json::from_slice(&answer.body).with_context(|| answer.text())
}

#[tokio::test]
async fn a_plugin_is_told_with_all_that_is_known() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend).await?;
    for _ in 0..20 {
        get(gateway.address, "/").await?;
    }
    let all = gateway.read("/api/v1/plugins").await?;
    let names: Vec<_> = all.as_array().into_iter().flatten().map(|one| &one["name"]).collect();
    assert_eq!(names, ["stamp", "loop", "flow"]);
    let stamp = plugin(&gateway, "stamp").await?;
    assert!(stamp["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));
    assert!(stamp["source"].as_str().is_some_and(|source| source.ends_with("/stamp.wasm")));
    assert_eq!((&stamp["abi"], &stamp["on_failure"]), (&"0.2.1".into(), &"closed".into()));
    assert_eq!((&stamp["configured"], &stamp["schema"]), (&true.into(), &Value::Null));
    assert_eq!(stamp["path"], json!(["plugins", { "name": "stamp" }]));
    let path = json!(["routes", { "name": "good" }, "filters", 0, "plugin"]);
    let place = json!({ "route": "good", "rule": null, "index": 0, "enabled": true, "path": path });
    assert_eq!(stamp["places"], json!([place]));
    assert!(stamp["limits"].as_array().is_some_and(|all| {
        all.contains(&json!({ "name": "cpu", "value": "10ms" }))
            && all.contains(&json!({ "name": "memory", "value": "32MiB" }))
    }));
    let version = &stamp["versions"][0];
    assert_eq!((&version["state"], &version["requests"]), (&"serving".into(), &20.into()));
    let cost = version["cost"].as_array().context("no cost")?;
    let heads = cost.iter().find(|one| one["phase"] == "request_headers").context("no heads")?;
    let number = |name: &str| heads[name].as_f64().unwrap_or_default();
    assert_eq!(heads["calls"], 20);
    ensure!(number("p50_us") > 0.0 && number("p99_us") >= number("p50_us"), "{heads:#}");

    let flow = plugin(&gateway, "flow").await?;
    assert_eq!(
        flow["grants"],
        json!(["calls", "clock", "foreign_functions", "queues", "random", "shared_data", "ticks"])
    );
    let call = json!({
        "name": "proxy_http_call", "capability": "calls", "offered": true, "granted": true
    });
    assert!(flow["imports"].as_array().is_some_and(|all| all.contains(&call)), "{flow:#}");
    let bad = plugin(&gateway, "loop").await?;
    assert_eq!(
        (&bad["places"][0]["rule"], &bad["places"][0]["index"]),
        (&"only".into(), &1.into())
    );
    let nobody = Request::get("/api/v1/plugins/nobody").send(gateway.admin).await?;
    assert_eq!(nobody.status, 404);
    assert!(nobody.text().contains("there is `stamp`, `loop`, `flow`"), "{}", nobody.text());
    Ok(())
}

#[tokio::test]
async fn a_bundled_filter_brings_version_and_schema() -> Result<()> {
    let backend = Backend::start("web").await?;
    let folder = program()?.with_file_name("plugins");
    let wasm = std::fs::read(folder.join("timeouts.wasm")).context("run `make plugins`")?;
    let text = with_plugins(
        backend.address,
        "  - { name: limits, file: timeouts.wasm }",
        "  - { name: all, filters: [{ plugin: limits }], rules: [{ backends: [web] }] }",
    );
    let gateway = start(&[("timeouts.wasm", wasm)], &text).await?;
    let limits = plugin(&gateway, "limits").await?;
    assert!(limits["version"].as_str().is_some_and(|version| version.starts_with("0.")));
    assert_eq!(limits["schema"]["properties"]["max"]["$ref"], "#/$defs/duration", "{limits:#}");
    assert_eq!(limits["trouble"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn a_trap_is_counted() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend).await?;
    let failed = Request::get("/bad").header("x-trap", "here").send(gateway.address).await?;
    assert_eq!(failed.reason(), "plugin_failed");
    let version = plugin(&gateway, "loop").await?["versions"][0].take();
    assert_eq!((&version["traps"], &version["replaced"]), (&1.into(), &1.into()));
    Ok(())
}

#[tokio::test]
async fn its_configuration_is_for_operators() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend).await?;
    let target = "/api/v1/plugins/stamp/configuration";
    assert_eq!(Request::get(target).send(gateway.admin).await?.status, 401);
    let shown = json(&gateway.authorized(Request::get(target)).await?)?;
    let path = json!(["plugins", { "name": "stamp" }, "configuration"]);
    assert_eq!(shown, json!({ "value": { "a": "one" }, "path": path }));
    let none = Request::get("/api/v1/plugins/flow/configuration");
    assert_eq!(json(&gateway.authorized(none).await?)?["value"], Value::Null);
    Ok(())
}

/// Sends a request, waits until it is kept, and tries a plugin on it.
async fn tried(
    gateway: &Gateway,
    name: &str,
    request: Request,
    configuration: Option<&str>,
) -> Result<Value> {
    let answer = request.header("cookie", "secret=1").send(gateway.address).await?;
    let id = answer.header("x-request-id").context("no id")?;
    let seq = eventually(async || {
        let found = gateway.read(&format!("/api/v1/requests?q=id:{id}")).await?;
        found["requests"][0]["seq"].as_u64().context("it is not kept yet")
    })
    .await?;
    let mut question = json!({ "seq": seq });
    if let Some(configuration) = configuration {
        question["configuration"] = configuration.into();
    }
    let target = format!("/api/v1/plugins/{name}/try");
    let request = Request::new("POST", &target).body(question.to_string().as_bytes());
    let answer = gateway.authorized(request).await?;
    ensure!(answer.status == 200, "{}", answer.text());
    let tried = json(&answer)?;
    assert_eq!(tried["request"]["seq"], seq);
    assert_eq!(tried["redacted"], json!(["cookie"]));
    Ok(tried)
}

#[tokio::test]
async fn a_plugin_is_tried_on_what_was_kept() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend).await?;
    let tried = tried(&gateway, "stamp", Request::get("/"), Some("two")).await?;
    assert_eq!(tried["outcome"], "continues", "{tried:#}");
    let one = r#"{"a":"one"}"#;
    let change = json!({ "header": "x-stamp", "before": one, "after": "two" });
    assert_eq!(tried["request_changes"], json!([change]));
    assert_eq!(tried["response_changes"], json!([change]));
    assert!(tried["cost"].as_array().is_some_and(|steps| steps.len() >= 3), "{tried:#}");
    // Without a request the newest will do, without a configuration the plugin's own.
    let newest = gateway.authorized(Request::new("POST", "/api/v1/plugins/stamp/try")).await?;
    let newest = json(&newest)?;
    assert_eq!((&newest["request"], &newest["request_changes"]), (&tried["request"], &json!([])));
    assert_eq!(plugin(&gateway, "stamp").await?["versions"][0]["requests"], 1, "none of it served");
    Ok(())
}

#[tokio::test]
async fn what_stops_a_trial_is_told() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend).await?;
    let trap = Request::get("/bad").header("x-trap", "response");
    let trap = tried(&gateway, "loop", trap, None).await?;
    assert_eq!(trap["outcome"], "fails");
    assert!(
        trap["words"].as_str().is_some_and(|words| words.starts_with("trapped in")),
        "{trap:#}"
    );
    let refused = tried(&gateway, "stamp", Request::get("/"), Some("refuse")).await?;
    assert_eq!(refused["outcome"], "fails");
    assert!(refused["words"].as_str().is_some_and(|words| words.contains("told to refuse")));

    let deed = |deed| Request::get("/flow").header("x-do", deed);
    let answer = tried(&gateway, "flow", deed("request-head-answer"), None).await?;
    assert_eq!((&answer["outcome"], &answer["answer"]["status"]), (&"answers".into(), &403.into()));
    assert_eq!(answer["answer"]["body"], "no");
    let missing = Request::new("POST", "/api/v1/plugins/flow/try").body(br#"{"seq":99999}"#);
    assert_eq!(gateway.authorized(missing).await?.status, 404);
    let wrong = Request::new("POST", "/api/v1/plugins/flow/try").body(br#"{"sequence":1}"#);
    assert_eq!(gateway.authorized(wrong).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn a_module_is_looked_at_before_anything_is_written() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(&backend).await?;
    let send = async |query: &str, body: &[u8]| {
        let target = format!("/api/v1/plugins/stamp/module{query}");
        gateway.authorized(Request::new("POST", &target).body(body)).await
    };
    let garbage = send("?as=canary", b"garbage").await?;
    assert_eq!(garbage.status, 422);
    let error = json(&garbage)?["error"].to_string();
    assert!(error.contains("the module cannot be used: the file is not WebAssembly"), "{error}");
    assert_eq!(send("?as=nothing", &stamp(2)?).await?.status, 400);
    assert_eq!(send("?percent=101", &stamp(2)?).await?.status, 400);
    let anybody = Request::new("POST", "/api/v1/plugins/stamp/module").body(&stamp(2)?);
    assert_eq!(anybody.send(gateway.admin).await?.status, 401);
    let folder = gateway.folder.path().join("configuration");
    assert!(!folder.join("plugins").exists(), "nothing is written yet");
    assert_eq!(gateway.generation().await?, 1);

    let taken = send("?as=canary&percent=5&reason=try", &stamp(2)?).await?;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let text = std::fs::read_to_string(folder.join("portico.yaml"))?;
    let stored =
        std::fs::read_dir(folder.join("plugins"))?.next().context("nothing is stored")??;
    let name = stored.file_name().to_string_lossy().into_owned();
    assert!(text.contains(&name) && text.contains("percent: 5"), "{text}");
    let canary = plugin(&gateway, "stamp").await?["canary"].take();
    assert_eq!((&canary["percent"], &canary["stands"]), (&5.into(), &"running".into()));
    let history = gateway.read("/api/v1/configuration").await?;
    assert_eq!(history["running"]["reason"], "try");
    Ok(())
}
