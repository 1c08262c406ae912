//! What one worker has counted in one series.

use std::{
    array,
    sync::{
        OnceLock,
        atomic::{
            AtomicI64, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use super::{
    Key, Sample, Totals,
    key::Grain,
    registry::Shape,
    totals::{Explicit, Sums},
};
use crate::histogram::{Distribution, Histogram, bump, nanos};

/// Most keys that a shard tells apart. A rule sees a few methods and statuses; a client that tries
/// out what there is fills this, costs 100 KiB, and from then on is counted in the overflow cell.
const CELLS: usize = 64;

/// Written by one worker, read by anybody.
#[derive(Debug, Default)]
pub(super) struct Shard {
    in_flight: AtomicI64,
    errors: AtomicU64,
    retries: AtomicU64,
    reused: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    /// By the hundreds of the status; 0 for none. Written last: who sees a request here sees it
    /// everywhere.
    classes: [AtomicU64; 6],
    /// A list, in the order of first use: the usual answer is soon found.
    cells: OnceLock<Box<Cell>>,
    sizes: OnceLock<Box<[Counters; 2]>>,
    connect: OnceLock<Box<Counters>>,
    first_byte: OnceLock<Box<Counters>>,
}

/// The requests of one key.
#[derive(Debug)]
struct Cell {
    key: Key,
    explicit: Counters,
    durations: Histogram,
    next: OnceLock<Box<Self>>,
}

/// A histogram with configured buckets.
#[derive(Debug)]
struct Counters {
    sum: AtomicU64,
    buckets: Box<[AtomicU64]>,
}

impl Shard {
    pub(super) fn add(&self, shape: &Shape, grain: Grain, sample: &Sample) {
        let took = nanos(sample.took);
        // A branch is no metric of its own, and needs none of the configured buckets.
        let bounds = if grain == Grain::Branch { &[] } else { &*shape.durations };
        let cell = self.cell(grain.key(shape, sample), bounds);
        cell.durations.add(took);
        cell.explicit.add(bounds, took);
        match grain {
            Grain::Request => self.add_sizes(&shape.sizes, sample),
            Grain::Attempt => self.add_connection(bounds, sample),
            Grain::Branch => {}
        }
        bump(&self.errors, sample.is_error().into());
        bump(&self.bytes_in, sample.bytes_in);
        bump(&self.bytes_out, sample.bytes_out);
        let class = &self.classes[usize::from(sample.status / 100).min(5)];
        class.store(class.load(Relaxed).wrapping_add(1), Release);
    }

    fn add_sizes(&self, bounds: &[u64], sample: &Sample) {
        let sizes = || Box::new([Counters::new(bounds), Counters::new(bounds)]);
        let [request, response] = &**self.sizes.get_or_init(sizes);
        request.add(bounds, sample.bytes_in);
        response.add(bounds, sample.bytes_out);
    }

    fn add_connection(&self, bounds: &[u64], sample: &Sample) {
        let counters = || Box::new(Counters::new(bounds));
        if let Some(connect) = sample.connect {
            self.connect.get_or_init(counters).add(bounds, nanos(connect));
        }
        if let Some(first_byte) = sample.first_byte {
            self.first_byte.get_or_init(counters).add(bounds, nanos(first_byte));
        }
        bump(&self.retries, sample.is_retry.into());
        bump(&self.reused, sample.is_reused.into());
    }

    pub(super) fn open(&self, by: i64) {
        self.in_flight.store(self.in_flight.load(Relaxed) + by, Relaxed);
    }

    pub(super) fn in_flight(&self) -> i64 {
        self.in_flight.load(Relaxed)
    }

    pub(super) fn count(&self) -> u64 {
        self.classes.iter().map(|class| class.load(Acquire)).sum()
    }

    /// Reads the classes first: what else belongs to a request was written before.
    pub(super) fn sums(&self) -> Sums {
        Sums {
            classes: array::from_fn(|class| self.classes[class].load(Acquire)),
            errors: self.errors.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
        }
    }

    fn cell(&self, key: Key, bounds: &[u64]) -> &Cell {
        let mut place = &self.cells;
        for _ in 0..CELLS {
            let cell = place.get_or_init(|| Box::new(Cell::new(key, bounds)));
            if cell.key == key {
                return cell;
            }
            place = &cell.next;
        }
        place.get_or_init(|| Box::new(Cell::new(Key::OVERFLOW, bounds)))
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        let first = self.cells.get();
        std::iter::successors(first, |cell| cell.next.get()).map(|cell| &**cell)
    }

    pub(super) fn durations(&self, of: Option<Key>, sum: &mut Distribution) {
        let wanted = self.cells().filter(|cell| of.is_none_or(|key| cell.key == key));
        wanted.for_each(|cell| cell.durations.add_to(sum));
    }

    pub(super) fn add_to(&self, totals: &mut Totals) {
        for (sum, class) in totals.classes.iter_mut().zip(&self.classes) {
            *sum += class.load(Acquire);
        }
        totals.in_flight += self.in_flight();
        totals.errors += self.errors.load(Relaxed);
        totals.retries += self.retries.load(Relaxed);
        totals.reused += self.reused.load(Relaxed);
        totals.bytes_in += self.bytes_in.load(Relaxed);
        totals.bytes_out += self.bytes_out.load(Relaxed);
        for cell in self.cells() {
            let sum = totals.cells.entry(cell.key).or_default();
            cell.explicit.add_to(&mut sum.durations);
        }
        if let Some([request, response]) = self.sizes.get().map(|sizes| &**sizes) {
            request.add_to(&mut totals.request_sizes);
            response.add_to(&mut totals.response_sizes);
        }
        if let Some(connect) = self.connect.get() {
            connect.add_to(&mut totals.connect);
        }
        if let Some(first_byte) = self.first_byte.get() {
            first_byte.add_to(&mut totals.first_byte);
        }
    }
}

impl Cell {
    fn new(key: Key, bounds: &[u64]) -> Self {
        let explicit = Counters::new(bounds);
        Self { key, explicit, durations: Histogram::new(), next: OnceLock::new() }
    }
}

impl Counters {
    fn new(bounds: &[u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { sum: AtomicU64::new(0), buckets }
    }

    fn add(&self, bounds: &[u64], value: u64) {
        let bucket = bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = self.buckets.get(bucket) {
            bump(bucket, 1);
        }
        bump(&self.sum, value);
    }

    fn add_to(&self, totals: &mut Explicit) {
        totals.counts.resize(self.buckets.len(), 0);
        for (sum, count) in totals.counts.iter_mut().zip(&self.buckets) {
            *sum += count.load(Relaxed);
        }
        totals.sum += u128::from(self.sum.load(Relaxed));
    }
}
