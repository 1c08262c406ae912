//! The instances of one worker: where they sit, and how failed ones are replaced.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Fault, Phase, Plugin, cost::Cost, deliver::Early, lock};
use crate::{
    host::{Home, monotonic},
    instance::{Instance, StopCause, Stopped},
    met::{Limit, Met},
    module::LoadError,
    spec::Isolation,
};

/// What one worker has of a plugin.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) seats: Vec<Seat>,
    /// Seats that no stream has to itself, the last used at the end.
    idle: Vec<usize>,
    /// Streams that have entered. Counted here, where no other worker writes.
    pub(super) requests: u64,
    pub(super) phases: [Cost; Phase::ALL.len()],
    /// Of instances that are gone.
    pub(super) met: Met,
}

/// A place for an instance.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) instance: Option<Instance>,
    /// Which instance this is, counted from 1: a context belongs to one life. While the next one is
    /// built, it is the next one's.
    pub(super) life: u64,
    /// The next instance is being built, on this thread or another.
    building: bool,
    /// After a replacement failed, or took long: when the next one may be made.
    retry_at: Duration,
    /// With isolation by stream: one is inside.
    busy: bool,
    /// What came for an instance that is still being built.
    pub(super) early: Vec<Early>,
}

/// How long to wait after a replacement failed. It succeeded once with the same bytes, so a
/// failure means that the machine lacks something; trying for each request would not help it.
const RETRY: Duration = Duration::from_millis(100);

/// A replacement that takes less than this is made at once, on the thread that serves; others are
/// made beside it.
const QUICK: Duration = Duration::from_millis(5);

/// Replacing one that takes longer costs a processor whenever a client makes it trap. So these may
/// use one part in this many of its time.
const SHARE: u32 = 10;

impl Seat {
    /// Whether something that was asked in a life belongs to the instance that is here, or comes.
    pub(super) fn is(&self, life: u64) -> bool {
        self.life == life && (self.instance.is_some() || self.building)
    }
}

impl Plugin {
    /// A seat with an instance, for a stream that enters.
    pub(super) fn sit(&self, slot: &mut Slot, worker: usize) -> Result<usize, Fault> {
        if self.spec.isolation == Isolation::Worker {
            if slot.seats[0].instance.is_none() {
                self.revive(slot, worker, 0);
            }
            return if slot.seats[0].instance.is_some() { Ok(0) } else { Err(Fault::Unavailable) };
        }
        let mut unavailable = Vec::new();
        let mut found = None;
        while let Some(seat) = slot.idle.pop() {
            if slot.seats[seat].instance.is_none() {
                self.revive(slot, worker, seat);
            }
            if slot.seats[seat].instance.is_some() {
                found = Some(seat);
                break;
            }
            unavailable.push(seat);
        }
        slot.idle.append(&mut unavailable);
        let seat = match found {
            Some(seat) => seat,
            None => self.add_seat(slot, worker)?,
        };
        slot.seats[seat].busy = true;
        Ok(seat)
    }

    /// One more instance for requests that come at the same time. It is made here and now, even if
    /// that takes long: it happens a limited number of times, whatever clients do.
    fn add_seat(&self, slot: &mut Slot, worker: usize) -> Result<usize, Fault> {
        let limit = self.spec.limits.instances.max(1);
        if slot.seats.len() >= limit {
            slot.met.count(Limit::Instances);
            return Err(Fault::Full { limit });
        }
        let seat = slot.seats.len();
        slot.seats.push(Seat { life: 1, building: true, ..Seat::default() });
        match self.build(worker, seat, 1) {
            Ok(instance) => {
                self.place(slot, worker, seat, instance);
                slot.idle.retain(|idle| *idle != seat);
                Ok(seat)
            }
            Err(error) => {
                slot.seats.pop();
                self.tell(&error);
                Err(Fault::Unavailable)
            }
        }
    }

    /// The stream that had a seat to itself has left.
    pub(super) fn release(slot: &mut Slot, seat: usize) {
        if std::mem::take(&mut slot.seats[seat].busy) {
            slot.idle.push(seat);
        }
    }

    /// Makes the first instance of a worker, before anything is served.
    pub(super) fn seat_first(&self, worker: usize) -> Result<(), LoadError> {
        let began = monotonic();
        lock(&self.slots[worker]).seats.push(Seat { life: 1, building: true, ..Seat::default() });
        let instance = self.build(worker, 0, 1)?;
        let took = monotonic().saturating_sub(began);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.start_time.fetch_min(took, Ordering::Relaxed);
        self.place(&mut lock(&self.slots[worker]), worker, 0, instance);
        Ok(())
    }

    /// An instance that will serve: what it says from now on is about requests.
    fn build(&self, worker: usize, seat: usize, life: u64) -> Result<Instance, LoadError> {
        let home = Home { plugin: self.me.clone(), worker, seat, life };
        let mut instance = Instance::start(&self.module, &self.spec, &self.services, home)?;
        instance.take_log();
        Ok(instance)
    }

    /// Puts a new instance into its seat, and tells it what has come for it already.
    fn place(&self, slot: &mut Slot, worker: usize, seat: usize, instance: Instance) {
        let place = &mut slot.seats[seat];
        (place.instance, place.building) = (Some(instance), false);
        let early = std::mem::take(&mut place.early);
        if self.spec.isolation == Isolation::Stream && !place.busy && !slot.idle.contains(&seat) {
            slot.idle.push(seat);
        }
        early.into_iter().for_each(|early| self.deliver_early(slot, worker, seat, early));
    }

    /// Drops an instance that failed and sees to a new one in its place.
    pub(super) fn replace(
        &self,
        slot: &mut Slot,
        worker: usize,
        seat: usize,
        stopped: Stopped,
    ) -> Fault {
        let counter = match stopped.cause {
            StopCause::Deadline { .. } => &self.counters.deadlines,
            StopCause::Trap { .. } => &self.counters.traps,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if let Some(mut failed) = slot.seats[seat].instance.take() {
            failed.abandon();
            slot.met.add(&failed.met());
        }
        Self::release(slot, seat);
        self.revive(slot, worker, seat);
        Fault::from(stopped)
    }

    /// A new instance for an empty seat: at once if that is quick, else beside the worker; and not
    /// too often.
    fn revive(&self, slot: &mut Slot, worker: usize, seat: usize) {
        let place = &mut slot.seats[seat];
        let began = monotonic();
        if place.building || began < place.retry_at || self.retired.load(Ordering::Relaxed) {
            return;
        }
        place.life += 1;
        place.building = true;
        place.early.clear();
        let life = place.life;
        if Duration::from_nanos(self.start_time.load(Ordering::Relaxed)) <= QUICK {
            let built = self.build(worker, seat, life);
            return self.revived(slot, worker, seat, built, monotonic().saturating_sub(began));
        }
        let me = self.me.clone();
        self.services.outside.background(Box::new(move || {
            let Some(plugin) = me.upgrade() else { return };
            let began = monotonic();
            let built = plugin.build(worker, seat, life);
            let took = monotonic().saturating_sub(began);
            let mut slot = plugin.slot(worker);
            plugin.revived(&mut slot, worker, seat, built, took);
        }));
    }

    fn revived(
        &self,
        slot: &mut Slot,
        worker: usize,
        seat: usize,
        built: Result<Instance, LoadError>,
        took: Duration,
    ) {
        let now = monotonic();
        match built {
            Ok(instance) => {
                self.counters.replaced.fetch_add(1, Ordering::Relaxed);
                if took > QUICK {
                    slot.seats[seat].retry_at = now + took * (SHARE - 1);
                }
                self.place(slot, worker, seat, instance);
            }
            Err(error) => {
                let place = &mut slot.seats[seat];
                place.building = false;
                place.retry_at = now + RETRY.max(took * SHARE);
                self.tell(&error);
            }
        }
    }

    fn tell(&self, error: &LoadError) {
        tracing::error!(target: "portico::plugin", plugin = &*self.spec.name,
            "an instance could not be made: {error}");
    }
}
