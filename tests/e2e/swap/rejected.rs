//! A configuration that cannot be used changes nothing, and is reported wherever a user looks.

use std::{fs::File, io::Write};

use anyhow::{Result, ensure};
use portico_tests::{
    Gateway, Load, Request, answering, eventually,
    gateway::{FILE, Setup},
    get,
};

/// `tiemout` on the fifth line.
const MISSPELT: &str = "listeners: [{ name: web, address: '127.0.0.1:0' }]
routes:
  - name: all
    rules:
      - tiemout: 1s
        filters: [{ respond: { body: two } }]
";

#[tokio::test]
async fn a_bad_file_is_reported_everywhere_and_changes_nothing() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    gateway.folder.replace(FILE, MISSPELT)?;
    let rejected = gateway.rejects().await?;
    let problem = &rejected["diagnostics"][0];
    assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(5), Some(9)));
    assert!(problem.to_string().contains("tiemout"), "{problem}");
    assert!(problem.to_string().contains("timeout"), "did you mean: {problem}");
    assert_eq!(rejected["origin"], "file");
    gateway.log.says("unknown field `tiemout`").await?;
    gateway.log.says("portico.yaml:5:9").await?;

    assert_eq!(get(gateway.address, "/").await?.text(), "one");
    assert_eq!(get(gateway.admin, "/readyz").await?.status, 200);
    assert_eq!(gateway.generation().await?, 1);
    Ok(())
}

#[tokio::test]
async fn correcting_the_file_clears_the_rejection() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    for correct in ["two", "one"] {
        gateway.folder.replace(FILE, MISSPELT)?;
        gateway.rejects().await?;
        // The second time to what runs already.
        gateway.folder.replace(FILE, &answering("two"))?;
        eventually(async || {
            ensure!(gateway.rejected().await?.is_null(), "still rejected, not {correct}");
            Ok(())
        })
        .await?;
        assert_eq!(get(gateway.address, "/").await?.text(), "two");
    }
    assert_eq!(gateway.generation().await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_half_written_is_not_served() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    let load = Load::start(gateway.address, 2, Request::get("/"), |_| Ok(()));
    let text = answering("two");
    // Within the word `routes`, which makes another word of it.
    let (first, second) = text.split_at(text.find("routes").unwrap() + 3);
    let mut file = File::create(gateway.folder.path().join(FILE))?;
    file.write_all(first.as_bytes())?;
    file.flush()?;
    gateway.rejects().await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "one");
    file.write_all(second.as_bytes())?;
    drop(file);
    gateway.after(1).await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "two");
    load.stop().await?.without_failure()
}

/// Half a file may be a configuration of its own. Its writer has not closed it, so nothing says
/// that it is meant; a change elsewhere in the folder must not bring it in either.
#[tokio::test]
async fn half_a_file_that_could_be_served_waits_for_its_writer() -> Result<()> {
    let text = answering("one");
    let gateway = Gateway::start(&text).await?;
    let mut file = File::create(gateway.folder.path().join(FILE))?;
    file.write_all(answering("half").as_bytes())?;
    file.flush()?;
    // Longer than any event takes; shorter than the two looks that stand in for events.
    let served = within_a_second(&gateway).await?;
    assert_eq!(served, "one");
    file.write_all(b"# and the rest\n")?;
    drop(file);
    gateway.after(1).await?;
    assert_eq!(get(gateway.address, "/").await?.text(), "half");
    Ok(())
}

/// What is served until a second has passed, or as soon as it is not `one`.
async fn within_a_second(gateway: &Gateway) -> Result<String> {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    loop {
        let text = get(gateway.address, "/").await?.text();
        if text != "one" || tokio::time::Instant::now() > end {
            return Ok(text);
        }
    }
}

#[tokio::test]
async fn whatever_a_file_holds_the_gateway_serves_on() -> Result<()> {
    let gateway = Gateway::start(&answering("one")).await?;
    let shapes: [&[u8]; 6] = [
        b"\xff\xfe not text",
        b"listeners: [",
        b"- a list",
        b"a: &a [*a, *a]",
        b"listeners: [{ name: web, address: 'nowhere' }]",
        b"listeners: [{ name: web, address: '127.0.0.1:0' }]\n--- \nsecond: document\n",
    ];
    for shape in shapes {
        std::fs::write(gateway.folder.path().join(FILE), shape)?;
        let shown = shape.escape_ascii().to_string();
        let rejected = gateway.rejects().await?;
        assert!(rejected["diagnostics"][0]["message"].is_string(), "{shown}");
        assert_eq!(get(gateway.address, "/").await?.text(), "one", "{shown}");
        gateway.folder.replace(FILE, &answering("one"))?;
        eventually(async || {
            ensure!(gateway.rejected().await?.is_null(), "still rejected after {shown}");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_file_at_the_start_ends_with_every_problem() -> Result<()> {
    let setup = Setup::file(&MISSPELT.replace("name: all", "nmae: all"))?;
    let error = setup.start().await.err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(error.contains("tiemout") && error.contains("nmae"), "{error}");
    Ok(())
}
