//! What has to be written so that a plugin, or its canary, uses a file.

use axum::http::StatusCode;
use portico_config::{Source, config, locate_item};
use portico_wasm::Digest;
use serde_json::{Value, json};

use super::super::{Refusal, Running};

/// Fields of a plugin that matter here. Asking for one that is not there is no mistake.
pub(super) struct Written(Vec<&'static str>);

/// What could name a module, besides a file.
const OTHERS: [&str; 3] = ["bundled", "oci", "url"];

impl Written {
    fn has(&self, field: &str) -> bool {
        self.0.contains(&field)
    }
}

/// The text that a plugin stands in, and which of its fields are written there.
pub(super) fn written(running: &Running, index: usize) -> Result<(Source, Written), Refusal> {
    let history = running.status.history.running();
    let same = history.filter(|own| own.number == running.snapshot.generation);
    let sources = same.map_or(&[][..], |own| &own.sources);
    let Some((place, ..)) = locate_item(sources, "plugins", index, "") else {
        let error = "another configuration has just been applied; try again";
        return Err(Refusal(StatusCode::CONFLICT, error.to_owned()));
    };
    let fields = [
        "bundled",
        "oci",
        "url",
        "digest",
        "registry",
        "canary.bundled",
        "canary.oci",
        "canary.url",
        "canary.digest",
    ];
    let is_there = |field: &&str| locate_item(sources, "plugins", index, field).is_some();
    Ok((sources[place].clone(), Written(fields.into_iter().filter(is_there).collect())))
}

/// The plugin uses the file.
pub(super) fn main(
    plugin: &config::Plugin,
    written: &Written,
    file: &str,
    digest: Digest,
) -> Vec<Value> {
    let mut edits = vec![set(plugin, &["file"], json!(file))];
    edits.extend(
        OTHERS.into_iter().filter(|kind| written.has(kind)).map(|kind| remove(plugin, &[kind])),
    );
    if written.has("digest") {
        edits.push(set(plugin, &["digest"], json!(digest.to_string())));
    }
    // It says how a server is asked; a canary may still come from one.
    if written.has("registry") && !written.has("canary.oci") && !written.has("canary.url") {
        edits.push(remove(plugin, &["registry"]));
    }
    edits
}

/// Its canary uses the file, which may be its first.
pub(super) fn canary(
    plugin: &config::Plugin,
    written: &Written,
    file: &str,
    percent: u8,
    digest: Digest,
) -> Vec<Value> {
    if plugin.canary.is_none() {
        return vec![set(plugin, &["canary"], json!({ "file": file, "percent": percent }))];
    }
    let mut edits = vec![
        set(plugin, &["canary", "file"], json!(file)),
        set(plugin, &["canary", "percent"], json!(percent)),
    ];
    for kind in OTHERS {
        if written.has(&format!("canary.{kind}")) {
            edits.push(remove(plugin, &["canary", kind]));
        }
    }
    if written.has("canary.digest") {
        edits.push(set(plugin, &["canary", "digest"], json!(digest.to_string())));
    }
    // A server is asked for nothing any more if the canary's module was all that came from it.
    if written.has("registry") && !written.has("oci") && !written.has("url") {
        edits.push(remove(plugin, &["registry"]));
    }
    edits
}

fn set(plugin: &config::Plugin, inside: &[&str], value: Value) -> Value {
    json!({ "op": "set", "path": path(plugin, inside), "value": value })
}

fn remove(plugin: &config::Plugin, inside: &[&str]) -> Value {
    json!({ "op": "remove", "path": path(plugin, inside) })
}

fn path(plugin: &config::Plugin, inside: &[&str]) -> Value {
    let mut path = vec!["plugins".into(), json!({ "name": plugin.name })];
    path.extend(inside.iter().map(|part| Value::from(*part)));
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(text: &str) -> (config::Plugin, Written) {
        let text = format!(
            "listeners: [{{ name: web, address: '127.0.0.1:1' }}]\nplugins:\n  - {text}\n\
             routes: [{{ name: all, rules: [{{ filters: [{{ respond: {{}} }}] }}] }}]\n"
        );
        let source = Source { name: "x".into(), folder: ".".into(), text };
        let loaded = portico_config::load(std::slice::from_ref(&source));
        let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let sources = [source];
        let fields = ["bundled", "oci", "digest", "registry", "canary.oci", "canary.digest"];
        let is_there = |field: &&str| locate_item(&sources, "plugins", 0, field).is_some();
        let written = Written(fields.into_iter().filter(is_there).collect());
        (config.plugins[0].clone(), written)
    }

    /// `set file=…` and so on, without the way to the plugin.
    fn shown(edits: &[Value]) -> Vec<String> {
        let shown = |edit: &Value| {
            let path = edit["path"].as_array().unwrap()[2..].iter();
            let path: Vec<_> = path.map(|part| part.as_str().unwrap()).collect();
            let value = edit.get("value").map(|value| format!("={value}")).unwrap_or_default();
            format!("{} {}{value}", edit["op"].as_str().unwrap(), path.join("."))
        };
        edits.iter().map(shown).collect()
    }

    #[test]
    fn whatever_named_the_module_makes_room() {
        let digest = Digest::of(b"x");
        let (bundled, written) = plugin("{ name: p, bundled: auth }");
        assert_eq!(
            shown(&main(&bundled, &written, "plugins/p.wasm", digest)),
            [r#"set file="plugins/p.wasm""#, "remove bundled"]
        );
        assert_eq!(
            shown(&canary(&bundled, &written, "f", 5, digest)),
            [r#"set canary={"file":"f","percent":5}"#]
        );
        let oci = "{ name: p, oci: 'localhost:1/a:b', registry: { insecure: true }, canary: { oci: \
                   'localhost:1/a:c', percent: 1, max_failures: { of: 7 } } }";
        let (oci, written) = plugin(oci);
        assert_eq!(
            shown(&main(&oci, &written, "f", digest)),
            [r#"set file="f""#, "remove oci"],
            "the canary still comes from the registry"
        );
        assert_eq!(
            shown(&canary(&oci, &written, "f", 5, digest)),
            [r#"set canary.file="f""#, "set canary.percent=5", "remove canary.oci"]
        );
        let (pinned, written) = plugin(&format!("{{ name: p, file: a.wasm, digest: '{digest}' }}"));
        let new = Digest::of(b"y");
        assert_eq!(
            shown(&main(&pinned, &written, "f", new)),
            [r#"set file="f""#.to_owned(), format!(r#"set digest="{new}""#)]
        );
    }
}
