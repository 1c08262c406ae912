//! Plugins in a running gateway: test guests, their files, and what the gateway says of them.
//!
//! `make guests` builds them from `tests/guests`.

mod canary;
mod flow;
mod misbehaviour;
mod overrides;
mod remote;
mod swap;

use std::{fs, net::SocketAddr};

use anyhow::{Context, Result};
use portico_tests::{Folder, Gateway, Setup, command::program, configuration::LISTENERS};
use serde_json::Value;

/// The configuration's folder, where relative paths of plugins start.
const FOLDER: &str = "configuration";

/// What stands in `stamp.wasm` where a version belongs.
const VERSION: &[u8] = b"@VERSION";

/// A guest, as it was built.
pub(super) fn guest(name: &str) -> Result<Vec<u8>> {
    let path = program()?.with_file_name("guests").join(format!("{name}.wasm"));
    fs::read(&path).with_context(|| format!("`{}` is missing: run `make guests`", path.display()))
}

/// The guest `stamp` with a version of its own, so that its file differs from every other.
pub(super) fn stamp(version: u32) -> Result<Vec<u8>> {
    let mut module = guest("stamp")?;
    let place = module.windows(VERSION.len()).position(|window| window == VERSION);
    let place = place.context("`stamp.wasm` has no place for a version")?;
    module[place..place + VERSION.len()].copy_from_slice(format!("v{version:07}").as_bytes());
    Ok(module)
}

/// Puts a file beside the configuration in one step, so that nobody sees half of it.
fn install(folder: &Folder, name: &str, module: &[u8]) -> Result<()> {
    let path = folder.path().join(FOLDER).join(name);
    fs::create_dir_all(path.parent().context("it has no folder")?)?;
    let beside = path.with_extension("new");
    fs::write(&beside, module)?;
    Ok(fs::rename(beside, path)?)
}

/// A gateway with these files beside its configuration. Its one worker has one instance of each
/// plugin, so that calls can be counted.
pub(super) async fn start(files: &[(&str, Vec<u8>)], text: &str) -> Result<Gateway> {
    let folder = Folder::new()?;
    for (name, module) in files {
        install(&folder, name, module)?;
    }
    folder.write(&format!("{FOLDER}/portico.yaml"), text)?;
    let config = format!("{FOLDER}/portico.yaml");
    Setup::folder(folder, &config).with(&["--workers", "1"]).start().await
}

/// One service `web`, plugins and routes as YAML lists.
pub(super) fn with_plugins(web: SocketAddr, plugins: &str, routes: &str) -> String {
    format!(
        "{LISTENERS}services: [{{ name: web, endpoints: ['{web}'] }}]\nplugins:\n{plugins}\n\
         routes:\n{routes}\n"
    )
}

/// What the gateway says of each living version of a plugin, the oldest first.
async fn status(gateway: &Gateway, name: &str) -> Result<Vec<Value>> {
    let status = gateway.read("/api/v1/status").await?;
    let plugins = status["plugins"].as_array().context("no plugins")?;
    Ok(plugins.iter().filter(|plugin| plugin["name"] == name).cloned().collect())
}
