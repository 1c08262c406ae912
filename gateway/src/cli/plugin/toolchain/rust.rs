//! cargo, with a compiler that has the standard library of WebAssembly.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use serde_json::Value;

use super::{Problem, ask, cache, run};
use crate::cli::plugin::project::Project;

/// A filter needs nothing of WASI; both are good.
const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip1"];

/// What this repository builds its own filters with. It prints the path of a compiler with the
/// library, and gets one first where there is none.
const GET: &str = include_str!("../../../../../plugins/wasm-std.sh");

/// A compiler and a target that it has the library of.
struct Compiler {
    /// `None`: the one that cargo takes by itself.
    rustc: Option<PathBuf>,
    target: &'static str,
}

pub(in crate::cli::plugin) fn build(project: &Project, install: bool) -> anyhow::Result<PathBuf> {
    let compiler = match find(&project.folder) {
        Some(compiler) => compiler,
        None if install => get()?,
        None => return Err(missing().into()),
    };
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--target", compiler.target])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(&project.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // Flags of the host's builds are not for this target.
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(flags);
    }
    if let Some(rustc) = &compiler.rustc {
        cargo.env("RUSTC", rustc);
    }
    let mut running = cargo.spawn().context("cargo cannot be run")?;
    let module = running.stdout.take().and_then(|output| find_module(BufReader::new(output)));
    let status = running.wait()?;
    anyhow::ensure!(status.success(), "cargo failed: {status}");
    module.context("cargo built no module: the crate needs `crate-type = [\"cdylib\"]`")
}

/// The .wasm file among the artifacts that cargo names, one JSON object a line.
fn find_module(output: impl BufRead) -> Option<PathBuf> {
    let mut found = None;
    // To the end, or cargo would wait for a reader.
    for line in output.lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        let files = message["filenames"].as_array().into_iter().flatten();
        let mut files = files.filter_map(Value::as_str);
        found = files.find(|file| file.ends_with(".wasm")).map(PathBuf::from).or(found);
    }
    found
}

fn find(folder: &Path) -> Option<Compiler> {
    // Where the project is: a rust-toolchain.toml there chooses the compiler.
    let own = ask(Command::new("rustc").args(["--print", "sysroot"]).current_dir(folder));
    if let Some(root) = own
        && let Some(target) =
            TARGETS.into_iter().find(|target| has_library(Path::new(&root), target))
    {
        return Some(Compiler { rustc: None, target });
    }
    let kept = cache()?.join("wasm-std-1/rustc");
    ask(Command::new(&kept).arg("--version"))?;
    Some(Compiler { rustc: Some(kept), target: TARGETS[0] })
}

fn has_library(root: &Path, target: &str) -> bool {
    let Ok(files) = fs::read_dir(root.join("lib/rustlib").join(target).join("lib")) else {
        return false;
    };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
}

fn get() -> anyhow::Result<Compiler> {
    let mut script = Command::new("bash");
    script.args(["-s"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running =
        script.spawn().map_err(|_| Problem::Missing("there is no bash".to_owned()))?;
    if let Some(mut input) = running.stdin.take() {
        input.write_all(GET.as_bytes())?;
    }
    let output = running.wait_with_output()?;
    if !output.status.success() {
        return Err(missing().into());
    }
    let rustc = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    run(Command::new(&rustc).arg("--version"))?;
    Ok(Compiler { rustc: Some(rustc), target: TARGETS[0] })
}

fn missing() -> Problem {
    Problem::Missing(format!(
        "Rust has no standard library for WebAssembly here: run `rustup target add {}`, or this \
         command with `--install`, which gets Debian's where rustup may not download",
        TARGETS[0]
    ))
}
