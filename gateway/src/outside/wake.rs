//! Wakes of shared queues: one callback for each item, as on Envoy, delivered one by one so that
//! requests of the same worker come in between.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use portico_wasm::{Origin, RootKey};
use tokio::{runtime::Handle, time::Instant};

use super::tick::REST;

/// A callback that is shorter needs no rest: the timer would wait longer than is fair.
const SHORT: Duration = Duration::from_micros(200);

/// Wakes of one queue that wait. Longer than the longest queue needs no more: the guest that has
/// been told so often has seen every item.
const WAITING: usize = 65_536;

/// Wakes that have not been delivered yet, by who gets them.
#[derive(Default)]
pub(super) struct Wakes(Mutex<HashMap<(RootKey, u32), usize>>);

impl Wakes {
    /// One more wake. The first starts the task that delivers them all.
    pub(super) fn add(self: &Arc<Self>, worker: &Handle, origin: Origin, queue: u32) {
        let key = (origin.root_key(), queue);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&key) {
            *count = WAITING.min(*count + 1);
            return;
        }
        waiting.insert(key.clone(), 1);
        drop(waiting);
        let wakes = self.clone();
        worker.spawn(async move {
            while wakes.take(&key) {
                let began = Instant::now();
                origin.queue_ready(queue);
                match began.elapsed() {
                    took if took < SHORT => tokio::task::yield_now().await,
                    took => tokio::time::sleep(took * REST).await,
                }
            }
        });
    }

    /// Takes one; false when there are no more, and the next one needs a task again.
    fn take(&self, key: &(RootKey, u32)) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.get_mut(key) {
            Some(0) | None => {
                waiting.remove(key);
                false
            }
            Some(count) => {
                *count -= 1;
                true
            }
        }
    }
}
