//! What each role may do, on this machine and off it.

use anyhow::Result;
use portico_tests::{Folder, Request, gateway::TOKEN};

use super::{Guarded, VIEWER, bearer, refused};

const ANYWHERE: [&str; 2] = ["--admin", "0.0.0.0:0"];

/// Calls that change something, and calls that tell what may be secret.
fn privileged() -> Vec<Request> {
    let change = |method, target| Request::new(method, target);
    vec![
        change("PUT", "/api/v1/configuration").body(b"listeners: []"),
        change("POST", "/api/v1/configuration/reload"),
        change("POST", "/api/v1/configuration/rollback"),
        change("POST", "/api/v1/plugins/none/promote"),
        change("GET", "/api/v1/configuration/text"),
        change("GET", "/api/v1/tap?bodies=10"),
        change("GET", "/api/v1/audit"),
    ]
}

const READS: [&str; 4] =
    ["/metrics", "/api/v1/status", "/api/v1/configuration", "/api/v1/requests"];

#[tokio::test]
async fn viewers_read_and_change_nothing() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    for request in privileged() {
        let sentence = refused(&gateway.ask(bearer(request.clone(), VIEWER)).await?, 403)?;
        assert!(sentence.contains("role operator"), "{request:?}: {sentence}");
        refused(&gateway.ask(request).await?, 401)?;
    }
    let text = bearer(Request::get("/api/v1/configuration/text"), TOKEN);
    assert!(gateway.ask(text).await?.text().contains("listeners"));
    Ok(())
}

#[tokio::test]
async fn reads_are_open_here_but_not_by_other_names_nor_with_wrong_tokens() -> Result<()> {
    let gateway = Guarded::local(&[]).await?;
    for target in READS {
        assert_eq!(gateway.ask(Request::get(target)).await?.status, 200, "{target}");
        let rebound = Request::get(target).host("evil.example");
        refused(&gateway.ask(rebound).await?, 401)?;
        let embedded = Request::get(target).header("sec-fetch-site", "cross-site");
        refused(&gateway.ask(embedded).await?, 401)?;
    }
    refused(&gateway.ask(bearer(Request::get("/metrics"), "wrong")).await?, 401)?;
    assert_eq!(gateway.ask(bearer(Request::get("/metrics"), VIEWER)).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn off_this_machine_everything_needs_a_token_but_health_checks() -> Result<()> {
    let tokens = [("PORTICO_ADMIN_TOKEN", TOKEN), ("PORTICO_VIEWER_TOKEN", VIEWER)];
    let gateway = Guarded::start(Folder::new()?, &ANYWHERE, &tokens).await?;
    for target in ["/healthz", "/readyz", "/help"] {
        assert_eq!(gateway.ask(Request::get(target)).await?.status, 200, "{target}");
    }
    for target in READS {
        refused(&gateway.ask(Request::get(target)).await?, 401)?;
        for token in [VIEWER, TOKEN] {
            let asked = gateway.ask(bearer(Request::get(target), token)).await?;
            assert_eq!(asked.status, 200, "{target}");
        }
    }
    // Nobody is signed in by themselves there, not even from this machine.
    refused(&gateway.post("/api/v1/session", "", None).await?, 401)?;
    assert!(!gateway.banner.text().contains("sign-in"));
    gateway.log.says("speak TLS").await?;
    Ok(())
}

/// As examples/kubernetes does without its secret.
#[tokio::test]
async fn without_keys_health_checks_are_answered_and_nothing_else() -> Result<()> {
    let gateway = Guarded::start(Folder::new()?, &ANYWHERE, &[]).await?;
    assert_eq!(gateway.ask(Request::get("/readyz")).await?.status, 200);
    for request in READS.map(Request::get).into_iter().chain(privileged()) {
        let sentence = refused(&gateway.ask(request).await?, 403)?;
        assert!(sentence.contains("PORTICO_ADMIN_TOKEN"), "{sentence}");
    }
    gateway.log.says("nothing but health checks").await?;
    Ok(())
}
