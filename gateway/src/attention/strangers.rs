//! Requests that met no rule: a host that nobody has configured, or somebody who tries out paths.

use super::{
    Action, Attention, Kind, Severity,
    situation::{Situation, Strangers},
    words::{count, list, percent, shortened},
};

/// One mistyped address asks for a page and its icon a few times; this is more.
const REQUESTS: u64 = 10;

/// One host, or a few paths, are behind it if they are so much of it.
const MOSTLY: f64 = 0.5;

/// Hosts that are named.
const NAMED: usize = 4;

pub(super) fn say(situation: &Situation, all: &mut Vec<Attention>) {
    let Strangers { numbers, hosts, paths, known } = &situation.strangers;
    let requests = numbers.minute.requests;
    if requests < REQUESTS || numbers.now.requests == 0 {
        return;
    }
    let kept: u64 = hosts.iter().map(|(_, count)| count).sum();
    let mostly = |found: Option<&(String, u64)>| {
        found.cloned().filter(|(_, count)| *count as f64 >= kept as f64 * MOSTLY)
    };
    let many = count(requests, "request", "requests");
    let met = format!("{many} met no route in the last minute");
    let knows = |host: &str| known.iter().any(|own| own == "*" || fits(own, host));
    let (sentence, why) = match mostly(hosts.first()) {
        Some((host, _)) if !knows(&host) => {
            let shown: Vec<String> = known.iter().take(NAMED).cloned().collect();
            let sentence = format!(
                "{met}: they ask for host `{}`, and the routes know {}.",
                shortened(&host),
                list(&shown)
            );
            (sentence, Some("A host is matched without its port.".to_owned()))
        }
        _ => match mostly(paths.first()) {
            Some((path, count)) => {
                let share = percent(count as f64 / kept.max(1) as f64);
                let path = shortened(&path);
                let why = format!("{share} of those that are kept asked for this path.");
                (format!("{met}, most of them for `{path}`."), Some(why))
            }
            None => {
                let tried = paths.len();
                let why = format!(
                    "They asked for {tried} different paths, as scanners do. They cost little: \
                     the gateway answers 404 by itself."
                );
                (format!("{met}."), Some(why))
            }
        },
    };
    let mut capital = sentence;
    if let Some(first) = capital.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    let found = Attention::new("strangers", Severity::Notice, Kind::Listener, "all", capital)
        .why(why)
        .weight(requests)
        .action(Action::page("Show them", "/traces?q=status:404&sort=time"));
    all.push(found.action(Action::page("Explain one", "/explain")));
}

fn fits(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(suffix) => host.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')),
        None => pattern == host,
    }
}
