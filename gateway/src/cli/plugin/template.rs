//! The templates: the folders `examples/filters/LANGUAGE`, as they are. What is handed out is
//! what the tests build and run.

use super::language::Language;

/// The name that a template's files have where a project's own belongs.
pub(super) const NAME: &str = "my-filter";

/// A file of a template: its path in the folder, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../../../examples/filters/", $folder, "/", $path)))),*]
    };
}

pub(super) fn files(language: Language) -> &'static [File] {
    match language {
        Language::AssemblyScript => files! { "assemblyscript":
            ".gitignore"
            "asconfig.json"
            "assembly/index.ts"
            "assembly/log.ts"
            "assembly/settings.ts"
            "assembly/tsconfig.json"
            "package-lock.json"
            "package.json"
        },
        Language::Cpp => files! { "cpp":
            ".gitignore"
            "Makefile"
            "filter.cc"
            "proxy_wasm.h"
            "settings.cc"
            "settings.h"
        },
        Language::Go => files! { "go":
            ".gitignore"
            "go.mod"
            "go.sum"
            "main.go"
            "settings.go"
            "settings_test.go"
        },
        Language::Rust => files! { "rust":
            ".gitignore"
            "Cargo.lock"
            "Cargo.toml"
            "src/lib.rs"
            "src/settings.rs"
        },
    }
}
