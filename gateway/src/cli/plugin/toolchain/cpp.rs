//! A C++ compiler for WebAssembly with its libraries: zig has all of it in one package; clang
//! needs wasi-libc and libc++ beside it. The project's Makefile says how it is called.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Problem, ask, cache, run};
use crate::cli::plugin::project::Project;

/// The zig that is installed if there is none: the package of PyPI holds the whole compiler.
const ZIG: &str = "0.17.1";

pub(in crate::cli::plugin) fn build(project: &Project, install: bool) -> anyhow::Result<PathBuf> {
    if ask(Command::new("make").arg("--version")).is_none() {
        return Err(Problem::Missing("there is no `make`: install it".to_owned()).into());
    }
    let compiler = match find() {
        Some(compiler) => compiler,
        None if install => get()?,
        None => return Err(missing().into()),
    };
    let out = project.folder.join("build/.built.wasm");
    run(Command::new("make")
        .arg("--no-print-directory")
        .arg(format!("WASM_CXX={compiler}"))
        .arg("OUT=build/.built.wasm")
        .current_dir(&project.folder))?;
    Ok(out)
}

/// A command line, for make.
fn find() -> Option<String> {
    let zig = |program: &Path| {
        let program = program.to_str()?;
        ask(Command::new(program).arg("version"))?;
        Some(format!("{} c++ -target wasm32-wasi", quoted(program)))
    };
    let kept = kept().and_then(|folder| zig(&folder.join("ziglang/zig")));
    kept.or_else(|| zig(Path::new("zig"))).or_else(python).or_else(wasi_sdk).or_else(debian)
}

fn python() -> Option<String> {
    ask(Command::new("python3").args(["-m", "ziglang", "version"]))?;
    Some("python3 -m ziglang c++ -target wasm32-wasi".to_owned())
}

/// The one that <https://github.com/WebAssembly/wasi-sdk> ships.
fn wasi_sdk() -> Option<String> {
    let folder = PathBuf::from(std::env::var_os("WASI_SDK_PATH")?);
    let clang = folder.join("bin/clang++");
    ask(Command::new(&clang).arg("--version"))?;
    Some(quoted(clang.to_str()?))
}

/// Debian's packages `clang`, `lld`, `wasi-libc`, `libc++-dev-wasm32`.
fn debian() -> Option<String> {
    let headers = Path::new("/usr/include/wasm32-wasi/c++/v1/string");
    if !headers.is_file() {
        return None;
    }
    ask(Command::new("clang++").arg("--version"))?;
    Some("clang++ --target=wasm32-wasi --sysroot=/usr".to_owned())
}

fn kept() -> Option<PathBuf> {
    Some(cache()?.join(format!("ziglang-{ZIG}")))
}

fn get() -> anyhow::Result<String> {
    let Some(folder) = kept() else { return Err(missing().into()) };
    let beside = folder.with_extension(format!("partial.{}", std::process::id()));
    let package = format!("ziglang=={ZIG}");
    let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--target"];
    let installed =
        run(Command::new("python3").args(pip).arg(&beside).arg(package)).and_then(|()| {
            // Another run may have been faster; its copy is as good.
            fs::rename(&beside, &folder)
                .or_else(|error| if folder.is_dir() { Ok(()) } else { Err(error) })?;
            Ok(())
        });
    if installed.is_err() || beside.exists() {
        let _gone_already = fs::remove_dir_all(&beside);
    }
    installed.map_err(|error| error.context(missing()))?;
    find().ok_or_else(|| missing().into())
}

/// For the shell that make gives the line to.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''"))
}

fn missing() -> Problem {
    Problem::Missing(format!(
        "there is no C++ compiler for WebAssembly: run this command with `--install`, or install \
         zig (`pip install ziglang=={ZIG}`), or set WASI_SDK_PATH to a wasi-sdk"
    ))
}
