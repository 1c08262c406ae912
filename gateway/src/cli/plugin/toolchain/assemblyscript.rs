//! AssemblyScript's compiler, a package of npm that the project names.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Problem, ask, run};
use crate::cli::plugin::project::Project;

/// Where the compiler is, in the packages of the project.
const COMPILER: &str = "node_modules/assemblyscript/bin/asc.js";
/// What it compiles.
const ENTRY: &str = "assembly/index.ts";

pub(in crate::cli::plugin) fn build(project: &Project) -> anyhow::Result<PathBuf> {
    let folder = &project.folder;
    let need = "install Node.js 20 or newer, which comes with npm";
    for tool in ["node", "npm"] {
        if ask(Command::new(tool).arg("--version")).is_none() {
            return Err(Problem::Missing(format!("there is no `{tool}`: {need}")).into());
        }
    }
    if !is_installed(folder) {
        let how = if folder.join("package-lock.json").is_file() { "ci" } else { "install" };
        run(Command::new("npm").args([how, "--no-audit", "--no-fund"]).current_dir(folder))?;
    }
    let out = folder.join("build/.built.wasm");
    run(Command::new("node")
        .arg(COMPILER)
        .args([ENTRY, "--target", "release", "--outFile"])
        .arg("build/.built.wasm")
        .current_dir(folder))?;
    Ok(out)
}

/// Whether npm has installed what the project names: npm notes what it did beside the packages.
fn is_installed(folder: &Path) -> bool {
    let changed = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified());
    let Ok(installed) = changed("node_modules/.package-lock.json") else { return false };
    let older = |name| changed(name).is_ok_and(|changed| changed <= installed);
    older("package.json") && folder.join(COMPILER).is_file()
}
