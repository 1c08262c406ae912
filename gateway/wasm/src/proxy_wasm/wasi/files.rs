//! Files and sockets, of which there are none. Each function answers with the number that Envoy's
//! host answers with, and writes what it writes.

use wasmtime::{Caller, Linker};

use super::{BADF, NOTSUP, SUCCESS, wasi};
use crate::{
    host::Host,
    proxy_wasm::memory::{parts, write, write_u32, write_u64},
};

const NOENT: i32 = 44;
const NOSYS: i32 = 52;
const NOTDIR: i32 = 20;

/// The right to write, in the middle of what is said of a descriptor.
const RIGHT_WRITE: u64 = 64;

pub(super) fn link(linker: &mut Linker<Host>, module: &str) -> wasmtime::Result<()> {
    descriptors(linker, module)?;
    reading(linker, module)?;
    paths(linker, module)?;
    sockets(linker, module)
}

/// What can be done to standard output and error without doing anything.
fn descriptors(linker: &mut Linker<Host>, module: &str) -> wasmtime::Result<()> {
    linker.func_wrap(module, "fd_advise", |_: i32, _: i64, _: i64, _: i32| SUCCESS)?;
    linker.func_wrap(module, "fd_allocate", |fd: i32, _: i64, _: i64| output(fd))?;
    linker.func_wrap(module, "fd_close", |_: i32| SUCCESS)?;
    linker.func_wrap(module, "fd_datasync", output)?;
    linker.func_wrap(module, "fd_fdstat_get", fdstat_get)?;
    linker.func_wrap(module, "fd_fdstat_set_flags", |_: i32, _: i32| NOSYS)?;
    linker.func_wrap(module, "fd_fdstat_set_rights", |fd: i32, _: i64, _: i64| output(fd))?;
    linker.func_wrap(module, "fd_filestat_get", |_: i32, _: i32| BADF)?;
    linker.func_wrap(module, "fd_filestat_set_size", |fd: i32, _: i64| output(fd))?;
    let set_times = |fd: i32, _: i64, _: i64, _: i32| output(fd);
    linker.func_wrap(module, "fd_filestat_set_times", set_times)?;
    linker.func_wrap(module, "fd_prestat_get", |_: i32, _: i32| BADF)?;
    linker.func_wrap(module, "fd_prestat_dir_name", |_: i32, _: i32, _: i32| NOSYS)?;
    linker.func_wrap(module, "fd_renumber", |from: i32, to: i32| {
        if output(from) == SUCCESS && output(to) == SUCCESS { NOTSUP } else { BADF }
    })?;
    linker.func_wrap(module, "fd_seek", |_: i32, _: i64, _: i32, _: i32| SUCCESS)?;
    linker.func_wrap(module, "fd_sync", output)?;
    linker.func_wrap(module, "fd_tell", tell)?;
    Ok(())
}

fn reading(linker: &mut Linker<Host>, module: &str) -> wasmtime::Result<()> {
    linker.func_wrap(module, "fd_read", |_: i32, _: i32, _: i32, _: i32| NOSYS)?;
    linker.func_wrap(module, "fd_pread", |_: i32, _: i32, _: i32, _: i64, _: i32| NOSYS)?;
    linker.func_wrap(
        module,
        "fd_readdir",
        |caller: Caller<'_, Host>, _: i32, _: i32, _: i32, _: i64, return_read: i32| {
            zero(caller, return_read, NOTDIR)
        },
    )?;
    Ok(())
}

fn paths(linker: &mut Linker<Host>, module: &str) -> wasmtime::Result<()> {
    linker.func_wrap(
        module,
        "path_open",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i64, _: i64, _: i32, _: i32| NOENT,
    )?;
    linker.func_wrap(
        module,
        "path_filestat_set_times",
        |_: i32, _: i32, _: i32, _: i32, _: i64, _: i64, _: i32| NOTSUP,
    )?;
    linker.func_wrap(
        module,
        "path_readlink",
        |caller: Caller<'_, Host>, _: i32, _: i32, _: i32, _: i32, _: i32, return_size: i32| {
            zero(caller, return_size, NOTSUP)
        },
    )?;
    let three = |_: i32, _: i32, _: i32| NOTSUP;
    for name in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
        linker.func_wrap(module, name, three)?;
    }
    // Envoy's host takes four where WASI has five; modules from compilers import five.
    linker.func_wrap(module, "path_symlink", |_: i32, _: i32, _: i32, _: i32, _: i32| NOTSUP)?;
    linker
        .func_wrap(module, "path_filestat_get", |_: i32, _: i32, _: i32, _: i32, _: i32| NOTSUP)?;
    let six = |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32| NOTSUP;
    linker.func_wrap(module, "path_rename", six)?;
    linker.func_wrap(
        module,
        "path_link",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| NOTSUP,
    )?;
    Ok(())
}

fn sockets(linker: &mut Linker<Host>, module: &str) -> wasmtime::Result<()> {
    linker.func_wrap(
        module,
        "sock_accept",
        |mut caller: Caller<'_, Host>, _: i32, _: i32, return_fd: i32| {
            let written =
                parts(&mut caller).and_then(|(memory, _)| write_u64(memory, return_fd, 0));
            if written.is_ok() { NOTSUP } else { wasi(written) }
        },
    )?;
    linker.func_wrap(
        module,
        "sock_recv",
        |mut caller: Caller<'_, Host>, _: i32, _: i32, _: i32, _: i32, size: i32, flags: i32| {
            let written = parts(&mut caller).and_then(|(memory, _)| {
                write_u32(memory, size, 0)?;
                write(memory, flags, &[0, 0])
            });
            if written.is_ok() { NOTSUP } else { wasi(written) }
        },
    )?;
    linker.func_wrap(
        module,
        "sock_send",
        |caller: Caller<'_, Host>, _: i32, _: i32, _: i32, _: i32, return_sent: i32| {
            zero(caller, return_sent, NOTSUP)
        },
    )?;
    linker.func_wrap(module, "sock_shutdown", |_: i32, _: i32| NOTSUP)?;
    Ok(())
}

/// Success for standard output and error.
fn output(fd: i32) -> i32 {
    if fd == 1 || fd == 2 { SUCCESS } else { BADF }
}

/// A descriptor of no kind in particular that can be written to. A bad pointer is not noticed.
fn fdstat_get(mut caller: Caller<'_, Host>, fd: i32, return_stat: i32) -> i32 {
    if output(fd) == SUCCESS
        && let Ok((memory, _)) = parts(&mut caller)
    {
        let mut stat = [0; 24];
        stat[8..16].copy_from_slice(&RIGHT_WRITE.to_le_bytes());
        let _ = write(memory, return_stat, &stat);
    }
    output(fd)
}

fn tell(mut caller: Caller<'_, Host>, fd: i32, return_offset: i32) -> i32 {
    if output(fd) == BADF {
        return BADF;
    }
    wasi(parts(&mut caller).and_then(|(memory, _)| write_u64(memory, return_offset, 0)))
}

/// Nothing was read, and that is all.
fn zero(mut caller: Caller<'_, Host>, return_count: i32, errno: i32) -> i32 {
    let written = parts(&mut caller).and_then(|(memory, _)| write_u32(memory, return_count, 0));
    if written.is_ok() { errno } else { wasi(written) }
}
