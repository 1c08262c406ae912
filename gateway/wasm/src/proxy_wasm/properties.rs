//! Properties: facts by path. Paths and formats are those of Envoy's attributes
//! (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes>); when a
//! fact is there is what Envoy 1.40 was seen to do. A path is its segments with zero bytes between.
//!
//! What a guest sets is found again by the same path, and as `filter_state` under `wasm.` and its
//! name; it never takes the place of a fact. Behind both stand the short names (`route_name`) that
//! filters still use since Envoy gave them up.

mod configured;
mod exchange;
mod peers;
mod value;

use std::borrow::Cow;

use bytes::Bytes;
use wasmtime::{Caller, Linker};

use self::configured::{alias, filter_state, node, plugin, xds};
pub(crate) use self::value::Value;
use super::memory::{answer, hand_over, parts, read};
use crate::{
    abi::{Callback, Status},
    host::{Host, Open},
    limits::SET_PROPERTY_BYTES,
    met::Limit,
    stream::{Fields, Property, Stream},
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_get_property", get_property)?;
    linker.func_wrap("env", "proxy_set_property", set_property)?;
    Ok(())
}

fn get_property(
    mut caller: Caller<'_, Host>,
    path: i32,
    path_size: i32,
    data: i32,
    size: i32,
) -> wasmtime::Result<i32> {
    let value = parts(&mut caller).and_then(|(memory, host)| {
        let path = read(memory, path, path_size)?;
        find(host, path).ok_or(Status::NotFound)?.serialize()
    });
    hand_over(&mut caller, value, data, size)
}

fn set_property(
    mut caller: Caller<'_, Host>,
    path: i32,
    path_size: i32,
    value: i32,
    value_size: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let (path, value) = (read(memory, path, path_size)?, read(memory, value, value_size)?);
        set(host, trim(path), value)
    }))
}

fn set(host: &mut Host, path: &[u8], value: &[u8]) -> Result<(), Status> {
    let root = host.root();
    let stream = host.stream.as_deref_mut().ok_or(Status::NotFound)?;
    let bytes = |(path, property): (&Vec<u8>, &Property)| path.len() + property.value.len();
    let others = stream.properties.iter().filter(|(other, _)| *other != path);
    let (count, others) =
        others.fold((0, 0), |(count, sum), entry| (count + 1, sum + bytes(entry)));
    if count >= host.spec.limits.properties
        || others + path.len() + value.len() > SET_PROPERTY_BYTES
    {
        return Err(host.refuse(Limit::Properties, Status::InternalFailure));
    }
    let value = Bytes::copy_from_slice(value);
    match stream.properties.get_mut(path) {
        Some(property) if property.read_only => return Err(Status::BadArgument),
        Some(property) => property.value = value,
        None => {
            let (text, read_only) = host.declared.of(root, path);
            stream.properties.insert(path.to_vec(), Property { value, text, read_only });
        }
    }
    Ok(())
}

/// Segments of a path that any fact has. Longer ones lead nowhere.
const SEGMENTS: usize = 6;

/// The value of a path; `None` if there is nothing.
pub(crate) fn find<'a>(host: &'a Host, path: &[u8]) -> Option<Value<'a>> {
    let path = trim(path);
    if path.is_empty() {
        return Some(Value::Opaque);
    }
    let mut segments = [&b""[..]; SEGMENTS];
    let mut count = 0;
    for segment in path.split(|byte| *byte == 0) {
        if count < SEGMENTS {
            segments[count] = segment;
        }
        count += 1;
    }
    let known = segments.get(..count).and_then(|segments| fact(host, segments));
    let set = || host.stream.as_deref()?.properties.get(path).map(Property::as_value);
    known.or_else(set).or_else(|| alias(host, path))
}

/// Some SDKs end a path with a zero byte.
fn trim(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"\0").unwrap_or(path)
}

fn fact<'a>(host: &'a Host, path: &[&[u8]]) -> Option<Value<'a>> {
    let (first, rest) = path.split_first()?;
    match *first {
        b"plugin_name" | b"plugin_root_id" | b"plugin_vm_id" => return plugin(host, first, rest),
        b"xds" if rest.first() == Some(&&b"node"[..]) => return node(rest.get(1..)?),
        b"xds" if rest.is_empty() => return Some(Value::Opaque),
        _ => {}
    }
    let stream = host.stream.as_deref()?;
    match *first {
        b"request" => exchange::request(stream, request_head(host), rest),
        b"response" => exchange::response(stream, response_head(host), rest),
        b"connection" => peers::connection(&stream.facts, rest),
        b"connection_id" if rest.is_empty() => Some(Value::Uint(stream.facts.connection.id)),
        b"source" => peers::peer(stream.facts.connection.source, rest),
        b"destination" => peers::peer(stream.facts.connection.destination, rest),
        b"upstream" => peers::upstream(&stream.facts, rest),
        b"xds" => xds(&stream.facts, rest),
        b"metadata" => configured::metadata(rest),
        b"filter_state" => filter_state(stream, rest),
        b"upstream_filter_state" if rest.is_empty() => stream.facts.upstream.map(|_| Value::Opaque),
        _ => None,
    }
}

/// The request's head, while the guest may read it.
fn request_head(host: &Host) -> Option<&Fields> {
    let readable = host.callback == Callback::Log || host.open.has(Open::REQUEST_HEADERS);
    host.stream.as_deref().filter(|_| readable).map(|stream| &stream.request)
}

/// The response's head, likewise. There is none before the response.
fn response_head(host: &Host) -> Option<&Fields> {
    let readable = host.callback == Callback::Log || host.open.has(Open::RESPONSE_HEADERS);
    let response = host.stream.as_deref().filter(|_| readable).map(|stream| &stream.response);
    response.filter(|response| !response.is_empty())
}

impl Property {
    fn as_value(&self) -> Value<'_> {
        if self.text { Value::Text(Cow::Borrowed(&self.value)) } else { Value::Bytes(&self.value) }
    }
}

impl Stream {
    /// The status of the response, once there is one.
    fn status(&self) -> Option<i64> {
        self.response.first(b":status")?.to_str().ok()?.parse().ok()
    }
}
