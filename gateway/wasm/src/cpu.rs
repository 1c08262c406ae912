//! The CPU clock of one instance.
//!
//! Epochs tell that wall-clock time passes; on a busy or throttled machine that says little about
//! what the guest used. So the first tick inside a callback only takes the thread's CPU time as a
//! base line, and later ticks compare with it. A callback that ends within a tick, which is every
//! honest one, pays for no clock at all.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How much CPU time the running callback has used.
#[derive(Debug)]
pub(crate) struct CpuClock {
    limit: Duration,
    base: Option<Duration>,
}

impl CpuClock {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, base: None }
    }

    /// A callback begins, with `limit` to use.
    pub(crate) fn restart(&mut self, limit: Duration) {
        self.limit = limit;
        self.base = None;
    }

    /// What the callback has used since its first epoch; nothing, without a look at the clock, if it
    /// ended within one.
    pub(crate) fn used(&self) -> Duration {
        self.base.map_or(Duration::ZERO, |base| thread_cpu_time().saturating_sub(base))
    }

    /// An epoch has passed inside the callback. True if the callback may go on.
    pub(crate) fn tick(&mut self) -> bool {
        let now = thread_cpu_time();
        let base = *self.base.get_or_insert(now);
        now.saturating_sub(base) < self.limit
    }
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
