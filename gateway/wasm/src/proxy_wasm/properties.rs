//! Properties: facts by path, as Envoy's attributes name them. Text is text, numbers are eight
//! bytes little-endian, times and durations are nanoseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use wasmtime::{Caller, Linker};

use super::{
    memory::{answer, hand_over, parts, read},
    pairs,
};
use crate::{
    abi::Status,
    host::Host,
    limits::SET_PROPERTY_BYTES,
    stream::{Fields, Stream},
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
        let path = trim(read(memory, path, path_size)?);
        find(host, path).ok_or(Status::NotFound)
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
        let path = trim(read(memory, path, path_size)?);
        let value = read(memory, value, value_size)?;
        let limit = host.spec.limits.properties;
        let properties = &mut host.stream.as_deref_mut().ok_or(Status::BadArgument)?.properties;
        let others = properties.iter().filter(|(other, _)| *other != path);
        let (count, bytes) = others.fold((0, 0), |(count, bytes), (path, value)| {
            (count + 1, bytes + path.len() + value.len())
        });
        if count >= limit || bytes + path.len() + value.len() > SET_PROPERTY_BYTES {
            return Err(Status::InternalFailure);
        }
        properties.insert(path.to_vec(), Bytes::copy_from_slice(value));
        Ok(())
    }))
}

/// Some SDKs end a path with a zero byte.
fn trim(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"\0").unwrap_or(path)
}

fn find(host: &Host, path: &[u8]) -> Option<Bytes> {
    if let Some(set) = host.stream.as_deref().and_then(|stream| stream.properties.get(path)) {
        return Some(set.clone());
    }
    let mut segments = path.split(|byte| *byte == 0);
    let first = segments.next()?;
    let second = segments.next();
    let third = segments.next();
    let has_third = matches!((first, second), (b"request" | b"response", Some(b"headers")));
    if segments.next().is_some() || (third.is_some() && !has_third) {
        return None;
    }
    match (first, second) {
        (b"plugin_name", None) => return Some(Bytes::copy_from_slice(host.plugin.as_bytes())),
        // Known and empty: C++ filters stop if it is not there at all.
        (b"plugin_root_id" | b"plugin_vm_id", None) => return Some(Bytes::new()),
        _ => {}
    }
    let stream = host.stream.as_deref()?;
    match (first, second) {
        (b"request", Some(name)) => request(stream, name, third),
        (b"response", Some(name)) => response(stream, name, third),
        (b"source" | b"destination" | b"connection" | b"upstream", Some(name)) => {
            connection(stream, first, name)
        }
        (b"route_name", None) | (b"xds", Some(b"route_name")) => text(&stream.facts.route.route),
        (b"cluster_name", None) | (b"xds", Some(b"cluster_name")) => {
            text(&stream.facts.route.service)
        }
        (b"listener_name", None) | (b"xds", Some(b"listener_name")) => text(&stream.facts.listener),
        _ => None,
    }
}

fn request(stream: &Stream, name: &[u8], third: Option<&[u8]>) -> Option<Bytes> {
    let fields = &stream.request;
    let path = || fields.first(b":path").map_or(&b""[..], |path| path.as_bytes());
    match name {
        b"path" => field(fields, b":path"),
        b"url_path" => path().split(|byte| *byte == b'?').next().map(Bytes::copy_from_slice),
        b"query" => {
            let at = path().iter().position(|byte| *byte == b'?');
            Some(at.map_or_else(Bytes::new, |at| Bytes::copy_from_slice(&path()[at + 1..])))
        }
        b"host" => field(fields, b":authority"),
        b"method" => field(fields, b":method"),
        b"scheme" => field(fields, b":scheme"),
        b"referer" => field(fields, b"referer"),
        b"useragent" => field(fields, b"user-agent"),
        b"id" => field(fields, b"x-request-id"),
        b"headers" => headers(fields, third),
        b"protocol" => text(stream.facts.protocol),
        b"time" => nanoseconds(stream.facts.time.duration_since(UNIX_EPOCH).ok()?),
        b"duration" => {
            let elapsed = || SystemTime::now().duration_since(stream.facts.time).ok();
            nanoseconds(stream.facts.end.map(|end| end.duration).or_else(elapsed)?)
        }
        b"size" => number(stream.facts.end.map_or(0, |end| end.request_body)),
        b"headers_bytes" => number(stream.facts.request_headers_bytes),
        b"total_size" => {
            let body = stream.facts.end.map_or(0, |end| end.request_body);
            number(stream.facts.request_headers_bytes + body)
        }
        _ => None,
    }
}

fn response(stream: &Stream, name: &[u8], third: Option<&[u8]>) -> Option<Bytes> {
    let fields = &stream.response;
    if fields.is_empty() {
        return None;
    }
    match name {
        b"code" => number(fields.first(b":status")?.to_str().ok()?.parse().ok()?),
        b"headers" => headers(fields, third),
        b"grpc_status" => number(fields.first(b"grpc-status")?.to_str().ok()?.parse().ok()?),
        b"headers_bytes" => number(head_bytes(fields)),
        b"size" => number(stream.facts.end.map_or(0, |end| end.response_body)),
        b"total_size" => {
            let body = stream.facts.end.map_or(0, |end| end.response_body);
            number(head_bytes(fields) + body)
        }
        _ => None,
    }
}

fn connection(stream: &Stream, side: &[u8], name: &[u8]) -> Option<Bytes> {
    let facts = &stream.facts;
    let address = match side {
        b"connection" => {
            return match name {
                b"id" => number(facts.connection.id),
                b"mtls" => Some(Bytes::from_static(&[0])),
                _ => None,
            };
        }
        b"source" => facts.connection.source,
        b"destination" => facts.connection.destination,
        _ => facts.upstream?,
    };
    match name {
        b"address" => text(&address.to_string()),
        b"port" => number(address.port().into()),
        _ => None,
    }
}

fn field(fields: &Fields, name: &[u8]) -> Option<Bytes> {
    fields.first(name).map(|value| Bytes::copy_from_slice(value.as_bytes()))
}

fn headers(fields: &Fields, name: Option<&[u8]>) -> Option<Bytes> {
    match name {
        Some(name) => field(fields, name),
        None => Some(
            pairs::encode(fields.iter().map(|f| (f.name.as_str().as_bytes(), f.value.as_bytes())))
                .into(),
        ),
    }
}

fn head_bytes(fields: &Fields) -> u64 {
    fields.iter().map(|f| (f.name.as_str().len() + f.value.len()) as u64).sum()
}

fn text(text: &str) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(text.as_bytes()))
}

fn number(number: u64) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(&number.to_le_bytes()))
}

fn nanoseconds(duration: Duration) -> Option<Bytes> {
    number(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}
