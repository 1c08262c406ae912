//! Decisions as data: `golden/*.txt` hold routes and requests, and under each request what became
//! of it. `UPDATE=1` writes the answers anew.
//!
//! A file is made of these lines; `#` begins a comment.
//!
//! ```text
//! listener NAME HOST…
//! route NAME [@LISTENER…] HOST…
//! rule MATCH [| MATCH…]
//! find METHOD HOST PATH[?QUERY] [HEADER=VALUE…]
//! explain …the same, with the reasons
//! > an answer
//! ```

use std::{fmt::Write as _, fs, path::Path};

use http::{HeaderName, HeaderValue, Method};
use portico_config::config::{Config, Listener, ListenerRef};

use super::{
    Router, Sites,
    tests::{build, generate::Asked},
};

#[test]
fn decisions_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/router/golden");
    let mut checked = 0;
    for entry in fs::read_dir(&folder).expect("the folder of golden files") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let written = fs::read_to_string(&path).expect("text");
        let answered = answer(&written);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &answered).expect("a file that can be written");
        } else {
            assert_eq!(answered, written, "{}: UPDATE=1 writes it anew", path.display());
        }
        checked += answered.lines().filter(|line| line.starts_with('>')).count();
    }
    assert!(checked > 50, "only {checked} answers in {}", folder.display());
}

/// The same text, with the answers that the router gives.
fn answer(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.starts_with('>'));
    let config = configuration(lines());
    let mut answered = String::new();
    for line in lines() {
        answered.push_str(line);
        answered.push('\n');
        match line.split_once(' ') {
            Some(("find", request)) => answered.push_str(&decide(&config, request, false)),
            Some(("explain", request)) => answered.push_str(&decide(&config, request, true)),
            _ => {}
        }
    }
    answered
}

fn configuration<'a>(lines: impl Iterator<Item = &'a str>) -> Config {
    let mut config = Config::default();
    for line in lines {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words = rest.split_whitespace();
        match verb {
            "listener" => {
                let mut words = words;
                config.listeners.push(Listener {
                    name: words.next().expect("a name").into(),
                    address: ([127, 0, 0, 1], 0).into(),
                    hosts: words.map(build::host).collect(),
                });
            }
            "route" => {
                let (on, hosts): (Vec<_>, Vec<_>) =
                    words.skip(1).partition(|word| word.starts_with('@'));
                let serves = |name: &str| on.is_empty() || on.iter().any(|word| word[1..] == *name);
                let listeners = config.listeners.iter().enumerate();
                let listeners = listeners.filter(|(_, listener)| serves(&listener.name));
                let listeners = listeners.map(|(place, _)| ListenerRef(place)).collect();
                let hosts = hosts.into_iter().map(build::host).collect();
                let mut route = build::route(listeners, hosts, Vec::new());
                route.name = rest.split_whitespace().next().expect("a name").into();
                config.routes.push(route);
            }
            "rule" => {
                let matches = rest.split(" | ").map(build::one_match).collect();
                let route = config.routes.last_mut().expect("a route before its rules");
                route.rules.push(build::rule(matches));
            }
            "" | "#" | "explain" | "find" => {}
            other => panic!("`{other}` begins no line of a golden file"),
        }
    }
    config
}

fn decide(config: &Config, request: &str, reasons: bool) -> String {
    let asked = asked(request);
    let all: Vec<_> = (0..config.listeners.len()).map(ListenerRef).collect();
    let Some(listener) = Sites::new(config, &all).find(&asked.host) else {
        return "> no listener\n".into();
    };
    let router = Router::new(config, listener);
    let name = &config.listeners[listener.0].name;
    let mut text = match router.find(&asked.request()) {
        Some(found) => {
            let rule = rule_name(config, found.rule);
            format!("> {name}: {rule} match {}, prefix {}\n", found.matched, found.prefix)
        }
        None => format!("> {name}: no rule\n"),
    };
    if reasons {
        let explanation = router.explain(config, &asked.request());
        let host = &explanation.host;
        writeln!(text, ">   host {host:?} of {:?}", explanation.hosts_known).expect("a string");
        for lost in &explanation.lost {
            let rule = rule_name(config, lost.rule);
            writeln!(text, ">   {rule} match {}: {}", lost.matched, lost.why).expect("a string");
        }
    }
    text
}

fn asked(request: &str) -> Asked {
    let mut words = request.split_whitespace();
    let method = words.next().expect("a method").parse::<Method>().expect("a method");
    let host = words.next().expect("a host");
    let target = words.next().expect("a path");
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let host = if host == "-" { "" } else { host };
    let mut asked = Asked { host: host.into(), path: path.into(), query, method, ..<_>::default() };
    for field in words {
        let (name, value) = field.split_once('=').expect("a header and its value");
        let name = name.parse::<HeaderName>().expect("a name");
        asked.headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    asked
}

/// `route/rule` of a flattened index.
fn rule_name(config: &Config, index: u32) -> String {
    let names = config
        .routes
        .iter()
        .flat_map(|route| (0..route.rules.len()).map(move |rule| format!("{}/{rule}", route.name)));
    names.into_iter().nth(index as usize).expect("a rule that exists")
}
