//! Foreign functions: the door to them.

use wasmtime::{Caller, Linker};

use super::memory::{answer, hand_over, parts, read, write_u32};
use crate::{abi::Status, foreign, host::Host};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_call_foreign_function", call)?;
    Ok(())
}

/// A guest that wants no result gives null pointers. A function that fails has a result all the
/// same, an empty one, as on Envoy.
fn call(
    mut caller: Caller<'_, Host>,
    name: i32,
    name_size: i32,
    arguments: i32,
    arguments_size: i32,
    return_data: i32,
    return_size: i32,
) -> wasmtime::Result<i32> {
    let called = parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, name, name_size)?;
        let arguments = read(memory, arguments, arguments_size)?;
        foreign::call(host, name, arguments).ok_or(Status::NotFound)
    });
    let (status, result) = match called {
        Ok(Ok(result)) => (Status::Ok, result),
        Ok(Err(status)) => (status, Vec::new()),
        Err(status) => return Ok(status as i32),
    };
    let written = if return_data != 0 && return_size != 0 {
        hand_over(&mut caller, Ok(result), return_data, return_size)?
    } else {
        // Data of unknown size, or the size of nothing: the one pointer gets what it asked for.
        let size = u32::try_from(result.len()).unwrap_or(u32::MAX);
        answer(parts(&mut caller).and_then(|(memory, _)| match (return_data, return_size) {
            (0, 0) => Ok(()),
            (0, size_at) => write_u32(memory, size_at, size),
            (data_at, _) => write_u32(memory, data_at, 0),
        }))
    };
    Ok(if written == Status::Ok as i32 { status as i32 } else { written })
}
