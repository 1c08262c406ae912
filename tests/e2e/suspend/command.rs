//! `portico suspend` and `portico resume`: what they ask of the admin API, and what they say.

use anyhow::Result;
use portico_tests::{
    Backend, Behaviour, Folder,
    command::{Ended, portico},
};
use serde_json::{Value, json};

/// Something that answers like an admin API.
async fn admin(status: &str, answer: &Value) -> Result<Backend> {
    let body = answer.to_string();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    Backend::with("admin", Behaviour::Break((head + &body).into_bytes())).await
}

/// Runs a command that asks this one.
async fn run(admin: &Backend, command: &[&str]) -> Result<Ended> {
    let folder = Folder::new()?;
    let token = folder.write("token", "a-token")?.display().to_string();
    let address = admin.address.to_string();
    let to = ["--admin", &address, "--admin-token-file", &token];
    portico(&folder, &[command, &to[..]].concat()).await
}

#[tokio::test]
async fn each_part_is_found_by_its_name() -> Result<()> {
    let applied = json!({
        "generation": 7, "before": 6, "warnings": [], "written": ["a.yaml"], "held": false,
    });
    let admin = admin("200 OK", &applied).await?;
    for (command, said, edit) in [
        (
            &["suspend", "service", "staff", "--reason", "it is \"sick\""][..],
            "service `staff` is suspended: it is \"sick\"\ngeneration 7, written to a.yaml; undo it \
             with `portico resume service staff`",
            json!({
                "op": "set", "value": "it is \"sick\"",
                "path": ["services", { "name": "staff" }, "suspended"],
            }),
        ),
        (
            &["suspend", "endpoint", "staff", "a.io:1", "--reason", "hot"],
            "endpoint `a.io:1` of service `staff` is suspended: hot\ngeneration 7, written to \
             a.yaml; undo it with `portico resume endpoint staff a.io:1`",
            json!({
                "op": "set", "value": "hot",
                "path": [
                    "services", { "name": "staff" }, "endpoints", { "address": "a.io:1" }, "suspended",
                ],
            }),
        ),
        (
            &["resume", "route", "all"],
            "route `all` takes part again\ngeneration 7, written to a.yaml",
            json!({ "op": "remove", "path": ["routes", { "name": "all" }, "suspended"] }),
        ),
    ] {
        let ended = run(&admin, command).await?;
        assert_eq!((ended.code, ended.stdout.trim_end()), (0, said), "{}", ended.stderr);
        let asked = admin.last();
        assert_eq!(asked.head.start, "POST /api/v1/changes HTTP/1.0");
        assert_eq!(asked.head.header("authorization"), Some("Bearer a-token"));
        assert_eq!(asked.head.header("content-type"), Some("application/json"));
        let change: Value = serde_json::from_slice(&asked.body)?;
        assert_eq!((&change["edits"], &change["hold"]), (&json!([edit]), &json!(false)));
        assert!(change["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{change}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_names_what_is_wrong() -> Result<()> {
    let refusal = json!({
        "error": "the configuration was refused",
        "diagnostics": [{ "source": "a.yaml", "line": 3, "message": "a reason cannot be empty" }],
    });
    let admin = admin("422 Unprocessable Content", &refusal).await?;
    let ended = run(&admin, &["suspend", "route", "all", "--reason", " "]).await?;
    assert_eq!(ended.code, 1);
    let expected = "portico: the configuration was refused\na.yaml:3: a reason cannot be empty";
    assert_eq!(ended.stderr.trim_end(), expected);
    for wrong in [
        &["suspend", "route", "all"][..],
        &["suspend", "endpoint", "staff", "--reason", "x"],
        &["suspend", "listener", "web", "--reason", "x"],
    ] {
        assert_eq!(run(&admin, wrong).await?.code, 64, "{wrong:?}");
    }
    Ok(())
}
