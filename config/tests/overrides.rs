//! What applies to a plugin in each place, against an oracle that knows nothing of variants: it
//! looks at everything that is said about a request and takes what scores most.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail there")]

use std::collections::HashSet;

use portico_config::{
    Loaded, Source,
    config::{Config, Filter, ListenerRef, PluginStep, SetBy, Setting},
    load,
};
use proptest::prelude::*;

const LISTENERS: [&str; 2] = ["public", "internal"];
const ROUTES: [&str; 2] = ["fleet", "staff"];
const RULES: [&str; 2] = ["one", "two"];
const PATTERNS: [&str; 5] = ["*", "*.io", "*.a.io", "x.a.io", "b.io"];
const HOSTS: [&str; 5] = ["x.a.io", "y.a.io", "b.io", "io", "else.where"];

/// What is said about a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    Configured,
    Disabled,
    Enabled,
    Nothing,
}

#[derive(Clone, Debug)]
struct Written {
    listener: Option<usize>,
    host: Option<usize>,
    route: Option<usize>,
    rule: Option<usize>,
    word: Word,
}

/// A plugin and where it runs: perhaps a step in each route, perhaps one in each of its rules.
#[derive(Clone, Debug)]
struct Case {
    overrides: Vec<Written>,
    in_routes: [Option<Word>; 2],
    in_rules: [[Option<Word>; 2]; 2],
}

fn said(word: Word, name: &str) -> String {
    match word {
        Word::Configured => format!(", configuration: {name}"),
        Word::Disabled => ", disabled: true".to_owned(),
        Word::Enabled => ", disabled: false".to_owned(),
        Word::Nothing => String::new(),
    }
}

fn document(case: &Case) -> String {
    let mut text = "listeners:\n".to_owned();
    for (index, name) in LISTENERS.iter().enumerate() {
        text += &format!("  - {{ name: {name}, address: \"127.0.0.1:{}\" }}\n", 8000 + index);
    }
    text += "plugins:\n  - name: guard\n    bundled: auth\n    overrides:\n";
    for (index, written) in case.overrides.iter().enumerate() {
        let part = |name: &str, value: Option<usize>, words: &[&str]| {
            value.map(|value| format!("{name}: \"{}\"", words[value]))
        };
        let parts = [
            part("listener", written.listener, &LISTENERS),
            part("host", written.host, &PATTERNS),
            part("route", written.route, &ROUTES),
            part("rule", written.rule, &RULES),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let word = said(written.word, &format!("override-{index}"));
        text += &format!("      - {{ {}{word} }}\n", parts.join(", "));
    }
    if case.overrides.is_empty() {
        text += "      []\n";
    }
    text += "routes:\n";
    for (route, name) in ROUTES.iter().enumerate() {
        text += &format!(
            "  - name: {name}\n    filters:\n      - request_headers: {{ remove: [a] }}\n"
        );
        if let Some(word) = case.in_routes[route] {
            let word = said(word, &format!("route-{route}"));
            text += &format!("      - plugin: {{ name: guard{word} }}\n");
        }
        text += "    rules:\n";
        for (rule, name) in RULES.iter().enumerate() {
            text += &format!(
                "      - name: {name}\n        matches: [{{ path: {{ prefix: /{route}{rule} }} }}]\n        filters:\n"
            );
            if let Some(word) = case.in_rules[route][rule] {
                let word = said(word, &format!("rule-{route}{rule}"));
                text += &format!("          - plugin: {{ name: guard{word} }}\n");
            }
            text += "          - respond: {}\n";
        }
    }
    text
}

fn fits(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => rest.is_empty() || (host.ends_with(rest) && host.len() > rest.len()),
        None => pattern == host,
    }
}

/// The outcome of a word, named after who says it.
fn outcome(word: Word, name: String) -> String {
    match word {
        Word::Configured => name,
        Word::Disabled => "off".to_owned(),
        Word::Enabled | Word::Nothing => "own".to_owned(),
    }
}

/// What applies to one step, by what scores most: a rule 10,000, a route 1,000, a host 100 or ten
/// for each of its labels, a listener 2, and 1 for the step's own word.
fn oracle(
    case: &Case,
    own: &[(u32, Word, String)],
    request: (usize, &str, usize, usize),
) -> String {
    let (listener, host, route, rule) = request;
    let mut best = (0, "own".to_owned());
    let overrides = case.overrides.iter().enumerate().filter_map(|(index, written)| {
        let here = written.listener.is_none_or(|own| own == listener)
            && written.host.is_none_or(|own| fits(PATTERNS[own], host))
            && written.route.is_none_or(|own| own == route)
            && written.rule.is_none_or(|own| own == rule);
        let host = match written.host.map(|host| PATTERNS[host]) {
            None | Some("*") => 0,
            Some(pattern) if pattern.starts_with('*') => 10 * pattern.matches('.').count() as u32,
            Some(_) => 100,
        };
        let score = 10_000 * u32::from(written.rule.is_some())
            + 1_000 * u32::from(written.route.is_some())
            + host
            + 2 * u32::from(written.listener.is_some());
        here.then(|| (score, outcome(written.word, format!("override-{index}"))))
    });
    // One for `host: "*"` alone scores nothing and still counts.
    for (score, outcome) in overrides.map(|(score, outcome)| (score + 1, outcome)) {
        if score > best.0 {
            best = (score, outcome);
        }
    }
    for (score, word, name) in own {
        if *word != Word::Nothing && score + 2 > best.0 {
            best = (score + 2, outcome(*word, name.clone()));
        }
    }
    best.1
}

fn steps(config: &Config, route: usize, rule: usize) -> Vec<&PluginStep> {
    let filters = config.routes[route].rules[rule].filters.iter();
    filters
        .filter_map(|filter| match filter {
            Filter::Plugin(step) => Some(step),
            _ => None,
        })
        .collect()
}

fn shown(setting: &Setting) -> String {
    match setting {
        Setting::Configuration(bytes) => String::from_utf8(bytes.0.to_vec()).unwrap(),
        Setting::Disabled => "off".to_owned(),
        Setting::Own => "own".to_owned(),
    }
}

fn word() -> impl Strategy<Value = Word> {
    proptest::sample::select(vec![Word::Configured, Word::Disabled, Word::Enabled])
}

fn step() -> impl Strategy<Value = Option<Word>> {
    prop_oneof![
        2 => Just(None),
        2 => Just(Some(Word::Nothing)),
        1 => word().prop_map(Some),
    ]
}

fn written() -> impl Strategy<Value = Written> {
    let maybe = |count: usize| proptest::option::of(0..count);
    (maybe(2), maybe(PATTERNS.len()), maybe(2), maybe(2), word())
        .prop_map(|(listener, host, route, rule, word)| {
            // A rule needs its route.
            let rule = rule.filter(|_| route.is_some());
            Written { listener, host, route, rule, word }
        })
        .prop_filter("it says where", |written| {
            let Written { listener, host, route, .. } = written;
            listener.is_some() || host.is_some() || route.is_some()
        })
}

fn case() -> impl Strategy<Value = Case> {
    let overrides = proptest::collection::vec(written(), 0..12).prop_map(|mut list| {
        let mut seen = HashSet::new();
        list.retain(|written| {
            // `*` is no condition.
            let host = written.host.filter(|host| *host > 0);
            seen.insert((written.listener, host, written.route, written.rule))
        });
        list
    });
    let rules = || [[step(), step()], [step(), step()]];
    (overrides, [step(), step()], rules()).prop_map(|(overrides, in_routes, in_rules)| Case {
        overrides,
        in_routes,
        in_rules,
    })
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let text = document(case);
    let source = Source { name: "test.yaml".into(), folder: ".".into(), text: text.clone() };
    let Loaded { config, diagnostics } = load(&[source]);
    let config = config.ok_or_else(|| TestCaseError::fail(format!("{diagnostics:?}\n{text}")))?;
    for (route, rule) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let in_rule = case.in_rules[route][rule];
        let mut expected = Vec::new();
        if let Some(word) = case.in_routes[route] {
            let mut own = vec![(1_000, word, format!("route-{route}"))];
            own.extend(
                (in_rule == Some(Word::Disabled)).then(|| (11_000, Word::Disabled, String::new())),
            );
            expected.push(own);
        }
        if let Some(word) = in_rule.filter(|word| *word != Word::Disabled) {
            expected.push(vec![(11_000, word, format!("rule-{route}{rule}"))]);
        }
        let found = steps(&config, route, rule);
        prop_assert_eq!(found.len(), expected.len(), "{}", text);
        for (step, own) in found.into_iter().zip(expected) {
            for (listener, host) in (0..2).flat_map(|own| HOSTS.map(|host| (own, host))) {
                let (setting, by) = step.settle(ListenerRef(listener), host);
                let expected = oracle(case, &own, (listener, host, route, rule));
                let place = (LISTENERS[listener], host, ROUTES[route], RULES[rule]);
                prop_assert_eq!(&shown(setting), &expected, "{:?}\n{}", place, text);
                if let SetBy::Override(index) = by {
                    let word = case.overrides[index].word;
                    prop_assert_eq!(outcome(word, format!("override-{index}")), expected);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_most_specific_word_counts(case in case()) {
        check(&case)?;
    }
}
