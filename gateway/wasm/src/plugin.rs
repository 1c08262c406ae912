//! A plugin that runs: a module, its configurations, and instances on each worker thread.

mod canary;
mod deliver;
mod fault;
mod seats;
mod stats;

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::BytesMut;

pub use self::{
    fault::Fault,
    stats::{Phase, PhaseStats, Stats},
};
use self::{seats::Slot, stats::Counters};
use crate::{
    abi::{Action, Callback},
    host::monotonic,
    instance::{Instance, Stopped},
    locker::Locker,
    met::Limit,
    module::{Digest, LoadError, Module},
    outside::Services,
    spec::Spec,
    stream::Stream,
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

/// A filter's context for one stream.
#[derive(Debug)]
pub struct Visit {
    seat: usize,
    life: u64,
    context: i32,
    configuration: usize,
    /// What was spent on it. Written by one thread only.
    nanoseconds: AtomicU64,
    calls: AtomicU64,
}

impl Visit {
    /// The place of the stream's configuration in [`Spec::configurations`].
    pub fn configuration(&self) -> usize {
        self.configuration
    }

    /// How often the filter was called for this stream, and how long that took by the wall clock.
    pub fn spent(&self) -> (u64, Duration) {
        let nanoseconds = self.nanoseconds.load(Ordering::Relaxed);
        (self.calls.load(Ordering::Relaxed), Duration::from_nanos(nanoseconds))
    }

    fn spend(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let add = |sum: &AtomicU64, more| {
            sum.store(sum.load(Ordering::Relaxed).saturating_add(more), Ordering::Relaxed);
        };
        add(&self.nanoseconds, took);
        add(&self.calls, 1);
    }
}

/// Half of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    Request,
    Response,
}

/// Directions of a stream that were resumed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Resumed {
    pub request: bool,
    pub response: bool,
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
        for slot in self.slots.iter().map(lock) {
            stats.requests += slot.requests;
            stats.met.add(&slot.met);
            for (sum, more) in stats.phases.iter_mut().zip(slot.phases) {
                sum.calls += more.calls;
                sum.nanoseconds += more.nanoseconds;
            }
            for instance in slot.seats.iter().filter_map(|seat| seat.instance.as_ref()) {
                stats.instances += 1;
                stats.contexts += instance.contexts() as u64;
                stats.calls_open += instance.calls() as u64;
                stats.met.add(&instance.met());
            }
        }
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

    /// Ready as soon as it makes sense to [`Plugin::enter`] again after [`Fault::Unavailable`].
    pub fn poll_ready(&self, worker: usize, context: &mut Context<'_>) -> Poll<()> {
        let mut slot = self.slot(worker);
        if slot.seats.iter().any(|seat| seat.instance.is_some()) {
            return Poll::Ready(());
        }
        if !slot.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            slot.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// A stream enters the filter: its context is created and the request phase runs. `worker` is
    /// the calling thread's number, `configuration` a place in [`Spec::configurations`].
    ///
    /// # Errors
    /// [`Fault`]; the stream is untouched by what the guest did after its last complete change.
    pub fn enter(
        &self,
        worker: usize,
        configuration: usize,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<(Visit, Action), Fault> {
        self.seat_stream(worker, configuration, Phase::RequestHeaders, |instance, root| {
            instance.request_headers(root, stream, end_of_stream)
        })
    }

    /// A piece of the request's body: [`Stream::body`] holds it, behind what was held back.
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn request_body(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::RequestBody, |instance| {
            instance.body(Callback::RequestBody, visit.context, stream, end_of_stream)
        })
    }

    /// The request's trailers, in [`Stream::request_trailers`].
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn request_trailers(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::RequestTrailers, |instance| {
            instance.trailers(Callback::RequestTrailers, visit.context, stream)
        })
    }

    /// The response phase of a stream that has entered.
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn respond(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::ResponseHeaders, |instance| {
            instance.response_headers(visit.context, stream, end_of_stream)
        })
    }

    /// A piece of the response's body, as [`Plugin::request_body`].
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn response_body(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::ResponseBody, |instance| {
            instance.body(Callback::ResponseBody, visit.context, stream, end_of_stream)
        })
    }

    /// The response's trailers, in [`Stream::response_trailers`].
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn response_trailers(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Fault> {
        self.run(worker, visit, Phase::ResponseTrailers, |instance| {
            instance.trailers(Callback::ResponseTrailers, visit.context, stream)
        })
    }

    /// A context for a stream that never reached the filter, so that it can be logged: Envoy lets
    /// every filter of a chain log, also those behind one that answered.
    ///
    /// # Errors
    /// [`Fault`]
    pub fn create(
        &self,
        worker: usize,
        configuration: usize,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<Visit, Fault> {
        let created = |instance: &mut Instance, root| Ok((instance.create(root, stream)?, ()));
        self.seat_stream(worker, configuration, Phase::Log, created).map(|(visit, ())| visit)
    }

    /// The stream is over: the guest logs. All filters of a chain log before any is ended.
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn log(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Fault> {
        self.run(worker, visit, Phase::Log, |instance| instance.log(visit.context, stream))
    }

    /// The guest forgets the stream.
    ///
    /// # Errors
    /// [`Fault`]; the stream itself is over. A lost instance has forgotten it already.
    pub fn end(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Fault> {
        let mut slot = self.slot(worker);
        let began = slot.phases[Phase::End as usize].is_sample().then(monotonic);
        let seat = slot.seats.get_mut(visit.seat).filter(|seat| seat.life == visit.life);
        let Some(instance) = seat.and_then(|seat| seat.instance.as_mut()) else { return Ok(()) };
        let ended = instance.end(visit.context, stream);
        let took = began.map(|began| monotonic().saturating_sub(began));
        slot.phases[Phase::End as usize].add_sample(took);
        match ended {
            Ok(()) => {
                Self::release(&mut slot, visit.seat);
                Ok(())
            }
            Err(stopped) => Err(self.replace(&mut slot, worker, visit.seat, stopped)),
        }
    }

    /// [`Plugin::log`] and [`Plugin::end`].
    ///
    /// # Errors
    /// The first of both.
    pub fn leave(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Fault> {
        match self.log(worker, visit, stream) {
            Err(Fault::Lost) => Ok(()),
            Err(fault) => Err(fault),
            Ok(()) => self.end(worker, visit, stream),
        }
    }

    /// Keeps what a paused body callback left in [`Stream::body`], where other callbacks of the
    /// plugin can reach it.
    pub fn hold(&self, worker: usize, visit: &Visit, direction: Direction, bytes: BytesMut) {
        self.inside(worker, visit, |instance| {
            if let Some(held) = instance.held(visit.context, direction) {
                *held = bytes;
            }
        });
    }

    /// Takes what was held back.
    pub fn held(&self, worker: usize, visit: &Visit, direction: Direction) -> BytesMut {
        let held = self.inside(worker, visit, |instance| {
            instance.held(visit.context, direction).map(mem::take)
        });
        held.flatten().unwrap_or_default()
    }

    /// The context paused: from now on, whenever the stream is in the locker, callbacks that make
    /// this context the effective one see it.
    pub fn park(&self, worker: usize, visit: &Visit, locker: &Locker) {
        self.inside(worker, visit, |instance| instance.park(visit.context, locker));
    }

    /// What was resumed since it parked, taken.
    ///
    /// # Errors
    /// [`Fault::Lost`] if its instance was replaced.
    pub fn resumed(&self, worker: usize, visit: &Visit) -> Result<Resumed, Fault> {
        let resumed = self.inside(worker, visit, |instance| instance.take_resumed(visit.context));
        resumed.ok_or(Fault::Lost)
    }

    /// No direction of it is paused any more.
    pub fn unpark(&self, worker: usize, visit: &Visit) {
        self.inside(worker, visit, |instance| instance.unpark(visit.context));
    }

    /// Finds an instance for a stream and calls it, which makes the stream's context.
    fn seat_stream<T>(
        &self,
        worker: usize,
        configuration: usize,
        phase: Phase,
        call: impl FnOnce(&mut Instance, i32) -> Result<(i32, T), Stopped>,
    ) -> Result<(Visit, T), Fault> {
        let began = monotonic();
        let mut slot = self.slot(worker);
        slot.requests += u64::from(phase == Phase::RequestHeaders);
        let seat = self.sit(&mut slot, worker)?;
        let (life, limit) = (slot.seats[seat].life, self.spec.limits.contexts);
        let Some(instance) = &mut slot.seats[seat].instance else { return Err(Fault::Unavailable) };
        if instance.contexts() >= limit {
            slot.met.count(Limit::Contexts);
            return Err(Fault::Full { limit });
        }
        let root = i32::try_from(configuration).unwrap_or(i32::MAX - 1) + 1;
        let called = call(instance, root);
        let took = monotonic().saturating_sub(began);
        slot.phases[phase as usize].add(took);
        match called {
            Ok((context, value)) => {
                let (nanoseconds, calls) = (AtomicU64::new(0), AtomicU64::new(0));
                let visit = Visit { seat, life, context, configuration, nanoseconds, calls };
                visit.spend(took);
                Ok((visit, value))
            }
            Err(stopped) => Err(self.replace(&mut slot, worker, seat, stopped)),
        }
    }

    /// Calls the guest for a stream that is inside.
    fn run<T>(
        &self,
        worker: usize,
        visit: &Visit,
        phase: Phase,
        call: impl FnOnce(&mut Instance) -> Result<T, Stopped>,
    ) -> Result<T, Fault> {
        let began = monotonic();
        let mut slot = self.slot(worker);
        let seat = slot.seats.get_mut(visit.seat).filter(|seat| seat.life == visit.life);
        let instance = seat.and_then(|seat| seat.instance.as_mut()).ok_or(Fault::Lost)?;
        let result = call(instance);
        let took = monotonic().saturating_sub(began);
        visit.spend(took);
        slot.phases[phase as usize].add(took);
        result.map_err(|stopped| self.replace(&mut slot, worker, visit.seat, stopped))
    }

    /// Does something to the instance that a visit is about, if it is still there. Runs no guest.
    fn inside<T>(
        &self,
        worker: usize,
        visit: &Visit,
        work: impl FnOnce(&mut Instance) -> T,
    ) -> Option<T> {
        let mut slot = self.slot(worker);
        let seat = slot.seats.get_mut(visit.seat).filter(|seat| seat.life == visit.life)?;
        seat.instance.as_mut().map(work)
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
