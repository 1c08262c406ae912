//! A plugin that runs: a module, its configurations, and instances on each worker thread.

mod canary;
mod cost;
mod deliver;
mod fault;
mod phases;
mod seats;
mod stats;
mod visit;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use self::{cost::Cost, seats::Slot, stats::Counters};
pub use self::{
    fault::Fault,
    stats::{Phase, PhaseStats, Stats},
    visit::{Direction, Resumed, Visit},
};
use crate::{
    instance::Instance,
    module::{Digest, LoadError, Module},
    outside::Services,
    spec::Spec,
};

/// A running plugin.
pub struct Plugin {
    me: Weak<Self>,
    module: Arc<Module>,
    spec: Arc<Spec>,
    services: Services,
    // A worker only ever locks its own slot, so no lock is waited for while requests are served.
    slots: Box<[Mutex<Slot>]>,
    counters: Counters,
    /// Nanoseconds that the quickest instance took to start.
    start_time: AtomicU64,
    retired: AtomicBool,
}

impl Plugin {
    /// Makes an instance for each of `workers` threads, configures it, and sends a canary request
    /// through one of its own for each configuration. Not for a thread that serves.
    ///
    /// # Errors
    /// If it imports what it is not granted; if any instance fails to start, refuses a
    /// configuration, or fails on the canary.
    pub fn start(
        module: Arc<Module>,
        spec: Spec,
        workers: usize,
        services: Services,
    ) -> Result<Arc<Self>, LoadError> {
        module.check_granted(spec.capabilities)?;
        let spec = Arc::new(spec);
        canary::try_out(&module, &spec)?;
        let plugin = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            module,
            spec,
            services,
            slots: (0..workers.max(1)).map(|_| Mutex::default()).collect(),
            counters: Counters::default(),
            start_time: AtomicU64::new(u64::MAX),
            retired: AtomicBool::new(false),
        });
        (0..plugin.slots.len()).try_for_each(|worker| plugin.seat_first(worker))?;
        Ok(plugin)
    }

    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    pub fn digest(&self) -> Digest {
        self.module.digest()
    }

    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The same, to start another plugin from.
    pub fn shared_module(&self) -> Arc<Module> {
        self.module.clone()
    }

    pub fn stats(&self) -> Stats {
        let mut stats = self.counters.read();
        let mut costs: [Cost; Phase::ALL.len()] = Default::default();
        for slot in self.slots.iter().map(lock) {
            stats.requests += slot.requests;
            stats.met.add(&slot.met);
            costs.iter_mut().zip(&slot.phases).for_each(|(sum, more)| sum.merge(more));
            for instance in slot.seats.iter().filter_map(|seat| seat.instance.as_ref()) {
                stats.instances += 1;
                stats.contexts += instance.contexts() as u64;
                stats.calls_open += instance.calls() as u64;
                stats.met.add(&instance.met());
            }
        }
        stats.phases = costs.each_ref().map(Cost::read);
        stats
    }

    /// Linear memory of all instances, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let memory = |slot: MutexGuard<'_, Slot>| -> usize {
            let instances = slot.seats.iter().filter_map(|seat| seat.instance.as_ref());
            instances.map(Instance::memory_bytes).sum()
        };
        self.slots.iter().map(lock).map(memory).sum()
    }

    /// Its place was taken by another: streams that are inside go on, but ticks end, and failed
    /// instances are not replaced any more.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    fn slot(&self, worker: usize) -> MutexGuard<'_, Slot> {
        lock(&self.slots[worker % self.slots.len()])
    }
}

/// The guests are told, on whatever thread lets go of the plugin last.
impl Drop for Plugin {
    fn drop(&mut self) {
        for slot in &self.slots {
            let mut slot = lock(slot);
            let instances = slot.seats.iter_mut().filter_map(|seat| seat.instance.as_mut());
            instances.for_each(Instance::shut_down);
        }
    }
}

/// A panic of the host inside a callback leaves a slot whose instance is replaced on its next
/// failure; the lock itself protects nothing that could be half done.
fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
