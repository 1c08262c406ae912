//! How much of what strangers try is written.

use std::time::Duration;

use tokio::time::Instant;

/// Lines at once.
const BURST: u32 = 60;

/// One more each time.
const REFILL: Duration = Duration::from_secs(1);

/// Counts what is not written.
#[derive(Debug, Default)]
pub(super) struct Flood {
    /// When the last line is paid for.
    debt: Option<Instant>,
    missed: u64,
}

impl Flood {
    /// Whether one more is written; then, how many were not since the last one that was.
    pub(super) fn admit(&mut self, now: Instant) -> Option<u64> {
        let debt = self.debt.unwrap_or(now).max(now);
        if debt.duration_since(now) > REFILL * (BURST - 1) {
            self.missed += 1;
            return None;
        }
        self.debt = Some(debt + REFILL);
        Some(std::mem::take(&mut self.missed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_is_counted() {
        let (mut flood, start) = (Flood::default(), Instant::now());
        for _ in 0..BURST {
            assert_eq!(flood.admit(start), Some(0));
        }
        assert_eq!(flood.admit(start), None);
        assert_eq!(flood.admit(start), None);
        assert_eq!(flood.admit(start + REFILL), Some(2));
        assert_eq!(flood.admit(start + REFILL), None);
        assert_eq!(flood.admit(start + REFILL * BURST * 2), Some(1));
    }
}
