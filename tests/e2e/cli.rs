//! The command line: what it says, and the exit codes that scripts rely on.

use anyhow::{Context, Result, ensure};
use portico_config::Source;
use portico_tests::{
    Folder, Gateway, answering,
    command::{portico, repository},
};
use serde_json::Value;

const BAD: &str = "listeners: [{ name: web, address: nowhere }]
services: [{ name: web, endpoints: ['127.0.0.1:1'] }]
routes:
  - name: all
    tiemout: 1s
    rules: [{ backends: [wbe] }]
";

const GOOD: &str = "listeners: [{ name: web, address: '0.0.0.0:30080' }]
services: [{ name: web, endpoints: ['127.0.0.1:1'] }, { name: canary, endpoints: ['127.0.0.1:2'] }]
routes:
  - name: fleet
    hosts: [fleet.local]
    timeout: 2s
    rules:
      - name: canary
        matches: [{ path: { prefix: /api }, headers: { x-my-header: canary } }]
        backends: [canary]
      - name: stable
        matches: [{ path: { prefix: /api } }]
        backends: [web]
";

#[tokio::test]
async fn check_says_everything_that_is_wrong() -> Result<()> {
    let folder = Folder::new()?;
    let bad = folder.write("bad.yaml", BAD)?.display().to_string();
    let run = portico(&folder, &["check", &bad]).await?;
    assert_eq!(run.code, 64);
    for said in ["bad.yaml:1:", "nowhere", "bad.yaml:5:5", "`timeout`", "wbe", "3 errors"] {
        assert!(run.stderr.contains(said), "`{said}` is not said:\n{}", run.stderr);
    }
    let run = portico(&folder, &["check", "--json", &bad]).await?;
    let lines = run.stdout.lines().map(serde_json::from_str::<Value>);
    let problems = lines.collect::<Result<Vec<_>, _>>()?;
    assert_eq!((run.code, problems.len()), (64, 3), "{}", run.stdout);

    let good = folder.write("good.yaml", GOOD)?.display().to_string();
    let run = portico(&folder, &["check", &good]).await?;
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("good.yaml: good, 1 routes"), "{}", run.stdout);
    let run = portico(&folder, &["check", &good, "/no/such/file.yaml"]).await?;
    assert_eq!(run.code, 64);
    assert!(run.stderr.contains("/no/such/file.yaml"), "{}", run.stderr);
    Ok(())
}

#[tokio::test]
async fn run_refuses_what_check_refuses() -> Result<()> {
    let folder = Folder::new()?;
    let bad = folder.write("bad.yaml", BAD)?.display().to_string();
    let run = portico(&folder, &["run", "--config", &bad, "--admin", "off"]).await?;
    assert_eq!(run.code, 64);
    assert!(run.stderr.contains("bad.yaml:5:5"), "{}", run.stderr);
    assert_eq!(run.stdout, "", "no banner");
    Ok(())
}

#[tokio::test]
async fn explain_says_who_takes_it_and_who_loses() -> Result<()> {
    let folder = Folder::new()?;
    let good = folder.write("good.yaml", GOOD)?.display().to_string();
    let ask = async |arguments: &[&str]| {
        let all = [&["explain", "--config", &good], arguments].concat();
        portico(&folder, &all).await
    };
    let canary = ["GET", "http://fleet.local/api/x", "-H", "x-my-header: canary"];
    let run = ask(&canary).await?;
    assert_eq!(run.code, 0, "{}", run.stderr);
    for said in ["`fleet/canary`", "127.0.0.1:2", "2s", "`fleet/stable`"] {
        assert!(run.stdout.contains(said), "`{said}` is not said:\n{}", run.stdout);
    }
    let run = ask(&["GET", "http://fleet.local/api/x"]).await?;
    assert!(run.stdout.contains("`fleet/stable`"), "{}", run.stdout);
    assert!(run.stdout.contains("x-my-header"), "why the other lost: {}", run.stdout);
    let run = ask(&["GET", "http://other.local/"]).await?;
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("no route has this host"), "{}", run.stdout);
    for nonsense in [&["GE T", "http://a/"][..], &["GET", "::"], &["GET", "http://a/", "-H", "x"]] {
        assert_eq!(ask(nonsense).await?.code, 64, "{nonsense:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_admin_api_explains_the_same() -> Result<()> {
    let gateway = Gateway::start(&GOOD.replace("0.0.0.0:30080", "127.0.0.1:0")).await?;
    let target = "/api/v1/explain?method=GET&url=http%3A%2F%2Ffleet.local%2Fapi\
                  &header=x-my-header%3A%20canary";
    let answer = gateway.read(target).await?;
    assert_eq!(answer["found"], true);
    assert!(
        answer["text"].as_str().is_some_and(|text| text.contains("`fleet/canary`")),
        "{answer}"
    );
    assert_eq!(answer["rule"]["rule"], "canary");
    assert!(answer["rule"]["line"].is_u64() && answer["listener"]["line"] == 1, "{answer}");
    assert_eq!(answer["backends"][0]["share"], "all");
    let path = gateway.read("/api/v1/explain?url=/api/staff").await?;
    assert!(path["answer"] == "404 no_route" && path["notes"][0].is_string(), "{path}");
    let missing = portico_tests::get(gateway.admin, "/api/v1/explain?method=GET").await?;
    assert_eq!(missing.status, 400);
    Ok(())
}

#[tokio::test]
async fn schema_is_the_one_that_editors_use() -> Result<()> {
    let run = portico(&Folder::new()?, &["schema"]).await?;
    let committed = std::fs::read_to_string(repository().join("config/schema.json"))?;
    assert_eq!(run.code, 0);
    assert_eq!(run.stdout.trim_end(), committed.trim_end());
    Ok(())
}

#[tokio::test]
async fn version_and_help_are_worth_reading() -> Result<()> {
    let folder = Folder::new()?;
    let run = portico(&folder, &["version"]).await?;
    assert!(run.code == 0 && run.stdout.starts_with("portico "), "{}", run.stdout);
    assert!(run.stdout.contains("proxy-wasm"), "{}", run.stdout);
    let run = portico(&folder, &["--help"]).await?;
    assert_eq!(run.code, 0);
    for command in ["run", "check", "explain", "schema", "health", "version", "Examples:"] {
        assert!(run.stdout.contains(command), "{command}");
    }
    Ok(())
}

#[tokio::test]
async fn wrong_usage_is_64() -> Result<()> {
    let folder = Folder::new()?;
    for usage in [
        &["run", "--no-such-flag"][..],
        &["run", "--workers", "0"],
        &["run", "--admin", "nowhere"],
        &["run", "--drain-delay", "soon"],
        &["no-such-command"],
        &["check"],
        &["explain", "GET"],
    ] {
        let run = portico(&folder, usage).await?;
        assert_eq!(run.code, 64, "{usage:?}");
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{usage:?}");
    }
    Ok(())
}

#[tokio::test]
async fn health_asks_a_running_gateway() -> Result<()> {
    let gateway = Gateway::start(&answering("ok")).await?;
    let admin = gateway.admin.to_string();
    let run = portico(&gateway.folder, &["health", "--admin", &admin]).await?;
    assert_eq!(run.code, 0, "{}", run.stderr);
    drop(gateway);
    let folder = Folder::new()?;
    let nobody = portico_tests::Backend::refusing()?.address.to_string();
    let run = portico(&folder, &["health", "--admin", &nobody]).await?;
    assert_eq!(run.code, 1);
    assert!(!run.stderr.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_configuration_that_ships_is_good() -> Result<()> {
    let run = portico(&Folder::new()?, &["check", "config/default.yaml"]).await?;
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    Ok(())
}

/// What stands between fences for YAML.
fn blocks(text: &str) -> Vec<String> {
    let fenced = text.split("\n```yaml").skip(1);
    let fenced = fenced.filter_map(|rest| rest.split_once('\n')?.1.split_once("\n```"));
    fenced.map(|(block, _)| format!("{block}\n")).collect()
}

#[test]
fn configurations_in_the_readme_are_good() -> Result<()> {
    let path = repository().join("README.md");
    let text = std::fs::read_to_string(&path).context("README.md")?;
    let blocks = blocks(&text);
    let whole = blocks.iter().filter(|block| block.starts_with("listeners:"));
    let mut checked = 0;
    for block in whole {
        let source =
            Source { name: "README.md".to_owned(), folder: repository(), text: block.clone() };
        let loaded = portico_config::load(&[source]);
        let problems = loaded.diagnostics.iter().map(ToString::to_string).collect::<String>();
        ensure!(loaded.config.is_some(), "{block}\n{problems}");
        checked += 1;
    }
    ensure!(checked > 0, "no YAML block of README.md is a whole configuration");
    Ok(())
}
