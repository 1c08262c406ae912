//! A filter's folder: its language, its name, and where what is built from it goes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use serde_json::Value;

use super::{Problem, language::Language};

#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) folder: PathBuf,
    pub(super) language: Language,
    /// From its manifest.
    pub(super) name: String,
}

impl Project {
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.canonicalize().map_err(|error| {
            Problem::Usage(format!("`{}` cannot be opened: {error}", folder.display()))
        })?;
        let language = Language::of(&folder)?;
        let name = match language {
            Language::AssemblyScript => npm_name(&folder)?,
            Language::Cpp => folder_name(&folder),
            Language::Go => go_name(&folder)?,
            Language::Rust => cargo_name(&folder)?,
        };
        Ok(Self { folder, language, name })
    }

    /// Where the module goes if nothing else is said: `build/NAME.wasm` in every language.
    pub(super) fn module(&self) -> PathBuf {
        self.folder.join("build").join(format!("{}.wasm", self.name))
    }
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().map_or_else(|| "filter".to_owned(), |name| name.display().to_string())
}

/// The last part of the module's path, `shop` of `example.com/team/shop`.
fn go_name(folder: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(folder.join("go.mod")).context("go.mod cannot be read")?;
    let module = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let last = module.and_then(|module| module.trim().trim_matches('"').rsplit('/').next());
    Ok(last.map_or_else(|| folder_name(folder), str::to_owned))
}

/// Without its scope, `shop` of `@team/shop`.
fn npm_name(folder: &Path) -> anyhow::Result<String> {
    let text = fs::read(folder.join("package.json")).context("package.json cannot be read")?;
    let package: Value = serde_json::from_slice(&text).context("package.json is not JSON")?;
    let last = package["name"].as_str().and_then(|name| name.rsplit('/').next());
    Ok(last.filter(|name| !name.is_empty()).map_or_else(|| folder_name(folder), str::to_owned))
}

fn cargo_name(folder: &Path) -> anyhow::Result<String> {
    let manifest = folder.join("Cargo.toml");
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(&manifest)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|_| Problem::Missing("there is no cargo: install Rust with rustup".to_owned()))?;
    anyhow::ensure!(output.status.success(), "cargo does not understand `{}`", manifest.display());
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let of_this = packages
        .filter(|package| package["manifest_path"].as_str().map(Path::new) == Some(&*manifest));
    let name = of_this.filter_map(|package| package["name"].as_str()).next();
    name.map(str::to_owned)
        .with_context(|| format!("`{}` has no package, only a workspace", manifest.display()))
}
