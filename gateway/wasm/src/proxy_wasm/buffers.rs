//! Buffers: bodies, configurations, and what call-outs brought.
//!
//! The rules are Envoy's. A buffer that is not there now reads as empty, or is not found if there
//! never was one; only bodies can be changed, and only while their callback runs or has paused.

use std::{mem, sync::Arc};

use bytes::{Bytes, BytesMut};
use wasmtime::{Caller, Linker};

use super::memory::{answer, hand_over, parts, read_up_to, write_u32};
use crate::{
    abi::{BufferKind, Status},
    host::Host,
    met::Limit,
    plugin::Direction,
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_get_buffer_bytes", get_bytes)?;
    linker.func_wrap("env", "proxy_get_buffer_status", get_status)?;
    linker.func_wrap("env", "proxy_set_buffer_bytes", set_bytes)?;
    linker.func_wrap("env", "proxy_get_configuration", get_configuration)?;
    Ok(())
}

/// A buffer that is not changed while it is read.
enum Whole {
    Configuration(Arc<[u8]>),
    Brought(Bytes),
}

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Configuration(bytes) => bytes,
            Self::Brought(bytes) => bytes,
        }
    }
}

fn get_bytes(
    mut caller: Caller<'_, Host>,
    kind: i32,
    start: i32,
    max_size: i32,
    data: i32,
    size: i32,
) -> wasmtime::Result<i32> {
    let kind = match BufferKind::from_guest(kind) {
        Some(BufferKind::RequestBody) => {
            return get_body(&mut caller, Direction::Request, (start, max_size), (data, size));
        }
        Some(BufferKind::ResponseBody) => {
            return get_body(&mut caller, Direction::Response, (start, max_size), (data, size));
        }
        Some(kind) => kind,
        None => return Ok(Status::BadArgument as i32),
    };
    let whole = match whole(caller.data(), kind) {
        Ok(whole) => whole,
        Err(status) => return Ok(status as i32),
    };
    hand_over(&mut caller, Ok(part(whole.as_ref(), start, max_size)), data, size)
}

/// The body is taken out of the stream while the guest's allocator runs, which sees the store.
fn get_body(
    caller: &mut Caller<'_, Host>,
    direction: Direction,
    (start, max_size): (i32, i32),
    (data, size): (i32, i32),
) -> wasmtime::Result<i32> {
    let body = caller.data_mut().body(direction).map(mem::take).unwrap_or_default();
    let handed = hand_over(caller, Ok(part(&body, start, max_size)), data, size);
    if let Some(place) = caller.data_mut().body(direction) {
        *place = body;
    }
    handed
}

/// Past the end the answer is empty and OK: SDKs read until they get nothing.
fn part(whole: &[u8], start: i32, max_size: i32) -> &[u8] {
    let (start, most) = (start.cast_unsigned() as usize, max_size.cast_unsigned() as usize);
    let rest = whole.get(start..).unwrap_or_default();
    &rest[..rest.len().min(most)]
}

fn whole(host: &Host, kind: BufferKind) -> Result<Whole, Status> {
    let brought = |bytes: &Option<Bytes>| Whole::Brought(bytes.clone().unwrap_or_default());
    Ok(match kind {
        BufferKind::CallBody => {
            let response = host.delivery.http.as_ref().ok_or(Status::NotFound)?;
            Whole::Brought(response.body.clone())
        }
        BufferKind::GrpcMessage => brought(&host.delivery.message),
        BufferKind::VmConfiguration => Whole::Configuration(host.spec.vm_configuration.clone()),
        BufferKind::PluginConfiguration => {
            Whole::Configuration(host.configuration().ok_or(Status::NotFound)?.clone())
        }
        // On Envoy, what was last read there: while a filter is configured, its configuration.
        BufferKind::ForeignArguments => match host.configuration() {
            Some(configuration) => Whole::Configuration(configuration.clone()),
            None => brought(&None),
        },
        BufferKind::RequestBody | BufferKind::ResponseBody | BufferKind::Tcp => brought(&None),
    })
}

fn get_status(
    mut caller: Caller<'_, Host>,
    kind: i32,
    return_size: i32,
    return_unused: i32,
) -> i32 {
    answer(BufferKind::from_guest(kind).ok_or(Status::BadArgument).and_then(|kind| {
        let (memory, host) = parts(&mut caller)?;
        let size = match kind {
            BufferKind::RequestBody => host.body(Direction::Request).map_or(0, |body| body.len()),
            BufferKind::ResponseBody => host.body(Direction::Response).map_or(0, |body| body.len()),
            _ => whole(host, kind)?.as_ref().len(),
        };
        write_u32(memory, return_size, u32::try_from(size).unwrap_or(u32::MAX))?;
        write_u32(memory, return_unused, 0)
    }))
}

fn set_bytes(
    mut caller: Caller<'_, Host>,
    kind: i32,
    start: i32,
    size: i32,
    data: i32,
    data_size: i32,
) -> i32 {
    let direction = match BufferKind::from_guest(kind) {
        Some(BufferKind::RequestBody) => Direction::Request,
        Some(BufferKind::ResponseBody) => Direction::Response,
        Some(kind) => {
            return match whole(caller.data(), kind) {
                Ok(_) => Status::BadArgument as i32,
                Err(status) => status as i32,
            };
        }
        None => return Status::BadArgument as i32,
    };
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let most = host.spec.limits.body;
        let data = read_up_to(memory, data, data_size, memory.len())?;
        let body = host.body(direction).ok_or(Status::BadArgument)?;
        let (start, size) = (start.cast_unsigned() as usize, size.cast_unsigned() as usize);
        let grown = (body.len() + data.len()).saturating_sub(if start == 0 { size } else { 0 });
        if grown > most.max(body.len()) {
            return Err(host.refuse(Limit::Body, Status::BadArgument));
        }
        splice(body, start, size, data)?;
        host.body_changed();
        Ok(())
    }))
}

/// Puts `data` in the place of the first `size` bytes, or behind the last one. Envoy changes nothing
/// in the middle.
fn splice(body: &mut BytesMut, start: usize, size: usize, data: &[u8]) -> Result<(), Status> {
    if start == 0 {
        let rest = body.split_off(size.min(body.len()));
        body.clear();
        body.extend_from_slice(data);
        body.unsplit(rest);
    } else if start >= body.len() {
        body.extend_from_slice(data);
    } else {
        return Err(Status::BadArgument);
    }
    Ok(())
}

/// ABI 0.1.0: the configuration of whatever is being started.
fn get_configuration(mut caller: Caller<'_, Host>, data: i32, size: i32) -> wasmtime::Result<i32> {
    let host = caller.data();
    let whole = host.configuration().unwrap_or(&host.spec.vm_configuration).clone();
    hand_over(&mut caller, Ok(whole), data, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(start: usize, size: usize, data: &str) -> Result<String, Status> {
        let mut body = BytesMut::from("abcdef");
        splice(&mut body, start, size, data.as_bytes())?;
        Ok(String::from_utf8(body.to_vec()).expect("texts"))
    }

    #[test]
    fn a_body_changes_at_its_ends_only() {
        let good = |start, size, data| spliced(start, size, data).expect("it is accepted");
        assert_eq!(good(0, 0, "xy"), "xyabcdef");
        assert_eq!(good(0, 2, "xy"), "xycdef");
        assert_eq!(good(0, 6, "xy"), "xy");
        assert_eq!(good(0, usize::MAX, ""), "");
        assert_eq!(good(6, 0, "xy"), "abcdefxy");
        assert_eq!(good(u32::MAX as usize, 9, "xy"), "abcdefxy");
        assert_eq!(spliced(1, 2, "xy"), Err(Status::BadArgument));
    }

    #[test]
    fn parts_end_where_the_whole_ends() {
        assert_eq!(part(b"abc", 0, -1), b"abc");
        assert_eq!(part(b"abc", 1, 1), b"b");
        assert_eq!(part(b"abc", 3, 1), b"");
        assert_eq!(part(b"abc", -1, -1), b"");
    }
}
