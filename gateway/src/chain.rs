//! The filters of a rule: forward over the request's head, back over the response's.

use std::{sync::Arc, time::SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use pingora::http::{RequestHeader, ResponseHeader};
use portico_config::config::{HeaderChanges, OnFailure};
use portico_wasm::{Action, Facts, Fault, Stream};

use crate::{
    answer::Answer,
    exchange::Exchange,
    failure::Failure,
    heads::{self, Missing},
    redirect,
    snapshot::{PluginStep, Step},
};

/// What the request phase decided.
pub(crate) enum Verdict {
    Answer(Answer),
    Forward,
}

/// Which of a head's two forms is the newer.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Newer {
    Fields,
    Head,
    Neither,
}

/// Runs the request phase of all filters, in order. An answer or a failure ends it.
pub(crate) fn on_request(
    exchange: &mut Exchange,
    head: &mut RequestHeader,
    end_of_stream: bool,
) -> Result<Verdict, Failure> {
    let Some(matched) = exchange.matched else { return Ok(Verdict::Forward) };
    if exchange.snapshot.rules[matched.rule].steps.is_empty() {
        return Ok(Verdict::Forward);
    }
    let snapshot = exchange.snapshot.clone();
    let rule = &snapshot.rules[matched.rule];
    let mut newer = Newer::Head;
    for step in &rule.steps {
        exchange.filters.reached += 1;
        if !matches!(step, Step::Plugin(_)) && newer == Newer::Fields {
            write_request(exchange, head)?;
            newer = Newer::Neither;
        }
        match step {
            Step::Plugin(step) => {
                if newer == Newer::Head {
                    read_request(exchange, head);
                }
                let answer = enter(exchange, step, &head.headers, end_of_stream)?;
                if let Some(answer) = answer {
                    return Ok(Verdict::Answer(answer));
                }
                let changed = fields_changed(exchange);
                newer = if changed { Newer::Fields } else { Newer::Neither };
                continue;
            }
            Step::Redirect(redirect) => {
                return Ok(Verdict::Answer(redirect::answer(redirect, head, exchange)));
            }
            Step::Respond(answer) => return Ok(Verdict::Answer(answer.clone())),
            Step::RequestHeaders(changes) => apply(changes, HeadMut::Request(head)),
            Step::Rewrite(rewrite) => redirect::rewrite(rewrite, head, matched.prefix),
            Step::ResponseHeaders(_) => {
                exchange.filters.visits.push(None);
                continue;
            }
        }
        exchange.filters.visits.push(None);
        newer = Newer::Head;
    }
    if newer == Newer::Fields {
        write_request(exchange, head)?;
    }
    Ok(Verdict::Forward)
}

/// Runs the response phase of the filters that the request has reached, in reverse order. A filter
/// that answers in place of the service leaves its answer in the exchange.
pub(crate) fn on_response(
    exchange: &mut Exchange,
    head: &mut ResponseHeader,
    end_of_stream: bool,
) -> Result<(), Failure> {
    let Some(matched) = exchange.matched else { return Ok(()) };
    if exchange.filters.reached == 0 {
        return Ok(());
    }
    let snapshot = exchange.snapshot.clone();
    let steps = &snapshot.rules[matched.rule].steps;
    let mut newer = Newer::Head;
    for index in (0..exchange.filters.reached.min(steps.len())).rev() {
        match &steps[index] {
            Step::Plugin(step) => {
                if newer == Newer::Head
                    && let Some(stream) = &mut exchange.filters.stream
                {
                    stream.response = heads::response_fields(head);
                }
                let responded = respond(exchange, step, index, end_of_stream);
                if responded.is_err() || exchange.answer.is_some() {
                    // Another answer takes this one's place. It meets the filters that are still
                    // to come, not those that have seen the first.
                    exchange.filters.reached = index;
                    return responded;
                }
                let stream = exchange.filters.stream.as_ref();
                let changed = stream.is_some_and(|stream| stream.response.changed());
                newer = if changed { Newer::Fields } else { Newer::Neither };
            }
            Step::ResponseHeaders(changes) => {
                if newer == Newer::Fields {
                    write_response(exchange, head)?;
                }
                apply(changes, HeadMut::Response(head));
                newer = Newer::Head;
            }
            _ => {}
        }
    }
    if newer == Newer::Fields {
        write_response(exchange, head)?;
    }
    Ok(())
}

/// A plugin's request phase.
fn enter(
    exchange: &mut Exchange,
    step: &PluginStep,
    headers: &HeaderMap,
    end_of_stream: bool,
) -> Result<Option<Answer>, Failure> {
    let entered = step.plugin.enter(
        exchange.worker,
        step.configuration,
        &mut exchange.filters.stream,
        end_of_stream,
    );
    let action = match entered {
        Ok((visit, action)) => {
            exchange.filters.visits.push(Some(visit));
            action
        }
        Err(fault) => {
            exchange.filters.visits.push(None);
            return on_fault(step, &fault).map(|()| None);
        }
    };
    let Some(stream) = &mut exchange.filters.stream else { return Ok(None) };
    if let Some(local) = stream.local_response.take() {
        return Ok(Some(Answer::from_filter(&step.plugin.spec().name, local, headers)));
    }
    check(step, stream, 503)?;
    if action == Action::Pause {
        return paused(step).map(|()| None);
    }
    Ok(None)
}

/// A plugin's response phase.
fn respond(
    exchange: &mut Exchange,
    step: &PluginStep,
    index: usize,
    end_of_stream: bool,
) -> Result<(), Failure> {
    let Some(Some(visit)) = exchange.filters.visits.get(index) else { return Ok(()) };
    let stream = &mut exchange.filters.stream;
    let responded = step.plugin.respond(exchange.worker, visit, stream, end_of_stream);
    let action = match responded {
        Ok(action) => action,
        Err(fault) => {
            exchange.filters.visits[index] = None;
            return on_fault(step, &fault);
        }
    };
    let Some(stream) = stream else { return Ok(()) };
    if let Some(local) = stream.local_response.take() {
        let name = &step.plugin.spec().name;
        exchange.answer = Some(Answer::from_filter(name, local, &HeaderMap::new()));
        return Ok(());
    }
    check(step, stream, 502)?;
    if action == Action::Pause { paused(step) } else { Ok(()) }
}

/// A filter failed: what the request meets is the configuration's choice.
fn on_fault(step: &PluginStep, fault: &Fault) -> Result<(), Failure> {
    let plugin = step.plugin.spec().name.clone();
    tracing::warn!(target: "portico::plugin", plugin = &*plugin, "on a request it {fault}");
    match step.on_failure {
        OnFailure::Open => Ok(()),
        OnFailure::Closed => Err(failed(plugin, format!("it {fault}"), 503)),
    }
}

/// Nothing in this version could resume a filter: it has no call-outs and no ticks. Waiting would
/// be for ever.
fn paused(step: &PluginStep) -> Result<(), Failure> {
    let plugin = step.plugin.spec().name.clone();
    let cause = "it paused the request, and nothing would resume it";
    tracing::warn!(target: "portico::plugin", plugin = &*plugin, "{cause}");
    match step.on_failure {
        OnFailure::Open => Ok(()),
        OnFailure::Closed => Err(failed(plugin, cause.into(), 503)),
    }
}

fn check(step: &PluginStep, stream: &mut Stream, status: u16) -> Result<(), Failure> {
    match stream.invalid.take() {
        None => Ok(()),
        Some(invalid) => {
            let cause = format!("it put an invalid name or value into header `{}`", invalid.name);
            Err(failed(step.plugin.spec().name.clone(), cause, status))
        }
    }
}

fn failed(plugin: Arc<str>, cause: String, status: u16) -> Failure {
    Failure::Plugin { plugin, cause, status }
}

fn fields_changed(exchange: &Exchange) -> bool {
    exchange.filters.stream.as_ref().is_some_and(|stream| stream.request.changed())
}

fn read_request(exchange: &mut Exchange, head: &RequestHeader) {
    let fields = heads::request_fields(head);
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
    };
    exchange.filters.stream = Some(Stream::new(fields, facts));
}

fn write_request(exchange: &mut Exchange, head: &mut RequestHeader) -> Result<(), Failure> {
    let Some(stream) = &mut exchange.filters.stream else { return Ok(()) };
    *head = heads::request_head(&stream.request, head).map_err(|what| incomplete(what, 404))?;
    stream.request.settle();
    Ok(())
}

fn write_response(exchange: &mut Exchange, head: &mut ResponseHeader) -> Result<(), Failure> {
    let Some(stream) = &mut exchange.filters.stream else { return Ok(()) };
    *head = heads::response_head(&stream.response, head).map_err(|what| incomplete(what, 502))?;
    stream.response.settle();
    Ok(())
}

/// As on Envoy: 404 for a request that lost its pseudo headers, 502 for a response.
fn incomplete(Missing(what): Missing, status: u16) -> Failure {
    failed("a filter".into(), format!("missing required header: {what}"), status)
}

enum HeadMut<'a> {
    Request(&'a mut RequestHeader),
    Response(&'a mut ResponseHeader),
}

impl HeadMut<'_> {
    fn remove(&mut self, name: &HeaderName) {
        match self {
            Self::Request(head) => drop(head.remove_header(name)),
            Self::Response(head) => drop(head.remove_header(name)),
        }
    }

    fn append(&mut self, name: &HeaderName, value: &HeaderValue) -> pingora::Result<bool> {
        match self {
            Self::Request(head) => head.append_header(name.clone(), value.clone()),
            Self::Response(head) => head.append_header(name.clone(), value.clone()),
        }
    }
}

fn apply(changes: &HeaderChanges, mut head: HeadMut<'_>) {
    let HeaderChanges { set, add, remove } = changes;
    remove.iter().chain(set.iter().map(|(name, _)| name)).for_each(|name| head.remove(name));
    for (name, value) in set.iter().chain(add) {
        if let Err(error) = head.append(name, value) {
            tracing::warn!(%error, "header `{name}` does not fit into the head");
        }
    }
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
