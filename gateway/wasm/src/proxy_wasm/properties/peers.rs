//! `connection`, `source`, `destination` and `upstream`. Connections without TLS have none of its
//! facts.

use std::{borrow::Cow, net::SocketAddr};

use super::value::Value;
use crate::stream::Facts;

pub(super) fn connection<'a>(facts: &Facts, path: &[&[u8]]) -> Option<Value<'a>> {
    let [name] = path else { return path.is_empty().then_some(Value::Opaque) };
    match *name {
        b"id" => Some(Value::Uint(facts.connection.id)),
        b"mtls" => Some(Value::Bool(false)),
        b"requested_server_name" => Some("".into()),
        _ => None,
    }
}

pub(super) fn peer<'a>(address: SocketAddr, path: &[&[u8]]) -> Option<Value<'a>> {
    let [name] = path else { return path.is_empty().then_some(Value::Opaque) };
    match *name {
        b"address" => Some(text(address)),
        b"port" => Some(Value::Int(address.port().into())),
        _ => None,
    }
}

/// Where the request went; most of it is known from when an endpoint is chosen.
pub(super) fn upstream<'a>(facts: &'a Facts, path: &[&[u8]]) -> Option<Value<'a>> {
    let Some((name, rest)) = path.split_first() else { return Some(Value::Opaque) };
    let progress = &facts.progress;
    match (*name, rest) {
        (b"address" | b"port", []) => peer(facts.upstream?, path),
        (b"local_address", []) => progress.upstream_local.map(text),
        (b"locality", _) => facts.upstream.and_then(|_| locality(rest)),
        (b"transport_failure_reason", []) => {
            facts.upstream.map(|_| progress.upstream_failure.as_deref().unwrap_or_default().into())
        }
        (b"request_attempt_count", []) => Some(Value::Uint(progress.attempts)),
        (b"cx_pool_ready_duration", []) => progress.upstream_ready.map(Value::Duration),
        (b"num_endpoints", []) => progress.endpoints.map(Value::Uint),
        _ => None,
    }
}

/// Nobody said where anything is.
pub(super) fn locality(path: &[&[u8]]) -> Option<Value<'static>> {
    match path {
        [] => Some(Value::Message),
        [name] => matches!(*name, b"region" | b"zone" | b"sub_zone").then(|| "".into()),
        _ => None,
    }
}

fn text<'a>(address: SocketAddr) -> Value<'a> {
    Value::Text(Cow::Owned(address.to_string().into_bytes()))
}
