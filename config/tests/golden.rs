//! Documents and what is said about them.
//!
//! `tests/golden/NAME.yaml` is loaded and compared with `NAME.txt`: the diagnostics as they are
//! printed, then the configuration if there is one. Further files of the same configuration are
//! named `NAME.2.yaml`, and so on. `UPDATE=1` rewrites what is expected.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail there")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use portico_config::{Loaded, Severity, Source, load, reference, schema};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The first files of all configurations, in order of name.
fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let first = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        name.strip_suffix(".yaml").is_some_and(|stem| !stem.contains('.'))
    };
    let mut cases: Vec<PathBuf> = entries.filter(first).collect();
    cases.sort();
    assert!(cases.len() >= 40, "only {} cases found", cases.len());
    cases
}

fn source(path: &Path) -> Source {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    Source { name, folder: "conf".into(), text: fs::read_to_string(path).unwrap() }
}

fn load_case(first: &Path) -> Loaded {
    let others = (2..).map(|number| first.with_extension(format!("{number}.yaml")));
    let paths = std::iter::once(first.to_owned()).chain(others.take_while(|path| path.exists()));
    let sources: Vec<Source> = paths.map(|path| source(&path)).collect();
    load(&sources)
}

fn render(loaded: &Loaded) -> String {
    let mut text = String::new();
    for diagnostic in &loaded.diagnostics {
        writeln!(text, "{diagnostic}\n").unwrap();
    }
    if let Some(config) = &loaded.config {
        writeln!(text, "{config:#?}").unwrap();
    }
    text
}

/// Compares with a file, or rewrites it.
fn expect(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, actual).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    Err(format!("{} differs; UPDATE=1 rewrites it. Now it is:\n{actual}", path.display()))
}

#[test]
fn documents_mean_what_is_expected() {
    let mut failures = Vec::new();
    for case in cases() {
        let loaded = load_case(&case);
        let errors = loaded.diagnostics.iter().any(|each| each.severity == Severity::Error);
        assert_eq!(loaded.config.is_none(), errors, "{}", case.display());
        failures.extend(expect(&case.with_extension("txt"), &render(&loaded)).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn secrets_are_never_shown() {
    for case in cases() {
        let text = render(&load_case(&case));
        assert!(!text.contains("s3cr3t"), "{}:\n{text}", case.display());
    }
}

#[test]
fn the_schema_takes_every_good_document() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("default.yaml");
    let good = cases().into_iter().filter(|case| load_case(case).config.is_some());
    let good: Vec<PathBuf> = good.chain([default]).collect();
    assert!(good.len() > 5);
    for path in good {
        let value: serde_json::Value =
            serde_yaml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

#[test]
fn the_schema_refuses_misspelt_fields() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    for text in ["listener: []", "listeners: [{ name: web, adress: '0.0.0.0:1' }]", "routes: [{}]"]
    {
        let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
        assert!(!schema.is_valid(&value), "{text}");
    }
}

#[test]
fn the_default_configuration_has_no_flaw() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("default.yaml");
    let loaded = load(&[source(&path)]);
    assert_eq!(loaded.diagnostics, []);
    let config = loaded.config.unwrap();
    assert_eq!(config.routes.len(), 4);
    assert!(config.routes.iter().all(|route| route.rules[0].timeout.is_none()));
    // The cure that its comment promises.
    let mut cured = source(&path);
    cured.text = cured.text.replacen("    # timeout: 1s", "    timeout: 1s", 1);
    let timeout = load(&[cured]).config.unwrap().routes[0].rules[0].timeout;
    assert_eq!(timeout, Some(std::time::Duration::from_secs(1)));
}

#[test]
fn generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let results = [
        expect(&root.join("schema.json"), &schema),
        expect(&root.join("REFERENCE.md"), &reference()),
    ];
    for result in results {
        result.unwrap();
    }
}
