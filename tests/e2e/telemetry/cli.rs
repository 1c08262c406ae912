//! The same questions on the command line.

use anyhow::{Context, Result};
use portico_tests::{
    Backend, Behaviour, Folder, Gateway, Request,
    command::{command, portico},
    gateway::TOKEN,
    get, within,
};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{found, telling};

#[tokio::test]
async fn requests_and_traces_are_told() -> Result<()> {
    let silent = Backend::with("staff", Behaviour::Silent).await?;
    let gateway = Gateway::start(&telling(silent.address, silent.address)).await?;
    get(gateway.address, "/slow/one%1b?token=hunter2").await?;
    let kept = found(&gateway, "/slow", 1).await?.remove(0);
    let (folder, admin) = (Folder::new()?, gateway.admin.to_string());
    let ask = async |arguments: &[&str]| {
        portico(&folder, &[arguments, &["--admin", &admin]].concat()).await
    };
    let run = ask(&["requests", "/slow", "status:5xx"]).await?;
    assert_eq!(run.code, 0, "{}", run.stderr);
    for said in ["/slow/one", "504", "failed: timeout", "1 of 1"] {
        assert!(run.stdout.contains(said), "`{said}` is not in:\n{}", run.stdout);
    }
    let run = ask(&["requests", "status:200"]).await?;
    assert_eq!((run.code, &*run.stdout), (1, ""));
    assert!(run.stderr.contains("none of the 1 requests"), "{}", run.stderr);
    let run = ask(&["requests", "status:teapot"]).await?;
    assert!(run.code == 1 && run.stderr.contains("`teapot` is not a status"), "{}", run.stderr);

    let id = |name: &str| kept[name].to_string().trim_matches('"').to_owned();
    for id in [id("seq"), id("trace_id"), id("request_id")] {
        let run = ask(&["trace", &id]).await?;
        assert_eq!(run.code, 0, "{id}: {}", run.stderr);
        for said in ["█", "timeout of route `slow`", "phases", "queued", "attempts", "time was up"]
        {
            assert!(run.stdout.contains(said), "{id}: `{said}` is not in:\n{}", run.stdout);
        }
        assert!(!run.stdout.contains("hunter2"), "{}", run.stdout);
    }
    let run = ask(&["trace", "no-such-id"]).await?;
    assert!(run.code == 1 && run.stderr.contains("no request `no-such-id`"), "{}", run.stderr);
    let run = ask(&["doctor"]).await?;
    assert!(run.code == 0 && run.stdout.contains("`staff`"), "{}{}", run.stdout, run.stderr);
    Ok(())
}

#[tokio::test]
async fn a_tap_is_told_line_by_line() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let (folder, admin) = (Folder::new()?, gateway.admin.to_string());
    let mut command = command(&folder)?;
    command.env("PORTICO_ADMIN_TOKEN", TOKEN);
    command.args(["tap", "--admin", &admin, "--path", "/api", "--bodies", "20"]);
    let mut process = command.spawn()?;
    let mut said = BufReader::new(process.stderr.take().context("no standard error")?).lines();
    let line = within("the tap", async { Ok(said.next_line().await?) }).await?;
    assert!(line.unwrap_or_default().contains("listening"));
    get(gateway.address, "/other").await?;
    let request = Request::new("POST", "/api/one").body(b"hello\x1b[31m there, how are you?");
    request.send(gateway.address).await?;
    let mut lines = BufReader::new(process.stdout.take().context("no standard output")?).lines();
    let mut next = async || {
        let line = within("a line", async { Ok(lines.next_line().await?) }).await?;
        line.context("it has ended")
    };
    let line = next().await?;
    assert!(line.contains("POST") && line.contains("/api/one") && line.contains("200"), "{line}");
    let body = next().await?;
    assert_eq!(body.trim(), "request: hello\\u{1b}[31m there, ho …");
    Ok(())
}

#[tokio::test]
async fn without_a_gateway_it_says_what_to_do() -> Result<()> {
    let (folder, nobody) = (Folder::new()?, Backend::refusing()?);
    let admin = nobody.address.to_string();
    for command in [&["requests"][..], &["trace", "1"], &["tap"], &["doctor"]] {
        let run = portico(&folder, &[command, &["--admin", &admin]].concat()).await?;
        assert_eq!(run.code, 1, "{command:?}");
        assert!(run.stderr.contains("no gateway answers at"), "{}", run.stderr);
        assert!(run.stderr.contains("portico run"), "{}", run.stderr);
    }
    Ok(())
}
