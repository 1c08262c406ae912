//! The languages that filters are written in here, and how a folder shows which it is.

use std::{fmt, fs, path::Path};

use clap::ValueEnum;

use super::Problem;

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Language {
    /// AssemblyScript, by npm
    #[value(name = "assemblyscript", alias = "as")]
    AssemblyScript,
    /// C++, by zig or clang
    #[value(name = "cpp", alias = "c++")]
    Cpp,
    /// Go 1.24 or newer
    Go,
    /// Rust, by cargo
    Rust,
}

impl Language {
    /// The language of the project in `folder`.
    pub(super) fn of(folder: &Path) -> Result<Self, Problem> {
        let holds = |name: &str| folder.join(name).is_file();
        if holds("Cargo.toml") {
            return Ok(Self::Rust);
        }
        if holds("go.mod") {
            return Ok(Self::Go);
        }
        if holds("package.json") && holds("asconfig.json") {
            return Ok(Self::AssemblyScript);
        }
        if holds("Makefile") && has_cpp(folder) {
            return Ok(Self::Cpp);
        }
        Err(Problem::Usage(format!(
            "`{}` is not a filter's folder: it has no Cargo.toml (Rust), go.mod (Go), package.json \
             with asconfig.json (AssemblyScript), nor a Makefile with *.cc (C++)",
            folder.display()
        )))
    }

    /// Files that its source consists of: what `portico plugin dev` watches.
    pub(super) fn is_source(self, path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        match self {
            Self::AssemblyScript => matches!(extension, "json" | "ts"),
            Self::Cpp => is_cpp(extension) || path.ends_with("Makefile"),
            Self::Go => matches!(extension, "go" | "mod" | "sum"),
            Self::Rust => matches!(extension, "rs" | "toml"),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AssemblyScript => "AssemblyScript",
            Self::Cpp => "C++",
            Self::Go => "Go",
            Self::Rust => "Rust",
        })
    }
}

fn has_cpp(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        entry.path().extension().and_then(|extension| extension.to_str()).is_some_and(is_cpp)
    })
}

fn is_cpp(extension: &str) -> bool {
    matches!(extension, "c" | "cc" | "cpp" | "h" | "hpp")
}
