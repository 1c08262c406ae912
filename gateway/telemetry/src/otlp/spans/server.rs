//! The span of the request itself.

use http::{Version, header::USER_AGENT};
use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    trace::v1::{
        Span,
        span::{Event, SpanKind},
    },
};

use super::{PARENT_REMOTE, child, event, failed, method, method_attributes, query, set_times};
use crate::{
    otlp::attribute::{number, text},
    record::{Failed, Origin, Record, Tls},
    sampling::{Kept, has_failed},
};

pub(super) fn span(record: &Record, kept: Option<Kept>) -> Span {
    let method = method(record).unwrap_or("HTTP");
    let name = match &record.place.route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    };
    let mut span = child(record, SpanKind::Server, name, record.trace.span_id);
    span.parent_span_id = record.trace.parent_id.map_or_else(Vec::new, |id| id.to_vec());
    if record.trace.parent_id.is_some() {
        span.flags |= PARENT_REMOTE;
    }
    set_times(&mut span, record, std::time::Duration::ZERO, record.took);
    let mut attributes = Vec::with_capacity(32);
    asked(record, &mut attributes);
    connection(record, &mut attributes);
    answered(record, &mut attributes);
    own(record, kept, &mut attributes);
    span.attributes = attributes;
    span.events = events(record);
    if has_failed(record) {
        let message = failure(record).map_or("", |failed| &failed.message);
        span.status = Some(failed(message));
    }
    span
}

fn asked(record: &Record, attributes: &mut Vec<KeyValue>) {
    let request = &record.request;
    method_attributes(record, attributes);
    attributes.push(text("url.scheme", request.scheme));
    attributes.push(text("url.path", request.path()));
    if let Some((_, query)) = request.target.split_once('?') {
        attributes.push(text("url.query", query::redacted(query)));
    }
    let (host, port) = host_and_port(&request.authority);
    if !host.is_empty() {
        let default = if request.scheme == "https" { 443 } else { 80 };
        attributes.push(text("server.address", host));
        attributes.push(number("server.port", port.unwrap_or(default)));
    }
    if let Some(route) = &record.place.route {
        attributes.push(text("http.route", &**route));
    }
    attributes.push(text("network.protocol.version", version(request.version)));
    if let Some(agent) = request.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()) {
        attributes.push(text("user_agent.original", agent));
    }
    attributes.push(number("http.request.body.size", request.body_bytes));
}

fn connection(record: &Record, attributes: &mut Vec<KeyValue>) {
    let client = &record.client;
    let address = client.address.ip().to_string();
    attributes.push(text("client.address", address.clone()));
    attributes.push(text("network.peer.address", address));
    attributes.push(number("network.peer.port", client.address.port()));
    let Some(tls) = &client.tls else { return };
    let Tls { version, cipher, server_name: _, alpn: _, peer } = &**tls;
    attributes.push(text("tls.protocol.version", version.trim_start_matches("TLSv")));
    attributes.push(text("tls.cipher", cipher.as_str()));
    if let Some(peer) = peer {
        attributes.push(text("tls.client.subject", peer.as_str()));
    }
}

fn answered(record: &Record, attributes: &mut Vec<KeyValue>) {
    let response = &record.response;
    if response.status > 0 {
        attributes.push(number("http.response.status_code", response.status));
    }
    attributes.push(number("http.response.body.size", response.body_bytes));
    if has_failed(record) {
        let kind = match failure(record) {
            Some(failed) => failed.reason.to_owned(),
            None if response.status >= 500 => response.status.to_string(),
            None => "incomplete".to_owned(),
        };
        attributes.push(text("error.type", kind));
    }
}

/// What the conventions have no word for.
fn own(record: &Record, kept: Option<Kept>, attributes: &mut Vec<KeyValue>) {
    attributes.push(text("portico.request_id", &*record.request_id));
    attributes.push(number("portico.generation", record.generation));
    let places = [
        ("portico.listener", &record.place.listener),
        ("portico.rule", &record.place.rule),
        ("portico.service", &record.place.service),
        ("portico.details", &record.response.details),
    ];
    for (key, value) in places {
        attributes.extend(value.as_deref().map(|value| text(key, value)));
    }
    let origin = match &record.response.origin {
        Origin::Filter(name) => {
            attributes.push(text("portico.filter", &**name));
            "filter"
        }
        Origin::Gateway(_) => "gateway",
        Origin::Nobody(_) => "nobody",
        Origin::Service => "service",
    };
    attributes.push(text("portico.origin", origin));
    if let Some(failed) = failure(record) {
        attributes.push(text("portico.reason", failed.reason));
        if !failed.detail.is_empty() {
            attributes.push(text("portico.detail", &*failed.detail));
        }
    }
    if let Some(kept) = kept {
        attributes.push(text("portico.kept", kept.as_str()));
    }
    let before = [
        ("portico.accept_us", record.phases.accept),
        ("portico.tls_handshake_us", record.phases.tls),
    ];
    for (key, took) in before {
        attributes.extend(took.map(|took| number(key, took.as_micros())));
    }
}

/// Those of an attempt are on its own span.
fn events(record: &Record) -> Vec<Event> {
    let phases = &record.phases;
    let reached = [
        ("head", Some(phases.head)),
        ("matched", phases.matched),
        ("filtered", phases.filtered),
        ("queued", phases.queued),
        ("answered", phases.answered),
        ("body", phases.body),
    ];
    reached.into_iter().filter_map(|(name, at)| Some(event(record, name, at?))).collect()
}

fn failure(record: &Record) -> Option<&Failed> {
    match &record.response.origin {
        Origin::Gateway(failed) | Origin::Nobody(failed) => Some(failed),
        Origin::Filter(_) | Origin::Service => None,
    }
}

/// `host`, `host:port`, `[address]:port`
pub(super) fn host_and_port(authority: &str) -> (&str, Option<u16>) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (authority, None),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}
