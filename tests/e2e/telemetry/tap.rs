//! The live view: what was asked for, nothing else, until the listener leaves.

use anyhow::{Context, Result, ensure};
use portico_tests::{
    Backend, Client, Gateway, Request, answering, eventually, gateway::TOKEN, get, within,
};
use serde_json::Value;

use super::telling;

/// A tap that listens.
struct Tap(Client);

impl Tap {
    /// With the token, and in HTTP/1.0, so that what comes is not in chunks.
    async fn open(gateway: &Gateway, parameters: &str) -> Result<Self> {
        let mut client = Client::connect(gateway.admin).await?;
        let head = format!(
            "GET /api/v1/tap?{parameters} HTTP/1.0\r\nhost: localhost\r\n\
             authorization: Bearer {TOKEN}\r\n\r\n"
        );
        client.send(head).await?;
        let head = within("the tap's head", client.wire.head()).await?.context("closed")?;
        ensure!(head.start.contains(" 200 "), "{}", head.start);
        ensure!(head.header("content-type") == Some("text/event-stream"), "{head:?}");
        let mut tap = Self(client);
        ensure!(tap.event().await?.starts_with(':'), "the first event is no comment");
        Ok(tap)
    }

    /// The next event, as it came.
    async fn event(&mut self) -> Result<String> {
        let read = async {
            let mut event = Vec::new();
            while !event.ends_with(b"\n\n") {
                event.extend(self.0.wire.exactly(1).await?);
            }
            Ok(String::from_utf8(event)?)
        };
        within("an event", read).await
    }

    /// The next event, which must have this name.
    async fn next(&mut self, name: &str) -> Result<Value> {
        let event = self.event().await?;
        let data = event.strip_prefix(&format!("event: {name}\ndata: ")).context(event.clone())?;
        Ok(serde_json::from_str(data.trim_end())?)
    }
}

#[tokio::test]
async fn a_tap_shows_what_was_asked_for() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let mut tap = Tap::open(&gateway, "path=/api&method=POST&status=2xx&bodies=100").await?;
    let post = |path| {
        let request = Request::new("POST", path).header("authorization", "Bearer hunter2");
        request.header("cookie", "s=hunter2").header("content-type", "application/json")
    };
    get(gateway.address, "/api/other-method").await?;
    post("/other-path").body(b"{}").send(gateway.address).await?;
    let body = format!(r#"{{"password":"hunter2","n":"{}"}}"#, "x".repeat(200));
    post("/api/one?token=hunter2").body(body.as_bytes()).send(gateway.address).await?;

    let shown = tap.next("request").await?;
    let (request, response) = (&shown["request"], &shown["response"]);
    assert_eq!(request["target"], "/api/one?token=[redacted]");
    assert_eq!((&shown["route"], &shown["service"]), (&"web".into(), &"web".into()));
    let text = request["body"]["text"].as_str().context("no body")?;
    assert!(text.starts_with(r#"{"password":"[redacted]","n":"xxx"#), "{text}");
    assert_eq!(request["body"]["truncated"], true);
    assert_eq!(request["bytes"].as_u64(), Some(body.len() as u64));
    let headers = request["headers"].to_string();
    assert!(headers.contains(r#"["authorization","[redacted]"]"#), "{headers}");
    assert_eq!(response["status"], 200);
    // The service answers with the head that it got.
    let text = response["body"]["text"].as_str().context("no body")?;
    assert!(text.starts_with("POST /api/one"), "{text}");

    post("/api/two").body(b"{}").send(gateway.address).await?;
    let shown = tap.next("request").await?;
    assert_eq!((&shown["request"]["target"], &shown["missed"]), (&"/api/two".into(), &0.into()));
    assert_eq!(shown["request"]["body"]["truncated"], false);
    Ok(())
}

#[tokio::test]
async fn answers_of_the_gateway_have_bodies_too() -> Result<()> {
    let gateway = Gateway::start(&answering("hello")).await?;
    let mut tap = Tap::open(&gateway, "bodies=3").await?;
    get(gateway.address, "/").await?;
    let response = tap.next("request").await?["response"].take();
    assert_eq!(response["answered_by"], "filter");
    assert_eq!(response["body"], serde_json::json!({ "truncated": true, "text": "hel" }));
    Ok(())
}

#[tokio::test]
async fn what_a_tap_misses_is_told() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let mut tap = Tap::open(&gateway, "per_second=1").await?;
    let mut client = Client::connect(gateway.address).await?;
    // The bucket holds one second's worth, so the second of two in a row comes too early.
    let told = within("a missed request", async {
        loop {
            client.ask(&Request::get("/")).await?;
            client.ask(&Request::get("/")).await?;
            let event = tap.event().await?;
            if let Some(data) = event.strip_prefix("event: missed\ndata: ") {
                return Ok(serde_json::from_str::<Value>(data.trim_end())?);
            }
        }
    });
    let told = told.await?;
    assert!(told["too_many_a_second"].as_u64() >= Some(1), "{told}");
    assert_eq!(told["read_too_slowly"], 0);
    Ok(())
}

#[tokio::test]
async fn bodies_need_the_token() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let refused = get(gateway.admin, "/api/v1/tap?bodies=10").await?;
    assert_eq!(refused.status, 401);
    let wrong = Request::get("/api/v1/tap?bodies=10").header("authorization", "Bearer x");
    assert_eq!(wrong.send(gateway.admin).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn a_tap_ends_with_its_listener() -> Result<()> {
    let backend = Backend::start("web").await?;
    let gateway = Gateway::start(&telling(backend.address, backend.address)).await?;
    let tapped = async || anyhow::Ok(gateway.read("/api/v1/telemetry").await?["tapped"].take());
    assert_eq!(tapped().await?, false);
    let tap = Tap::open(&gateway, "").await?;
    assert_eq!(tapped().await?, true);
    drop(tap);
    eventually(async || {
        ensure!(tapped().await? == false, "somebody listens still");
        Ok(())
    })
    .await
}
