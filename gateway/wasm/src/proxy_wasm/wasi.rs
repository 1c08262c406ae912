//! The WASI functions that the proxy-wasm specification names. A filter has no files, arguments
//! or environment; what it writes to standard output is logged.

use rustix::rand::{GetRandomFlags, getrandom};
use wasmtime::{Caller, Linker};

use super::memory::{parts, read, write_u32, write_u64};
use crate::{
    abi::Status,
    host::{Host, monotonic, realtime},
    limits::{LOG_LINE, RANDOM},
};

const SUCCESS: i32 = 0;
const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;
const NOTSUP: i32 = 58;

/// Vectors in one `fd_write`; more than any language's library uses for a line.
const VECTORS: i32 = 64;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    for module in ["wasi_snapshot_preview1", "wasi_unstable"] {
        linker.func_wrap(module, "fd_write", fd_write)?;
        linker.func_wrap(module, "clock_time_get", clock_time_get)?;
        linker.func_wrap(module, "random_get", random_get)?;
        linker.func_wrap(module, "environ_sizes_get", none)?;
        linker.func_wrap(module, "args_sizes_get", none)?;
        linker.func_wrap(module, "environ_get", |_: i32, _: i32| SUCCESS)?;
        linker.func_wrap(module, "args_get", |_: i32, _: i32| SUCCESS)?;
        linker.func_wrap(module, "proc_exit", proc_exit)?;
    }
    Ok(())
}

fn fd_write(
    mut caller: Caller<'_, Host>,
    fd: i32,
    vectors: i32,
    count: i32,
    return_written: i32,
) -> i32 {
    let level = match fd {
        1 => 2,
        2 => 4,
        _ => return BADF,
    };
    if !(0..=VECTORS).contains(&count) {
        return INVAL;
    }
    wasi(parts(&mut caller).and_then(|(memory, host)| {
        let mut line = Vec::new();
        let mut written = 0_u32;
        for vector in read(memory, vectors, count * 8)?.chunks_exact(8) {
            let number = |at: usize| {
                i32::from_le_bytes([vector[at], vector[at + 1], vector[at + 2], vector[at + 3]])
            };
            let bytes = read(memory, number(0), number(4))?;
            written = written.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            let room = (LOG_LINE + 1).saturating_sub(line.len());
            line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        host.log.line(level, line.trim_ascii_end());
        write_u32(memory, return_written, written)
    }))
}

fn clock_time_get(mut caller: Caller<'_, Host>, clock: i32, _precision: i64, time: i32) -> i32 {
    let now = match clock {
        0 => realtime(),
        1 => monotonic(),
        _ => return NOTSUP,
    };
    let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    wasi(parts(&mut caller).and_then(|(memory, _)| write_u64(memory, time, now)))
}

fn random_get(mut caller: Caller<'_, Host>, buffer: i32, size: i32) -> i32 {
    let (start, size) = (buffer.cast_unsigned() as usize, size.cast_unsigned() as usize);
    if size > RANDOM {
        return INVAL;
    }
    wasi(parts(&mut caller).and_then(|(memory, _)| {
        let end = start.checked_add(size).ok_or(Status::InvalidMemoryAccess)?;
        let mut rest = memory.get_mut(start..end).ok_or(Status::InvalidMemoryAccess)?;
        while !rest.is_empty() {
            let filled = getrandom(&mut *rest, GetRandomFlags::empty());
            rest = &mut rest[filled.map_err(|_| Status::InternalFailure)?..];
        }
        Ok(())
    }))
}

/// No arguments, no environment.
fn none(mut caller: Caller<'_, Host>, return_count: i32, return_size: i32) -> i32 {
    wasi(parts(&mut caller).and_then(|(memory, _)| {
        write_u32(memory, return_count, 0)?;
        write_u32(memory, return_size, 0)
    }))
}

/// A guest that leaves is a guest that failed, whatever it says.
fn proc_exit(_: Caller<'_, Host>, code: i32) -> wasmtime::Result<()> {
    Err(wasmtime::Error::msg(format!("it called `proc_exit` with code {code}")))
}

fn wasi(result: Result<(), Status>) -> i32 {
    if result.is_ok() { SUCCESS } else { FAULT }
}
