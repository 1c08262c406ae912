//! Guests from their files.

use std::{
    fmt::Write as _,
    fs,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use anyhow::{Context, Result};
use portico_wasm::{Capabilities, Capability, Engine, Limits, Module, Plugin, Services, Spec};

use crate::coverage;

/// One engine for all tests: its clock and its compiled host functions are shared, as in the
/// gateway.
pub(crate) static ENGINE: LazyLock<Arc<Engine>> =
    LazyLock::new(|| Engine::new(None).expect("this processor is supported"));

/// Where the prelude lets texts begin, and the line that is being said.
const TEXTS: usize = 4_096;
const LINE: usize = 32_768;

/// A guest's text, and what its `;;!` lines ask of the test.
pub(crate) struct Guest {
    pub(crate) text: String,
    pub(crate) configurations: Vec<String>,
    /// `NAME=value`; giving one grants the capability.
    pub(crate) environment: Vec<String>,
    pub(crate) show_start: bool,
}

impl Guest {
    /// Reads `tests/guests/<name>.wat`.
    pub(crate) fn read(name: &str) -> Result<Self> {
        let text =
            fs::read_to_string(folder().join(format!("{name}.wat"))).context(name.to_owned())?;
        let directives = text.lines().filter_map(|line| line.strip_prefix(";;! "));
        let values = |wanted: &'static str| {
            let split = directives.clone().filter_map(|line| line.split_once(':'));
            split.filter(move |(name, _)| *name == wanted).map(|(_, value)| value.trim().to_owned())
        };
        let mut configurations = values("configuration").collect::<Vec<_>>();
        if configurations.is_empty() {
            configurations.push(String::new());
        }
        let environment = values("environment").collect();
        let show_start = values("show").any(|shown| shown == "start");
        Ok(Self { text: expand(&text)?, configurations, environment, show_start })
    }

    pub(crate) fn wasm(&self) -> Result<Vec<u8>> {
        Ok(wat::parse_str(&self.text)?)
    }

    pub(crate) fn compile(&self) -> Result<Arc<Module>> {
        let engine = coverage::engine().unwrap_or_else(|| ENGINE.clone());
        Ok(engine.compile(&self.wasm()?)?)
    }

    pub(crate) fn spec(&self, name: &str, limits: Limits) -> Spec {
        let bytes = |text: &String| Arc::from(text.as_bytes());
        let configurations = self.configurations.iter().map(bytes).collect();
        let pairs = self.environment.iter().filter_map(|entry| entry.split_once('='));
        let environment =
            pairs.map(|(name, value)| (name.into(), value.into())).collect::<Vec<_>>();
        let mut capabilities = Capabilities::default();
        if !environment.is_empty() {
            capabilities = capabilities.with(Capability::Environment);
        }
        Spec { limits, configurations, environment, capabilities, ..Spec::new(name) }
    }

    /// Compiled and started for one worker.
    pub(crate) fn start(&self, name: &str, limits: Limits) -> Result<Arc<Plugin>> {
        Ok(Plugin::start(self.compile()?, self.spec(name, limits), 1, Services::silent())?)
    }
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests")
}

/// Names of the `.wat` files in a folder below the guests', in order.
pub(crate) fn names(below: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder().join(below))? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        names.extend(name.strip_suffix(".wat").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Compares with the file that was recorded, or records it if `UPDATE` is set.
pub(crate) fn compare(path: &str, actual: &str) -> Result<Option<String>> {
    let path = folder().join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, actual)?;
        return Ok(None);
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    let differs = recorded != actual;
    Ok(differs.then(|| format!("{} should be:\n{recorded}\nbut is:\n{actual}", path.display())))
}

/// A whole module is left alone; anything else gets the prelude, and each `@"text"` becomes a
/// pointer and a length.
fn expand(text: &str) -> Result<String> {
    if text.lines().any(|line| line.starts_with("(module")) {
        return Ok(text.to_owned());
    }
    let prelude = fs::read_to_string(folder().join("prelude.wat"))?;
    let (imports, own): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with("(import "));
    let (imports, own) = (imports.join("\n"), own.join("\n"));
    let mut module = String::from("(module\n");
    let mut data = String::new();
    let mut place = TEXTS;
    let source = [&*imports, &*prelude, &*own].join("\n");
    let mut rest = &*source;
    while let Some((before, after)) = rest.split_once("@\"") {
        let (literal, after) = after.split_once('"').context("a text does not end")?;
        let length = length(literal);
        write!(module, "{before}(i32.const {place}) (i32.const {length})")?;
        writeln!(data, "(data (i32.const {place}) \"{literal}\")")?;
        place += length;
        rest = after;
    }
    anyhow::ensure!(place <= LINE, "texts take {place} bytes");
    Ok(format!("{module}{rest}\n{data})"))
}

/// Bytes of a literal whose escapes have two hexadecimal digits.
fn length(literal: &str) -> usize {
    literal.len() - 2 * literal.matches('\\').count()
}
