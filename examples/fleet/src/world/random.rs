//! Repeatable randomness: the same seed gives the same town, drivers and hang-ups everywhere.
//!
//! SplitMix64, because the demo needs nothing stronger and the fleet must look the same in
//! two containers that never talk to each other.

#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly spread over `0.0..1.0`.
    pub(crate) const fn unit(&mut self) -> f64 {
        // 53 bits are all that the fraction of an f64 can hold.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly spread over `low..high`.
    pub(crate) const fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}
