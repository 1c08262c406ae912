//! WASI preview 1, as far as language runtimes ask for it. A filter has a standard output and
//! error, which are logged, clocks, random numbers and the environment that its configuration
//! gives it. It has no files, sockets or arguments: what asks for them is answered as Envoy's host
//! does ([`files`]), because runtimes stop at any other answer.

mod files;

use rustix::rand::{GetRandomFlags, getrandom};
use wasmtime::{Caller, Linker};

use super::memory::{parts, read, write, write_u32, write_u64};
use crate::{
    abi::Status,
    host::{Host, monotonic, realtime},
    limits::{LOG_LINE, RANDOM},
    spec::{Capability, Spec},
};

const SUCCESS: i32 = 0;
const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;
const NOTSUP: i32 = 58;

/// Vectors in one write: `IOV_MAX` of most systems.
const VECTORS: i32 = 1_024;

/// The second is what the module was called before it was settled; old modules import it.
const MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    for module in MODULES {
        linker.func_wrap(module, "fd_write", fd_write)?;
        linker.func_wrap(module, "fd_pwrite", fd_pwrite)?;
        linker.func_wrap(module, "clock_time_get", clock_time_get)?;
        linker.func_wrap(module, "clock_res_get", clock_res_get)?;
        linker.func_wrap(module, "random_get", random_get)?;
        linker.func_wrap(module, "environ_sizes_get", environ_sizes_get)?;
        linker.func_wrap(module, "environ_get", environ_get)?;
        linker.func_wrap(module, "args_sizes_get", args_sizes_get)?;
        linker.func_wrap(module, "args_get", |_: i32, _: i32| SUCCESS)?;
        linker.func_wrap(module, "proc_exit", proc_exit)?;
        linker.func_wrap(module, "sched_yield", || SUCCESS)?;
        linker.func_wrap(module, "poll_oneoff", poll_oneoff)?;
        files::link(linker, module)?;
    }
    Ok(())
}

/// One write is one log entry, without the newline at its end, if it ends in one.
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
            // An empty vector may point anywhere.
            let (pointer, size) = (number(0), number(4));
            let bytes = if size == 0 { &[] } else { read(memory, pointer, size)? };
            written = written.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            // One byte more than is logged, so that the log knows that it cuts, and the newline.
            let room = (LOG_LINE + 2).saturating_sub(line.len());
            line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        if written > 0 {
            host.log.line(level, line.strip_suffix(b"\n").unwrap_or(&line));
        }
        write_u32(memory, return_written, written)
    }))
}

/// Standard output has no places to write to: what is written is appended.
fn fd_pwrite(
    caller: Caller<'_, Host>,
    fd: i32,
    vectors: i32,
    count: i32,
    _offset: i64,
    return_written: i32,
) -> i32 {
    fd_write(caller, fd, vectors, count, return_written)
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

/// A nanosecond for both clocks there are.
fn clock_res_get(mut caller: Caller<'_, Host>, clock: i32, resolution: i32) -> i32 {
    if !(0..=1).contains(&clock) {
        return NOTSUP;
    }
    wasi(parts(&mut caller).and_then(|(memory, _)| write_u64(memory, resolution, 1)))
}

fn random_get(mut caller: Caller<'_, Host>, buffer: i32, size: i32) -> i32 {
    let (start, size) = (buffer.cast_unsigned() as usize, size.cast_unsigned() as usize);
    if size > RANDOM {
        return INVAL;
    }
    if size == 0 {
        return SUCCESS;
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

fn environ_sizes_get(mut caller: Caller<'_, Host>, return_count: i32, return_size: i32) -> i32 {
    wasi(parts(&mut caller).and_then(|(memory, host)| {
        let count = environment(&host.spec).count();
        let size = environment(&host.spec).map(|entry| entry.len()).sum::<usize>();
        write_u32(memory, return_count, u32::try_from(count).unwrap_or(u32::MAX))?;
        write_u32(memory, return_size, u32::try_from(size).unwrap_or(u32::MAX))
    }))
}

/// Writes a pointer to each entry, and the entries one behind the other.
fn environ_get(mut caller: Caller<'_, Host>, return_pointers: i32, return_entries: i32) -> i32 {
    wasi(parts(&mut caller).and_then(|(memory, host)| {
        let (mut pointer, mut place) = (return_pointers, return_entries);
        for entry in environment(&host.spec) {
            write_u32(memory, pointer, place.cast_unsigned())?;
            write(memory, place, entry.as_bytes())?;
            pointer = pointer.wrapping_add(4);
            let size = i32::try_from(entry.len()).map_err(|_| Status::InvalidMemoryAccess)?;
            place = place.wrapping_add(size);
        }
        Ok(())
    }))
}

/// What the configuration gives the plugin, if it may have an environment. Never the process's own.
fn environment(spec: &Spec) -> impl Iterator<Item = String> {
    let granted = spec.capabilities.has(Capability::Environment);
    let entries = spec.environment.iter().filter(move |_| granted);
    entries.map(|(name, value)| format!("{name}={value}\0"))
}

fn args_sizes_get(mut caller: Caller<'_, Host>, return_count: i32, return_size: i32) -> i32 {
    wasi(parts(&mut caller).and_then(|(memory, _)| {
        write_u32(memory, return_count, 0)?;
        write_u32(memory, return_size, 0)
    }))
}

/// A guest that leaves is a guest that failed, whatever it says. Envoy lets it go on behind its own
/// exit, where compilers put an instruction that traps.
fn proc_exit(_: Caller<'_, Host>, code: i32) -> wasmtime::Result<()> {
    Err(wasmtime::Error::msg(format!("it called `proc_exit` with code {code}")))
}

/// Nothing has happened, and it never waits: Go's scheduler calls it to sleep, and only takes
/// success for an answer (<https://github.com/proxy-wasm/proxy-wasm-cpp-host/issues/497>).
fn poll_oneoff(
    mut caller: Caller<'_, Host>,
    _subscriptions: i32,
    _events: i32,
    _count: i32,
    return_count: i32,
) -> i32 {
    wasi(parts(&mut caller).and_then(|(memory, _)| write_u32(memory, return_count, 0)))
}

fn wasi(result: Result<(), Status>) -> i32 {
    if result.is_ok() { SUCCESS } else { FAULT }
}
