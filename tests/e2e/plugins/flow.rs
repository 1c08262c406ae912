//! Filters that pause an exchange, change its bodies, call out and answer: the guest `flow`.

use std::time::Duration;

use anyhow::{Context, Result};
use portico_tests::{Backend, Behaviour, Client, Gateway, Request, Response, within};

use super::{guest, start};

/// A service `web` that echoes and a service `side` for call-outs. All requests pass `flow`.
struct Flow {
    web: Backend,
    side: Backend,
    gateway: Gateway,
}

impl Flow {
    async fn start() -> Result<Self> {
        Self::with("", "").await
    }

    /// With more words for the plugin and for the route.
    async fn with(more: &str, route: &str) -> Result<Self> {
        Self::calling("", more, route).await
    }

    /// With more words for the service `side`, too.
    async fn calling(called: &str, more: &str, route: &str) -> Result<Self> {
        let (web, side) = (Backend::start("web").await?, Backend::start("side").await?);
        let text = format!(
            "{}services:
  - {{ name: web, endpoints: ['{}'] }}
  - {{ name: side, endpoints: ['{}']{called} }}
plugins:
  - {{ name: flow, file: flow.wasm{more} }}
routes:
  - {{ name: all{route}, filters: [{{ plugin: flow }}], rules: [{{ backends: [web] }}] }}
",
            portico_tests::configuration::LISTENERS,
            web.address,
            side.address
        );
        let gateway = start(&[("flow.wasm", guest("flow")?)], &text).await?;
        Ok(Self { web, side, gateway })
    }

    async fn ask(&self, deed: &str) -> Result<Response> {
        self.post(deed, b"a body").await
    }

    async fn post(&self, deed: &str, body: &[u8]) -> Result<Response> {
        Request::new("POST", "/").header("x-do", deed).body(body).send(self.gateway.address).await
    }
}

#[tokio::test]
async fn a_changed_body_has_the_right_length() -> Result<()> {
    let flow = Flow::start().await?;
    for (deed, expected) in [
        ("request-body-replace", "something else"),
        ("request-body-whole", "6:a body"),
        ("request-body-append", "a body, and more"),
    ] {
        let answer = flow.ask(deed).await.context(deed)?;
        assert_eq!(answer.status, 200, "{deed}");
        let received = flow.web.last();
        assert_eq!(String::from_utf8_lossy(&received.body), expected, "{deed}");
    }
    for (deed, expected) in [
        ("response-body-replace", "something else"),
        ("response-body-whole", "6:an end"),
        ("response-body-append", "an end, and more"),
    ] {
        for head in ["HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nan end", CHUNKED] {
            flow.web.behave(Behaviour::Answer(head.into()));
            let answer = flow.ask(deed).await.context(deed)?;
            assert_eq!(answer.text(), expected, "{deed}: {head}");
        }
    }
    Ok(())
}

const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nan \r\n3\r\nend\r\n0\r\n\r\n";

#[tokio::test]
async fn a_large_body_that_is_waited_for_passes_or_is_refused() -> Result<()> {
    let flow = Flow::with(", limits: { body: 256KiB }", "").await?;
    let large = vec![b'x'; 200 << 10];
    flow.post("request-body-whole", &large).await?;
    assert_eq!(flow.web.last().body.len(), large.len() + "204800:".len());
    let larger = vec![b'x'; 300 << 10];
    let answer = flow.post("request-body-whole", &larger).await?;
    assert_eq!((answer.status, answer.reason()), (413, "plugin_failed"));
    let answer = flow.post("response-body-whole", &larger).await?;
    assert_eq!((answer.status, answer.reason()), (500, "plugin_failed"));
    assert_eq!(flow.ask("nothing").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_paused_head_goes_on_with_the_answer_of_a_call() -> Result<()> {
    let flow = Flow::start().await?;
    let answer = flow.ask("request-head-call").await?;
    assert_eq!(answer.status, 200);
    let said = flow.web.last().head.header("x-side").map(str::to_owned);
    assert!(said.as_deref().is_some_and(|said| said.starts_with("200 ")), "{said:?}");
    assert_eq!(flow.side.last().head.start, "GET /side HTTP/1.1");
    let answer = flow.ask("response-head-call").await?;
    assert!(answer.header("x-side").is_some_and(|said| said.starts_with("200 ")), "{answer:?}");
    Ok(())
}

/// As one without an endpoint.
#[tokio::test]
async fn a_suspended_service_cannot_be_called() -> Result<()> {
    let flow = Flow::calling(", suspended: 'it is sick'", "", "").await?;
    assert_eq!(flow.ask("request-head-call").await?.status, 200);
    let said = flow.web.last().head.header("x-side").map(str::to_owned);
    assert!(said.as_deref().is_some_and(|said| said.starts_with("503 ")), "{said:?}");
    assert!(flow.side.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_paused_body_goes_on_with_the_answer_of_a_call() -> Result<()> {
    let flow = Flow::start().await?;
    flow.side.behave(Behaviour::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into()));
    assert_eq!(flow.ask("request-body-call").await?.status, 200);
    assert_eq!(flow.web.last().body, b"[200 2]a body");
    flow.web.behave(Behaviour::Answer(CHUNKED.into()));
    assert_eq!(flow.ask("response-body-call").await?.text(), "[200 2]an end");
    Ok(())
}

/// The length is put right though no body callback of the filter has changed anything.
#[tokio::test]
async fn what_a_call_adds_to_a_held_body_counts() -> Result<()> {
    let flow = Flow::start().await?;
    flow.side.behave(Behaviour::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into()));
    let mut client = Client::connect(flow.gateway.address).await?;
    let head =
        "POST / HTTP/1.1\r\nhost: a\r\nx-do: request-body-quiet\r\ncontent-length: 6\r\n\r\n";
    client.send(format!("{head}a b")).await?;
    flow.gateway.log.says("put in front").await?;
    client.send("ody").await?;
    assert_eq!(client.answer_to("POST").await?.status, 200);
    assert_eq!(flow.web.last().body, b"[200 2]a body");
    Ok(())
}

#[tokio::test]
async fn a_failed_call_is_an_answer_too() -> Result<()> {
    let flow = Flow::start().await?;
    flow.side.behave(Behaviour::Break(Vec::new()));
    flow.ask("request-head-call").await?;
    let said = flow.web.last().head.header("x-side").map(str::to_owned);
    assert!(said.as_deref().is_some_and(|said| said.starts_with("503 ")), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn a_tick_resumes_what_waits_for_it() -> Result<()> {
    let flow = Flow::start().await?;
    assert_eq!(flow.ask("request-head-tick").await?.status, 200);
    assert_eq!(flow.web.last().head.header("x-tick"), Some("yes"));
    assert_eq!(flow.ask("response-head-tick").await?.header("x-tick"), Some("yes"));
    Ok(())
}

#[tokio::test]
async fn a_head_may_wait_for_its_body() -> Result<()> {
    let flow = Flow::with(", header_pause: headers", "").await?;
    assert_eq!(flow.ask("request-head-body").await?.status, 200);
    let received = flow.web.last();
    assert_eq!((received.head.header("x-length"), &*received.body), (Some("6"), &b"a body"[..]));
    let large = vec![b'x'; 200 << 10];
    flow.post("request-head-body", &large).await?;
    let received = flow.web.last();
    assert_eq!(received.head.header("x-length"), Some("204800"));
    assert_eq!(received.body, large);
    flow.web.behave(Behaviour::Answer(CHUNKED.into()));
    let answer = flow.ask("response-head-body").await?;
    assert_eq!((answer.header("x-length"), &*answer.text()), (Some("6"), "an end"));
    Ok(())
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_send_what_a_filter_waits_for() -> Result<()> {
    let flow = Flow::with(", header_pause: headers", "").await?;
    let mut client = Client::connect(flow.gateway.address).await?;
    client
        .send(
            "POST / HTTP/1.1\r\nhost: a\r\nx-do: request-head-body\r\nexpect: 100-continue\r\n\
             content-length: 6\r\n\r\n",
        )
        .await?;
    let told = within("100", client.wire.head()).await?.context("closed")?;
    assert!(told.start.starts_with("HTTP/1.1 100"), "{told:?}");
    client.send("a body").await?;
    assert_eq!(client.answer_to("POST").await?.status, 200);
    assert_eq!(flow.web.last().head.header("expect"), None);
    Ok(())
}

#[tokio::test]
async fn a_filter_answers_in_every_phase() -> Result<()> {
    let flow = Flow::start().await?;
    for deed in [
        "request-head-answer",
        "request-body-answer",
        "request-call-answer",
        "response-head-answer",
        "response-call-answer",
    ] {
        let answer = flow.ask(deed).await.context(deed)?;
        assert_eq!((answer.status, answer.header("x-by")), (403, Some("flow")), "{deed}");
        let next = flow.ask("nothing").await?;
        assert_eq!(next.status, 200, "after {deed}");
    }
    Ok(())
}

#[tokio::test]
async fn who_waits_in_vain_is_told_when_the_time_is_up() -> Result<()> {
    let flow = Flow::with("", ", timeout: 300ms").await?;
    for deed in ["request-head-never", "response-head-never"] {
        let answer = within(deed, flow.ask(deed)).await?;
        assert_eq!(answer.status, 504, "{deed}");
    }
    Ok(())
}

#[tokio::test]
async fn those_who_wait_in_an_instance_that_traps_are_told() -> Result<()> {
    let flow = Flow::start().await?;
    let answer = within("an answer", flow.ask("request-trap")).await?;
    assert_eq!((answer.status, answer.reason()), (503, "plugin_failed"));
    assert_eq!(flow.ask("nothing").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_client_that_leaves_while_a_filter_waits_leaves_nothing_behind() -> Result<()> {
    let flow = Flow::start().await?;
    for deed in ["request-head-never", "response-head-never"] {
        let mut client = Client::connect(flow.gateway.address).await?;
        client.send(Request::get("/").header("x-do", deed).bytes()).await?;
        client.finish().await?;
        let _rest = within("the end", client.closed()).await?;
        drop(client);
    }
    let answer = tokio::time::timeout(Duration::from_secs(10), flow.ask("nothing")).await??;
    assert_eq!(answer.status, 200);
    Ok(())
}
