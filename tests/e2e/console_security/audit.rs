//! What is written of every attempt to change something.

use std::{os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, Result, ensure};
use portico_tests::{Folder, Request, eventually, gateway::TOKEN};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Guarded, VIEWER, bearer, refused};

const RELOAD: &str = "/api/v1/configuration/reload";

async fn entries(gateway: &Guarded) -> Result<Vec<Value>> {
    let answer = gateway.ask(bearer(Request::get("/api/v1/audit"), TOKEN)).await?;
    let mut answer: Value = serde_json::from_slice(&answer.body)?;
    Ok(answer["entries"].as_array_mut().context("no entries")?.drain(..).collect())
}

fn lines(file: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn it_says_who_did_what_and_what_came_of_it() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    let session = gateway.sign_in(&json!({ "token": TOKEN }).to_string()).await?;
    gateway.post(&format!("{RELOAD}?reason=fewer+errors%0aplease"), "", Some(&session)).await?;
    gateway.ask(bearer(Request::new("POST", RELOAD), VIEWER)).await?;
    gateway.ask(bearer(Request::get("/metrics"), "a-wrong-secret")).await?;
    gateway.ask(Request::new("PUT", "/api/v1/configuration").body(b"a-body")).await?;
    gateway.ask(Request::get("/api/v1/status")).await?;

    let entries = entries(&gateway).await?;
    let told: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            let [who, role, action] = ["who", "role", "action"].map(|name| entry[name].as_str());
            (who.unwrap_or("?"), role.unwrap_or("?"), action.unwrap_or("?"), &entry["status"])
        })
        .collect();
    assert_eq!(
        told,
        [
            ("nobody", "none", "sign in", &json!(200)),
            ("operator token", "operator", "POST /api/v1/configuration/reload", &json!(200)),
            ("viewer token", "viewer", "POST /api/v1/configuration/reload", &json!(403)),
            ("nobody", "none", "GET /metrics", &json!(401)),
            ("nobody", "none", "PUT /api/v1/configuration", &json!(401)),
        ]
    );
    let [.., reload, sign_in] = &*entries else { panic!("{entries:?}") };
    assert_eq!(sign_in["outcome"], "signed in as operator token, operator");
    assert_eq!(reload["reason"], "fewer errors please");
    assert_eq!(reload["from"], "127.0.0.1");
    assert_eq!(
        entries[2]["outcome"],
        "this call needs the role operator, and you have the role viewer"
    );
    assert!(reload["at_ms"].as_u64() > sign_in["at_ms"].as_u64().map(|at| at - 1));
    let logged = gateway.log.says("portico::audit").await?;
    assert!(logged.contains("sign in"), "{logged}");
    gateway.log.says("POST /api/v1/configuration/reload").await?;
    for secret in [TOKEN, VIEWER, "a-wrong-secret", "a-body", &session.csrf] {
        assert!(!format!("{entries:?}").contains(secret), "{secret}");
        assert!(!gateway.log.text().contains(secret), "{secret}");
    }
    refused(&gateway.ask(Request::get("/api/v1/audit")).await?, 401)?;
    Ok(())
}

#[tokio::test]
async fn a_file_takes_it_before_anything_changes() -> Result<()> {
    let folder = Folder::new()?;
    let file = folder.path().join("audit.log");
    let name = file.display().to_string();
    let arguments = ["--admin", "127.0.0.1:0", "--audit-log", &name];
    let gateway = Guarded::start(folder, &arguments, &[("PORTICO_ADMIN_TOKEN", TOKEN)]).await?;
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    gateway.ask(bearer(Request::new("POST", RELOAD), TOKEN)).await?;
    let written = lines(&file)?;
    let status: Vec<_> = written.iter().map(|line| &line["status"]).collect();
    assert_eq!(status, [&Value::Null, &json!(200)]);
    assert_eq!(written[0]["outcome"], "begins");
    assert_eq!(written[1]["who"], "operator token");

    let moved = gateway.folder.path().join("audit.log.1");
    std::fs::rename(&file, &moved)?;
    let pid = gateway.process.id().context("it has ended")?;
    kill_process(Pid::from_raw(i32::try_from(pid)?).context("no process")?, Signal::USR1)?;
    eventually(async || {
        gateway.ask(bearer(Request::new("POST", RELOAD), TOKEN)).await?;
        ensure!(file.exists(), "the file is not made again");
        Ok(())
    })
    .await?;
    // The signal may have come between the two lines of a call.
    assert!(lines(&moved)?.len() >= 2 && !lines(&file)?.is_empty());
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_cannot_be_written_does_not_happen() -> Result<()> {
    let gateway = Guarded::local(&["--audit-log", "/dev/full"]).await?;
    let put = Request::new("PUT", "/api/v1/configuration");
    let put = bearer(put.body(portico_tests::answering("changed").as_bytes()), TOKEN);
    let sentence = refused(&gateway.ask(put).await?, 503)?;
    assert!(sentence.contains("audit log"), "{sentence}");
    let status = gateway.ask(Request::get("/api/v1/status")).await?;
    let status: Value = serde_json::from_slice(&status.body)?;
    assert_eq!(status["generation"], 1);
    let token = json!({ "token": TOKEN }).to_string();
    let signed_in = gateway.post("/api/v1/session", &token, None).await?;
    refused(&signed_in, 503)?;
    assert_eq!(signed_in.header("set-cookie"), None);
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_stops_the_start() -> Result<()> {
    let started = Guarded::local(&["--audit-log", "/no/such/folder/audit.log"]).await;
    let error = started.err().context("it has started")?.to_string();
    assert!(
        error.contains("the audit log `/no/such/folder/audit.log` cannot be opened"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn strangers_do_not_push_out_what_others_did() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    gateway.ask(bearer(Request::new("POST", RELOAD), TOKEN)).await?;
    for _ in 0..200 {
        gateway.ask(Request::new("POST", "/nothing")).await?;
    }
    let entries = entries(&gateway).await?;
    assert!(entries.len() < 190, "{}", entries.len());
    assert_eq!(entries.last().context("nothing")?["who"], "operator token");
    Ok(())
}
