//! Header maps. Reading and changing is allowed in the callback of the same head and while that has
//! paused; in the log phase both heads can be read: what Envoy allows.

use bytes::Bytes;
use wasmtime::{Caller, Linker};

use super::{
    memory::{answer, hand_over, parts, read, write_u32},
    pairs,
};
use crate::{
    abi::{AbiVersion, Callback, MapKind, Status},
    host::{Host, Open},
    stream::{Fields, HeadLimits, InvalidHead, Rejected},
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_get_header_map_value", get_value)?;
    linker.func_wrap("env", "proxy_get_header_map_pairs", get_pairs)?;
    linker.func_wrap("env", "proxy_get_header_map_size", get_size)?;
    linker.func_wrap("env", "proxy_set_header_map_pairs", set_pairs)?;
    linker.func_wrap("env", "proxy_add_header_map_value", add)?;
    linker.func_wrap("env", "proxy_replace_header_map_value", replace)?;
    linker.func_wrap("env", "proxy_remove_header_map_value", remove)?;
    Ok(())
}

/// A map to read: a head or trailers of the stream, or what a call-out brought.
enum Map<'a> {
    Fields(&'a Fields),
    Brought(&'a [(Bytes, Bytes)]),
}

impl Map<'_> {
    fn first(&self, name: &[u8]) -> Option<Bytes> {
        match self {
            Self::Fields(fields) => {
                fields.first(name).map(|value| Bytes::copy_from_slice(value.as_bytes()))
            }
            Self::Brought(pairs) => {
                let found = pairs.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.clone())
            }
        }
    }

    /// Bytes of the map; none at all for an empty one.
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Fields(fields) if fields.is_empty() => Vec::new(),
            Self::Fields(fields) => pairs::encode(lines(fields)),
            Self::Brought([]) => Vec::new(),
            Self::Brought(pairs) => pairs::encode(pairs.iter().map(|(n, v)| (&n[..], &v[..]))),
        }
    }
}

fn get_value(
    mut caller: Caller<'_, Host>,
    map: i32,
    key: i32,
    key_size: i32,
    data: i32,
    size: i32,
) -> wasmtime::Result<i32> {
    let value = parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, key, key_size)?;
        let found = readable(host, map).and_then(|map| map.first(name).ok_or(Status::NotFound));
        match found {
            // The first ABI had no word for "not found".
            Err(Status::NotFound) if host.abi == AbiVersion::V0_1_0 => Ok(Bytes::new()),
            found => found,
        }
    });
    hand_over(&mut caller, value, data, size)
}

/// A map that cannot be read now is empty, and an empty map is no bytes at all: from this one
/// function, Envoy does not answer "bad argument", and SDKs would panic if it did.
fn get_pairs(
    mut caller: Caller<'_, Host>,
    map: i32,
    data: i32,
    size: i32,
) -> wasmtime::Result<i32> {
    let bytes = MapKind::from_guest(map).ok_or(Status::BadArgument).map(|_| {
        let map = readable(caller.data(), map).ok();
        map.map(|map| map.encode()).unwrap_or_default()
    });
    hand_over(&mut caller, bytes, data, size)
}

/// Bytes of names and values, and only of a map that may be changed: what Envoy answers, not the
/// size of what `get_pairs` hands over.
fn get_size(mut caller: Caller<'_, Host>, map: i32, return_size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let (fields, _) = changeable(host, map)?;
        let size = u32::try_from(fields.bytes()).unwrap_or(u32::MAX);
        write_u32(memory, return_size, size)
    }))
}

fn set_pairs(mut caller: Caller<'_, Host>, map: i32, data: i32, size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let limits = HeadLimits::from(&host.spec.limits);
        let pairs = pairs::decode(read(memory, data, size)?, limits.lines)?;
        forgive(host, map, None);
        change(host, map, |fields| fields.replace_all(&pairs, limits))
    }))
}

fn add(
    mut caller: Caller<'_, Host>,
    map: i32,
    key: i32,
    key_size: i32,
    value: i32,
    value_size: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, key, key_size)?;
        let value = read(memory, value, value_size)?;
        let limits = HeadLimits::from(&host.spec.limits);
        change(host, map, |fields| fields.add(name, value, limits))
    }))
}

fn replace(
    mut caller: Caller<'_, Host>,
    map: i32,
    key: i32,
    key_size: i32,
    value: i32,
    value_size: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, key, key_size)?;
        let value = read(memory, value, value_size)?;
        let limits = HeadLimits::from(&host.spec.limits);
        forgive(host, map, Some(name));
        change(host, map, |fields| fields.replace(name, value, limits))
    }))
}

fn remove(mut caller: Caller<'_, Host>, map: i32, key: i32, key_size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, key, key_size)?;
        forgive(host, map, Some(name));
        change(host, map, |fields| {
            fields.remove(name);
            Ok(())
        })
    }))
}

/// The map, if it may be read now. While a request is logged, a map that it never had is merely
/// not found.
fn readable(host: &Host, map: i32) -> Result<Map<'_>, Status> {
    let kind = MapKind::from_guest(map).ok_or(Status::BadArgument)?;
    let delivery = &host.delivery;
    let http = delivery.http.as_ref();
    let pairs = match kind {
        MapKind::GrpcInitialMetadata => delivery.initial_metadata.as_deref(),
        MapKind::GrpcTrailingMetadata => delivery.trailing_metadata.as_deref(),
        MapKind::CallHeaders => http.map(|response| &response.headers[..]),
        MapKind::CallTrailers => {
            http.map(|response| &response.trailers[..]).filter(|pairs| !pairs.is_empty())
        }
        _ => return fields(host, kind).map(Map::Fields),
    };
    pairs.map(Map::Brought).ok_or_else(|| nothing(host))
}

/// What is said of a map that is not there.
fn nothing(host: &Host) -> Status {
    if host.callback == Callback::Log { Status::NotFound } else { Status::BadArgument }
}

fn fields(host: &Host, kind: MapKind) -> Result<&Fields, Status> {
    let stream = host.stream.as_deref().ok_or(Status::BadArgument)?;
    let (fields, open) = match kind {
        MapKind::RequestHeaders => (&stream.request, Open::REQUEST_HEADERS),
        MapKind::RequestTrailers => (&stream.request_trailers, Open::REQUEST_TRAILERS),
        MapKind::ResponseHeaders => (&stream.response, Open::RESPONSE_HEADERS),
        _ => (&stream.response_trailers, Open::RESPONSE_TRAILERS),
    };
    let logged = host.callback == Callback::Log && kind != MapKind::RequestTrailers;
    if logged || host.open.has(open) { Ok(fields) } else { Err(nothing(host)) }
}

/// The map, if it may be changed now; true if it is the response's. The last body callback may also
/// add trailers.
fn changeable(host: &mut Host, map: i32) -> Result<(&mut Fields, bool), Status> {
    let kind = MapKind::from_guest(map).ok_or(Status::BadArgument)?;
    let last = |body: Open, trailers: Open| {
        if host.end_of_stream && host.open.has(body) { body.with(trailers) } else { trailers }
    };
    let open = match kind {
        MapKind::RequestHeaders => Open::REQUEST_HEADERS,
        MapKind::ResponseHeaders => Open::RESPONSE_HEADERS,
        MapKind::RequestTrailers => last(Open::REQUEST_BODY, Open::REQUEST_TRAILERS),
        MapKind::ResponseTrailers => last(Open::RESPONSE_BODY, Open::RESPONSE_TRAILERS),
        _ => return Err(Status::BadArgument),
    };
    if !host.open.has(open) {
        return Err(Status::BadArgument);
    }
    let stream = host.stream.as_deref_mut().ok_or(Status::BadArgument)?;
    match kind {
        MapKind::RequestHeaders => Ok((&mut stream.request, false)),
        MapKind::RequestTrailers => {
            host.open = host.open.with(Open::REQUEST_TRAILERS);
            Ok((&mut stream.request_trailers, false))
        }
        MapKind::ResponseHeaders => Ok((&mut stream.response, true)),
        _ => {
            host.open = host.open.with(Open::RESPONSE_TRAILERS);
            Ok((&mut stream.response_trailers, true))
        }
    }
}

/// Changes a map, if it may be changed now. A name or value that cannot be sent fails the request
/// after the callback rather than the guest inside it, as in Envoy; a head that grows too large
/// fails the guest, because the host would have to keep it.
fn change(
    host: &mut Host,
    map: i32,
    change: impl FnOnce(&mut Fields) -> Result<(), Rejected>,
) -> Result<(), Status> {
    let (fields, response) = changeable(host, map)?;
    match change(fields) {
        Ok(()) => Ok(()),
        Err(Rejected::Invalid { name }) => {
            if let Some(stream) = &mut host.stream {
                stream.invalid.get_or_insert(InvalidHead { response, name });
            }
            Ok(())
        }
        Err(Rejected::TooLarge(limit)) => Err(host.refuse(limit, Status::BadArgument)),
    }
}

/// A line that could not be sent is gone again: it was never in the map, but the request would have
/// failed for it. `None` stands for all lines.
fn forgive(host: &mut Host, map: i32, name: Option<&[u8]>) {
    let Ok((_, response)) = changeable(host, map) else { return };
    let Some(stream) = &mut host.stream else { return };
    let gone = stream.invalid.as_ref().is_some_and(|invalid| {
        invalid.response == response
            && name.is_none_or(|name| Rejected::shown(name).eq_ignore_ascii_case(&invalid.name))
    });
    if gone {
        stream.invalid = None;
    }
}

fn lines(fields: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    fields.iter().map(|field| (field.name.as_str().as_bytes(), field.value.as_bytes()))
}
