//! Log lines and time.

use tracing::Level;
use wasmtime::{Caller, Linker};

use super::memory::{answer, parts, read, write_u32, write_u64};
use crate::{
    abi::Status,
    host::{Host, realtime},
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_log", log)?;
    linker.func_wrap("env", "proxy_get_log_level", get_log_level)?;
    linker.func_wrap("env", "proxy_get_current_time_nanoseconds", get_time)?;
    Ok(())
}

fn log(mut caller: Caller<'_, Host>, level: i32, data: i32, size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        if !(0..=5).contains(&level) {
            return Err(Status::BadArgument);
        }
        host.log.line(level, read(memory, data, size)?);
        Ok(())
    }))
}

/// The most talkative level that would be written, so that a guest can save itself the rest.
fn get_log_level(mut caller: Caller<'_, Host>, return_level: i32) -> i32 {
    let level = if tracing::enabled!(target: "portico::plugin", Level::TRACE) {
        0
    } else if tracing::enabled!(target: "portico::plugin", Level::DEBUG) {
        1
    } else if tracing::enabled!(target: "portico::plugin", Level::INFO) {
        2
    } else if tracing::enabled!(target: "portico::plugin", Level::WARN) {
        3
    } else {
        4
    };
    answer(parts(&mut caller).and_then(|(memory, _)| write_u32(memory, return_level, level)))
}

fn get_time(mut caller: Caller<'_, Host>, return_time: i32) -> i32 {
    let now = u64::try_from(realtime().as_nanos()).unwrap_or(u64::MAX);
    answer(parts(&mut caller).and_then(|(memory, _)| write_u64(memory, return_time, now)))
}
