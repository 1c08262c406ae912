//! How often something is made, so that it takes no more than its share of a processor.

use std::time::{Duration, Instant};

/// Of one processor. Two kinds of things are made, graphs and overviews, so that an open console costs
/// twice this at worst, however much is configured.
const SHARE: u32 = 40;

/// Something that is made again and again.
pub(super) struct Pace {
    /// As often as that, if it costs little.
    least: Duration,
    /// At least as often as that, whatever it costs: the console would call it stale.
    most: Duration,
    /// What it has cost lately.
    cost: Duration,
    last: Option<Instant>,
}

impl Pace {
    pub(super) fn new(least: Duration, most: Duration) -> Self {
        Self { least, most, cost: Duration::ZERO, last: None }
    }

    pub(super) fn period(&self) -> Duration {
        (self.cost * SHARE).clamp(self.least, self.most)
    }

    /// Whether it is time. A clock that wakes us a little too early should not cost a whole round.
    pub(super) fn is_due(&self) -> bool {
        const EARLY: Duration = Duration::from_millis(20);
        self.last.is_none_or(|last| last.elapsed() + EARLY >= self.period())
    }

    /// Makes it. A single one that took long, because the machine was busy, counts a quarter.
    pub(super) fn make<T>(&mut self, make: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let is_first = self.last.is_none();
        self.last = Some(began);
        let made = make();
        let took = began.elapsed();
        self.cost = if is_first { took } else { (self.cost * 3 + took) / 4 };
        made
    }
}
