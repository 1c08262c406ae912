//! Metrics that guests define.

use wasmtime::{Caller, Linker};

use super::memory::{answer, parts, read, write_u32, write_u64};
use crate::{abi::Status, host::Host, met::Limit};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_define_metric", define)?;
    linker.func_wrap("env", "proxy_record_metric", record)?;
    linker.func_wrap("env", "proxy_increment_metric", increment)?;
    linker.func_wrap("env", "proxy_get_metric", get)?;
    Ok(())
}

fn define(
    mut caller: Caller<'_, Host>,
    kind: i32,
    name: i32,
    name_size: i32,
    return_number: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, name, name_size)?;
        let number = host.metrics.define(kind, name).inspect_err(|status| {
            if *status == Status::InternalFailure {
                host.met.count(Limit::Metrics);
            }
        })?;
        write_u32(memory, return_number, number)
    }))
}

fn record(caller: Caller<'_, Host>, number: i32, value: i64) -> i32 {
    answer(caller.data().metrics.record(number.cast_unsigned(), value.cast_unsigned()))
}

fn increment(caller: Caller<'_, Host>, number: i32, offset: i64) -> i32 {
    answer(caller.data().metrics.increment(number.cast_unsigned(), offset))
}

fn get(mut caller: Caller<'_, Host>, number: i32, return_value: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let value = host.metrics.value(number.cast_unsigned())?;
        write_u64(memory, return_value, value)
    }))
}
