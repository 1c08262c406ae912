//! What callbacks of one phase have cost, in one worker: how often, how long in all, and how long
//! by halves of halves.
//!
//! A slot belongs to its worker and is locked for a callback anyway, so these are plain numbers.

use std::time::Duration;

use super::stats::PhaseStats;

/// Buckets to a doubling: a percentile is at most an eighth off.
const PARTS: usize = 4;

/// The first bucket ends here, at 64 ns: reading the clock twice takes nearly as long.
const SHORTEST: u32 = 6;

/// The last bucket begins here, at some 17 s: no limit on CPU time lets a callback take longer.
const LONGEST: u32 = 34;

/// One below, one above, and those in between.
const BUCKETS: usize = (LONGEST - SHORTEST) as usize * PARTS + 2;

/// One in this many is measured, where only some are.
const SAMPLE: u32 = 8;

/// What was done in one phase. 936 bytes, of which a quiet filter touches a cache line or two.
#[derive(Clone, Debug)]
pub(super) struct Cost {
    calls: u64,
    nanoseconds: u64,
    buckets: [u64; BUCKETS],
}

impl Default for Cost {
    fn default() -> Self {
        Self { calls: 0, nanoseconds: 0, buckets: [0; BUCKETS] }
    }
}

impl Cost {
    pub(super) fn add(&mut self, took: Duration) {
        let nanoseconds = nanoseconds(took);
        self.calls += 1;
        self.nanoseconds += nanoseconds;
        self.buckets[bucket(nanoseconds)] += 1;
    }

    /// Whether the next call is one that is measured, where only some are.
    pub(super) fn is_sample(&self) -> bool {
        self.calls.is_multiple_of(SAMPLE.into())
    }

    /// A call where only some are measured.
    pub(super) fn add_sample(&mut self, took: Option<Duration>) {
        self.calls += 1;
        let Some(took) = took else { return };
        let nanoseconds = nanoseconds(took);
        self.nanoseconds += nanoseconds * u64::from(SAMPLE);
        self.buckets[bucket(nanoseconds)] += 1;
    }

    /// Adds what another worker has counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.nanoseconds += other.nanoseconds;
        self.buckets.iter_mut().zip(other.buckets).for_each(|(sum, more)| *sum += more);
    }

    pub(super) fn read(&self) -> PhaseStats {
        PhaseStats {
            calls: self.calls,
            nanoseconds: self.nanoseconds,
            p50: self.percentile(50),
            p99: self.percentile(99),
        }
    }

    /// The time that so many percent of the measured calls stayed within, evened out in its bucket.
    fn percentile(&self, percent: u64) -> Option<Duration> {
        let measured: u64 = self.buckets.iter().sum();
        let rank = (measured * percent).div_ceil(100).max(1);
        let mut below = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            if below + count >= rank {
                let (low, high) = (start(index), start(index + 1));
                let within = (high - low) * (rank - below) / count;
                return Some(Duration::from_nanos(low + within));
            }
            below += count;
        }
        None
    }
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

fn bucket(nanoseconds: u64) -> usize {
    let doubling = nanoseconds.checked_ilog2().unwrap_or(0);
    if doubling < SHORTEST {
        return 0;
    }
    if doubling >= LONGEST {
        return BUCKETS - 1;
    }
    // The two bits behind the highest.
    let part = (nanoseconds >> (doubling - 2)) as usize & (PARTS - 1);
    (doubling - SHORTEST) as usize * PARTS + part + 1
}

/// Where a bucket begins, in nanoseconds.
fn start(bucket: usize) -> u64 {
    let Some(above) = bucket.checked_sub(1) else { return 0 };
    let doubling = SHORTEST + (above / PARTS) as u32;
    (1 << doubling) + (above % PARTS) as u64 * (1 << (doubling - 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_have_no_gaps() {
        for index in 0..BUCKETS - 1 {
            assert_eq!(bucket(start(index)), index);
            assert_eq!(bucket(start(index + 1) - 1), index);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_an_eighth_off_at_most() {
        let mut cost = Cost::default();
        assert_eq!(cost.read().p50, None);
        for microseconds in 1..=1000 {
            cost.add(Duration::from_micros(microseconds));
        }
        for (found, exact) in [(cost.read().p50, 500.0), (cost.read().p99, 990.0)] {
            let found = found.unwrap().as_secs_f64() * 1e6;
            assert!((found / exact - 1.0).abs() < 0.125, "{found} for {exact}");
        }
    }

    #[test]
    fn workers_add_up_and_samples_stand_for_all() {
        let (mut one, mut other) = (Cost::default(), Cost::default());
        one.add(Duration::from_micros(2));
        for _ in 0..16 {
            let took = other.is_sample().then_some(Duration::from_micros(1));
            other.add_sample(took);
        }
        one.merge(&other);
        let read = one.read();
        assert_eq!((read.calls, read.nanoseconds), (17, 18_000));
        assert!(read.p50.unwrap() < read.p99.unwrap());
    }
}
