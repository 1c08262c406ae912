//! Numbers of requests: one [`Series`] for each place that requests pass.
//!
//! A configuration obtains its series from the [`Registry`] when it is compiled, and its workers
//! add to them. Each worker has a shard of its own in each series, made when it first adds
//! something, and nobody else writes there: an addition is a load and a store of the worker's own
//! cache lines. Readers add the shards up; what they see of a request that is just being added may
//! be incomplete, and is complete the next time.

mod edge;
mod key;
mod registry;
mod sample;
mod shard;
mod totals;

use std::{
    sync::{Arc, OnceLock},
    time::SystemTime,
};

pub use self::{
    edge::Edge,
    key::{Key, Verb},
    registry::{BadBounds, Registry, Settings},
    sample::Sample,
    totals::{CellTotals, Explicit, Totals},
};
use self::{key::Grain, shard::Shard};
pub(crate) use self::{
    registry::{Gone, Shape},
    totals::Sums,
};
use crate::histogram::Distribution;

/// What is known of the requests that passed one place. See the module about who may write.
#[derive(Debug)]
pub struct Series {
    edge: Edge,
    grain: Grain,
    shape: Arc<Shape>,
    created: SystemTime,
    shards: Box<[OnceLock<Box<Shard>>]>,
}

impl Series {
    fn new(edge: Edge, shape: Arc<Shape>, created: SystemTime, workers: usize) -> Self {
        let grain = Grain::of(&edge);
        let shards = (0..workers.max(1)).map(|_| OnceLock::new()).collect();
        Self { edge, grain, shape, created, shards }
    }

    /// The place.
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Since when it counts, to the second.
    pub fn created(&self) -> SystemTime {
        self.created
    }

    /// Counts a request that has ended. `worker` is the caller's own number, below the number that
    /// the registry was made with. Two threads with one number would lose counts.
    pub fn add(&self, worker: usize, sample: &Sample) {
        self.shard(worker).add(&self.shape, self.grain, sample);
    }

    /// A request has come here. Each call is followed by one of [`Series::end`].
    pub fn begin(&self, worker: usize) {
        self.shard(worker).open(1);
    }

    /// A request that has come here is over.
    pub fn end(&self, worker: usize) {
        self.shard(worker).open(-1);
    }

    /// Everything that was counted, of all workers.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.written().for_each(|shard| shard.add_to(&mut totals));
        totals
    }

    /// Adds up the durations of all requests, or of those of one key.
    pub fn durations(&self, of: Option<Key>, sum: &mut Distribution) {
        self.written().for_each(|shard| shard.durations(of, sum));
    }

    /// How many requests have ended here: cheap enough to ask each second.
    pub fn count(&self) -> u64 {
        self.written().map(Shard::count).sum()
    }

    /// What the graph wants to know each second.
    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        self.written().for_each(|shard| sums.merge(&shard.sums()));
        sums
    }

    /// Requests that are here now.
    pub fn in_flight(&self) -> u64 {
        self.written().map(Shard::in_flight).sum::<i64>().try_into().unwrap_or(0)
    }

    /// The key under which a sample is counted here.
    pub fn key(&self, sample: &Sample) -> Key {
        self.grain.key(&self.shape, sample)
    }

    fn shard(&self, worker: usize) -> &Shard {
        self.shards[worker % self.shards.len()].get_or_init(Box::default)
    }

    fn written(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter_map(|shard| shard.get().map(|shard| &**shard))
    }
}

#[cfg(test)]
mod tests;
