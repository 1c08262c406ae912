//! Whatever is written, loading ends, explains itself and does not panic.

use portico_config::{Loaded, Severity, Source, load, locate, locate_item};
use proptest::prelude::*;
use serde_yaml::Value;

/// Words that lead deep into the definition, so that random trees are not refused at the top.
const WORDS: [&str; 62] = [
    "listeners",
    "services",
    "plugins",
    "routes",
    "name",
    "address",
    "hosts",
    "endpoints",
    "weight",
    "connect_timeout",
    "bundled",
    "file",
    "limits",
    "memory",
    "cpu",
    "configuration",
    "rules",
    "matches",
    "path",
    "prefix",
    "exact",
    "regex",
    "headers",
    "query",
    "method",
    "filters",
    "request_headers",
    "set",
    "add",
    "remove",
    "redirect",
    "rewrite",
    "respond",
    "replace_prefix",
    "plugin",
    "backends",
    "service",
    "timeout",
    "url",
    "oci",
    "digest",
    "registry",
    "signature",
    "environment",
    "vm",
    "capabilities",
    "call_hosts",
    "canary",
    "percent",
    "overrides",
    "listener",
    "host",
    "route",
    "rule",
    "disabled",
    "a.io/b:1",
    "web",
    "0.0.0.0:80",
    "1s",
    "/api",
    "*",
    "<<",
];

fn source(text: String) -> Source {
    Source { name: "test.yaml".to_owned(), folder: ".".into(), text }
}

/// Loads and checks what holds for every result.
fn check(text: String) -> Loaded {
    let lines = text.lines().count();
    let loaded = load(&[source(text)]);
    let errors = loaded.diagnostics.iter().any(|each| each.severity == Severity::Error);
    assert_eq!(loaded.config.is_none(), errors);
    for diagnostic in &loaded.diagnostics {
        assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
        assert!(diagnostic.line <= lines + 1, "{diagnostic} is beyond the last of {lines} lines");
        assert!(!diagnostic.message.is_empty() && diagnostic.to_string().contains("test.yaml"));
        assert_eq!(diagnostic.to_json()["line"], diagnostic.line);
        let inside = |excerpt: &String| diagnostic.column <= excerpt.chars().count() + 1;
        assert!(diagnostic.excerpt.as_ref().is_none_or(inside), "{diagnostic}");
    }
    loaded
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => proptest::sample::select(WORDS.to_vec()).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => "\\PC{0,12}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        9 => proptest::sample::select(WORDS.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    scalar().prop_recursive(7, 96, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
                Value::Mapping(entries.collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_loaded_or_explained(text in "\\PC{0,200}") {
        check(text);
    }

    #[test]
    fn any_yaml_like_text_is_loaded_or_explained(
        text in "((  ){0,4}(- )?(routes|rules|name|configuration|&a|\\*a|<<|\\[|\\{|\"|x): ?(\\[|\\]|\\}|\\||>|\\*a|&a|x|1s)?\n){0,16}"
    ) {
        check(text);
    }

    #[test]
    fn any_tree_is_loaded_or_explained(tree in tree()) {
        check(serde_yaml::to_string(&tree).unwrap());
    }

    /// Even in the worst of company, what stands under `configuration` is not shown.
    #[test]
    fn secrets_stay_hidden(tree in tree(), broken in any::<bool>(), slip in 0_usize..12) {
        let tree = serde_yaml::to_string(&tree).unwrap().replace('\n', "\n    ");
        let indent = " ".repeat(slip);
        let end = if broken { "\n   ]\n" } else { "\n" };
        let text = format!("\
plugins:
  - name: x
    url: https://user:s3cr3t@a.io/x
    environment:
      KEY: s3cr3t
    configuration:
      key: s3cr3t
{indent}other: s3cr3t{end}routes:
    {tree}\n");
        for diagnostic in check(text).diagnostics {
            prop_assert!(!diagnostic.to_string().contains("s3cr3t"), "{}", diagnostic);
        }
    }
}

#[test]
fn every_byte_of_a_good_file_may_be_missing() {
    for good in [
        include_str!("golden/good-everything.yaml"),
        include_str!("golden/good-overrides.yaml"),
        include_str!("golden/good-plugins.yaml"),
    ] {
        for (cut, _) in good.char_indices() {
            let loaded = check(good[..cut].to_owned());
            let shown = loaded.diagnostics.iter().any(|each| each.to_string().contains("s3cr3t"));
            assert!(!shown, "cut at {cut}");
        }
    }
}

#[test]
fn paths_are_located() {
    let text = "routes:\n  - name: a\n    rules:\n      - { backends: [x], timeout: 1s }\n";
    let source = source(text.to_owned());
    for (path, place) in [
        ("", Some((1, 1))),
        ("routes", Some((1, 1))),
        ("routes[0]", Some((2, 5))),
        ("routes[0].name", Some((2, 11))),
        ("routes[0].rules[0].timeout", Some((4, 35))),
        ("routes[0].rules[0].backends[0]", Some((4, 22))),
        ("routes[1]", None),
        ("routes[0].nothing", None),
        ("routes[", None),
    ] {
        assert_eq!(locate(&source, path), place, "{path}");
    }
}

#[test]
fn items_are_located_in_all_sources() {
    let texts = ["plugins: [a, b]", "x: 1", "plugins:\n  - { name: c, overrides: [1, 2] }"];
    let sources = texts.map(|text| source(text.to_owned()));
    for (index, part, place) in [
        (0, "", Some((0, 1, 11))),
        (1, "", Some((0, 1, 14))),
        (2, "", Some((2, 2, 5))),
        (2, "overrides[1]", Some((2, 2, 31))),
        (2, "overrides[2]", None),
        (3, "", None),
    ] {
        assert_eq!(locate_item(&sources, "plugins", index, part), place, "{index} {part}");
    }
    assert_eq!(locate_item(&sources, "routes", 0, ""), None);
}

#[test]
fn input_beyond_the_limit_is_refused() {
    let text = "#".repeat((64 << 20) + 1);
    let loaded = load(&[source(text)]);
    assert!(loaded.diagnostics[0].message.contains("at most 64 MiB"));
}

/// Found by `any_text_is_loaded_or_explained`: the parser takes U+2028 for the end of a line.
#[test]
fn lines_end_where_editors_end_them() {
    let loaded = check("A:\u{2028}\u{10080}".to_owned());
    assert_eq!(loaded.diagnostics[0].line, 1);
}
