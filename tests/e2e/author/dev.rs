//! `portico plugin dev`: what is saved is served.

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Folder, Gateway, eventually, gateway::Log, get};

use super::{built, gateway, good, plugin};

/// Builds are slower than what tests wait for otherwise.
const PATIENCE: usize = 15;

#[tokio::test]
async fn a_change_of_the_source_is_served() -> Result<()> {
    let folder = Folder::new()?;
    let project = folder.path().join("live");
    let shown = project.to_str().context("its name is text")?;
    good(&["new", shown, "--lang", "rust"]).await?;
    if !built(shown).await? {
        return Ok(());
    }
    let backend = Backend::start("web").await?;
    let gateway = gateway(&project.join("build/live.wasm"), "", &backend).await?;
    let admin = gateway.admin.to_string();
    let mut dev = plugin(&["dev", shown, "--gateway", &admin])?.spawn()?;
    let said = Log::follow(dev.stdout.take().context("no standard output")?);
    let complained = Log::follow(dev.stderr.take().context("no standard error")?);
    says(&said, "serving as `own`").await?;

    let settings = "live/src/settings.rs";
    let source = std::fs::read_to_string(folder.path().join(settings))?;
    folder.replace(settings, &source.replace("\"hello\"", "\"changed\""))?;
    answers(&gateway, 200, Some("changed")).await?;

    folder.replace(settings, "this is not Rust")?;
    says(&complained, "cargo failed").await?;
    let kept = get(gateway.address, "/").await?;
    assert_eq!(kept.header("x-hello"), Some("changed"), "what ran before runs on");

    let refusing =
        source.replace("\"hello\".to_owned(), key: None", "String::new(), key: Some(\"k\".into())");
    assert_ne!(refusing, source, "the template has changed: so must this test");
    folder.replace(settings, &refusing)?;
    answers(&gateway, 401, None).await?;
    says(&said, "refused: no key").await?;
    Ok(())
}

/// Waits until the gateway answers so.
async fn answers(gateway: &Gateway, status: u16, greeting: Option<&str>) -> Result<()> {
    let mut last = Ok(());
    for _ in 0..PATIENCE {
        last = eventually(async || {
            let answer = get(gateway.address, "/").await?;
            let now = answer.header("x-hello").filter(|now| !now.is_empty());
            ensure!((answer.status, now) == (status, greeting), "{} {now:?}", answer.status);
            Ok(())
        })
        .await;
        if last.is_ok() {
            break;
        }
    }
    last
}

async fn says(log: &Log, text: &str) -> Result<String> {
    let mut last = log.says(text).await;
    for _ in 1..PATIENCE {
        if last.is_ok() {
            break;
        }
        last = log.says(text).await;
    }
    last.with_context(|| log.text())
}
