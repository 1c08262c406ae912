//! What the configuration says: the plugin's names, `xds`, `metadata`, `filter_state`. There is no
//! metadata here, which is what Envoy answers where nobody configured any: empty messages.

use super::{
    peers::locality,
    value::{Value, headers},
};
use crate::{
    host::Host,
    stream::{Facts, Stream},
};

pub(super) fn plugin<'a>(host: &'a Host, name: &[u8], rest: &[&[u8]]) -> Option<Value<'a>> {
    let value = match name {
        b"plugin_name" => &*host.plugin,
        b"plugin_root_id" => &*host.spec.root_id,
        _ => &*host.spec.vm_id,
    };
    // Known when it is empty too: C++ filters stop if it is not there at all.
    rest.is_empty().then(|| value.into())
}

pub(super) fn xds<'a>(facts: &'a Facts, path: &[&[u8]]) -> Option<Value<'a>> {
    let (name, rest) = path.split_first()?;
    match (*name, rest) {
        (b"route_name", []) => Some((&*facts.route.route).into()),
        (b"cluster_name", []) => service(facts),
        (b"virtual_host_name", []) => Some((&*facts.route.host).into()),
        (b"filter_chain_name", []) => Some("".into()),
        // Envoy has no name for it; it is offered here beside the others.
        (b"listener_name", []) => Some((&*facts.listener).into()),
        (b"listener_direction", []) => Some(Value::Int(0)),
        (b"cluster_metadata", _) => service(facts).and_then(|_| metadata(rest)),
        (b"listener_metadata" | b"route_metadata" | b"virtual_host_metadata", _) => metadata(rest),
        // An endpoint has no message at all, rather than an empty one.
        (b"upstream_host_metadata" | b"upstream_host_locality_metadata", []) => {
            facts.upstream.map(|_| Value::Opaque)
        }
        _ => None,
    }
}

/// The gateway, as a node of Envoy's that nobody named.
pub(super) fn node(path: &[&[u8]]) -> Option<Value<'static>> {
    let Some((name, rest)) = path.split_first() else { return Some(Value::Message) };
    match (*name, rest) {
        (b"id" | b"cluster", []) => Some("".into()),
        (b"metadata", _) => headers(None, rest),
        (b"locality", _) => locality(rest),
        _ => None,
    }
}

/// A message with two maps, both empty.
pub(super) fn metadata(path: &[&[u8]]) -> Option<Value<'static>> {
    let Some((name, rest)) = path.split_first() else { return Some(Value::Message) };
    match *name {
        b"filter_metadata" | b"typed_filter_metadata" => headers(None, rest),
        _ => None,
    }
}

/// What filters left for each other: properties under `wasm.` and their path, and what the foreign
/// function `set_envoy_filter_state` sets under its own name.
pub(super) fn filter_state<'a>(stream: &'a Stream, path: &[&[u8]]) -> Option<Value<'a>> {
    let [name] = path else { return path.is_empty().then_some(Value::Opaque) };
    if let Some(object) = stream.filter_state.get(*name) {
        return Some(Value::Bytes(object));
    }
    let property = name.strip_prefix(b"wasm.")?;
    stream.properties.get(property).map(|property| property.as_value())
}

/// Names that Envoy had before it put them under others.
pub(super) fn alias<'a>(host: &'a Host, path: &[u8]) -> Option<Value<'a>> {
    let stream = host.stream.as_deref()?;
    match path {
        b"route_name" | b"listener_name" | b"listener_direction" | b"cluster_name" => {
            xds(&stream.facts, &[path])
        }
        b"x_request_id" => super::fact(host, &[b"request", b"id"]),
        _ => None,
    }
}

fn service(facts: &Facts) -> Option<Value<'_>> {
    let service = &*facts.route.service;
    (!service.is_empty()).then(|| service.into())
}
