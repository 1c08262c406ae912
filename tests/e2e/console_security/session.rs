//! Signing in and out.

use anyhow::{Context, Result};
use portico_tests::{Request, gateway::TOKEN};
use serde_json::{Value, json};

use super::{Guarded, Session, VIEWER, refused};

const SESSION: &str = "/api/v1/session";
const RELOAD: &str = "/api/v1/configuration/reload";

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_runs_as_the_gateways_user_is_signed_in() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    let before: Value = serde_json::from_slice(&gateway.ask(Request::get(SESSION)).await?.body)?;
    assert_eq!(before["role"], "none");
    assert_eq!(before["sign_in"], "automatic");
    assert_eq!(before["csrf"], Value::Null);

    let session = gateway.sign_in("").await?;
    assert_eq!(session.told["role"], "operator");
    assert_eq!(session.told["name"], "local");
    assert_eq!(session.told["hint"], Value::Null);
    let name = format!("portico_session_{}=", gateway.admin.port());
    assert!(session.cookie.starts_with(&name), "{}", session.cookie);
    let attributes = "Path=/api/v1; HttpOnly; SameSite=Strict; Max-Age=43200";
    assert_eq!(session.attributes, attributes);

    let again = gateway.ask(Request::get(SESSION).header("cookie", &session.cookie)).await?;
    let again: Value = serde_json::from_slice(&again.body)?;
    assert_eq!(again, session.told);
    assert_eq!(gateway.post(RELOAD, "", Some(&session)).await?.status, 200);

    let out = session.put_into(Request::new("DELETE", SESSION));
    let out = gateway.ask(out).await?;
    assert!(out.header("set-cookie").context("no cookie")?.contains("Max-Age=0"));
    refused(&gateway.post(RELOAD, "", Some(&session)).await?, 401)?;
    Ok(())
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    let session = gateway.sign_in(&json!({ "token": TOKEN }).to_string()).await?;
    let plain = || Request::new("POST", RELOAD).header("cookie", &session.cookie);
    let sentence = refused(&gateway.ask(plain()).await?, 403)?;
    assert!(sentence.contains("x-portico-csrf"), "{sentence}");
    let wrong = plain().header("x-portico-csrf", &"0".repeat(64));
    refused(&gateway.ask(wrong).await?, 403)?;
    // Another service of this host, and another site: browsers send the cookie for the first.
    let port = gateway.admin.port();
    for (name, value) in [
        ("origin", "http://localhost:30080".to_owned()),
        ("origin", "https://evil.example".to_owned()),
        ("origin", "null".to_owned()),
        ("sec-fetch-site", "same-site".to_owned()),
        ("sec-fetch-site", "cross-site".to_owned()),
    ] {
        let foreign = session.put_into(Request::new("POST", RELOAD));
        let foreign = foreign.host(&format!("localhost:{port}")).header(name, &value);
        let sentence = refused(&gateway.ask(foreign).await?, 403)?;
        assert!(sentence.contains("another origin"), "{name}: {value}: {sentence}");
    }
    assert_eq!(gateway.post(RELOAD, "", Some(&session)).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn nobody_else_is_signed_in_by_themselves() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    let sign_in = || Request::new("POST", SESSION);
    for (request, status) in [
        (sign_in().host("evil.example"), 401),
        (sign_in().host("192.0.2.1:31000"), 401),
        (sign_in().header("origin", "https://evil.example"), 403),
        (sign_in().header("origin", "http://localhost:30080"), 403),
        (sign_in().header("sec-fetch-site", "same-site"), 403),
        (sign_in().header("x-forwarded-for", "192.0.2.7"), 401),
        (sign_in().header("authorization", "Bearer wrong"), 401),
        (sign_in().body(b"{\"token\": \"wrong\"}"), 401),
        (sign_in().body(b"{\"code\": \"wrong\"}"), 401),
        (sign_in().body(b"{\"tokken\": \"\"}"), 400),
        (sign_in().body(b"[]"), 400),
    ] {
        let answer = gateway.ask(request.clone()).await?;
        refused(&answer, status).with_context(|| format!("{request:?}"))?;
        assert_eq!(answer.header("set-cookie"), None, "{request:?}");
    }
    let big = sign_in().body(" ".repeat(5_000).as_bytes());
    assert_eq!(gateway.ask(big).await?.status, 413);
    Ok(())
}

#[tokio::test]
async fn without_automatic_sign_in_a_link_is_printed_that_works_once() -> Result<()> {
    let gateway = Guarded::local(&["--no-auto-sign-in"]).await?;
    let told: Value = serde_json::from_slice(&gateway.ask(Request::get(SESSION)).await?.body)?;
    assert_eq!(told["sign_in"], "token");
    assert!(told["hint"].as_str().context("no hint")?.contains("link"), "{told}");
    refused(&gateway.post(SESSION, "", None).await?, 401)?;

    let line = gateway.banner.find("#/sign-in/").context("no link")?;
    let code = line.split("#/sign-in/").nth(1).and_then(|rest| rest.split(' ').next());
    let body = json!({ "code": code.context("no code")? }).to_string();
    let session = gateway.sign_in(&body).await?;
    assert_eq!(gateway.post(RELOAD, "", Some(&session)).await?.status, 200);
    let sentence = refused(&gateway.post(SESSION, &body, None).await?, 401)?;
    assert!(sentence.contains("has been used"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn a_token_begins_a_session_of_its_role() -> Result<()> {
    let gateway = Guarded::local(&["--no-auto-sign-in"]).await?;
    for (token, role) in [(TOKEN, "operator"), (VIEWER, "viewer")] {
        let session = gateway.sign_in(&json!({ "token": token }).to_string()).await?;
        assert_eq!(session.told["role"], role);
        assert_eq!(session.told["name"], format!("{role} token"));
        let status = if role == "operator" { 200 } else { 403 };
        assert_eq!(gateway.post(RELOAD, "", Some(&session)).await?.status, status, "{role}");
    }
    Ok(())
}

#[tokio::test]
async fn guessing_is_limited() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    let signed_in = gateway.sign_in(&json!({ "token": TOKEN }).to_string()).await?;
    let mut wrong = 0;
    let limited = loop {
        let answer = gateway.post(SESSION, "{\"token\": \"guess\"}", None).await?;
        if answer.status != 401 {
            break answer;
        }
        wrong += 1;
    };
    // A slow machine may have earned one more meanwhile.
    assert!((10..20).contains(&wrong), "{wrong}");
    refused(&limited, 429)?;
    assert!(limited.header("retry-after").context("when?")?.parse::<u32>()? >= 1);
    // Who is in stays in.
    assert_eq!(gateway.post(RELOAD, "", Some(&signed_in)).await?.status, 200);
    Ok(())
}

/// The cookie of one gateway is nothing to another one.
#[tokio::test]
async fn sessions_belong_to_their_gateway() -> Result<()> {
    let [one, other] = [Guarded::local(&[]).await?, Guarded::local(&[]).await?];
    let session: Session = one.sign_in(&json!({ "token": TOKEN }).to_string()).await?;
    let value = session.cookie.split_once('=').context("no value")?.1;
    let cookie = format!("portico_session_{}={value}", other.admin.port());
    let foreign = Session { cookie, ..session };
    refused(&other.post(RELOAD, "", Some(&foreign)).await?, 401)?;
    Ok(())
}
