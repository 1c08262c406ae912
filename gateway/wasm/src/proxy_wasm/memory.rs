//! The guest's memory, seen from a host function. Every pointer and length is a guess of the
//! guest's until it is checked here.

use wasmtime::{Caller, Memory};

use crate::{abi::Status, host::Host, limits::BYTES};

/// Memory and store data of the calling instance, both at once.
pub(super) fn parts<'a>(
    caller: &'a mut Caller<'_, Host>,
) -> Result<(&'a mut [u8], &'a mut Host), Status> {
    let memory = memory(caller)?;
    Ok(memory.data_and_store_mut(caller))
}

/// A slice of guest memory: a name, a value, a map.
pub(super) fn read(memory: &[u8], pointer: i32, size: i32) -> Result<&[u8], Status> {
    read_up_to(memory, pointer, size, BYTES)
}

/// A slice of guest memory that may be longer or shorter than most: a body.
pub(super) fn read_up_to(
    memory: &[u8],
    pointer: i32,
    size: i32,
    most: usize,
) -> Result<&[u8], Status> {
    let (start, size) = (offset(pointer), offset(size));
    if size > most {
        return Err(Status::BadArgument);
    }
    let end = start.checked_add(size).ok_or(Status::InvalidMemoryAccess)?;
    memory.get(start..end).ok_or(Status::InvalidMemoryAccess)
}

/// Writes where the guest asked for a number.
pub(super) fn write_u32(memory: &mut [u8], pointer: i32, value: u32) -> Result<(), Status> {
    write(memory, pointer, &value.to_le_bytes())
}

pub(super) fn write_u64(memory: &mut [u8], pointer: i32, value: u64) -> Result<(), Status> {
    write(memory, pointer, &value.to_le_bytes())
}

pub(super) fn write(memory: &mut [u8], pointer: i32, bytes: &[u8]) -> Result<(), Status> {
    let start = offset(pointer);
    let end = start.checked_add(bytes.len()).ok_or(Status::InvalidMemoryAccess)?;
    let target = memory.get_mut(start..end).ok_or(Status::InvalidMemoryAccess)?;
    target.copy_from_slice(bytes);
    Ok(())
}

/// Hands bytes to the guest: room from its own allocator, then pointer and size to where it asked.
/// An empty value gets a null pointer, as from Envoy. Answers the number that the guest sees.
///
/// # Errors
/// If the allocator traps or runs out of time. That ends the callback: the guest must not go on
/// with an allocator that broke off in the middle.
pub(super) fn hand_over(
    caller: &mut Caller<'_, Host>,
    bytes: Result<impl AsRef<[u8]>, Status>,
    return_data: i32,
    return_size: i32,
) -> wasmtime::Result<i32> {
    let bytes = match &bytes {
        Ok(bytes) => bytes.as_ref(),
        Err(status) => return Ok(*status as i32),
    };
    let Ok(size) = i32::try_from(bytes.len()) else { return Ok(Status::BadArgument as i32) };
    let mut pointer = 0;
    if size > 0 {
        // Taken and put back, because a clone counts references that all workers share.
        let host = caller.data_mut();
        if host.allocating {
            return Err(wasmtime::Error::msg("its allocator asked the host for what it allocates"));
        }
        let Some(allocate) = host.allocate.take() else {
            return Ok(Status::InternalFailure as i32);
        };
        host.allocating = true;
        let allocated = allocate.call(&mut *caller, size);
        let host = caller.data_mut();
        host.allocate = Some(allocate);
        host.allocating = false;
        pointer = allocated?;
        if pointer == 0 {
            return Ok(Status::InvalidMemoryAccess as i32);
        }
    }
    Ok(answer(memory(caller).and_then(|memory| {
        let memory = memory.data_mut(caller);
        write(memory, pointer, bytes)?;
        write(memory, return_data, &pointer.to_le_bytes())?;
        write(memory, return_size, &size.to_le_bytes())
    })))
}

/// The start section of a module runs before the host is told of the instance's exports, so there
/// the memory has to be looked up.
fn memory(caller: &mut Caller<'_, Host>) -> Result<Memory, Status> {
    if let Some(memory) = caller.data().memory {
        return Ok(memory);
    }
    let export = caller.get_export("memory");
    export.and_then(wasmtime::Extern::into_memory).ok_or(Status::InternalFailure)
}

/// Guests count in unsigned 32 bits.
fn offset(value: i32) -> usize {
    value.cast_unsigned() as usize
}

/// The number a guest sees.
pub(super) fn answer(result: Result<(), Status>) -> i32 {
    match result {
        Ok(()) => Status::Ok as i32,
        Err(status) => status as i32,
    }
}
