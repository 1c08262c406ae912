//! How long to wait before trying again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
/// A registry that comes back is noticed within this time.
const LONGEST: Duration = Duration::from_secs(60);
/// 2^6 s is past the longest pause; more failures change nothing.
const DOUBLINGS: u32 = 6;

/// Pauses between attempts: 1 s, doubling to 60 s, each shortened by up to a half, so that a fleet
/// of gateways that lost a registry together does not come back to it together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after another failure. `draw` is a random number between 0 and 1.
    pub fn after_failure(&mut self, draw: f64) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.failures.min(DOUBLINGS)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let draw = if draw.is_finite() { draw.clamp(0.0, 1.0) } else { 0.0 };
        pause.mul_f64(1.0 - draw / 2.0)
    }

    /// The next failure is the first one again.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_a_minute() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..9).map(|_| backoff.after_failure(0.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(backoff.failures(), 9);
        backoff.succeeded();
        assert_eq!(backoff.after_failure(0.0), FIRST);
    }

    proptest::proptest! {
        #[test]
        fn a_pause_is_half_to_whole(failures: u32, draw: f64) {
            let pause = Backoff { failures }.after_failure(draw);
            let whole = Backoff { failures }.after_failure(0.0);
            proptest::prop_assert!(pause <= whole && pause >= whole / 2, "{pause:?} of {whole:?}");
        }
    }
}
