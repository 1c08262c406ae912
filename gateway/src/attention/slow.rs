//! Services that let everybody wait, where no timeout ends it; and clients that gave up.

use std::time::Duration;

use serde_json::json;

use super::{
    Action, Attention, Kind, Severity,
    situation::{Count, Failure, Numbers, Route, Situation, Unlimited, Way},
    words::{capital, count, list, time},
};

/// What takes this long is slow: people notice, and callers pile up.
const SLOW: Duration = Duration::from_secs(1);

/// Requests that must have ended, so that one slow answer alarms nobody.
const ENDED: u64 = 3;

/// How long nothing may end while requests wait. A hang shows itself before any request has ended.
const HANGING: Duration = Duration::from_secs(3);

/// What is open longer may well be meant to be: a stream of events, a WebSocket.
const STREAM: Duration = Duration::from_secs(60);

/// Clients that must have left.
const GONE: u64 = 3;

pub(super) fn say(situation: &Situation, all: &mut Vec<Attention>) {
    // Two that call each other explain nothing.
    let explains = |called: &str, name: &str| {
        let mut routes = situation.routes.iter().filter(|route| route.name == called);
        routes.any(|route| {
            route.ways.iter().any(takes_long)
                && !route.ways.iter().any(|way| way.calls.iter().any(|own| own == name))
        })
    };
    for route in &situation.routes {
        let gone = gone(situation, &route.name);
        let before = all.len();
        for way in route.ways.iter().filter(|way| takes_long(way)) {
            // Who waits for another one that is slow is not the one to blame, and does not wait for
            // ever if that one has a timeout.
            if way.calls.iter().any(|called| explains(called, &route.name)) {
                continue;
            }
            let is_waiting =
                |other: &&Route| other.ways.iter().any(|own| own.calls.contains(&route.name));
            let others = situation.routes.iter().filter(|other| other.name != route.name);
            let waiting: Vec<String> =
                others.filter(is_waiting).map(|other| other.name.clone()).collect();
            all.extend(slow(&route.name, way, gone, &waiting));
        }
        let is_said = all.len() > before;
        if let Some(gone) = gone.filter(|gone| !is_said && gone.count >= GONE && gone.now > 0) {
            all.push(left(&route.name, gone));
        }
    }
}

/// It takes long, or keeps requests waiting, whether a timeout ends that or not. Somewhat less than
/// slow, because who waits for it takes a little longer still.
pub(crate) fn takes_long(way: &Way) -> bool {
    const NEARLY: f64 = 0.8;
    let Numbers { minute, now } = &way.numbers;
    let is_long = |p99: Option<Duration>| p99.is_some_and(|p99| p99 >= SLOW.mul_f64(NEARLY));
    let is_hanging = way.hanging.is_some_and(|(_, since)| since >= HANGING);
    is_hanging || is_long(minute.p99) || is_long(now.p99)
}

fn gone<'a>(situation: &'a Situation, route: &str) -> Option<&'a Failure> {
    let mut failures = situation.failures.iter();
    failures.find(|own| own.reason == "client_gone" && own.route.as_deref() == Some(route))
}

fn slow(route: &str, way: &Way, gone: Option<&Failure>, waiting: &[String]) -> Option<Attention> {
    // Who has set a timeout has decided how long to wait.
    let Unlimited { shown, path } = way.unlimited.as_ref()?;
    let service = &way.service;
    let p99 = is_slow(&way.numbers);
    let hanging = way.hanging.filter(|(_, since)| *since >= HANGING);
    let (severity, sentence) = match (p99, hanging) {
        (Some(p99), _) => (
            Severity::Critical,
            format!(
                "`{service}` takes {} and `{shown}` has no timeout: who asks waits as long.",
                time(p99)
            ),
        ),
        (None, Some((waiting, since))) if since < STREAM => (
            Severity::Warning,
            format!(
                "`{service}` has not answered for {} and `{shown}` has no timeout: {}.",
                time(since),
                waits(waiting)
            ),
        ),
        (None, Some((waiting, since))) => (
            Severity::Notice,
            format!(
                "At `{service}` nothing has ended for {}, and `{shown}` has no timeout: {}, or \
                 they are long streams.",
                time(since),
                waits(waiting)
            ),
        ),
        (None, None) => return None,
    };
    let weight = way.numbers.minute.requests + hanging.map_or(0, |(waiting, _)| waiting);
    let name = format!("{route}/{service}");
    let mut found = Attention::new("slow", severity, Kind::Route, &name, sentence);
    found.subject.name = route.to_owned();
    let edit = json!({ "op": "set", "path": path, "value": "1s" });
    let reason = format!("{service} is slow, and nobody should wait for it");
    let href = format!("/traces?q=route:{route}&sort=duration");
    let found = found
        .why(causes(way, p99.is_some(), gone, waiting))
        .weight(weight)
        .action(Action::change("Set timeout: 1s".to_owned(), edit, &reason))
        .action(Action::page("Show a slow request", href));
    Some(found)
}

fn causes(way: &Way, is_slow: bool, gone: Option<&Failure>, waiting: &[String]) -> Option<String> {
    let mut causes = Vec::new();
    let Count { p50, p99, .. } = way.numbers.minute;
    if let (Some(p50), Some(p99), true) = (p50, p99, is_slow) {
        causes.push(format!(
            "In the last minute half of the requests took {} or less, the slowest of a hundred {}.",
            time(p50),
            time(p99)
        ));
    }
    if !waiting.is_empty() {
        let wait = if waiting.len() == 1 { "waits" } else { "wait" };
        causes.push(format!("{} {wait} for it, too.", list(waiting)));
    }
    if let Some(gone) = gone {
        let clients = count(gone.count, "client", "clients");
        causes.push(format!("At least {clients} gave up waiting."));
    }
    (!causes.is_empty()).then(|| causes.join(" "))
}

/// The slowest of a hundred, if that is slow, for enough requests, and has not passed.
fn is_slow(numbers: &Numbers) -> Option<Duration> {
    let p99 = numbers.minute.p99.filter(|p99| *p99 >= SLOW)?;
    let now = numbers.now.p99.unwrap_or(p99);
    (numbers.minute.requests >= ENDED && now >= SLOW).then_some(now)
}

fn waits(waiting: u64) -> String {
    match waiting {
        1 => "one request waits".to_owned(),
        _ => format!("{waiting} requests wait"),
    }
}

fn left(route: &str, gone: &Failure) -> Attention {
    let clients = capital(&count(gone.count, "client", "clients"));
    let sentence = format!("{clients} of `{route}` gave up waiting, after {}.", time(gone.took));
    let href = format!("/traces?q=route:{route}+reason:client_gone&sort=time");
    Attention::new("gone", Severity::Warning, Kind::Route, route, sentence)
        .weight(gone.count)
        .action(Action::page("Show one", href))
}
