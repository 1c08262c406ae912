use proptest::prelude::*;

use super::*;

/// The bucket by its definition, in floating point.
fn by_definition(nanos: u64) -> usize {
    let seconds = nanos as f64 / 1e9;
    let index = (seconds.log2() - f64::from(SMALLEST)) * PER_OCTAVE as f64;
    (index.ceil().max(0.0) as usize).min(BUCKETS - 1)
}

proptest! {
    #[test]
    fn the_bucket_is_that_of_the_definition(bits in 0_u32..46, low in any::<u64>()) {
        let nanos = (1_u64 << bits) | (low & ((1 << bits) - 1));
        let (found, defined) = (bucket_of_nanos(nanos), by_definition(nanos));
        // Next to a bound, a unit of 2^-30 s decides.
        let near = by_definition(nanos.saturating_sub(2)) != by_definition(nanos + 2);
        prop_assert!(found == defined || near, "{nanos} ns: {found}, not {defined}");
        prop_assert!(found.abs_diff(defined) <= 1);
    }

    #[test]
    fn quantiles_are_near_the_truth(mut values in prop::collection::vec(1_u64..40_000_000, 1..300)) {
        let mut distribution = Distribution::default();
        values.iter().for_each(|micros| distribution.add(Duration::from_micros(*micros)));
        values.sort_unstable();
        for share in [0.0, 0.5, 0.9, 0.99, 1.0] {
            let rank = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len());
            let truth = values[rank - 1] as f64 / 1e6;
            let found = distribution.quantile(share).unwrap().as_secs_f64();
            prop_assert!((found / truth - 1.0).abs() < 0.0225, "{share}: {found}, not {truth}");
        }
    }
}

#[test]
fn bounds_are_in_the_bucket_below() {
    // 2^-20 s is between 953 and 954 ns.
    assert_eq!(bucket_of_nanos(0), 0);
    assert_eq!(bucket_of_nanos(953), 0);
    assert_eq!(bucket_of_nanos(956), 1);
    // A second is the last value of the twentieth doubling.
    let second = (SMALLEST.unsigned_abs() as usize) * PER_OCTAVE;
    assert_eq!(bucket(Duration::from_secs(1)), second);
    assert_eq!(bucket(Duration::from_nanos(1_000_000_003)), second + 1);
    assert!((upper_bound(second) - 1.0).abs() < 1e-12);
    assert_eq!(bucket(Duration::from_secs(16_384)), BUCKETS - 1);
    assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
}

#[test]
fn buckets_are_monotonic_and_all_in_use() {
    let mut last = 0;
    let mut nanos = 900_u64;
    while last < BUCKETS - 1 {
        let found = bucket_of_nanos(nanos);
        assert!(found == last || found == last + 1, "{nanos} ns: {found} after {last}");
        last = found;
        nanos += (nanos / 200).max(1);
    }
}

#[test]
fn nothing_has_no_quantiles() {
    assert_eq!(Distribution::default().quantile(0.5), None);
}

#[test]
fn what_a_worker_counts_is_read_elsewhere() {
    let histogram = Histogram::new();
    let values = [0, 500, 5_000, 5_000, 80_000_000, u64::MAX];
    let mut direct = Distribution::default();
    for nanos in values {
        histogram.add(nanos);
        direct.add(Duration::from_nanos(nanos));
    }
    let mut sum = Distribution::default();
    histogram.add_to(&mut sum);
    assert_eq!(sum, direct);
    assert_eq!(sum.count(), 6);
    sum.merge(&direct);
    assert_eq!(sum.occupied().map(|(_, count)| count).sum::<u64>(), 12);
}
