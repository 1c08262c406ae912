//! The admin API: who may change what, and how to go back.

use std::os::unix::fs::PermissionsExt;

use anyhow::Result;
use portico_tests::{Folder, Gateway, Request, answering, command, eventually, gateway::Log, get};
use serde_json::Value;

const PUT: &str = "/api/v1/configuration";
const ROLLBACK: &str = "/api/v1/configuration/rollback";

#[tokio::test]
async fn changes_need_the_token() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    let body = answering("two");
    for (method, target) in [
        ("PUT", PUT),
        ("POST", ROLLBACK),
        ("POST", "/api/v1/configuration/reload"),
        ("GET", "/api/v1/configuration/text"),
    ] {
        let request = Request::new(method, target).body(body.as_bytes());
        for authorization in [None, Some("Bearer wrong"), Some("Bearer "), Some("Basic YTpi")] {
            let request = match authorization {
                Some(value) => request.clone().header("authorization", value),
                None => request.clone(),
            };
            let answer = request.send(gateway.admin).await?;
            assert_eq!(answer.status, 401, "{method} {target} {authorization:?}");
            assert!(answer.header("www-authenticate").is_some());
        }
    }
    assert_eq!(get(gateway.address, "/").await?.text(), "one");
    assert_eq!(gateway.generation().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_put_serves_when_it_is_answered() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    for number in 2..12 {
        let body = format!("body {number}");
        assert_eq!(gateway.apply(&answering(&body)).await?, number);
        let answer = get(gateway.address, "/").await?;
        assert_eq!((answer.text(), answer.generation()?), (body, number));
    }
    let text = gateway.authorized(Request::get("/api/v1/configuration/text")).await?;
    assert_eq!(text.text(), answering("body 11"));
    Ok(())
}

#[tokio::test]
async fn a_bad_put_is_answered_with_every_problem() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    let answer = gateway.put("listners: []\nroutes: [{ name: a, rules: [{ backends: [b] }] }]\n");
    let answer = answer.await?;
    assert_eq!(answer.status, 422);
    let body: Value = serde_json::from_slice(&answer.body)?;
    let problems = body["diagnostics"].as_array().map_or(0, Vec::len);
    assert!(problems >= 2, "{body}");
    assert!(answer.text().contains("listeners"), "did you mean: {body}");
    assert_eq!(get(gateway.address, "/").await?.text(), "one");
    assert_eq!(gateway.generation().await?, 1);
    assert_eq!(gateway.rejected().await?["origin"], "admin");
    Ok(())
}

#[tokio::test]
async fn one_call_rolls_back() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    let unknown = gateway.authorized(Request::new("POST", ROLLBACK)).await?;
    assert_eq!(unknown.status, 404, "there is nothing before the first");
    gateway.apply(&answering("two")).await?;
    gateway.apply(&answering("three")).await?;

    let answer = gateway.authorized(Request::new("POST", ROLLBACK)).await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = get(gateway.address, "/").await?;
    assert_eq!((answer.text().as_str(), answer.generation()?), ("two", 4));

    let to = Request::new("POST", &format!("{ROLLBACK}?to=1"));
    assert_eq!(gateway.authorized(to).await?.status, 200);
    let answer = get(gateway.address, "/").await?;
    assert_eq!((answer.text().as_str(), answer.generation()?), ("one", 5));

    let unknown = Request::new("POST", &format!("{ROLLBACK}?to=99"));
    assert_eq!(gateway.authorized(unknown).await?.status, 404);
    let shown = gateway.read("/api/v1/configuration").await?;
    assert_eq!(shown["running"]["generation"], 5);
    assert_eq!(shown["running"]["origin"], "rollback to 1");
    let numbers = shown["history"].as_array().into_iter().flatten();
    let numbers = numbers.filter_map(|own| own["generation"].as_u64()).collect::<Vec<_>>();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    Ok(())
}

#[tokio::test]
async fn without_a_token_one_is_made_that_only_its_user_can_read() -> Result<()> {
    let folder = Folder::new()?;
    let config = folder.write("portico.yaml", &answering("one"))?;
    let mut command = command::command(&folder)?;
    command.arg("run").arg("--config").arg(&config).args(["--admin", "127.0.0.1:0"]);
    let mut process = command.spawn()?;
    let banner = Log::follow(process.stdout.take().expect("it is piped"));
    let admin = banner.says("admin API").await?;
    let port: u16 = admin.rsplit(':').next().unwrap_or_default().parse()?;
    let file = folder.path().join(format!("runtime/portico/admin-token-{port}"));
    assert_eq!(file.metadata()?.permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&file)?;
    let request = Request::new("PUT", PUT).body(answering("two").as_bytes());
    let request = request.header("authorization", &format!("Bearer {token}"));
    let answer = eventually(async || request.send(([127, 0, 0, 1], port).into()).await).await?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!banner.text().contains(token.trim()), "the banner shows the token");
    process.kill().await?;
    Ok(())
}
