//! The `portico` program: where it is, and runs of it that end by themselves.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{folder::Folder, wait::within};

/// What a run that has ended left.
#[derive(Clone, Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program: `PORTICO_BIN`, else the one that was built beside these tests.
///
/// # Errors
/// If it has not been built.
pub fn program() -> Result<PathBuf> {
    let program = match std::env::var_os("PORTICO_BIN") {
        Some(program) => PathBuf::from(program),
        // Tests are in `deps`, programs one folder above.
        None => std::env::current_exe()?
            .parent()
            .and_then(Path::parent)
            .context("the test has no folder")?
            .join("portico"),
    };
    ensure!(program.is_file(), "`{}` is missing: run `make build`", program.display());
    Ok(program)
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A command that sees nothing of the machine but `folder`.
///
/// # Errors
/// If the program has not been built.
pub fn command(folder: &Folder) -> Result<Command> {
    let mut command = Command::new(program()?);
    let home = folder.path();
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_RUNTIME_DIR", home.join("runtime"))
        .current_dir(repository())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

/// Runs `portico` with these arguments to its end.
///
/// # Errors
/// If it does not end in time, or is ended by a signal.
pub async fn portico(folder: &Folder, arguments: &[&str]) -> Result<Ended> {
    let mut command = command(folder)?;
    command.args(arguments);
    let output = within("the program's end", async { Ok(command.output().await?) }).await?;
    let Output { status, stdout, stderr } = output;
    Ok(Ended {
        code: status.code().context("ended by a signal")?,
        stdout: String::from_utf8(stdout)?,
        stderr: String::from_utf8(stderr)?,
    })
}
