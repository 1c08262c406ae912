//! Queues by number, unique in the process, so that a plugin can write into a queue of another.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;

use super::{ENTRY, lock};
use crate::limits::Limits;

/// All queues of a process.
#[derive(Default)]
pub(super) struct Queues {
    queues: RwLock<Numbered>,
}

#[derive(Default)]
struct Numbered {
    queues: HashMap<u32, Arc<Queue>>,
    last: u32,
}

/// The queues of one scope, by name.
#[derive(Default)]
pub(super) struct Names {
    numbers: HashMap<Vec<u8>, u32>,
}

struct Queue {
    inner: Mutex<Inner>,
    /// What all values and waiting messages of its scope cost.
    used: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Inner {
    messages: VecDeque<Bytes>,
    /// Who wants to be told; the last one that lives is.
    registrars: Vec<Registrar>,
}

/// Registrars that a queue remembers. Each worker's instance registers, for each generation of a
/// plugin that is swapped; the oldest are forgotten first.
const REGISTRARS: usize = 256;

/// Somebody who registered a queue.
#[derive(Clone)]
pub(crate) struct Registrar {
    pub(crate) identity: Identity,
    pub(crate) listener: Arc<dyn Listener>,
}

/// A root context in a place for instances. An instance that replaces another is the same, so that
/// what registers again, as all do when they start, is not remembered twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    /// Which plugin: unique among those that are remembered.
    pub(crate) plugin: usize,
    pub(crate) worker: usize,
    pub(crate) seat: usize,
    pub(crate) root: i32,
}

/// Who is told of messages.
pub(crate) trait Listener: Send + Sync {
    /// Whether it can be told now. A plugin that is being started cannot, yet.
    fn lives(&self) -> bool;
    /// Tells it, soon, of a message in that queue.
    fn wake(&self, queue: u32);
}

/// Why a queue did not do it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum QueueError {
    #[error("no such queue")]
    NotFound,
    #[error("nothing in the queue")]
    Empty,
    #[error("the queue is full, or there are too many")]
    Full,
}

impl Names {
    pub(super) fn resolve(&self, name: &[u8]) -> Result<u32, QueueError> {
        self.numbers.get(name).copied().ok_or(QueueError::NotFound)
    }

    pub(super) fn register(
        &mut self,
        queues: &Queues,
        name: &[u8],
        registrar: Registrar,
        used: &Arc<AtomicUsize>,
        limits: &Limits,
    ) -> Result<u32, QueueError> {
        if let Some(number) = self.numbers.get(name) {
            queues.find(*number)?.register(registrar);
            return Ok(*number);
        }
        if self.numbers.len() >= limits.queues {
            return Err(QueueError::Full);
        }
        let queue = Queue { inner: Mutex::default(), used: used.clone() };
        queue.register(registrar);
        let number = queues.add(queue);
        self.numbers.insert(name.to_vec(), number);
        Ok(number)
    }
}

impl Queues {
    pub(super) fn enqueue(
        &self,
        number: u32,
        message: &[u8],
        limits: &Limits,
    ) -> Result<(), QueueError> {
        let queue = self.find(number)?;
        queue.push(Bytes::copy_from_slice(message), limits)?;
        queue.wake(number);
        Ok(())
    }

    pub(super) fn dequeue(&self, number: u32) -> Result<Bytes, QueueError> {
        self.find(number)?.pop().ok_or(QueueError::Empty)
    }

    /// Drops the queues of a scope that ends.
    pub(super) fn forget(&self, names: &mut Names) {
        let mut numbered = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        let gone = names.numbers.drain().filter_map(|(_, number)| numbered.queues.remove(&number));
        let gone = gone.collect::<Vec<_>>();
        drop(numbered);
        drop(gone);
    }

    fn find(&self, number: u32) -> Result<Arc<Queue>, QueueError> {
        let numbered = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        numbered.queues.get(&number).cloned().ok_or(QueueError::NotFound)
    }

    /// Numbers begin at 1 and are used again after four billion queues, when free.
    fn add(&self, queue: Queue) -> u32 {
        let mut numbered = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        let mut number = numbered.last;
        loop {
            number = number.checked_add(1).unwrap_or(1);
            if !numbered.queues.contains_key(&number) {
                break;
            }
        }
        numbered.last = number;
        numbered.queues.insert(number, Arc::new(queue));
        number
    }
}

impl Queue {
    fn register(&self, registrar: Registrar) {
        let mut inner = lock(&self.inner);
        inner.registrars.retain(|other| other.identity != registrar.identity);
        if inner.registrars.len() == REGISTRARS {
            inner.registrars.remove(0);
        }
        inner.registrars.push(registrar);
    }

    fn push(&self, message: Bytes, limits: &Limits) -> Result<(), QueueError> {
        let cost = message.len() + ENTRY;
        let mut inner = lock(&self.inner);
        let total = self.used.fetch_add(cost, Ordering::Relaxed) + cost;
        if inner.messages.len() >= limits.queue_length || total > limits.shared_data {
            self.used.fetch_sub(cost, Ordering::Relaxed);
            return Err(QueueError::Full);
        }
        inner.messages.push_back(message);
        Ok(())
    }

    fn pop(&self) -> Option<Bytes> {
        let message = lock(&self.inner).messages.pop_front()?;
        self.used.fetch_sub(message.len() + ENTRY, Ordering::Relaxed);
        Some(message)
    }

    /// Tells the last registrar that lives; if none does, the last, which may be about to.
    fn wake(&self, number: u32) {
        let registrars = lock(&self.inner).registrars.clone();
        let living = registrars.iter().rev().find(|registrar| registrar.listener.lives());
        if let Some(registrar) = living.or_else(|| registrars.last()) {
            registrar.listener.wake(number);
        }
    }
}
