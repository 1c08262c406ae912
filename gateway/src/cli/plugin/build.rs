//! `portico plugin build`

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context;
use clap::Args as ClapArgs;
use portico_wasm::Digest;

use super::{inspect, language::Language, project::Project, say, size, toolchain};

#[derive(ClapArgs)]
pub(in crate::cli) struct Args {
    /// The filter's folder
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Where to put the module; by default `build/NAME.wasm` in the folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Get what the language needs and this machine lacks, into your cache folder
    #[arg(long)]
    install: bool,
}

/// A module that was built and stands in its place.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) module: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
    /// What the tools took.
    pub(super) took: Duration,
    /// Before it was put there; for one that was there already, before everything.
    pub(super) since: SystemTime,
    /// Whether it is another one than was there before.
    pub(super) changed: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let project = Project::open(&args.folder)?;
    let out = args.out.clone().unwrap_or_else(|| project.module());
    let built = build(&project, &out, args.install)?;
    say(&built.summary());
    for problem in inspect::problems(&built.bytes) {
        say(&format!("it would not load here: {problem}"));
    }
    Ok(ExitCode::SUCCESS)
}

impl Built {
    pub(super) fn summary(&self) -> String {
        let Self { module, bytes, digest, took, changed, since: _ } = self;
        let shown = here(module);
        let size = size(bytes.len() as u64);
        let same = if *changed { "" } else { ", the same as before" };
        format!("{}: {size}, {digest}, {:.1} s{same}", shown.display(), took.as_secs_f64())
    }
}

/// Builds the project and puts the module at `out`.
///
/// A gateway that watches `out` never reads half of a module: it appears by a rename, and only if
/// it is another one than before.
pub(super) fn build(project: &Project, out: &Path, install: bool) -> anyhow::Result<Built> {
    let began = Instant::now();
    let made = match project.language {
        Language::AssemblyScript => toolchain::assemblyscript::build(project)?,
        Language::Cpp => toolchain::cpp::build(project, install)?,
        Language::Go => toolchain::go::build(project)?,
        Language::Rust => toolchain::rust::build(project, install)?,
    };
    let took = began.elapsed();
    let before = SystemTime::now();
    let bytes = fs::read(&made).with_context(|| format!("`{}` was not built", made.display()))?;
    let changed =
        publish(&bytes, out).with_context(|| format!("`{}` cannot be written", out.display()))?;
    let digest = Digest::of(&bytes);
    let since = if changed { before } else { SystemTime::UNIX_EPOCH };
    Ok(Built { module: out.to_owned(), bytes, digest, took, since, changed })
}

fn publish(bytes: &[u8], out: &Path) -> io::Result<bool> {
    if fs::read(out).is_ok_and(|before| before == bytes) {
        return Ok(false);
    }
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = OsString::from(out);
    beside.push(format!(".partial.{}", std::process::id()));
    fs::write(&beside, bytes)?;
    fs::rename(&beside, out)?;
    Ok(true)
}

/// The path as seen from the current folder, where that is shorter.
fn here(path: &Path) -> &Path {
    let current = std::env::current_dir().and_then(|folder| folder.canonicalize());
    current.ok().and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(path)
}
