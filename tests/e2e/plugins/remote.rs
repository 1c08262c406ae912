//! Modules that come over the network.

use anyhow::{Result, ensure};
use portico_tests::{Backend, Behaviour, eventually, get};
use sha2::{Digest, Sha256};

use super::{stamp, start, status, with_plugins};

const ROUTE: &str = "  - { name: all, filters: [{ plugin: stamp }], rules: [{ backends: [web] }] }";

fn served(module: &[u8]) -> Behaviour {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", module.len()).into_bytes();
    answer.extend_from_slice(module);
    Behaviour::Answer(answer)
}

fn plugin(server: &Backend, module: &[u8]) -> String {
    let digest: String = Sha256::digest(module).iter().map(|byte| format!("{byte:02x}")).collect();
    let url = format!("http://{}/stamp.wasm", server.address);
    format!(
        "  - {{ name: stamp, url: '{url}', digest: 'sha256:{digest}', configuration: fetched }}"
    )
}

#[tokio::test]
async fn a_module_from_a_web_server_serves_if_it_is_the_one_that_is_pinned() -> Result<()> {
    let (web, server) = (Backend::start("web").await?, Backend::start("modules").await?);
    let module = stamp(7)?;
    server.behave(served(&module));
    let text = with_plugins(web.address, &plugin(&server, &module), ROUTE);
    let gateway = start(&[], &text).await?;
    assert_eq!(get(gateway.address, "/").await?.header("x-stamp"), Some("fetched"));
    let other = with_plugins(web.address, &plugin(&server, b"something else"), ROUTE);
    let answer = gateway.put(&other).await?;
    ensure!(answer.status == 422 && answer.text().contains("digest"), "{}", answer.text());
    assert_eq!(get(gateway.address, "/").await?.header("x-stamp"), Some("fetched"));
    Ok(())
}

#[tokio::test]
async fn a_module_that_is_late_is_applied_when_it_arrives() -> Result<()> {
    let (web, server) = (Backend::start("web").await?, Backend::start("modules").await?);
    let module = stamp(8)?;
    server.behave(Behaviour::Answer(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".into()));
    let plain = "  - { name: all, rules: [{ backends: [web] }] }";
    let gateway = start(&[], &with_plugins(web.address, "  []", plain)).await?;
    let text = with_plugins(web.address, &plugin(&server, &module), ROUTE);
    let refused = gateway.put(&text).await?;
    ensure!(refused.status == 422 && refused.text().contains("tried again"), "{}", refused.text());
    assert_eq!(get(gateway.address, "/").await?.header("x-stamp"), None);
    server.behave(served(&module));
    eventually(async || {
        let stamp = get(gateway.address, "/").await?.header("x-stamp").map(str::to_owned);
        ensure!(stamp.as_deref() == Some("fetched"), "{stamp:?}");
        Ok(())
    })
    .await?;
    assert_eq!(status(&gateway, "stamp").await?.len(), 1);
    Ok(())
}
