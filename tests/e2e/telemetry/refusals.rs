//! What cannot be understood is refused with a sentence that names it.

use anyhow::Result;
use portico_tests::{Gateway, Request, answering, get};
use serde_json::Value;

#[tokio::test]
async fn garbage_is_named() -> Result<()> {
    let gateway = Gateway::start(&answering("hello")).await?;
    let long = "x".repeat(5000);
    let cases = [
        ("graph?window=soon", "`window`"),
        ("graph?window=2h", "`window`"),
        ("graph?at=tomorrow", "`at`"),
        ("graph?at=-1", "`at`"),
        ("graph?wnidow=1s", "`wnidow`"),
        ("graph?window=1s&window=2s", "`window`"),
        ("requests?q=status:teapot", "`q`"),
        ("requests?q=%22open", "`q`"),
        ("requests?q=colour:red", "`q`"),
        (&*format!("requests?q={long}"), "`q`"),
        ("requests?sort=size", "`sort`"),
        ("requests?limit=0", "`limit`"),
        ("requests?limit=99999999999999999999", "`limit`"),
        ("requests?after=there", "`after`"),
        ("requests/har?limit=many", "`limit`"),
        ("requests/-1", "`SEQ`"),
        ("requests/1?x=1", "`x`"),
        ("traces/xyz", "`ID`"),
        ("traces/%00", "`ID`"),
        ("traces/zz/otlp", "`ID`"),
        ("traces/compare?a=1", "`b`"),
        ("traces/compare?a=x&b=y", "`a`"),
        ("doctor?x=1", "`x`"),
        ("telemetry?x=1", "`x`"),
        ("tap?status=6xx", "`status`"),
        ("tap?status=500-200", "`status`"),
        ("tap?path=~(", "`path`"),
        ("tap?header=a%20b", "`header`"),
        ("tap?client=10.0.0.0/99", "`client`"),
        ("tap?min_duration=long", "`min_duration`"),
        ("tap?bodies=70000", "`bodies`"),
        ("tap?per_second=0", "`per_second`"),
        ("tap?pth=/", "`pth`"),
    ];
    for (call, named) in cases {
        let answer = get(gateway.admin, &format!("/api/v1/{call}")).await?;
        assert_eq!(answer.status, 400, "{call}: {}", answer.text());
        let said: Value = serde_json::from_slice(&answer.body)?;
        let said = said["error"].as_str().unwrap_or_default();
        assert!(said.contains(named) && said.len() < 400, "{call}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_kept_is_missing() -> Result<()> {
    let gateway = Gateway::start(&answering("hello")).await?;
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    for call in [
        "requests/999".to_owned(),
        "traces/999".to_owned(),
        format!("traces/{id}"),
        format!("traces/{id}/otlp"),
        format!("traces/compare?a={id}&b={id}"),
    ] {
        let answer = get(gateway.admin, &format!("/api/v1/{call}")).await?;
        assert_eq!(answer.status, 404, "{call}: {}", answer.text());
        assert!(answer.text().contains("kept"), "{call}: {}", answer.text());
    }
    Ok(())
}

#[tokio::test]
async fn pages_from_elsewhere_cannot_ask() -> Result<()> {
    let gateway = Gateway::start(&answering("hello")).await?;
    for call in ["graph", "requests", "requests/1", "traces/1", "doctor", "telemetry", "tap"] {
        let request = Request::get(&format!("/api/v1/{call}")).host("evil.example");
        assert_eq!(request.send(gateway.admin).await?.status, 401, "{call}");
    }
    Ok(())
}
