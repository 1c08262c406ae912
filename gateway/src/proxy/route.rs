//! Where a request goes, and how long that may take.

use std::time::Duration;

use pingora::http::RequestHeader;

use crate::{
    exchange::{Deadline, Exchange, Matched},
    failure::{Failure, PolicyFault, TimeoutSource},
    forward, heads, redirect,
    router::Request,
};

use http::header;

/// The listener and rule for a request.
pub(super) fn find(exchange: &mut Exchange, head: &RequestHeader) -> Result<Matched, Failure> {
    let host = heads::host(head);
    let listener = exchange.snapshot.listener(exchange.connection.socket, host);
    let Some((listener, table)) = listener else {
        return Err(Failure::Policy(PolicyFault::NoListener { host: host.to_owned() }));
    };
    let (path, query) = redirect::split(heads::target(head));
    let request = Request { host, path, query, method: &head.method, headers: &head.headers };
    let found = match table.router.find(&request) {
        Some(found) => Ok(Matched {
            listener: listener.0,
            rule: found.rule as usize,
            prefix: found.prefix as usize,
        }),
        None => Err(Failure::Policy(PolicyFault::NoRoute {
            listener: table.name.clone(),
            host: host.to_owned(),
            method: head.method.to_string(),
            path: path.to_owned(),
        })),
    };
    exchange.listener = Some(listener.0);
    found
}

/// Turns a request away whose route is out of use: before its filters, which may be the reason.
pub(super) fn admit(exchange: &Exchange) -> Result<(), Failure> {
    match exchange.rule().and_then(|rule| rule.suspended.as_ref()) {
        Some(suspension) => Err(Failure::Policy(PolicyFault::Suspended(suspension.clone()))),
        None => Ok(()),
    }
}

/// A filter has changed the request and wants it matched anew: another rule's backends and timeout
/// may count from here on. The filters it meets stay those of the first.
pub(super) fn again(exchange: &mut Exchange, head: &RequestHeader) -> Result<(), Failure> {
    let wanted = exchange.filters.stream.as_mut().is_some_and(|stream| {
        let wanted = stream.reroute;
        stream.reroute = false;
        wanted
    });
    if wanted {
        exchange.rerouted = Some(find(exchange, head)?.rule);
        admit(exchange)?;
    }
    Ok(())
}

/// The shorter of the rule's timeout and what the request's header asks for: a header, whoever
/// wrote it, never lengthens what the configuration allows.
pub(super) fn deadline(exchange: &Exchange, head: &RequestHeader) -> Option<Deadline> {
    let rule = exchange.rule()?;
    let asked = head.headers.get(forward::TIMEOUT).and_then(|value| {
        let milliseconds = value.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_millis(milliseconds)).filter(|limit| !limit.is_zero())
    });
    let (limit, whose) = match (asked, rule.timeout) {
        (Some(asked), own) if own.is_none_or(|own| asked < own) => (asked, TimeoutSource::Header),
        (_, Some(own)) => (own, TimeoutSource::Rule(rule.name.clone())),
        (_, None) => return None,
    };
    let accept = head.headers.get(header::ACCEPT).cloned();
    Some(Deadline { at: exchange.started + limit, limit, whose, accept })
}
