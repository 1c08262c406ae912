//! One instance of a module: its store and the callbacks it exports.

mod deliveries;
mod exports;
mod start;
mod stopped;
mod streams;

use std::time::Duration;

use wasmtime::{Store, TypedFunc, WasmParams, WasmResults};

use self::exports::Exports;
pub(crate) use self::stopped::{StopCause, Stopped};
use crate::{
    abi::Callback,
    host::Host,
    limits::Limits,
    locker::Locker,
    met::{Limit, Met},
    plugin::{Direction, Resumed},
};

/// An instance with a root context for each configuration of its plugin.
pub(crate) struct Instance {
    store: Store<Host>,
    exports: Exports,
    limits: Limits,
}

impl Instance {
    /// Takes what the guest said while starting, for an error about it.
    pub(crate) fn take_log(&mut self) -> Vec<String> {
        self.store.data_mut().log.take_kept()
    }

    /// From now on it says nothing.
    pub(crate) fn mute(&mut self) {
        self.store.data_mut().log.mute();
    }

    /// Bytes of linear memory in use.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    /// How often it met its limits.
    pub(crate) fn met(&self) -> Met {
        let host = self.store.data();
        let mut met = host.met;
        met.count_many(Limit::Memory, host.memory_limit.memory_refused);
        met.count_many(Limit::Table, host.memory_limit.table_refused);
        met.count_many(Limit::LogRate, host.log.refused);
        met
    }

    /// Streams that are inside.
    pub(crate) fn contexts(&self) -> usize {
        self.store.data().contexts.len()
    }

    /// Call-outs on their way.
    pub(crate) fn calls(&self) -> usize {
        self.store.data().calls.len()
    }

    pub(crate) fn park(&mut self, context: i32, locker: &Locker) {
        self.store.data_mut().park(context, locker);
    }

    pub(crate) fn unpark(&mut self, context: i32) {
        self.store.data_mut().contexts.unpark(context);
    }

    pub(crate) fn take_resumed(&mut self, context: i32) -> Resumed {
        self.store.data_mut().contexts.take_resumed(context)
    }

    pub(crate) fn held(
        &mut self,
        context: i32,
        direction: Direction,
    ) -> Option<&mut bytes::BytesMut> {
        self.store.data_mut().contexts.held(context, direction)
    }

    /// It is given up: everyone who waits for one of its contexts should look.
    pub(crate) fn abandon(&mut self) {
        self.store.data_mut().contexts.wake_all();
    }

    /// Calls back without cloning the function: a clone counts references that all workers share.
    /// A callback that the filter leaves out is skipped, as in Envoy.
    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        callback: Callback,
        context: i32,
        find: impl FnOnce(&Exports) -> &Option<TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<R>, Stopped> {
        let Some(function) = find(&self.exports) else { return Ok(None) };
        let host = self.store.data_mut();
        host.memory_limit.reached = false;
        let left = self.limits.request_cpu.saturating_sub(host.contexts.spent(context));
        let limit = self.limits.cpu.min(left);
        arm(&mut self.store, limit);
        let answer = function.call(&mut self.store, params);
        let host = self.store.data_mut();
        let used = host.cpu.used();
        if used > Duration::ZERO {
            host.contexts.spend(context, used);
        }
        answer.map(Some).map_err(|error| {
            host.forget_answer();
            let of_request = left < self.limits.cpu;
            let limit = if of_request { self.limits.request_cpu } else { limit };
            Stopped::new(callback, host, &error, limit, of_request)
        })
    }
}

fn arm(store: &mut Store<Host>, limit: Duration) {
    store.data_mut().cpu.restart(limit);
    store.set_epoch_deadline(1);
}
