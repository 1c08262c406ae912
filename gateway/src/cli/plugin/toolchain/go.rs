//! Go's own compiler, since 1.24: a reactor for `wasip1`.

use std::{path::PathBuf, process::Command};

use super::{Problem, ask, run};
use crate::cli::plugin::project::Project;

/// The first with `-buildmode=c-shared` for this target.
const OLDEST: u32 = 24;

pub(in crate::cli::plugin) fn build(project: &Project) -> anyhow::Result<PathBuf> {
    check(ask(Command::new("go").args(["env", "GOVERSION"])).as_deref())?;
    let out = project.folder.join("build/.built.wasm");
    run(Command::new("go")
        .args(["build", "-buildmode=c-shared", "-o"])
        .arg(&out)
        .arg(".")
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .current_dir(&project.folder))?;
    Ok(out)
}

fn check(version: Option<&str>) -> Result<(), Problem> {
    let need = "install Go 1.24 or newer from https://go.dev/dl, and put `go` into PATH";
    let Some(version) = version else {
        return Err(Problem::Missing(format!("there is no Go: {need}")));
    };
    let minor = version.strip_prefix("go1.").and_then(|rest| rest.split('.').next());
    let minor = minor.map(|minor| minor.trim_end_matches(|letter: char| !letter.is_ascii_digit()));
    // What is not of this form is a development version, which is new.
    match minor.and_then(|minor| minor.parse::<u32>().ok()) {
        Some(minor) if minor < OLDEST => {
            Err(Problem::Missing(format!("{version} is too old for filters: {need}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_refused() {
        for good in ["go1.24", "go1.26.8", "devel go1.27-abc"] {
            assert!(check(Some(good)).is_ok(), "{good}");
        }
        for bad in [None, Some("go1.23.9"), Some("go1.4")] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
