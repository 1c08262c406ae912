//! At most so many a second, divided among workers that share nothing.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use super::SettingsError;

/// A token bucket for each worker, in the form of the generic cell rate algorithm: one number, the
/// time at which the bucket would be full again. It holds what a second brings.
#[derive(Debug)]
pub(super) struct Limit {
    /// Nanoseconds between two, for each worker. Nothing: no limit.
    interval: Option<u64>,
    /// How far ahead of its rate a worker may be.
    tolerance: u64,
    workers: Box<[Bucket]>,
}

/// Alone on its cache line, and written by its worker only: a load and a store suffice.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Bucket {
    full: AtomicU64,
    refused: AtomicU64,
}

impl Limit {
    pub(super) fn new(per_second: Option<f64>, workers: usize) -> Result<Self, SettingsError> {
        let workers: Box<[Bucket]> = (0..workers.max(1)).map(|_| Bucket::default()).collect();
        let Some(per_second) = per_second else {
            return Ok(Self { interval: None, tolerance: 0, workers });
        };
        if !per_second.is_finite() || per_second < 0.0 {
            return Err(SettingsError::PerSecond(per_second.to_string()));
        }
        let share = per_second / workers.len() as f64;
        // A division by zero is infinite, and the conversion makes it the longest interval.
        let interval = (1e9 / share) as u64;
        let tolerance = Duration::from_secs(1).as_nanos() as u64;
        let tolerance = tolerance.saturating_sub(interval);
        Ok(Self { interval: Some(interval), tolerance, workers })
    }

    pub(super) fn admit(&self, worker: usize, now: Duration) -> bool {
        let Some(interval) = self.interval else { return true };
        let bucket = &self.workers[worker % self.workers.len()];
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let full = bucket.full.load(Relaxed);
        // A limit of nothing admits nothing, not even the first.
        if full > now.saturating_add(self.tolerance) || interval == u64::MAX {
            bucket.refused.store(bucket.refused.load(Relaxed) + 1, Relaxed);
            return false;
        }
        bucket.full.store(full.max(now).saturating_add(interval), Relaxed);
        true
    }

    pub(super) fn refused(&self) -> u64 {
        self.workers.iter().map(|bucket| bucket.refused.load(Relaxed)).sum()
    }
}
