//! Contexts, ticks, and the status of the last call-out.

use std::time::Duration;

use wasmtime::{Caller, Linker};

use super::memory::{hand_over, parts, write_u32};
use crate::{abi::Status, host::Host, met::Limit};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_set_effective_context", set_effective_context)?;
    linker.func_wrap("env", "proxy_set_tick_period_milliseconds", set_tick_period)?;
    linker.func_wrap("env", "proxy_get_status", get_status)?;
    // A stream's context is deleted without waiting, as on Envoy, so none ever waits for this.
    linker.func_wrap("env", "proxy_done", || Status::NotFound as i32)?;
    // What Emscripten's runtime wants of every host.
    linker.func_wrap("env", "emscripten_notify_memory_growth", |_: i32| ())?;
    linker.func_wrap("env", "pthread_equal", |left: i32, right: i32| i32::from(left == right))?;
    Ok(())
}

/// From here to the end of the callback, or to the next call, host functions act on this context.
/// Not inside of the guest's allocator, which the host calls with a buffer of the stream in hand.
fn set_effective_context(mut caller: Caller<'_, Host>, context: i32) -> i32 {
    let host = caller.data_mut();
    if host.allocating {
        return Status::BadArgument as i32;
    }
    match host.make_effective(context) {
        Ok(()) => Status::Ok as i32,
        Err(status) => status as i32,
    }
}

/// 0 stops. Periods are unsigned in the ABI; the longest takes seven weeks.
fn set_tick_period(mut caller: Caller<'_, Host>, milliseconds: i32) -> i32 {
    let host = caller.data_mut();
    let wished = Duration::from_millis(u64::from(milliseconds.cast_unsigned()));
    let shortest = host.spec.limits.tick;
    let period = (!wished.is_zero()).then(|| wished.max(shortest));
    if period.is_some_and(|period| period > wished) {
        host.met.count(Limit::Tick);
    }
    host.services.outside.tick(host.origin(0), period);
    Status::Ok as i32
}

fn get_status(
    mut caller: Caller<'_, Host>,
    return_code: i32,
    data: i32,
    size: i32,
) -> wasmtime::Result<i32> {
    let message = parts(&mut caller).and_then(|(memory, host)| {
        let (code, message) = &host.delivery.status;
        write_u32(memory, return_code, *code)?;
        Ok(message.clone())
    });
    hand_over(&mut caller, message, data, size)
}
