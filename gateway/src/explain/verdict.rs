//! What the gateway itself answers, as far as the configuration alone says so.

use portico_config::config::{Config, Filter, Route, Rule};

use super::Asked;
use crate::{redirect, suspension::Suspension};

/// In the order in which a request meets it: the route, its filters, its backends. A plugin may
/// still answer before; which one does, only running it tells.
pub(super) fn of(
    config: &Config,
    route: &Route,
    rule: &Rule,
    asked: &Asked,
    (prefix, port): (u32, u16),
) -> Option<String> {
    if let Some(suspension) = Suspension::of_route(route) {
        return Some(format!("503 suspended: {suspension}; its filters do not run"));
    }
    let by_filter = rule.filters.iter().find_map(|filter| match filter {
        Filter::Respond(respond) => Some(format!("{} respond", respond.status)),
        Filter::Redirect(redirect) => {
            let host_and_target = (&*asked.host, &*asked.target);
            let location = redirect::location(redirect, host_and_target, prefix as usize, port);
            Some(format!("{} redirect to {location}", redirect.status))
        }
        Filter::Plugin(_)
        | Filter::RequestHeaders(_)
        | Filter::ResponseHeaders(_)
        | Filter::Rewrite(_) => None,
    });
    if by_filter.is_some() {
        return by_filter;
    }
    let mut weighing = rule.backends.iter().filter(|backend| backend.weight > 0).peekable();
    if weighing.peek().is_none() {
        return Some("503 no_backend".to_owned());
    }
    let suspended = |backend: &portico_config::config::Backend| {
        Suspension::of_service(&config.services[backend.service.0])
    };
    // As in `Backends`: only if none is left, and then the first.
    let all: Option<Vec<Suspension>> = weighing.map(suspended).collect();
    all?.first().map(|suspension| format!("503 suspended: {suspension}"))
}
