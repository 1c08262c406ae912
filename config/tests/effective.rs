//! What holds for the items of good documents.
//!
//! Every item of `tests/golden/good-*.yaml` is looked at; what holds for it stands in
//! `tests/effective/NAME.txt`. `UPDATE=1` rewrites what is expected.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail there")]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use portico_config::{Effective, ItemKind, Origin, Source, effective, load};

const KINDS: [ItemKind; 4] =
    [ItemKind::Listener, ItemKind::Service, ItemKind::Plugin, ItemKind::Route];

fn source(path: &Path) -> Source {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    Source { name, folder: "conf".into(), text: fs::read_to_string(path).unwrap() }
}

fn render(found: &Effective) -> String {
    let mut text =
        format!("{} {} ({}:{})\n", found.kind.as_str(), found.name, found.source, found.line);
    for field in &found.fields {
        let place =
            field.place.as_ref().map_or(String::new(), |(_, line)| format!(", line {line}"));
        let origin = field.origin.as_str();
        writeln!(text, "  {}: {} ({origin}{place})", field.path, field.value).unwrap();
    }
    text + "\n"
}

fn all(sources: &[Source]) -> Vec<Effective> {
    let config = load(sources).config.unwrap();
    let names = |kind| -> Vec<&str> {
        match kind {
            ItemKind::Listener => config.listeners.iter().map(|each| &*each.name).collect(),
            ItemKind::Plugin => config.plugins.iter().map(|each| &*each.name).collect(),
            ItemKind::Route => config.routes.iter().map(|each| &*each.name).collect(),
            ItemKind::Service => config.services.iter().map(|each| &*each.name).collect(),
        }
    };
    let found = KINDS.into_iter().flat_map(|kind| {
        names(kind).into_iter().map(move |name| effective(sources, kind, name).unwrap())
    });
    found.collect()
}

#[test]
fn every_field_of_every_item_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases: Vec<PathBuf> = fs::read_dir(root.join("tests/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("good-") && name.ends_with(".yaml") && !name.ends_with(".2.yaml")
        })
        .chain([root.join("default.yaml")])
        .collect();
    cases.sort();
    assert!(cases.len() > 5);
    let mut failures = Vec::new();
    for case in cases {
        let second = case.with_extension("2.yaml");
        let mut sources = vec![source(&case)];
        sources.extend(second.exists().then(|| source(&second)));
        let actual: String = all(&sources).iter().map(render).collect();
        assert!(!actual.contains("s3cr3t"), "{}:\n{actual}", case.display());
        let name = case.with_extension("txt");
        let path = root.join("tests/effective").join(name.file_name().unwrap());
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &actual).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != actual {
            failures.push(format!("{} differs; UPDATE=1 rewrites it:\n{actual}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn fields_have_their_limit() {
    let rules = "      - backends: [a]\n".repeat(400);
    let text = format!("routes:\n  - name: r\n    timeout: 2s\n    rules:\n{rules}");
    let sources = [Source { name: "t".to_owned(), folder: ".".into(), text }];
    let found = effective(&sources, ItemKind::Route, "r").unwrap();
    assert_eq!(found.fields.len(), 501);
    let timeout = found.fields.iter().find(|field| field.path == "rules[7].timeout").unwrap();
    assert_eq!((timeout.value.as_str(), timeout.origin), ("2s", Origin::Inherited));
    assert_eq!(timeout.place, Some(("t".to_owned(), 3)));
    let last = found.fields.last().unwrap();
    assert!(last.value.ends_with(" more"), "{last:?}");
    assert_eq!(effective(&sources, ItemKind::Route, "none"), None);
    let json = found.to_json(7);
    assert_eq!(json["path"], serde_json::json!(["routes", { "name": "r" }]));
    assert_eq!(json["fields"][0]["path"], "name");
}
