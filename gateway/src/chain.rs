//! The filters of a rule: forward over the request, back over the response.
//!
//! A chain never waits. A filter that pauses keeps what it was given, the call answers
//! [`Verdict::Wait`], and [`pause::resume`] goes on from there once the filter has said so. What
//! has passed all filters is found in [`Way::out`].

mod apply;
pub(crate) mod body;
mod outcome;
pub(crate) mod pause;
mod way;

use std::{sync::Arc, time::SystemTime};

use http::HeaderMap;
use pingora::http::{RequestHeader, ResponseHeader};
use portico_wasm::{Action, Facts, Progress, Stream};

pub(crate) use self::way::{Filters, Newer, Visited, Way};
use self::{
    apply::{HeadMut, apply},
    pause::Direction,
};
use crate::{
    answer::Answer,
    backend::Service,
    exchange::Exchange,
    failure::Failure,
    heads,
    order::Order,
    proxy::Broken,
    redirect,
    snapshot::{PluginStep, Rule, Step},
};

/// What a phase decided.
pub(crate) enum Verdict {
    Answer(Answer),
    Forward,
    /// A filter keeps the head for now.
    Wait,
}

/// Runs the request phase of all filters, in order. An answer or a failure ends it.
pub(crate) fn on_request(
    exchange: &mut Exchange,
    head: &mut RequestHeader,
    end: bool,
) -> Result<Verdict, Broken> {
    let Some(matched) = exchange.matched else { return Ok(Verdict::Forward) };
    let rule = &exchange.snapshot.rules[matched.rule];
    if rule.steps.is_empty() {
        return Ok(Verdict::Forward);
    }
    if rule.asks_for_host {
        // Filters may change the host; what applies goes by the one that the request was routed by.
        exchange.filters.host = heads::host(head).into();
    }
    exchange.filters.request.head_ended = end;
    request_from(exchange, head, 0)
}

/// Runs the request phase from a step on.
fn request_from(
    exchange: &mut Exchange,
    head: &mut RequestHeader,
    first: usize,
) -> Result<Verdict, Broken> {
    let Some(matched) = exchange.matched else { return Ok(Verdict::Forward) };
    let snapshot = exchange.snapshot.clone();
    let steps = &snapshot.rules[matched.rule].steps;
    for (index, step) in steps.iter().enumerate().skip(first) {
        exchange.filters.reached = index + 1;
        if let Step::Plugin(step) = step {
            if exchange.filters.request.newer == Newer::Head {
                read_request(exchange, head);
            }
            let action = enter(exchange, step)?;
            let changed = exchange.filters.stream.as_ref().is_some_and(|s| s.request.changed());
            exchange.filters.request.newer =
                if changed { Newer::Fields } else { exchange.filters.request.newer.or_neither() };
            if action != Action::Continue {
                pause::keep_head(exchange, step, index, Direction::Request, action);
                return Ok(Verdict::Wait);
            }
            continue;
        }
        exchange.filters.visits.push(Visited::default());
        settle_request(exchange, head)?;
        if let Some(answer) = native(exchange, step, head, matched.prefix) {
            return Ok(Verdict::Answer(answer));
        }
    }
    settle_request(exchange, head)?;
    Ok(Verdict::Forward)
}

/// A step that is not a plugin. Answers with what it puts in place of the service's response.
fn native(
    exchange: &mut Exchange,
    step: &Step,
    head: &mut RequestHeader,
    prefix: usize,
) -> Option<Answer> {
    match step {
        Step::Redirect(redirect) => return Some(redirect::answer(redirect, head, exchange)),
        Step::Respond(answer) => return Some(answer.clone()),
        Step::RequestHeaders(changes) => apply(changes, HeadMut::Request(head)),
        Step::Rewrite(rewrite) => redirect::rewrite(rewrite, head, prefix),
        Step::ResponseHeaders(_) | Step::Plugin(_) => return None,
    }
    exchange.filters.request.newer = Newer::Head;
    None
}

/// Runs the response phase of the filters that the request has reached, in reverse order.
pub(crate) fn on_response(
    exchange: &mut Exchange,
    head: &mut ResponseHeader,
    end: bool,
) -> Result<Verdict, Broken> {
    let order = exchange.filters.response.order.take();
    exchange.filters.response = Way { head_ended: end, order, ..Way::default() };
    pause::forget_response(exchange);
    if let Some(seen) = exchange.filters.responding.take() {
        // Another answer takes the place of one. It meets the filters that are still to come, not
        // those that have seen the first.
        exchange.filters.reached = exchange.filters.reached.min(seen);
    }
    let reached = exchange.filters.reached;
    if reached == 0 { Ok(Verdict::Forward) } else { response_from(exchange, head, reached) }
}

/// Runs the response phase of the steps before `last`, backwards.
fn response_from(
    exchange: &mut Exchange,
    head: &mut ResponseHeader,
    last: usize,
) -> Result<Verdict, Broken> {
    let Some(matched) = exchange.matched else { return Ok(Verdict::Forward) };
    let snapshot = exchange.snapshot.clone();
    let steps = &snapshot.rules[matched.rule].steps;
    for index in (0..last.min(steps.len())).rev() {
        match &steps[index] {
            Step::Plugin(step) => {
                if exchange.filters.response.newer == Newer::Head
                    && let Some(stream) = &mut exchange.filters.stream
                {
                    let mut fields = heads::response_fields(head);
                    if let Some(order) = &exchange.filters.response.order {
                        fields = order.sort_fields(fields);
                    }
                    stream.response = fields;
                    exchange.filters.response.newer = Newer::Neither;
                }
                exchange.filters.responding = Some(index);
                let action = respond(exchange, step, index)?;
                let changed =
                    exchange.filters.stream.as_ref().is_some_and(|s| s.response.changed());
                if changed {
                    exchange.filters.response.newer = Newer::Fields;
                }
                if action != Action::Continue {
                    pause::keep_head(exchange, step, index, Direction::Response, action);
                    return Ok(Verdict::Wait);
                }
            }
            Step::ResponseHeaders(changes) => {
                settle_response(exchange, head)?;
                apply(changes, HeadMut::Response(head));
                exchange.filters.response.newer = Newer::Head;
            }
            _ => {}
        }
    }
    settle_response(exchange, head)?;
    Ok(Verdict::Forward)
}

/// A plugin's request phase.
fn enter(exchange: &mut Exchange, step: &PluginStep) -> Result<Action, Broken> {
    let end = exchange.filters.request.head_ended;
    let Some(configuration) = exchange.place_of(step) else {
        exchange.filters.visits.push(Visited::default());
        return Ok(Action::Continue);
    };
    let is_canary = step.chooses_canary();
    let entered = exchange.notes.now();
    let stream = &mut exchange.filters.stream;
    match step.of(is_canary).enter(exchange.worker, configuration, stream, end) {
        Ok((visit, action)) => {
            let visited = Visited { entered, ..Visited::new(visit, is_canary) };
            exchange.filters.visits.push(visited);
            outcome::check(exchange, step, 503)?;
            Ok(action)
        }
        Err(fault) => {
            exchange.filters.visits.push(Visited::default());
            let index = exchange.filters.visits.len() - 1;
            exchange.notes.fault(index, &fault);
            outcome::on_fault(step, is_canary, &fault)?;
            Ok(Action::Continue)
        }
    }
}

/// A plugin's response phase.
fn respond(exchange: &mut Exchange, step: &PluginStep, index: usize) -> Result<Action, Broken> {
    let end = exchange.filters.response.head_ended;
    let responded = exchange.notes.now();
    let Filters { stream, visits, .. } = &mut exchange.filters;
    if let Some(visited) = visits.get_mut(index) {
        visited.responded = responded;
    }
    let Some(Visited { visit: Some(visit), is_canary, .. }) = visits.get(index) else {
        return Ok(Action::Continue);
    };
    let is_canary = *is_canary;
    match step.of(is_canary).respond(exchange.worker, visit, stream, end) {
        Ok(action) => outcome::check(exchange, step, 502).map(|()| action),
        Err(fault) => {
            visits[index] = Visited::default();
            exchange.notes.fault(index, &fault);
            outcome::on_fault(step, is_canary, &fault)?;
            Ok(Action::Continue)
        }
    }
}

fn read_request(exchange: &mut Exchange, head: &RequestHeader) {
    let mut fields = heads::request_fields(head);
    if let Some(order) = &exchange.filters.request.order {
        fields = order.sort_fields(fields);
    }
    exchange.filters.request.newer = Newer::Neither;
    if let Some(stream) = &mut exchange.filters.stream {
        stream.request = fields;
        return;
    }
    let Some(matched) = exchange.matched else { return };
    let snapshot = &exchange.snapshot;
    let facts = Facts {
        connection: exchange.connection.facts.clone(),
        route: snapshot.rules[matched.rule].facts.clone(),
        listener: snapshot.listeners[matched.listener].name.clone(),
        time: SystemTime::now(),
        protocol: protocol(head.version),
        request_headers_bytes: head_bytes(&head.headers),
        upstream: None,
        end: None,
        progress: Progress {
            endpoints: snapshot.rules[matched.rule].backends.first().map(Service::endpoints),
            ..Progress::default()
        },
    };
    exchange.filters.stream = Some(Stream::new(fields, facts));
}

/// Carries what filters made of the request over to the head that goes on the wire.
fn settle_request(exchange: &mut Exchange, head: &mut RequestHeader) -> Result<(), Failure> {
    if exchange.filters.request.newer != Newer::Fields {
        return Ok(());
    }
    exchange.filters.request.newer = Newer::Neither;
    let Some(stream) = &mut exchange.filters.stream else { return Ok(()) };
    *head = match heads::request_head(&stream.request, head) {
        Ok(head) => head,
        Err(what) => return Err(outcome::incomplete(suspects(exchange), what, 404)),
    };
    exchange.filters.request.order = Order::of_fields(&stream.request, &head.headers);
    stream.request.settle();
    Ok(())
}

fn settle_response(exchange: &mut Exchange, head: &mut ResponseHeader) -> Result<(), Failure> {
    if exchange.filters.response.newer != Newer::Fields {
        return Ok(());
    }
    exchange.filters.response.newer = Newer::Neither;
    let Some(stream) = &mut exchange.filters.stream else { return Ok(()) };
    *head = match heads::response_head(&stream.response, head) {
        Ok(head) => head,
        Err(what) => return Err(outcome::incomplete(suspects(exchange), what, 502)),
    };
    exchange.filters.response.order = Order::of_fields(&stream.response, &head.headers);
    stream.response.settle();
    Ok(())
}

/// The plugins that may have left a head without what every message needs.
fn suspects(exchange: &Exchange) -> Arc<str> {
    let steps = rule_of(exchange).map_or(&[][..], |rule| &rule.steps);
    let names = steps.iter().filter_map(|step| match step {
        Step::Plugin(step) => Some(&*step.plugin.spec().name),
        _ => None,
    });
    names.collect::<Vec<_>>().join("` or `").into()
}

/// The rule whose filters the request meets.
fn rule_of(exchange: &Exchange) -> Option<&Rule> {
    exchange.snapshot.rules.get(exchange.matched?.rule)
}

fn protocol(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

/// Bytes of names, values and what stands between them on an HTTP/1 wire.
pub(crate) fn head_bytes(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}
