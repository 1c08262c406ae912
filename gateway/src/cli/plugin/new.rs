//! `portico plugin new`

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args as ClapArgs;

use super::{Problem, language::Language, say, template};

#[derive(ClapArgs)]
pub(in crate::cli) struct Args {
    /// The folder to make; its last part is the filter's name
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// The language to write it in
    #[arg(long, value_enum)]
    lang: Language,
}

/// More letters than any file system takes with an ending behind them.
const LONGEST: usize = 64;

pub(super) fn new(args: &Args) -> anyhow::Result<ExitCode> {
    let Args { folder, lang } = args;
    let name = name(folder)?;
    if folder.exists() {
        let folder = folder.display();
        return Err(Problem::Usage(format!("`{folder}` exists already")).into());
    }
    for (path, text) in template::files(*lang) {
        write(&folder.join(path), &text.replace(template::NAME, name))?;
    }
    say(&advice(folder, name, *lang));
    Ok(ExitCode::SUCCESS)
}

/// A name that cargo, Go, npm and the gateway's configuration all take.
fn name(folder: &Path) -> Result<&str, Problem> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let starts = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let ends = name.ends_with(|letter: char| letter != '-');
    let within = name
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if starts && ends && within && name.len() <= LONGEST {
        return Ok(name);
    }
    Err(Problem::Usage(format!(
        "`{name}` is not a name for a filter: a small letter, then small letters, digits and `-`, \
         at most {LONGEST}"
    )))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    written
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("`{}` cannot be written", path.display()))
}

fn advice(folder: &Path, name: &str, language: Language) -> String {
    let shown = folder.display();
    format!(
        "a filter in {language}: {shown}\n\n\
         portico plugin build {shown}      builds {shown}/build/{name}.wasm\n\n\
         In the gateway's configuration:\n\n\
         plugins:\n  \
           - name: {name}\n    \
             file: {shown}/build/{name}.wasm\n    \
             configuration: |\n      \
               greeting: good morning\n      \
               key: open-sesame\n\n\
         and `filters: [{{ plugin: {name} }}]` on a route."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_every_tool_takes() {
        for good in ["a", "my-filter", "deep/er/f2"] {
            assert!(name(Path::new(good)).is_ok(), "{good}");
        }
        for bad in ["", "..", "2fast", "-x", "x-", "My", "a b", "a_b", "ü", &"x".repeat(65)] {
            assert!(name(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
