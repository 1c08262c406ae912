//! A stream inside of a filter: what it has cost, what it has paused, and what was resumed.

use std::{
    mem,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::BytesMut;

use super::{Fault, Plugin};
use crate::{instance::Instance, locker::Locker};

/// A filter's context for one stream.
#[derive(Debug)]
pub struct Visit {
    pub(super) seat: usize,
    pub(super) life: u64,
    pub(super) context: i32,
    pub(super) configuration: usize,
    /// What was spent on it. Written by one thread only.
    pub(super) nanoseconds: AtomicU64,
    pub(super) calls: AtomicU64,
}

impl Visit {
    /// The place of the stream's configuration in [`crate::Spec::configurations`].
    pub fn configuration(&self) -> usize {
        self.configuration
    }

    /// How often the filter was called for this stream, and how long that took by the wall clock.
    pub fn spent(&self) -> (u64, Duration) {
        let nanoseconds = self.nanoseconds.load(Ordering::Relaxed);
        (self.calls.load(Ordering::Relaxed), Duration::from_nanos(nanoseconds))
    }

    pub(super) fn spend(&self, took: Duration) {
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
    /// Keeps what a paused body callback left in [`crate::Stream::body`], where other callbacks of the
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
}
