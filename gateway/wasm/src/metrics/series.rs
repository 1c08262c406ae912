//! One series: a number that workers change at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a metric measures, by the ABI's numbers.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u32)]
pub(crate) enum Kind {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

impl Kind {
    pub(crate) fn from_guest(value: i32) -> Option<Self> {
        [Self::Counter, Self::Gauge, Self::Histogram].get(usize::try_from(value).ok()?).copied()
    }
}

pub(super) struct Series {
    value: Value,
}

pub(super) enum Value {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Box<Histogram>),
}

impl Series {
    pub(super) fn new(kind: Kind) -> Self {
        let value = match kind {
            Kind::Counter => Value::Counter(Counter::default()),
            Kind::Gauge => Value::Gauge(Gauge::default()),
            Kind::Histogram => Value::Histogram(Box::default()),
        };
        Self { value }
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }
}

/// Stops at its largest value: a counter that went round would look like a restart.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, value: u64) {
        saturating_add(&self.0, value);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// 64 bits that guests read unsigned. Taken below 0 it goes round, as in Envoy, so that two workers
/// that count up and down in any order meet at the right value.
#[derive(Default)]
pub(super) struct Gauge(AtomicU64);

impl Gauge {
    pub(super) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(super) fn add(&self, offset: i64) {
        self.0.fetch_add(offset.cast_unsigned(), Ordering::Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the buckets: Envoy's, so that a dashboard reads the same. What is above the
/// last one is in a bucket of its own.
pub(super) const BOUNDS: [u64; 18] = [
    1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000,
    1_800_000, 3_600_000,
];

#[derive(Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

impl Histogram {
    pub(super) fn record(&self, value: u64) {
        let bucket = BOUNDS.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        saturating_add(&self.sum, value);
    }

    /// By bucket; the last one is what is above all bounds.
    pub(super) fn counts(&self) -> Vec<u64> {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect()
    }

    pub(super) fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }
}

fn saturating_add(number: &AtomicU64, value: u64) {
    let add = |old: u64| Some(old.saturating_add(value));
    // Never fails: the closure always answers with a value.
    let _ = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
}
