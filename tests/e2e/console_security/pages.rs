//! What browsers get.

use anyhow::{Context, Result};
use portico_tests::Request;

use super::Guarded;

#[tokio::test]
async fn every_answer_has_the_headers_that_browsers_need() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    for (request, status) in [
        (Request::get("/").header("accept", "text/html"), 200),
        (Request::get("/"), 200),
        (Request::get("/help"), 200),
        (Request::get("/readyz"), 200),
        (Request::get("/metrics"), 200),
        (Request::get("/api/v1/status"), 200),
        (Request::get("/api/v1/configuration/text"), 401),
        (Request::get("/api/v1/nothing"), 404),
        (Request::get("/assets/nothing.js"), 404),
        (Request::new("POST", "/api/v1/nothing"), 404),
        (Request::new("POST", "/api/v1/configuration/reload"), 401),
    ] {
        let answer = gateway.ask(request.clone()).await?;
        assert_eq!(answer.status, status, "{request:?}");
        let policy = answer.header("content-security-policy").context("no policy")?;
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{request:?}");
        }
        assert!(answer.header("permissions-policy").is_some());
        let is_page = answer.header("content-type") == Some("text/html; charset=utf-8");
        let cache = if is_page { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), Some(cache), "{request:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    Ok(())
}

/// With or without the console in the program.
#[tokio::test]
async fn browsers_get_a_page_and_everybody_else_the_list_of_calls() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    for request in [Request::get("/"), Request::get("/help")] {
        let help = gateway.ask(request).await?;
        assert!(help.text().contains("/api/v1/session"), "{}", help.text());
        assert_eq!(help.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    let html = Request::get("/").header("accept", "text/html,*/*;q=0.8");
    let page = gateway.ask(html.clone()).await?;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text().starts_with("<!doctype html>"), "{}", page.text());
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let Some(etag) = page.header("etag") else {
        assert!(page.text().contains("Node.js 20.19") && page.text().contains("make build"));
        return Ok(());
    };
    let same = gateway.ask(html.clone().header("if-none-match", etag)).await?;
    assert_eq!((same.status, same.body.len()), (304, 0));
    let zipped = gateway.ask(html.header("accept-encoding", "gzip")).await?;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    Ok(())
}
