//! How long things took, in buckets that grow with the value: 16 to each doubling.
//!
//! The buckets are those of an OTLP exponential histogram of scale 4: bucket `i` holds what is in
//! `(2^(i/16), 2^((i+1)/16)]` seconds. So they are exported as they are, and a quantile is at most
//! 2.2 % beside the truth. A value finds its bucket as in an HDR histogram, by its leading bits,
//! and one or two comparisons put right what is linear in them.
//!
//! They reach from about a microsecond (2^-20 s) to four and a half hours (2^14 s). What is
//! shorter is in bucket 0; what is longer, in the last one.

use std::{
    array,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// OTLP's scale: 2 to the power of it buckets to each doubling.
pub const SCALE: i32 = 4;

/// The power of two, in seconds, where the first bucket after bucket 0 begins.
pub const SMALLEST: i32 = -20;

/// Buckets, with bucket 0.
pub const BUCKETS: usize = OCTAVES * PER_OCTAVE + 1;

const PER_OCTAVE: usize = 1 << SCALE;
const OCTAVES: usize = 34;

/// Durations are counted in units of 2^-30 s, a little less than a nanosecond.
const UNIT_BITS: u32 = 30;
/// From nanoseconds to units: 2^62 / 10^9, to be shifted by 32.
const UNITS_PER_NANO: u128 = 4_611_686_018;

/// Where the buckets inside of a doubling begin: `(2^(j/16) - 1) * 2^64`. The last two are
/// beyond every value.
const BEGINS: [u64; PER_OCTAVE + 2] = [
    0,
    0x0b55_86cf_9890_f62a,
    0x172b_83c7_d517_adce,
    0x2387_a6e7_5623_866d,
    0x306f_e0a3_1b71_52df,
    0x3dea_64c1_2342_235c,
    0x4bfd_ad53_62a2_71d5,
    0x5ab0_7dd4_8542_958d,
    0x6a09_e667_f3bc_c909,
    0x7a11_473e_b018_6d7e,
    0x8ace_5422_aa0d_b5bb,
    0x9c49_182a_3f09_01c8,
    0xae89_f995_ad3a_d5e9,
    0xc199_bdd8_5529_c223,
    0xd581_8dcf_ba48_725e,
    0xea4a_fa2a_490d_9859,
    u64::MAX,
    u64::MAX,
];

/// For each sixteenth of a doubling (linear), the bucket in which it begins.
const FIRST: [u8; PER_OCTAVE] = first();

const fn first() -> [u8; PER_OCTAVE] {
    let mut first = [0; PER_OCTAVE];
    let mut part = 0;
    let mut bucket = 0;
    while part < PER_OCTAVE {
        while BEGINS[bucket + 1] <= (part as u64) << 60 {
            bucket += 1;
        }
        first[part] = bucket as u8;
        part += 1;
    }
    first
}

/// The bucket of a duration.
pub fn bucket(took: Duration) -> usize {
    bucket_of_nanos(nanos(took))
}

/// As nanoseconds; what is longer than 584 years is that long.
pub(crate) fn nanos(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn bucket_of_nanos(nanos: u64) -> usize {
    // Buckets hold their upper bound, not their lower one: hence one unit less.
    let units = ((u128::from(nanos) * UNITS_PER_NANO) >> 32) as u64;
    let units = units.saturating_sub(1);
    let octave = (units | 1).ilog2();
    let first_octave = UNIT_BITS.strict_add_signed(SMALLEST);
    if octave < first_octave {
        return 0;
    }
    let octave_index = (octave - first_octave) as usize;
    if octave_index >= OCTAVES {
        return BUCKETS - 1;
    }
    let fraction = units << (63 - octave) << 1;
    let guess = usize::from(FIRST[(fraction >> 60) as usize]);
    let above = usize::from(fraction >= BEGINS[guess + 1]);
    let far_above = usize::from(fraction >= BEGINS[guess + 2]);
    1 + octave_index * PER_OCTAVE + guess + above + far_above
}

/// The upper bound of a bucket in seconds.
pub fn upper_bound(bucket: usize) -> f64 {
    edge(bucket as f64)
}

/// What stands for the values of a bucket: half way between its bounds, as ratios go.
fn middle(bucket: usize) -> Duration {
    let middle = if bucket == 0 { edge(0.0) / 2.0 } else { edge(bucket as f64 - 0.5) };
    Duration::from_secs_f64(middle)
}

fn edge(buckets: f64) -> f64 {
    (f64::from(SMALLEST) + buckets / PER_OCTAVE as f64).exp2()
}

/// Adds to a counter that one thread alone writes. Two instructions and no lock prefix; if two
/// threads do it all the same, additions are lost, and nothing else happens.
pub(crate) fn bump(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}

/// A histogram that one thread writes while others read.
///
/// A doubling gets its 16 counters (128 bytes) with its first value: durations of one kind lie in a
/// few doublings, so a histogram has about 1 KiB instead of 4.
#[derive(Debug)]
pub(crate) struct Histogram {
    short: AtomicU64,
    octaves: [OnceLock<Box<[AtomicU64; PER_OCTAVE]>>; OCTAVES],
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { short: AtomicU64::new(0), octaves: array::from_fn(|_| OnceLock::new()) }
    }

    /// For the one thread that writes.
    pub(crate) fn add(&self, nanos: u64) {
        let Some(bucket) = bucket_of_nanos(nanos).checked_sub(1) else {
            return bump(&self.short, 1);
        };
        let octave = self.octaves[bucket / PER_OCTAVE].get_or_init(Box::default);
        bump(&octave[bucket % PER_OCTAVE], 1);
    }

    /// Adds what was counted to a sum.
    pub(crate) fn add_to(&self, sum: &mut Distribution) {
        sum.add_bucket(0, self.short.load(Relaxed));
        for (index, octave) in self.octaves.iter().enumerate() {
            let Some(octave) = octave.get() else { continue };
            let first = 1 + index * PER_OCTAVE;
            let sums = sum.within(first, first + PER_OCTAVE);
            for (count, sum) in octave.iter().zip(sums) {
                *sum += count.load(Relaxed);
            }
        }
    }
}

/// Counts by bucket, as a reader has added them up.
///
/// Durations of one kind lie in a few doublings, so readers look only where something was counted:
/// graphs of thousands of links add up and look through a lot of these.
#[derive(Clone, Debug, Default)]
pub struct Distribution {
    /// None at all before the first.
    counts: Vec<u64>,
    /// Outside of this range nothing was counted.
    low: usize,
    high: usize,
}

impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        self.occupied().eq(other.occupied())
    }
}

impl Eq for Distribution {}

impl Distribution {
    /// Counts one duration.
    pub fn add(&mut self, took: Duration) {
        self.add_bucket(bucket(took), 1);
    }

    /// Counts what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        let sums = self.within(other.low, other.high);
        for (sum, count) in sums.iter_mut().zip(other.looked_at()) {
            *sum += count;
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.looked_at().iter().sum()
    }

    /// The duration that a share (0 to 1) of all does not exceed; none if nothing was counted. At
    /// most 2.2 % off between 1 µs and 4.5 h.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let [found] = self.quantiles([share]);
        found
    }

    /// Several of them, which grow, in one pass.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> [Option<Duration>; N] {
        let count = self.count();
        let (mut below, mut bucket) = (0, self.low);
        shares.map(|share| {
            if count == 0 {
                return None;
            }
            let rank = ((count as f64 * share).ceil() as u64).clamp(1, count);
            while below < rank {
                below += self.counts.get(bucket)?;
                bucket += 1;
            }
            Some(middle(bucket.saturating_sub(1)))
        })
    }

    /// Buckets in which something was counted, in order: number and count.
    pub fn occupied(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.looked_at().iter().copied();
        (self.low..).zip(counts).filter(|(_, count)| *count > 0)
    }

    pub(crate) fn add_bucket(&mut self, bucket: usize, count: u64) {
        if count > 0 && bucket < BUCKETS {
            self.within(bucket, bucket + 1)[0] += count;
        }
    }

    pub(crate) fn clear(&mut self) {
        let (low, high) = (self.low, self.high);
        if let Some(counts) = self.counts.get_mut(low..high) {
            counts.fill(0);
        }
        (self.low, self.high) = (0, 0);
    }

    fn looked_at(&self) -> &[u64] {
        self.counts.get(self.low..self.high).unwrap_or_default()
    }

    /// Buckets from one to another, of which there are so many, and which are looked at from now on.
    fn within(&mut self, low: usize, high: usize) -> &mut [u64] {
        if low >= high {
            return &mut [];
        }
        if self.counts.is_empty() {
            self.counts = vec![0; BUCKETS];
        }
        let is_empty = self.low >= self.high;
        self.low = if is_empty { low } else { self.low.min(low) };
        self.high = self.high.max(high);
        &mut self.counts[low..high]
    }
}

#[cfg(test)]
mod tests;
