//! Buffers: the configurations. Bodies are not delivered by this version of the host; their
//! buffers read as empty, which is what Envoy answers outside of a body callback.

use std::sync::Arc;

use wasmtime::{Caller, Linker};

use super::memory::{answer, hand_over, parts, write_u32};
use crate::{
    abi::{BufferKind, Status},
    host::Host,
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_get_buffer_bytes", get_bytes)?;
    linker.func_wrap("env", "proxy_get_buffer_status", get_status)?;
    linker.func_wrap("env", "proxy_set_buffer_bytes", set_bytes)?;
    Ok(())
}

/// Past the end the answer is empty and OK, as from Envoy: SDKs read until they get nothing.
fn get_bytes(
    mut caller: Caller<'_, Host>,
    kind: i32,
    start: i32,
    max_size: i32,
    data: i32,
    size: i32,
) -> wasmtime::Result<i32> {
    let whole: Arc<[u8]> = match BufferKind::from_guest(kind) {
        Some(BufferKind::PluginConfiguration) => caller.data().configuration.clone(),
        Some(BufferKind::Never | BufferKind::VmConfiguration) => Arc::default(),
        None => return Ok(Status::BadArgument as i32),
    };
    let (start, max) = (start.cast_unsigned() as usize, max_size.cast_unsigned() as usize);
    let rest = whole.get(start..).unwrap_or_default();
    hand_over(&mut caller, Ok(&rest[..rest.len().min(max)]), data, size)
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
            BufferKind::PluginConfiguration => host.configuration.len(),
            BufferKind::Never | BufferKind::VmConfiguration => 0,
        };
        write_u32(memory, return_size, u32::try_from(size).unwrap_or(u32::MAX))?;
        write_u32(memory, return_unused, 0)
    }))
}

fn set_bytes(_: Caller<'_, Host>, _: i32, _: i32, _: i32, _: i32, _: i32) -> i32 {
    Status::BadArgument as i32
}
