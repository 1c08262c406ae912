//! What builds filters: a file for each language, which finds the tools, runs them with their
//! output visible, and says exactly what to install where they are missing.

pub(super) mod assemblyscript;
pub(super) mod cpp;
pub(super) mod go;
pub(super) mod rust;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use super::Problem;

/// Runs a tool to its end. What it says goes to standard error, so that standard output has the
/// results of this program only.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| Problem::Missing(format!("`{name}` cannot be run: {error}")))?;
    anyhow::ensure!(status.success(), "`{name}` failed: {status}");
    Ok(())
}

/// What a tool says of itself, if it is there and well.
fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said = output.status.success().then_some(output.stdout)?;
    Some(String::from_utf8_lossy(&said).trim().to_owned())
}

/// Where tools of this user are kept that Portico got.
fn cache() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty());
    let folder = named
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    folder.is_absolute().then(|| folder.join("portico"))
}
