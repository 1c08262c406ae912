use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Client, Collector, Gateway, Request,
    collector::hex,
    command::portico,
    eventually,
    gateway::{FILE, Setup},
    get,
};
use rustix::process::Signal;
use serde_json::Value;

use super::{page, sum, telling};

const LOG: &str =
    "  access_logs:\n    - file: access.log\n      json:\n        path: '%REQ(:PATH)%'
        agent: '%REQ(USER-AGENT)%'\n        status: '%RESPONSE_CODE%'";

const CONNECTIONS: usize = 6;

/// Sends requests with a path of their own each, and long lines. Says how many.
async fn connection(gateway: SocketAddr, own: usize, over: &AtomicBool) -> Result<usize> {
    let mut client = Client::connect(gateway).await?;
    let mut number = 0;
    while !over.load(Relaxed) {
        let agent = format!("{own}-{number}-{}", "x".repeat(number * 7 % 3_000));
        let request = Request::get(&format!("/{own}/{number}")).header("user-agent", &agent);
        let answer = client.ask(&request).await?;
        ensure!(answer.status == 200, "{}", answer.status);
        number += 1;
    }
    Ok(number)
}

#[tokio::test]
async fn no_line_is_torn_or_lost_while_files_are_rotated() -> Result<()> {
    let service = Backend::start("web").await?;
    let mut gateway = Gateway::start(&telling(service.address, LOG)).await?;
    let address = gateway.address;
    let over = Arc::<AtomicBool>::default();
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|own| {
            let over = over.clone();
            tokio::spawn(async move { connection(address, own, &over).await })
        })
        .collect();
    let folder = gateway.folder.path().join("configuration");
    let log = folder.join("access.log");
    // Twice as a tool that says so, once as one that does not.
    for (part, says_so) in [(1, true), (2, false), (3, true)] {
        let is_written = async || {
            ensure!(fs::metadata(&log)?.len() > 100_000, "little is written");
            Ok(())
        };
        eventually(is_written).await?;
        fs::rename(&log, folder.join(format!("access.log.{part}")))?;
        if says_so {
            gateway.signal(Signal::USR1)?;
        }
        eventually(async || Ok(fs::metadata(&log).map(drop)?)).await?;
    }
    over.store(true, Relaxed);
    let mut sent = 0;
    for connection in connections {
        sent += connection.await??;
    }
    // What waits is written before it ends.
    gateway.signal(Signal::TERM)?;
    ensure!(gateway.ended().await?.success(), "it ended badly");

    let mut paths = BTreeSet::new();
    for name in ["access.log", "access.log.1", "access.log.2", "access.log.3"] {
        let text = fs::read_to_string(folder.join(name)).context(name)?;
        ensure!(text.is_empty() || text.ends_with('\n'), "{name} ends in a torn line");
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let path = line["path"].as_str().context("no path")?.to_owned();
            let own = path.trim_start_matches('/').replace('/', "-");
            let agent = line["agent"].as_str().context("no agent")?;
            ensure!(agent.starts_with(&format!("{own}-")), "{path} has the agent {agent}");
            ensure!(line["status"] == 200, "{line}");
            ensure!(paths.insert(path), "a line is there twice: {line}");
        }
    }
    assert_eq!(paths.len(), sent);
    Ok(())
}

/// The name of an operator is misspelt on line 6.
fn misspelt(text: &str) -> String {
    text.replace("%RESPONSE_CODE%", "%RESPONSE_CODDE%")
}

#[tokio::test]
async fn a_format_that_cannot_be_served_is_refused_with_its_line() -> Result<()> {
    let service = Backend::start("web").await?;
    let log =
        "  access_logs:\n    - file: access.log\n      format: '%REQ(:PATH)% %RESPONSE_CODE%'";
    let good = telling(service.address, log);
    let gateway = Gateway::start(&good).await?;
    gateway.folder.replace(FILE, &misspelt(&good))?;
    let rejected = gateway.rejects().await?;
    let line = good.lines().position(|line| line.contains("RESPONSE_CODE")).context("no line")?;
    let problem = &rejected["diagnostics"][0];
    assert_eq!(problem["line"].as_u64(), Some(line as u64 + 1), "{problem}");
    assert_eq!(problem["path"], "telemetry.access_logs[0].format");
    let message = problem["message"].as_str().context("no message")?;
    assert!(message.contains("column 14: there is no operator `%RESPONSE_CODDE%`"), "{message}");
    assert!(message.contains("did you mean `%RESPONSE_CODE%`?"), "{message}");

    // The same without a gateway, and nothing is opened.
    let file = gateway.folder.path().join(FILE);
    let check = portico(&gateway.folder, &["check", &file.display().to_string()]).await?;
    assert_eq!(check.code, 64);
    let place = format!("portico.yaml:{}:", line + 1);
    for said in [&place, "did you mean `%RESPONSE_CODE%`?", "1 error"] {
        assert!(check.stderr.contains(said), "no `{said}` in {}", check.stderr);
    }

    // What ran before runs on, and its log is written.
    assert_eq!(get(gateway.address, "/after").await?.status, 200);
    let log = gateway.folder.path().join("configuration/access.log");
    let written = async || {
        let text = fs::read_to_string(&log)?;
        ensure!(text == "/after 200\n", "`{text}`");
        Ok(())
    };
    eventually(written).await
}

#[tokio::test]
async fn fields_of_json_are_checked_too() -> Result<()> {
    let service = Backend::start("web").await?;
    let setup = Setup::file(&telling(service.address, LOG))?;
    let gateway = setup.start().await?;
    let answer = gateway.put(&misspelt(&telling(service.address, LOG))).await?;
    assert_eq!(answer.status, 422);
    let problems: Value = serde_json::from_slice(&answer.body)?;
    let problem = &problems["diagnostics"][0];
    assert_eq!(problem["path"], "telemetry.access_logs[0].json[\"status\"]", "{problem}");
    let line = telling(service.address, LOG);
    let line = line.lines().position(|line| line.contains("status:")).context("no line")?;
    assert_eq!(problem["line"].as_u64(), Some(line as u64 + 1), "{problem}");
    Ok(())
}

#[tokio::test]
async fn lines_go_to_exporters_with_the_ids_of_their_trace() -> Result<()> {
    let (service, collector) = (Backend::start("web").await?, Collector::start().await?);
    let exporter = collector.exporter("logs, traces", "");
    let telemetry = format!("  exporters: [{exporter}]\n  access_logs: [{{ to: otlp }}]");
    let gateway = Gateway::start(&telling(service.address, &telemetry)).await?;
    get(gateway.address, "/logged").await?;
    let (log, span) = eventually(async || {
        let log = collector.logs()?.pop().context("no log")?;
        let span = collector.spans()?.into_iter().find(|span| span.kind == 2);
        Ok((log, span.context("no span")?))
    })
    .await?;
    assert_eq!(hex(&log.trace_id), hex(&span.trace_id));
    assert_eq!(hex(&log.span_id), hex(&span.span_id));
    Ok(())
}

#[tokio::test]
async fn only_some_requests_are_logged_but_every_error() -> Result<()> {
    let mut service = Backend::start("web").await?;
    let telemetry =
        "  access_logs:\n    - { file: access.log, format: '%RESPONSE_CODE%', sample: 0% }";
    let gateway = Gateway::start(&telling(service.address, telemetry)).await?;
    for _ in 0..5 {
        get(gateway.address, "/").await?;
    }
    service.kill();
    assert_eq!(get(gateway.address, "/").await?.status, 503);
    eventually(async || {
        let page = page(&gateway).await?;
        let lines = sum(&page, "portico_access_log_lines_total", "outcome=\"written\"")?;
        ensure!(lines == 1.0, "{lines} lines");
        Ok(())
    })
    .await?;
    let log = gateway.folder.path().join("configuration/access.log");
    assert_eq!(fs::read_to_string(log)?, "503\n");
    Ok(())
}
