//! Requests that the gateway sends to itself.

use anyhow::Result;
use portico_tests::{Backend, Gateway, Load, Request, Response, configuration::forward};
use serde_json::{Value, json};

async fn send(gateway: &Gateway, what: &Value) -> Result<Response> {
    let request = Request::new("POST", "/api/v1/send").header("content-type", "application/json");
    gateway.authorized(request.body(what.to_string().as_bytes())).await
}

async fn sent(gateway: &Gateway, what: &Value) -> Result<Vec<Value>> {
    let answer = send(gateway, what).await?;
    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
    let answer: Value = serde_json::from_slice(&answer.body)?;
    Ok(answer["answers"].as_array().cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_request_and_its_record() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let port = gateway.address.port();
    let what = json!({
        "method": "post",
        "url": format!("http://shop.example:{port}/buy?one=1"),
        "headers": ["x-mine: yes"],
        "body": "hello",
        "times": 3,
    });
    let answers = sent(&gateway, &what).await?;
    assert_eq!(answers.len(), 3);
    for answer in &answers {
        assert_eq!(
            (&answer["status"], &answer["error"]),
            (&200.into(), &Value::Null),
            "{answer:#}"
        );
        let body = answer["body"].as_str().unwrap_or_default();
        assert!(body.starts_with("POST /buy?one=1"), "{body}");
        assert!(body.contains("x-mine: yes") && body.ends_with("hello"), "{body}");
        assert!(body.contains(&format!("shop.example:{port}")), "{body}");
        let whole = gateway.read(&format!("/api/v1/requests/{}", answer["seq"])).await?;
        assert_eq!(whole["summary"]["trace_id"], answer["trace_id"]);
        assert_eq!(whole["summary"]["target"], "/buy?one=1");
    }
    // Each has a record of its own.
    assert_ne!(answers[0]["seq"], answers[1]["seq"]);
    let short = json!({ "method": "GET", "url": "/short", "headers": [] });
    assert_eq!(sent(&gateway, &short).await?[0]["status"], 200);
    Ok(())
}

/// While so much comes that only one request of many is kept.
#[tokio::test]
async fn its_record_is_kept_in_any_case() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let load = Load::start(gateway.address, 4, Request::get("/load"), |_| Ok(()));
    load.more(500).await?;
    let what = json!({ "method": "GET", "url": "/mine", "headers": [], "times": 10 });
    let answers = sent(&gateway, &what).await?;
    assert!(answers.iter().all(|answer| answer["seq"].is_u64()), "{answers:#?}");
    load.stop().await?;
    Ok(())
}

#[tokio::test]
async fn failures_are_answers_too() -> Result<()> {
    let backend = Backend::refusing()?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let what = json!({ "method": "GET", "url": "http://any.example/", "headers": [] });
    let answer = sent(&gateway, &what).await?.remove(0);
    assert_eq!((&answer["status"], &answer["reason"]), (&503.into(), &"connect_failed".into()));
    assert!(answer["seq"].is_u64() && answer["body"].as_str().is_some(), "{answer:#}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_sent_elsewhere_and_there_are_limits() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&forward(backend.address)).await?;
    let base = json!({ "method": "GET", "url": "/", "headers": [] });
    let other = format!("http://127.0.0.1:{}/", backend.address.port());
    for (field, value, words) in [
        ("url", json!(other), "does not listen on port"),
        ("url", json!("https://localhost/"), "`http:`"),
        ("url", json!("http:// /"), "not a URL"),
        ("times", json!(11), "between 1 and 10"),
        ("method", json!("CONNECT"), "cannot be sent"),
        ("headers", json!(["transfer-encoding: chunked"]), "by the gateway itself"),
        ("headers", json!(["nonsense"]), "no header"),
    ] {
        let mut what = base.clone();
        what[field] = value;
        let refused = send(&gateway, &what).await?;
        assert_eq!(refused.status, 400, "{what}");
        assert!(refused.text().contains(words), "{}", refused.text());
    }
    let anonymous = Request::new("POST", "/api/v1/send").header("content-type", "application/json");
    let refused = anonymous.body(base.to_string().as_bytes()).send(gateway.admin).await?;
    assert_eq!(refused.status, 401);
    assert!(backend.received().is_empty());
    Ok(())
}
