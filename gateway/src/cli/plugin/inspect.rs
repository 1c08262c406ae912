//! `portico plugin inspect`: what a module is, read from its bytes.

mod callbacks;
mod imports;
mod module;
mod text;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Args as ClapArgs;
use portico_wasm::{Digest, MODULE_BYTES, Notes};
use serde::Serialize;

#[cfg(test)]
use self::imports::Group;
use self::{
    callbacks::Callback,
    imports::Need,
    module::{Module, NotAModule},
};
use super::{Problem, say};

#[derive(ClapArgs)]
pub(in crate::cli) struct Args {
    /// A .wasm file
    file: PathBuf,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// All that can be said of a file.
#[derive(Debug, Serialize)]
struct Report {
    bytes: usize,
    digest: String,
    /// Why it would not load here.
    problems: Vec<String>,
    #[serde(flatten)]
    found: Option<Found>,
}

/// All that can be said of a module.
#[derive(Debug, Serialize)]
struct Found {
    #[serde(flatten)]
    module: Module,
    /// In its author's words.
    version: Option<String>,
    /// What its configuration looks like: JSON Schema, or the text that should be it.
    schema: Option<serde_json::Value>,
    /// What is wrong with what it says about itself. It loads all the same.
    remarks: Vec<String>,
    needs: Vec<Need>,
    callbacks: Vec<Callback>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let wasm = fs::read(&args.file).map_err(|error| {
        Problem::Usage(format!("`{}` cannot be read: {error}", args.file.display()))
    })?;
    let report = Report::of(&wasm);
    if args.json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        say(&text::text(&args.file.display().to_string(), &report));
    }
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why these bytes would not load here; empty if they would.
pub(super) fn problems(wasm: &[u8]) -> Vec<String> {
    Report::of(wasm).problems
}

impl Report {
    fn of(wasm: &[u8]) -> Self {
        let digest = Digest::of(wasm).to_string();
        let (found, mut problems) = match Module::read(wasm) {
            Ok(module) => {
                let problems = module.problems();
                let needs = imports::needs(&module.imports);
                let callbacks = callbacks::found(&module.exports);
                let Notes { version, schema, problems: mut remarks } = Notes::read(wasm);
                let schema = schema.map(|text| {
                    serde_json::from_str(&text).unwrap_or_else(|error| {
                        remarks.push(format!("its section `portico.schema` is no JSON: {error}"));
                        text.into()
                    })
                });
                (Some(Found { module, version, schema, remarks, needs, callbacks }), problems)
            }
            Err(problem) => (None, vec![NotAModule::to_string(&problem)]),
        };
        if wasm.len() > MODULE_BYTES {
            problems.push(format!("it has more than the {MODULE_BYTES} bytes that are accepted"));
        }
        Self { bytes: wasm.len(), digest, problems, found }
    }
}

#[cfg(test)]
mod tests;
