//! What waits to be sent.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use tokio::sync::Notify;

use super::encode::Chunk;

/// Bounded by count and by bytes. Its lock is held for a few instructions, by the thread that
/// collects records and by the sender; no worker takes it.
#[derive(Debug)]
pub(super) struct Queue {
    limit: Limit,
    full: Full,
    waiting: Mutex<Waiting>,
    /// A guess for who wants to ask without the lock.
    has_room: AtomicBool,
    changed: Notify,
}

/// What goes if something does not fit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Full {
    DropNew,
    DropOld,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    chunks: VecDeque<Chunk>,
    items: usize,
    bytes: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn new(items: usize, bytes: usize, full: Full) -> Self {
        Self {
            limit: Limit { items, bytes },
            full,
            waiting: Mutex::default(),
            has_room: AtomicBool::new(true),
            changed: Notify::new(),
        }
    }

    /// Takes a chunk, if it fits; answers how many items were dropped for it, or instead of it.
    pub(super) fn push(&self, chunk: Chunk) -> usize {
        let mut waiting = self.lock();
        let Limit { items, bytes } = self.limit;
        let mut dropped = 0;
        while !waiting.fits(&chunk, self.limit) && self.full == Full::DropOld {
            let Some(old) = waiting.pop() else { break };
            dropped += old.items;
        }
        if waiting.closed || !waiting.fits(&chunk, self.limit) {
            self.has_room.store(self.full == Full::DropOld, Relaxed);
            return dropped + chunk.items;
        }
        waiting.items += chunk.items;
        waiting.bytes += chunk.bytes.len();
        waiting.chunks.push_back(chunk);
        let room = waiting.items < items && waiting.bytes < bytes;
        self.has_room.store(room || self.full == Full::DropOld, Relaxed);
        drop(waiting);
        self.changed.notify_one();
        dropped
    }

    pub(super) fn has_room(&self) -> bool {
        self.has_room.load(Relaxed)
    }

    /// Items and bytes.
    pub(super) fn length(&self) -> (usize, usize) {
        let waiting = self.lock();
        (waiting.items, waiting.bytes)
    }

    /// Ready when at least so much waits.
    pub(super) async fn holds(&self, least: Limit) {
        loop {
            // Registered before the look, so that no change in between is missed.
            let changed = self.changed.notified();
            let (items, bytes) = self.length();
            if items >= least.items || bytes >= least.bytes {
                return;
            }
            changed.await;
        }
    }

    /// As many chunks as are within a limit, and at least one if there is any.
    pub(super) fn take(&self, most: Limit) -> Vec<Chunk> {
        let mut waiting = self.lock();
        let (mut chunks, mut items, mut bytes) = (Vec::new(), 0, 0);
        while let Some(next) = waiting.chunks.front() {
            items += next.items;
            bytes += next.bytes.len();
            if !chunks.is_empty() && (items > most.items || bytes > most.bytes) {
                break;
            }
            chunks.extend(waiting.pop());
        }
        self.has_room.store(!waiting.closed, Relaxed);
        chunks
    }

    /// Takes nothing any more, and forgets what waits; answers how many items.
    pub(super) fn close(&self) -> usize {
        let mut waiting = self.lock();
        self.has_room.store(false, Relaxed);
        let left = waiting.items;
        *waiting = Waiting { closed: true, ..Waiting::default() };
        left
    }

    /// Nothing that could panic happens under the lock.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn fits(&self, chunk: &Chunk, limit: Limit) -> bool {
        self.items + chunk.items <= limit.items && self.bytes + chunk.bytes.len() <= limit.bytes
    }

    fn pop(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.items -= chunk.items;
        self.bytes -= chunk.bytes.len();
        Some(chunk)
    }
}
