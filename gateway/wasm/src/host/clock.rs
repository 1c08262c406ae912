//! Clocks, without the standard library's types: guests want nanoseconds.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub(crate) fn monotonic() -> Duration {
    clock(ClockId::Monotonic)
}

pub(crate) fn realtime() -> Duration {
    clock(ClockId::Realtime)
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
