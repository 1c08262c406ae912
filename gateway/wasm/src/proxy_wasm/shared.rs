//! Shared data and queues.

use std::sync::Arc;

use wasmtime::{Caller, Linker};

use super::memory::{answer, hand_over, parts, read, write_u32};
use crate::{
    abi::Status,
    host::Host,
    met::Limit,
    origin::Origin,
    outside::Outside,
    shared::{Identity, Listener, QueueError, Registrar, SetError},
};

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "proxy_get_shared_data", get_data)?;
    linker.func_wrap("env", "proxy_set_shared_data", set_data)?;
    linker.func_wrap("env", "proxy_register_shared_queue", register_queue)?;
    linker.func_wrap("env", "proxy_resolve_shared_queue", resolve_queue)?;
    linker.func_wrap("env", "proxy_enqueue_shared_queue", enqueue)?;
    linker.func_wrap("env", "proxy_dequeue_shared_queue", dequeue)?;
    Ok(())
}

/// The value is handed over before the version is written, as in Envoy: a guest whose pointer to
/// the version is bad has got the value.
fn get_data(
    mut caller: Caller<'_, Host>,
    key: i32,
    key_size: i32,
    data: i32,
    size: i32,
    return_version: i32,
) -> wasmtime::Result<i32> {
    let found = parts(&mut caller).and_then(|(memory, host)| {
        let key = read(memory, key, key_size)?;
        host.shared.get(key).ok_or(Status::NotFound)
    });
    let (value, version) = match found {
        Ok(found) => found,
        Err(status) => return Ok(status as i32),
    };
    let handed = hand_over(&mut caller, Ok(value), data, size)?;
    if handed != Status::Ok as i32 {
        return Ok(handed);
    }
    Ok(answer(
        parts(&mut caller).and_then(|(memory, _)| write_u32(memory, return_version, version)),
    ))
}

fn set_data(
    mut caller: Caller<'_, Host>,
    key: i32,
    key_size: i32,
    value: i32,
    value_size: i32,
    version: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let (key, value) = (read(memory, key, key_size)?, read(memory, value, value_size)?);
        let set = host.shared.set(key, value, version.cast_unsigned(), &host.spec.limits);
        set.map_err(|error| match error {
            SetError::Version => Status::CasMismatch,
            SetError::Full => {
                host.met.count(Limit::SharedData);
                Status::InternalFailure
            }
        })
    }))
}

fn register_queue(
    mut caller: Caller<'_, Host>,
    name: i32,
    name_size: i32,
    return_queue: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let name = read(memory, name, name_size)?;
        let registered = host.shared.register_queue(name, registrar(host), &host.spec.limits);
        let queue = registered.map_err(|error| refusal(host, error, Limit::Queues))?;
        write_u32(memory, return_queue, queue)
    }))
}

fn resolve_queue(
    mut caller: Caller<'_, Host>,
    vm_id: i32,
    vm_id_size: i32,
    name: i32,
    name_size: i32,
    return_queue: i32,
) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let (vm_id, name) = (read(memory, vm_id, vm_id_size)?, read(memory, name, name_size)?);
        let resolved = host.shared.resolve_queue(vm_id, name);
        let queue = resolved.map_err(|error| refusal(host, error, Limit::Queues))?;
        write_u32(memory, return_queue, queue)
    }))
}

fn enqueue(mut caller: Caller<'_, Host>, queue: i32, message: i32, size: i32) -> i32 {
    answer(parts(&mut caller).and_then(|(memory, host)| {
        let message = read(memory, message, size)?;
        let put = host.shared.enqueue(queue.cast_unsigned(), message, &host.spec.limits);
        put.map_err(|error| refusal(host, error, Limit::QueueLength))
    }))
}

/// The message is taken before there is room for it in the guest, as in Envoy: one that cannot be
/// handed over is lost.
fn dequeue(
    mut caller: Caller<'_, Host>,
    queue: i32,
    data: i32,
    size: i32,
) -> wasmtime::Result<i32> {
    let host = caller.data_mut();
    let taken = host.shared.dequeue(queue.cast_unsigned());
    let message = taken.map_err(|error| refusal(host, error, Limit::QueueLength));
    hand_over(&mut caller, message, data, size)
}

fn refusal(host: &mut Host, error: QueueError, limit: Limit) -> Status {
    match error {
        QueueError::NotFound => Status::NotFound,
        QueueError::Empty => Status::Empty,
        QueueError::Full => {
            host.met.count(limit);
            Status::InternalFailure
        }
    }
}

/// Messages are announced to the root context, whichever context registers.
fn registrar(host: &Host) -> Registrar {
    let origin = host.origin(0);
    let identity = Identity {
        plugin: origin.plugin.as_ptr().addr(),
        worker: origin.worker,
        seat: origin.seat,
        root: origin.root,
    };
    let outside = host.services.outside.clone();
    Registrar { identity, listener: Arc::new(Doorbell { origin, outside }) }
}

/// Wakes a root context through the gateway: the message may come from another worker.
struct Doorbell {
    origin: Origin,
    outside: Arc<dyn Outside>,
}

impl Listener for Doorbell {
    /// Of the plugin only: whether this very instance lives, only its own worker may ask.
    fn lives(&self) -> bool {
        self.origin.plugin.strong_count() > 0
    }

    fn wake(&self, queue: u32) {
        self.outside.queue(self.origin.clone(), queue);
    }
}
