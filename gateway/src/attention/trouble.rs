//! Requests that fail: services that nobody answers for, timeouts that fire, errors.

use serde_json::json;

use super::{
    Action, Attention, Kind, Severity,
    situation::{Endpoint, Failure, Numbers, Route, Service, Situation},
    words::{capital, count, list, percent},
};

/// Failures that must have been seen: fewer are an accident.
const FAILED: u64 = 3;

/// The share of requests from which errors are worth a sentence, and from which they are an
/// emergency.
const SHARE: f64 = 0.05;
const MOSTLY: f64 = 0.5;

/// An endpoint that fails so often is down.
const DOWN: f64 = 0.95;

pub(super) fn say(situation: &Situation, all: &mut Vec<Attention>) {
    let mut dead = Vec::new();
    for service in situation.services.iter().filter(|service| !service.is_suspended) {
        let used: Vec<_> = service.endpoints.iter().filter(|own| own.is_used).collect();
        let down: Vec<_> = used.iter().copied().filter(|own| is_down(own)).collect();
        if down.is_empty() {
            continue;
        }
        if down.len() == used.len() {
            dead.push(&*service.name);
            all.push(all_down(service, &down));
        } else {
            all.extend(down.into_iter().map(|own| one_down(service, own, used.len())));
        }
    }
    for route in &situation.routes {
        let reasons = reasons(situation, &route.name);
        let of_route: u64 = reasons.iter().map(|own| own.count).sum();
        let is_dead = |own: &&&Failure| {
            matches!(own.reason, "connect_failed" | "no_endpoint")
                && own.service.as_deref().is_some_and(|service| dead.contains(&service))
        };
        let said: u64 = reasons.iter().filter(is_dead).map(|own| own.count).sum();
        if of_route > 0 && said * 10 >= of_route * 9 {
            continue;
        }
        let timeout = reasons.iter().find(|own| own.reason == "timeout" && own.count >= FAILED);
        match timeout.filter(|own| own.count * 10 >= of_route * 8) {
            Some(timeout) if has_errors(&route.numbers) => all.push(fired(route, timeout)),
            Some(_) => {}
            None => all.extend(errors(route, &reasons)),
        }
    }
}

fn reasons<'a>(situation: &'a Situation, route: &str) -> Vec<&'a Failure> {
    let of_route = |own: &&Failure| {
        own.route.as_deref() == Some(route) && !matches!(own.reason, "client_gone")
    };
    let mut found: Vec<_> = situation.failures.iter().filter(of_route).collect();
    found.sort_by_key(|own| std::cmp::Reverse(own.count));
    found
}

/// Enough failures in the last minute, and the last seconds do not say that it is over.
fn has_errors(numbers: &Numbers) -> bool {
    let Numbers { minute, now } = numbers;
    let is_over = now.requests > 0 && now.error_share() < SHARE;
    minute.errors >= FAILED && minute.error_share() >= SHARE && !is_over
}

fn is_down(endpoint: &Endpoint) -> bool {
    let Numbers { minute, now } = &endpoint.numbers;
    let is_over = now.requests > now.errors;
    let is_down = (minute.errors >= FAILED && minute.error_share() >= DOWN && !is_over)
        // It worked a moment ago, and then it stopped.
        || (now.errors >= FAILED && now.errors == now.requests);
    endpoint.unresolved.is_some() || (is_down && endpoint.trouble.is_some())
}

fn all_down(service: &Service, down: &[&Endpoint]) -> Attention {
    let name = &service.name;
    let what = trouble(down);
    let sentence = match down {
        [_] => format!("The only endpoint of `{name}` fails: {what}."),
        _ => format!("All {} endpoints of `{name}` fail: {what}.", down.len()),
    };
    let errors = down.iter().map(|own| own.numbers.minute.errors).sum();
    let edit = json!({
        "op": "set",
        "path": ["services", { "name": name }, "suspended"],
        "value": "it does not answer",
    });
    let suspend = Action::change(format!("Suspend `{name}`"), edit, "it does not answer");
    Attention::new("dead", Severity::Critical, Kind::Service, name, sentence)
        .why(guess(down))
        .weight(errors)
        .action(Action::page("Show the service", format!("/services/{name}")))
        .action(failed_requests(&format!("service:{name}")))
        .action(suspend)
}

fn one_down(service: &Service, endpoint: &Endpoint, used: usize) -> Attention {
    let (name, address) = (&service.name, &endpoint.address);
    let what = trouble(&[endpoint]);
    let sentence = format!("One of {used} endpoints of `{name}`, {address}, fails: {what}.");
    let edit = json!({
        "op": "set",
        "path": ["services", { "name": name }, "endpoints", { "address": address }, "suspended"],
        "value": "it does not answer",
    });
    let id = format!("{name}@{address}");
    let suspend = Action::change(format!("Suspend {address}"), edit, "it does not answer");
    Attention::new("down", Severity::Warning, Kind::Endpoint, &id, sentence)
        .why(guess(&[endpoint]))
        .weight(endpoint.numbers.minute.errors)
        .action(Action::page("Show the service", format!("/services/{name}")))
        .action(suspend)
}

fn trouble(down: &[&Endpoint]) -> String {
    let errors: u64 = down.iter().map(|own| own.numbers.minute.errors).sum();
    let unresolved = down.iter().find_map(|own| own.unresolved.as_deref());
    if let Some(why) = unresolved {
        return format!("its name does not resolve: {why}");
    }
    let attempts = count(errors, "attempt", "attempts");
    match down.iter().find_map(|own| own.trouble.as_deref()) {
        Some(why) => format!("{why} ({attempts} in the last minute)"),
        None => format!("{attempts} in the last minute"),
    }
}

/// What it most likely means.
fn guess(down: &[&Endpoint]) -> Option<String> {
    let refusing: Vec<String> =
        down.iter().filter(|own| own.refuses).map(|own| own.address.clone()).collect();
    match &*refusing {
        [] => None,
        [only] => Some(format!("Nothing listens at {only}: is it started?")),
        several => Some(format!("Nothing listens at {}: are they started?", list(several))),
    }
}

fn fired(route: &Route, timeout: &Failure) -> Attention {
    let requests = count(route.numbers.minute.errors, "request", "requests");
    let share = route.numbers.minute.error_share();
    let sentence = format!(
        "{} of `{}` got 504 in the last minute ({}): {}.",
        capital(&requests),
        route.name,
        percent(share),
        timeout.message
    );
    let mut found =
        Attention::new("timeout", Severity::Warning, Kind::Route, &route.name, sentence)
            .weight(route.numbers.minute.errors)
            .action(Action::page(
                "Show one",
                format!("/traces?q=route:{}+reason:timeout&sort=time", route.name),
            ));
    if let Some(service) = &timeout.service {
        let edit = json!({
            "op": "set",
            "path": ["services", { "name": service }, "suspended"],
            "value": "it is too slow",
        });
        let why = format!(
            "The timeout does what it is for: nobody waits longer. `{service}` is still slow."
        );
        let label = format!("Suspend `{service}`");
        found = found.why(Some(why)).action(Action::change(label, edit, "it is too slow"));
    }
    found
}

fn errors(route: &Route, reasons: &[&Failure]) -> Option<Attention> {
    let (minute, now) = (&route.numbers.minute, &route.numbers.now);
    if !has_errors(&route.numbers) {
        return None;
    }
    let severity = if minute.error_share() >= MOSTLY || now.error_share() >= MOSTLY {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let sentence = format!(
        "{} of {} of `{}` failed in the last minute ({}).",
        minute.errors,
        count(minute.requests, "request", "requests"),
        route.name,
        percent(minute.error_share())
    );
    let told = reasons.iter().take(3).map(|own| match own.reason {
        "status" => {
            let service = own.service.as_deref().unwrap_or("the service");
            format!("`{service}` itself answered {} ({} of those kept)", own.status, own.count)
        }
        reason => format!("{reason}: {} ({} of those kept)", own.message, own.count),
    });
    let told: Vec<String> = told.collect();
    let why = (!told.is_empty()).then(|| told.join("; "));
    let found = Attention::new("errors", severity, Kind::Route, &route.name, sentence)
        .why(why)
        .weight(minute.errors)
        .action(failed_requests(&format!("route:{}", route.name)));
    Some(found.action(Action::page("Show the route", format!("/routes/{}", route.name))))
}

fn failed_requests(query: &str) -> Action {
    Action::page("Show failed requests", format!("/traces?q={query}+is:failed&sort=time"))
}
