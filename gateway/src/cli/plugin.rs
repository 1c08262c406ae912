//! `portico plugin …`: the loop of whoever writes a filter. From nothing to a file that runs
//! (`new`, `build`), what is in a file (`inspect`), and on to a running gateway (`dev`).
//!
//! Exit codes beyond those of the other commands: 69 (`EX_UNAVAILABLE`) if a language's tools are
//! missing.

mod language;
mod template;

mod new;

mod project;
mod toolchain;

mod build;
mod dev;
mod inspect;
mod trial;

use std::process::ExitCode;

use clap::Subcommand;

use super::{USAGE, complain, say};

#[derive(Subcommand)]
pub(in crate::cli) enum Command {
    /// Make a folder with a small filter that builds and runs, to start from
    New(new::Args),
    /// Build the filter in a folder, whatever language it is in
    Build(build::Args),
    /// Build at each change, and say when a running gateway serves what was built
    ///
    /// Prints what the filter logs there. The gateway's configuration names the file that is built.
    Dev(dev::Args),
    /// Say what a module is, what it needs and which of its callbacks run here
    ///
    /// Nothing of it is compiled or run. Exits with 1 if it would not load.
    Inspect(inspect::Args),
    /// Run a module on one request, without a network, and say what it did to it
    ///
    /// Exits with 1 if it does not load, traps, meets a limit, or pauses for ever.
    Test(trial::Args),
}

/// The tools of a language are not there.
const UNAVAILABLE: u8 = 69;

/// Why a command did not do its work, where that decides the exit code.
#[derive(Debug, thiserror::Error)]
enum Problem {
    /// What to install, in a sentence.
    #[error("{0}")]
    Missing(String),
    #[error("{0}")]
    Usage(String),
}

pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::New(args) => new::new(&args),
        Command::Build(args) => build::run(&args),
        Command::Dev(args) => dev::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Test(args) => trial::run(&args),
    };
    done.or_else(|error| {
        let code = match error.downcast_ref() {
            Some(Problem::Missing(_)) => UNAVAILABLE,
            Some(Problem::Usage(_)) => USAGE,
            None => return Err(error),
        };
        complain(&format!("portico: {error:#}"));
        Ok(ExitCode::from(code))
    })
}

/// A number of bytes for people: `937 bytes`, `133 KB`, `2.7 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
