//! Changing what runs from where one looks at it, through the file that it came from.

use std::os::unix::fs::symlink;

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Folder, Gateway, Load, Request, Response, Setup, configuration, eventually,
    gateway::FILE,
};
use serde_json::{Value, json};

const TEXT: &str = "\
# What everybody edits by hand.
listeners: [{ name: web, address: '127.0.0.1:0' }]
services:
  - name: staff # it is slow
    endpoints: ['ADDRESS']
routes:
  - name: staff
    # timeout: 1s
    rules:
      - backends: [staff]
";

async fn ask(gateway: &Gateway, path: &str, body: &Value) -> Result<(u16, Value)> {
    let body = body.to_string();
    let request =
        Request::new("POST", path).header("content-type", "application/json").body(body.as_bytes());
    let Response { status, body, .. } = gateway.authorized(request).await?;
    let answer = serde_json::from_slice(&body)
        .with_context(|| String::from_utf8_lossy(&body).into_owned())?;
    Ok((status, answer))
}

async fn started() -> Result<(Gateway, Backend, String)> {
    let backend = Backend::start("staff").await?;
    let text = TEXT.replace("ADDRESS", &backend.address.to_string());
    let gateway = Gateway::start(&text).await?;
    Ok((gateway, backend, text))
}

fn timeout(value: &str) -> Value {
    json!({
        "edits": [{ "op": "set", "path": ["routes", { "name": "staff" }, "timeout"], "value": value }],
        "reason": "staff hangs",
    })
}

fn file(gateway: &Gateway) -> Result<String> {
    Ok(std::fs::read_to_string(gateway.folder.path().join(FILE))?)
}

#[tokio::test]
async fn an_edit_is_shown_made_in_the_file_and_undone() -> Result<()> {
    let (gateway, _backend, text) = started().await?;
    let (status, preview) = ask(&gateway, "/api/v1/changes/preview", &timeout("1s")).await?;
    ensure!(status == 200 && preview["valid"] == true && preview["writable"] == true, "{preview}");
    let diff = preview["files"][0]["diff"].as_str().context("no difference")?;
    ensure!(diff.contains("\n+    timeout: 1s\n") && !diff.contains("\n-"), "{diff}");
    ensure!(file(&gateway)? == text, "a preview has written");

    let (status, applied) = ask(&gateway, "/api/v1/changes", &timeout("1s")).await?;
    ensure!(status == 200 && applied["before"] == 1 && applied["held"] == false, "{applied}");
    let generation = applied["generation"].as_u64().context("no generation")?;
    let now = file(&gateway)?;
    ensure!(now.contains("    timeout: 1s\n") && now.contains("# timeout: 1s"), "{now}");
    let shown = gateway.read("/api/v1/configuration").await?;
    ensure!(shown["running"]["reason"] == "staff hangs", "{shown}");
    ensure!(shown["running"]["author"].is_string(), "{shown}");

    let undo = json!({ "back_to": 1, "reason": "undo", "base": generation });
    let (status, undone) = ask(&gateway, "/api/v1/changes", &undo).await?;
    ensure!(status == 200, "{undone}");
    ensure!(file(&gateway)? == text, "not as it was:\n{}", file(&gateway)?);
    // The watcher has seen two files come and go, and has nothing to say about them.
    let text = text.replace("# it is slow", "# it was slow");
    let after = gateway.edit(&text).await?;
    ensure!(after == generation + 2, "generation {after}");
    Ok(())
}

#[tokio::test]
async fn a_change_for_another_generation_is_refused() -> Result<()> {
    let (gateway, _backend, text) = started().await?;
    let mut change = timeout("1s");
    change["base"] = 7.into();
    let (status, answer) = ask(&gateway, "/api/v1/changes", &change).await?;
    let error = answer["error"].as_str().context("no error")?;
    ensure!(status == 409 && error.contains("generation 7"), "{answer}");
    ensure!(file(&gateway)? == text);
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_changes_nothing() -> Result<()> {
    let (gateway, _backend, text) = started().await?;
    let nowhere = json!({ "edits": [{ "op": "set", "path": ["services", { "name": "stff" }, "connect_timeout"], "value": "2s" }], "reason": "" });
    let both = json!({ "edits": [], "back_to": 1, "reason": "" });
    let gone = json!({ "back_to": 99, "reason": "" });
    let wrong = json!({ "texts": [{ "source": "nobody.yaml", "text": "" }], "reason": "" });
    for (change, word) in
        [(&nowhere, "stff"), (&both, "exactly one"), (&gone, "99"), (&wrong, "nobody.yaml")]
    {
        let (status, answer) = ask(&gateway, "/api/v1/changes", change).await?;
        let error = answer["error"].as_str().context("no error")?;
        ensure!(status == 409 && error.contains(word), "{status} {answer}");
    }
    let (status, answer) = ask(&gateway, "/api/v1/changes", &timeout("soon")).await?;
    ensure!(status == 422 && answer["diagnostics"][0]["line"].is_u64(), "{answer}");
    ensure!(file(&gateway)? == text && gateway.generation().await? == 1);
    Ok(())
}

#[tokio::test]
async fn a_file_that_somebody_else_has_changed_is_not_written_over() -> Result<()> {
    let (gateway, _backend, text) = started().await?;
    let theirs = text.replace("services:", "servcies:");
    gateway.folder.replace(FILE, &theirs)?;
    gateway.rejects().await?;
    let (_, preview) = ask(&gateway, "/api/v1/changes/preview", &timeout("1s")).await?;
    ensure!(preview["writable"] == false && preview["can_be_held"] == true, "{preview}");
    let (status, answer) = ask(&gateway, "/api/v1/changes", &timeout("1s")).await?;
    let error = answer["error"].as_str().context("no error")?;
    ensure!(status == 409 && error.contains("changed by hand"), "{answer}");
    ensure!(file(&gateway)? == theirs && gateway.generation().await? == 1);

    // Somebody's slip in the file must not keep whoever is on call from acting.
    let mut change = timeout("1s");
    change["hold"] = true.into();
    let (status, held) = ask(&gateway, "/api/v1/changes", &change).await?;
    ensure!(status == 200 && held["held"] == true, "{held}");
    ensure!(file(&gateway)? == theirs);
    gateway.edit(&text.replace("# it is slow", "# it was slow")).await?;
    let shown = gateway.read("/api/v1/configuration").await?;
    ensure!(shown["held"][0]["reason"] == "staff hangs", "{shown}");
    Ok(())
}

#[tokio::test]
async fn whole_texts_are_checked_and_written() -> Result<()> {
    let (gateway, _backend, text) = started().await?;
    let shown = gateway.authorized(Request::get("/api/v1/configuration/generations/1")).await?;
    let shown: Value = serde_json::from_slice(&shown.body)?;
    let source = shown["texts"][0]["source"].as_str().context("no source")?;
    ensure!(shown["texts"][0]["text"] == text.as_str(), "{shown}");
    let with =
        |text: &str| json!({ "texts": [{ "source": source, "text": text }], "reason": "by hand" });
    let broken = with(&text.replace("backends", "bckends"));
    let (status, preview) = ask(&gateway, "/api/v1/changes/preview", &broken).await?;
    ensure!(status == 200 && preview["valid"] == false, "{preview}");
    ensure!(preview["diagnostics"][0]["line"] == 10, "{preview}");
    let right = with(&text.replace("# timeout: 1s", "timeout: 1s"));
    let (status, applied) = ask(&gateway, "/api/v1/changes", &right).await?;
    ensure!(status == 200, "{applied}");
    let shown = gateway.authorized(Request::get("/api/v1/configuration/generations/2")).await?;
    let shown: Value = serde_json::from_slice(&shown.body)?;
    let diff = shown["diff"].as_str().context("no difference")?;
    ensure!(diff.contains("-    # timeout: 1s\n+    timeout: 1s\n"), "{diff}");
    Ok(())
}

/// A folder as Kubernetes mounts a ConfigMap.
fn mounted(folder: &Folder, version: &str, text: &str) -> Result<()> {
    folder.write(&format!("mounted/..{version}/portico.yaml"), text)?;
    let mounted = folder.path().join("mounted");
    symlink(format!("..{version}"), mounted.join("..next"))?;
    std::fs::rename(mounted.join("..next"), mounted.join("..data"))?;
    if !mounted.join("portico.yaml").exists() {
        symlink("..data/portico.yaml", mounted.join("portico.yaml"))?;
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_written_is_a_patch_or_is_held_across_reloads() -> Result<()> {
    let backend = Backend::start("staff").await?;
    let text = TEXT.replace("ADDRESS", &backend.address.to_string());
    let folder = Folder::new()?;
    mounted(&folder, "1", &text)?;
    let gateway = Setup::folder(folder, "mounted").start().await?;

    let (status, answer) = ask(&gateway, "/api/v1/changes", &timeout("1s")).await?;
    ensure!(status == 409, "{answer}");
    ensure!(answer["error"].as_str().is_some_and(|error| error.contains("ConfigMap")), "{answer}");
    ensure!(answer["patch"].as_str().is_some_and(|patch| patch.contains("+    timeout: 1s")));

    let mut change = timeout("1s");
    change["hold"] = true.into();
    let (status, applied) = ask(&gateway, "/api/v1/changes", &change).await?;
    ensure!(
        status == 200 && applied["held"] == true && applied["written"] == json!([]),
        "{applied}"
    );

    // Another change of the ConfigMap keeps it; one that says the same takes it over.
    let other = text.replace("# it is slow", "# it was slow");
    mounted(&gateway.folder, "2", &other)?;
    gateway.after(2).await?;
    let shown = gateway.read("/api/v1/configuration").await?;
    ensure!(shown["held"][0]["reason"] == "staff hangs", "{shown}");
    let explained = gateway.read("/api/v1/explain?url=http://x/").await?;
    ensure!(explained["text"].as_str().is_some_and(|text| text.contains("1s")), "{explained}");
    mounted(
        &gateway.folder,
        "3",
        &other.replace("# timeout: 1s", "# timeout: 1s\n    timeout: 1s"),
    )?;
    eventually(async || {
        let shown = gateway.read("/api/v1/configuration").await?;
        ensure!(shown["held"] == json!([]), "{shown}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_held_change_is_undone_too() -> Result<()> {
    let backend = Backend::start("staff").await?;
    let text = TEXT.replace("ADDRESS", &backend.address.to_string());
    let folder = Folder::new()?;
    mounted(&folder, "1", &text)?;
    let gateway = Setup::folder(folder, "mounted").start().await?;
    let mut change = timeout("1s");
    change["hold"] = true.into();
    ask(&gateway, "/api/v1/changes", &change).await?;
    let (status, undone) =
        ask(&gateway, "/api/v1/changes", &json!({ "back_to": 1, "reason": "undo" })).await?;
    ensure!(status == 200 && undone["held"] == false, "{undone}");
    let shown = gateway.read("/api/v1/configuration").await?;
    ensure!(shown["held"] == json!([]), "{shown}");
    Ok(())
}

#[tokio::test]
async fn changes_lose_no_request() -> Result<()> {
    let backend = Backend::start("staff").await?;
    let routes = "  - { name: staff, rules: [{ backends: [web] }] }";
    let gateway = Gateway::start(&configuration(&[("web", backend.address)], routes)).await?;
    let load = Load::start(gateway.address, 4, Request::get("/"), |_| Ok(()));
    load.more(10).await?;
    for round in 0..20 {
        let value = format!("{}s", 30 + round);
        let (status, answer) = ask(&gateway, "/api/v1/changes", &timeout(&value)).await?;
        ensure!(status == 200, "{answer}");
    }
    load.more(10).await?;
    load.stop().await?.without_failure()
}
