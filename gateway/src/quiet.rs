//! A limit on lines in the log: whoever can make the gateway fail requests must not be able to fill
//! its disk. What every request met is in the access log and in the metrics.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Lines about failed requests that one worker writes in a second: more than anybody reads, and
/// few enough that a log of a day fits a disk.
const LINES: u64 = 20;

/// Counts the lines of one worker.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    second: AtomicU64,
    lines: AtomicU64,
    hushed: AtomicU64,
}

impl Quiet {
    /// Whether there may be another line, and how many were left out since the last one. `now`
    /// counts from any fixed moment.
    pub(crate) fn line(&self, now: Duration) -> Option<u64> {
        if self.second.swap(now.as_secs(), Relaxed) != now.as_secs() {
            self.lines.store(0, Relaxed);
        }
        if self.lines.fetch_add(1, Relaxed) < LINES {
            return Some(self.hushed.swap(0, Relaxed));
        }
        self.hushed.fetch_add(1, Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let quiet = Quiet::default();
        let second = Duration::from_secs(7);
        let said = (0..100).filter(|_| quiet.line(second).is_some()).count() as u64;
        assert_eq!(said, LINES);
        assert_eq!(quiet.line(Duration::from_secs(8)), Some(100 - LINES));
        assert_eq!(quiet.line(Duration::from_secs(8)), Some(0));
    }
}
