//! Header maps. Reading is allowed in the callback of the same head, and of both in the log phase;
//! changing only in the head's own callback: what Envoy allows.

use wasmtime::{Caller, Linker};

use super::{
    memory::{answer, hand_over, parts, read, write_u32},
    pairs,
};
use crate::{
    abi::{MapKind, Status},
    host::Host,
    stream::{Fields, InvalidHead, Phase, Rejected, Stream},
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
        readable(host, map)?.first(name).cloned().ok_or(Status::NotFound)
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
        let fields = readable(caller.data(), map).ok().filter(|fields| !fields.is_empty());
        fields.map(|fields| pairs::encode(lines(fields))).unwrap_or_default()
    });
    hand_over(&mut caller, bytes, data, size)
}

fn get_size(mut caller: Caller<'_, Host>, map: i32, return_size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let size = pairs::size(lines(readable(host, map)?));
        write_u32(memory, return_size, u32::try_from(size).unwrap_or(u32::MAX))
    }))
}

fn set_pairs(mut caller: Caller<'_, Host>, map: i32, data: i32, size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let pairs = pairs::decode(read(memory, data, size)?)?;
        change(host, map, |fields| fields.replace_all(&pairs))
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
        change(host, map, |fields| fields.add(name, value))
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
        change(host, map, |fields| fields.replace(name, value))
    }))
}

fn remove(mut caller: Caller<'_, Host>, map: i32, key: i32, key_size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, key, key_size)?;
        change(host, map, |fields| {
            fields.remove(name);
            Ok(())
        })
    }))
}

/// The map, if it may be read now. While a request is logged, a map that it never had is merely
/// not found.
fn readable(host: &Host, map: i32) -> Result<&Fields, Status> {
    let kind = MapKind::from_guest(map).ok_or(Status::BadArgument)?;
    let stream = host.stream.as_deref().ok_or(Status::BadArgument)?;
    match (kind, stream.phase) {
        (MapKind::RequestHeaders, Phase::RequestHeaders | Phase::Log) => Ok(&stream.request),
        (MapKind::ResponseHeaders, Phase::ResponseHeaders | Phase::Log) => Ok(&stream.response),
        (MapKind::Never, Phase::Log) => Err(Status::NotFound),
        _ => Err(Status::BadArgument),
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
    let kind = MapKind::from_guest(map).ok_or(Status::BadArgument)?;
    let stream: &mut Stream = host.stream.as_deref_mut().ok_or(Status::BadArgument)?;
    let (fields, response) = match (kind, stream.phase) {
        (MapKind::RequestHeaders, Phase::RequestHeaders) => (&mut stream.request, false),
        (MapKind::ResponseHeaders, Phase::ResponseHeaders) => (&mut stream.response, true),
        _ => return Err(Status::BadArgument),
    };
    match change(fields) {
        Ok(()) => Ok(()),
        Err(Rejected::Invalid { name }) => {
            stream.invalid.get_or_insert(InvalidHead { response, name });
            Ok(())
        }
        Err(Rejected::TooLarge) => Err(Status::BadArgument),
    }
}

fn lines(fields: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    fields.iter().map(|field| (field.name.as_str().as_bytes(), field.value.as_bytes()))
}
