//! The author's loop: each template is made, built, looked into, tried on a table of requests and
//! run in a gateway; then its source changes, and the gateway follows.
//!
//! The tools of four languages are needed. `portico plugin build --install` gets what it can; where
//! a language is still missing, its test says so and does nothing.

mod dev;
mod templates;

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use portico_tests::{Backend, Gateway, Setup, command::program, configuration::LISTENERS};
use tokio::{process::Command, time::timeout};

/// A first build compiles an SDK, perhaps a standard library, on a machine that is busy with other
/// tests.
const BUILD: Duration = Duration::from_secs(600);

/// What a run of `portico plugin` left.
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

/// The exit code that says that a language's tools are missing.
const UNAVAILABLE: i32 = 69;

/// `portico plugin …` with the tools and caches of whoever runs the tests.
fn plugin(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(program()?);
    // Cargo sets these for tests, and a build of something else should not see them.
    let of_cargo = std::env::vars_os().filter_map(|(name, _)| {
        let shown = name.to_str()?;
        (shown.starts_with("CARGO_PKG_") || shown.starts_with("CARGO_MANIFEST")).then_some(name)
    });
    of_cargo.for_each(|name| {
        command.env_remove(name);
    });
    command
        .arg("plugin")
        .args(arguments)
        // A template's artifacts go with its folder.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

async fn run(arguments: &[&str]) -> Result<Done> {
    let output = timeout(BUILD, plugin(arguments)?.output()).await;
    let output = output.with_context(|| format!("{arguments:?} takes too long"))??;
    Ok(Done {
        code: output.status.code().context("ended by a signal")?,
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

/// Runs it to a good end, and answers what it says.
async fn good(arguments: &[&str]) -> Result<String> {
    let Done { code, stdout, stderr } = run(arguments).await?;
    ensure!(code == 0, "{arguments:?} ended with {code}: {stdout}{stderr}");
    Ok(stdout)
}

/// Builds a template's folder. False: its language's tools are missing, which has been said.
#[expect(clippy::print_stderr, reason = "who runs the tests should know what was not tested")]
async fn built(folder: &str) -> Result<bool> {
    let Done { code, stdout, stderr } = run(&["build", "--install", folder]).await?;
    if code == UNAVAILABLE {
        eprintln!("skipped: {}", stderr.lines().last().unwrap_or_default());
        return Ok(false);
    }
    ensure!(code == 0, "the build ended with {code}: {stdout}{stderr}");
    Ok(true)
}

/// A gateway whose only plugin is this module.
async fn gateway(module: &Path, configuration: &str, backend: &Backend) -> Result<Gateway> {
    let configuration = configuration.replace('\n', "\n      ");
    let text = format!(
        "{LISTENERS}services: [{{ name: web, endpoints: ['{}'] }}]
plugins:
  - name: own
    file: {}
    limits: {{ cpu: 500ms }}
    configuration: |
      {configuration}
routes: [{{ name: all, filters: [{{ plugin: own }}], rules: [{{ backends: [web] }}] }}]
",
        backend.address,
        module.display()
    );
    Setup::file(&text)?.with(&["--workers", "1"]).start().await
}
