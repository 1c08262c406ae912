//! The four templates do the same.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Folder, Request};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

use super::{BUILD, built, gateway, good, run};

const CONFIGURATION: &str = "greeting: good: morning\nkey: open-sesame";
const REFUSAL: &str = "401 a key is needed in x-api-key\n";
const LINE: &str = "refused: no key, or not the right one";

/// A request, and what becomes of it.
struct Case {
    key: Option<&'static str>,
    passes: bool,
}

const TABLE: [Case; 4] = [
    Case { key: None, passes: false },
    Case { key: Some("open"), passes: false },
    Case { key: Some("open-sesame"), passes: true },
    Case { key: Some(""), passes: false },
];

#[tokio::test]
async fn rust() -> Result<()> {
    template("rust", "a-filter").await
}

#[tokio::test]
async fn go() -> Result<()> {
    template("go", "a-filter").await
}

#[tokio::test]
async fn assemblyscript() -> Result<()> {
    template("assemblyscript", "a-filter").await
}

#[tokio::test]
async fn cpp() -> Result<()> {
    template("cpp", "a-filter").await
}

async fn template(language: &str, name: &str) -> Result<()> {
    let folder = Folder::new()?;
    let project = folder.path().join(name);
    let shown = project.to_str().context("its name is text")?;
    good(&["new", shown, "--lang", language]).await?;
    let again = run(&["new", shown, "--lang", language]).await?;
    assert_eq!(again.code, 64, "a folder that exists is left alone: {}", again.stderr);
    if !built(shown).await? {
        return Ok(());
    }
    own_tests(language, &project).await?;
    let module = project.join(format!("build/{name}.wasm"));
    inspected(&module).await?;
    tried(&module).await?;
    served(&module).await
}

/// What an author is handed has tests of its own.
async fn own_tests(language: &str, project: &Path) -> Result<()> {
    let (tool, arguments) = match language {
        "go" => ("go", ["test", "./..."]),
        "rust" => ("cargo", ["test", "--quiet"]),
        _ => return Ok(()),
    };
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(project).env_remove("CARGO_TARGET_DIR");
    let output = timeout(BUILD, command.kill_on_drop(true).output()).await??;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

async fn inspected(module: &Path) -> Result<()> {
    let text = good(&["inspect", "--json", text(module)?]).await?;
    let report: Value = serde_json::from_str(&text)?;
    assert_eq!(report["problems"], Value::Array(Vec::new()));
    let callbacks = report["callbacks"].as_array().context("no callbacks")?;
    let has = |name: &str| callbacks.iter().any(|callback| callback["name"] == name);
    assert!(has("proxy_on_request_headers") && has("proxy_on_response_headers"), "{report:#}");
    let needs = report["needs"].to_string();
    assert!(!needs.contains("unknown"), "it needs what is not there: {needs}");
    Ok(())
}

async fn tried(module: &Path) -> Result<()> {
    for Case { key, passes } in TABLE {
        let header = format!("x-api-key: {}", key.unwrap_or_default());
        let mut arguments =
            vec!["test", text(module)?, "--json", "--cpu", "500ms", "--config", CONFIGURATION];
        if key.is_some() {
            arguments.extend(["-H", &*header]);
        }
        let report: Value = serde_json::from_str(&good(&arguments).await?)?;
        // The first step is the start, with a canary request that has no key.
        let steps = report["steps"].as_array().context("no steps")?;
        let said = steps.iter().skip(1).map(ToString::to_string).collect::<String>();
        let added = |header: &Value| {
            header["change"] == "added"
                && header["name"] == "x-hello"
                && header["value"] == "good: morning"
        };
        let answered = report["response"]["headers"].as_array().context("no response")?;
        assert!(answered.iter().any(added), "{key:?}: {report:#}");
        if passes {
            let removed = |header: &Value| header["change"] == "removed";
            let sent = report["request"]["headers"].as_array().context("no request")?;
            let removed = sent.iter().filter(|header| removed(header)).collect::<Vec<_>>();
            assert_eq!(removed.len(), 1, "{report:#}");
            assert_eq!(removed[0]["name"], "x-api-key");
            assert!(!said.contains(LINE), "{said}");
        } else {
            assert_eq!(report["local_response"]["status"], 401, "{key:?}: {report:#}");
            assert_eq!(report["local_response"]["body"], REFUSAL);
            assert!(report["request"].is_null() && said.contains(LINE), "{report:#}");
        }
    }
    for (configuration, problem) in
        [("gretting: x", "there is no setting `gretting`"), ("key:", "the key is empty")]
    {
        let arguments = ["test", text(module)?, "--cpu", "500ms", "--config", configuration];
        let refused = run(&arguments).await?;
        ensure!(refused.code == 1, "{}", refused.stdout);
        ensure!(refused.stdout.contains(problem), "{}", refused.stdout);
    }
    Ok(())
}

async fn served(module: &Path) -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = gateway(module, CONFIGURATION, &backend).await?;
    // A canary request was refused, too.
    let start = gateway.read("/api/v1/plugins/own/log").await?["next"].take();
    for Case { key, passes } in TABLE {
        let request = Request::get("/page");
        let request = match key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        };
        let answer = request.send(gateway.address).await?;
        assert_eq!(answer.header("x-hello"), Some("good: morning"), "{key:?}");
        if passes {
            assert_eq!(answer.status, 200, "{key:?}: {}", answer.text());
            assert_eq!(backend.last().head.header("x-api-key"), None);
        } else {
            assert_eq!((answer.status, &*answer.text()), (401, REFUSAL), "{key:?}");
            assert_eq!(answer.header("content-type"), Some("text/plain"));
        }
    }
    let log = gateway.read(&format!("/api/v1/plugins/own/log?level=info&after={start}")).await?;
    let lines = log["lines"].as_array().context("no lines")?;
    let refusals = lines.iter().filter(|line| line["text"] == LINE && line["level"] == "info");
    assert_eq!(refusals.count(), TABLE.iter().filter(|case| !case.passes).count(), "{log:#}");
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("its name is text")
}
