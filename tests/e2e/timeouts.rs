//! Timeouts: whose counts, what the client is told, and that nothing outlives them.

use std::time::Duration;

use anyhow::Result;
use portico_tests::{Backend, Behaviour, Client, Gateway, Request, Response, configuration};
use tokio::time::Instant;

/// Long enough to be told from the others on a busy machine, short enough to be waited for.
const SHORT: Duration = Duration::from_millis(300);

/// Nothing here takes longer by itself; a wait this long means that nothing cut it.
const FAR: Duration = Duration::from_secs(10);

/// A backend that never answers, and a route and a rule with timeouts, as YAML.
async fn silent(route: &str, rule: &str) -> Result<(Backend, Gateway)> {
    let backend = Backend::with("staff", Behaviour::Silent).await?;
    let routes = format!("  - {{ name: staff, {route} rules: [{{ {rule} backends: [staff] }}] }}");
    let gateway = Gateway::start(&configuration(&[("staff", backend.address)], &routes)).await?;
    Ok((backend, gateway))
}

/// Sends a request, and says how long the answer took.
async fn timed(gateway: &Gateway, request: &Request) -> Result<(Response, Duration)> {
    let mut client = Client::connect(gateway.address).await?;
    let began = Instant::now();
    let answer = client.ask(request).await?;
    Ok((answer, began.elapsed()))
}

/// The answer is a 504 that came after `limit` and names it and its owner.
fn is_timeout((answer, took): &(Response, Duration), limit: Duration, whose: &str) {
    let text = answer.text();
    assert_eq!((answer.status, answer.reason()), (504, "timeout"), "{text}");
    assert!(text.contains(&format!("{limit:?}")) && text.contains(whose), "{text}");
    assert!(*took >= limit && *took < FAR, "{took:?} for {limit:?}");
}

#[tokio::test]
async fn the_timeout_of_a_rule_wins_over_that_of_its_route() -> Result<()> {
    let (_backend, gateway) = silent("timeout: 1h,", "timeout: 300ms,").await?;
    is_timeout(&timed(&gateway, &Request::get("/")).await?, SHORT, "rule `staff/0`");
    gateway.log.says("did not answer within 300ms").await?;
    Ok(())
}

#[tokio::test]
async fn the_timeout_of_a_route_counts_for_its_rules() -> Result<()> {
    let (_backend, gateway) = silent("timeout: 300ms,", "").await?;
    is_timeout(&timed(&gateway, &Request::get("/")).await?, SHORT, "rule `staff/0`");
    Ok(())
}

#[tokio::test]
async fn a_header_shortens_a_timeout_and_never_lengthens_it() -> Result<()> {
    let (_backend, gateway) = silent("timeout: 600ms,", "").await?;
    let asked = |value| Request::get("/").header("x-envoy-upstream-rq-timeout-ms", value);
    is_timeout(&timed(&gateway, &asked("300")).await?, SHORT, "header");
    for not_shorter in ["60000", "0", "-1", "soon", "99999999999999999999999"] {
        let answer = timed(&gateway, &asked(not_shorter)).await?;
        is_timeout(&answer, Duration::from_millis(600), "rule");
    }
    Ok(())
}

#[tokio::test]
async fn a_header_sets_a_timeout_where_there_is_none() -> Result<()> {
    let (backend, gateway) = silent("", "").await?;
    let request = Request::get("/").header("x-envoy-upstream-rq-timeout-ms", "300");
    is_timeout(&timed(&gateway, &request).await?, SHORT, "header");
    let head = backend.last().head;
    let told: u64 = head.header("x-envoy-expected-rq-timeout-ms").unwrap_or("0").parse()?;
    assert!((1..=300).contains(&told), "the service is told how long it has: {told}");
    assert_eq!(head.header("x-envoy-upstream-rq-timeout-ms"), None);
    Ok(())
}

#[tokio::test]
async fn an_answer_in_time_is_not_touched() -> Result<()> {
    let (backend, gateway) = silent("timeout: 10s,", "").await?;
    backend.behave(Behaviour::Delay(SHORT));
    let (answer, took) = timed(&gateway, &Request::get("/")).await?;
    assert_eq!(answer.status, 200);
    assert!(took >= SHORT);
    let time: u64 = answer.header("x-envoy-upstream-service-time").unwrap_or("0").parse()?;
    assert!(time >= 300, "the service took {time} ms");
    Ok(())
}

#[tokio::test]
async fn adding_the_timeout_to_the_file_cures_the_next_request() -> Result<()> {
    let (_backend, gateway) = silent("", "").await?;
    let text = std::fs::read_to_string(gateway.folder.path().join(portico_tests::gateway::FILE))?;
    gateway.edit(&text.replace("  rules:", " timeout: 300ms, rules:")).await?;
    is_timeout(&timed(&gateway, &Request::get("/")).await?, SHORT, "rule `staff/0`");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_trickles_is_cut_at_the_deadline() -> Result<()> {
    let (backend, gateway) = silent("timeout: 300ms,", "").await?;
    backend.behave(Behaviour::Trickle(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
    let mut client = Client::connect(gateway.address).await?;
    let began = Instant::now();
    client.send(Request::get("/").bytes()).await?;
    let text = String::from_utf8(client.closed().await?)?;
    let took = began.elapsed();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(took >= SHORT && took < FAR, "{took:?}");
    gateway.log.says("did not answer within 300ms").await?;
    Ok(())
}

#[tokio::test]
async fn a_head_that_trickles_is_a_504_at_the_deadline() -> Result<()> {
    let (backend, gateway) = silent("timeout: 300ms,", "").await?;
    // Each byte of it would start a clock that counts silence only.
    backend.behave(Behaviour::Trickle(b"HTTP/1.1 200 OK\r\nx-endless: ".to_vec()));
    is_timeout(&timed(&gateway, &Request::get("/")).await?, SHORT, "rule `staff/0`");
    Ok(())
}

#[tokio::test]
async fn a_body_that_trickles_does_not_put_the_deadline_off() -> Result<()> {
    let (_backend, gateway) = silent("timeout: 300ms,", "").await?;
    let client = Client::connect(gateway.address).await?;
    let (mut reading, mut writing) = client.wire.stream.into_split();
    let began = Instant::now();
    let write = async {
        use tokio::io::AsyncWriteExt;
        writing.write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n").await?;
        while began.elapsed() < FAR {
            writing.write_all(b".").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::io::Result::Ok(())
    };
    let read = async {
        let mut wire = portico_tests::wire::Wire::new(&mut reading);
        wire.response("POST").await
    };
    let answer = tokio::select! {
        answer = read => answer?,
        ended = write => panic!("nothing ended it: {ended:?}"),
    };
    let took = began.elapsed();
    let answer = answer.expect("an answer");
    is_timeout(&(answer, took), SHORT, "rule `staff/0`");
    Ok(())
}

#[tokio::test]
async fn a_service_that_does_not_accept_in_time_is_given_up() -> Result<()> {
    // Addresses for documentation (RFC 5737) that nothing answers from, or that are refused.
    let text =
        configuration(&[], "  - { name: all, timeout: 300ms, rules: [{ backends: [web] }] }")
            .replace("services:\n  []", "services: [{ name: web, endpoints: ['192.0.2.1:80'] }]");
    let gateway = Gateway::start(&text).await?;
    let (answer, took) = timed(&gateway, &Request::get("/")).await?;
    assert!(matches!(answer.status, 503 | 504), "{}", answer.text());
    assert!(took < FAR, "{took:?}");
    Ok(())
}

#[tokio::test]
async fn an_informational_answer_does_not_stand_for_the_answer() -> Result<()> {
    let backend = Backend::start("web").await?;
    backend.behave(Behaviour::Trickle(b"HTTP/1.1 200 OK\r\nx-slow: ".to_vec()));
    let routes = "  - { name: web, timeout: 300ms, rules: [{ backends: [web] }] }";
    let gateway = Gateway::start(&configuration(&[("web", backend.address)], routes)).await?;
    let request = Request::new("POST", "/").header("expect", "100-continue").body(b"hello");
    let mut client = Client::connect(gateway.address).await?;
    client.send(request.bytes()).await?;
    let mut answer = client.answer().await?;
    while answer.status == 100 {
        answer = client.answer().await?;
    }
    assert_eq!((answer.status, answer.reason()), (504, "timeout"));
    Ok(())
}
