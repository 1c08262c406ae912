//! What is secret is in no answer.

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Behaviour, Gateway, Request, get};

use super::{found, telling};

const SECRET: &str = "hunter2";

#[tokio::test]
async fn secrets_are_nowhere() -> Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nset-cookie: s={SECRET}\r\nlocation: /x?api_key={SECRET}\r\n\
         content-length: 0\r\n\r\n"
    );
    let backend = Backend::with("web", Behaviour::Answer(answer.into_bytes())).await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let request = Request::get(&format!("/one?token={SECRET}&a=b"))
        .header("authorization", &format!("Bearer {SECRET}"))
        .header("cookie", &format!("session={SECRET}"))
        .header("x-api-key", SECRET)
        .header("x-session-token", SECRET)
        .header("referer", &format!("http://localhost/?password={SECRET}"));
    assert_eq!(request.send(gateway.address).await?.status, 200);
    let kept = found(&gateway, "/one", 1).await?.remove(0);
    let (seq, trace) = (&kept["seq"], kept["trace_id"].as_str().context("no trace")?);
    for call in [
        "requests".to_owned(),
        format!("requests/{seq}"),
        "requests/har".to_owned(),
        format!("traces/{trace}"),
        format!("traces/{trace}/otlp"),
        format!("traces/compare?a={seq}&b={seq}"),
        "graph".to_owned(),
        "doctor".to_owned(),
        "telemetry".to_owned(),
    ] {
        let answer = get(gateway.admin, &format!("/api/v1/{call}")).await?;
        ensure!(answer.status == 200, "{call}: {}", answer.text());
        let text = answer.text();
        assert!(!text.contains(SECRET), "{call}: {text}");
    }
    let whole = gateway.read(&format!("/api/v1/requests/{seq}")).await?;
    assert_eq!(whole["summary"]["target"], "/one?token=[redacted]&a=b");
    let headers = whole["request"]["headers"].to_string();
    assert!(headers.contains(r#"["authorization","[redacted]"]"#), "{headers}");
    Ok(())
}
