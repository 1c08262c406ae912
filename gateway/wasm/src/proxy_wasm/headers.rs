//! Header maps. Reading is allowed in the callback of the same head, and of both in the log phase;
//! changing only in the head's own callback: what Envoy allows.

use http::HeaderValue;
use wasmtime::{Caller, Linker};

use super::{
    memory::{answer, hand_over, parts, read, write_u32},
    pairs,
};
use crate::{
    abi::{MapKind, Status},
    host::Host,
    stream::{Fields, InvalidHead, Phase, Stream},
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
) -> i32 {
    let value = parts(&mut caller).and_then(|(memory, host)| {
        let fields = readable(host, map)?;
        let name = read(memory, key, key_size)?;
        fields.and_then(|fields| fields.first(name)).cloned().ok_or(Status::NotFound)
    });
    answer(
        value.and_then(|value: HeaderValue| hand_over(&mut caller, value.as_bytes(), data, size)),
    )
}

fn get_pairs(mut caller: Caller<'_, Host>, map: i32, data: i32, size: i32) -> i32 {
    let bytes = readable(caller.data(), map).map(|fields| pairs::encode(lines(fields)));
    answer(bytes.and_then(|bytes| hand_over(&mut caller, &bytes, data, size)))
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
        let bad = |name: &&[u8]| http::HeaderName::from_bytes(name).is_err() && name[..1] != *b":";
        let name = pairs.iter().map(|pair| pair.0).find(|name| name.is_empty() || bad(name));
        change(host, map, name.unwrap_or(b"a header"), |fields| fields.replace_all(&pairs))
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
        change(host, map, name, |fields| fields.add(name, value))
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
        change(host, map, name, |fields| fields.replace(name, value))
    }))
}

fn remove(mut caller: Caller<'_, Host>, map: i32, key: i32, key_size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, key, key_size)?;
        change(host, map, name, |fields| {
            fields.remove(name);
            Ok(())
        })
    }))
}

/// The map, if it may be read now. Maps that this data path never fills read as empty.
fn readable(host: &Host, map: i32) -> Result<Option<&Fields>, Status> {
    let kind = MapKind::from_guest(map).ok_or(Status::BadArgument)?;
    let stream = host.stream.as_deref().ok_or(Status::BadArgument)?;
    match (kind, stream.phase) {
        (MapKind::RequestHeaders, Phase::RequestHeaders | Phase::Log) => Ok(Some(&stream.request)),
        (MapKind::ResponseHeaders, Phase::ResponseHeaders | Phase::Log) => {
            Ok(Some(&stream.response))
        }
        (MapKind::Never, _) => Ok(None),
        _ => Err(Status::BadArgument),
    }
}

/// Changes a map, if it may be changed now. A name or value that cannot be sent fails the request
/// after the callback rather than the guest inside it, as in Envoy.
fn change(
    host: &mut Host,
    map: i32,
    name: &[u8],
    change: impl FnOnce(&mut Fields) -> Result<(), crate::stream::Invalid>,
) -> Result<(), Status> {
    let kind = MapKind::from_guest(map).ok_or(Status::BadArgument)?;
    let stream: &mut Stream = host.stream.as_deref_mut().ok_or(Status::BadArgument)?;
    let (fields, response) = match (kind, stream.phase) {
        (MapKind::RequestHeaders, Phase::RequestHeaders) => (&mut stream.request, false),
        (MapKind::ResponseHeaders, Phase::ResponseHeaders) => (&mut stream.response, true),
        _ => return Err(Status::BadArgument),
    };
    if change(fields).is_err() {
        let name = name.escape_ascii().to_string();
        stream.invalid.get_or_insert(InvalidHead { response, name });
    }
    Ok(())
}

fn lines(fields: Option<&Fields>) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    let fields = fields.into_iter().flat_map(Fields::iter);
    fields.map(|field| (field.name.as_str().as_bytes(), field.value.as_bytes()))
}
