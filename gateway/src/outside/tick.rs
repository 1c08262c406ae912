//! Ticks: one task for each root context that asked, on its worker.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use portico_wasm::{Origin, RootKey};
use tokio::{
    runtime::Handle,
    task::AbortHandle,
    time::{Instant, sleep_until},
};

/// A root context with a long period may have gone in between; its task looks this often, so that
/// nothing of a plugin outlives it for long.
const LOOK: Duration = Duration::from_secs(5);

/// The timer knows no less. The plugin's own limit is usually longer.
const SHORTEST: Duration = Duration::from_millis(1);

/// After a callback, a root context rests for this many times what the callback took: whatever it
/// does there, four fifths of its worker are left for requests.
pub(super) const REST: u32 = 4;

/// The root contexts that tick.
#[derive(Default)]
pub(super) struct Ticks(Mutex<Ticking>);

#[derive(Default)]
struct Ticking {
    tasks: HashMap<RootKey, Task>,
    /// Given once and never again.
    next: u64,
}

struct Task {
    number: u64,
    abort: AbortHandle,
}

impl Ticks {
    /// Ticks with this period from now on, or no more.
    pub(super) fn set(self: &Arc<Self>, worker: &Handle, origin: Origin, period: Option<Duration>) {
        let key = origin.root_key();
        let mut ticking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = ticking.tasks.remove(&key) {
            // It may be the one that runs: then it ends behind its callback.
            task.abort.abort();
        }
        let Some(period) = period.map(|period| period.max(SHORTEST)) else { return };
        ticking.next += 1;
        let number = ticking.next;
        let (ticks, ended) = (self.clone(), key.clone());
        let task = worker.spawn(async move {
            tick(origin, period).await;
            ticks.forget(&ended, number);
        });
        ticking.tasks.insert(key, Task { number, abort: task.abort_handle() });
    }

    fn forget(&self, key: &RootKey, number: u64) {
        let mut ticking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ticking.tasks.get(key).is_some_and(|task| task.number == number) {
            ticking.tasks.remove(key);
        }
    }
}

/// Until it is over. A worker that was busy for several periods does not make up for them.
async fn tick(origin: Origin, period: Duration) {
    let mut next = Instant::now() + period;
    loop {
        loop {
            sleep_until(next.min(Instant::now() + LOOK)).await;
            if Instant::now() >= next {
                break;
            }
            if !origin.lives() {
                return;
            }
        }
        let began = Instant::now();
        if !origin.tick() {
            return;
        }
        next = after(next, period, began, Instant::now());
    }
}

/// When the next tick is due: a period behind the last one, or behind now if it has come too late,
/// and not before the rest is over.
fn after(due: Instant, period: Duration, began: Instant, ended: Instant) -> Instant {
    let rested = ended + (ended - began) * REST;
    let regular = due + period;
    let regular = if regular < ended { ended + period } else { regular };
    regular.max(rested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_regular_and_leave_time_for_others() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let period = Duration::from_millis(10);
        for (due, began, ended, next) in [
            (10, 10, 10, 20),
            // A late one does not shift those behind it.
            (10, 13, 13, 20),
            // Missed ones are not made up for.
            (10, 45, 45, 55),
            // One that takes long rests four times as long.
            (10, 10, 20, 60),
        ] {
            let got = after(at(due), period, at(began), at(ended));
            assert_eq!(got, at(next), "due {due}, began {began}, ended {ended}");
        }
    }
}
