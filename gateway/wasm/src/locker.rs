//! Where the stream of an exchange waits while a filter has paused it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::stream::Stream;

/// Where an exchange leaves its stream while it waits, so that answers of call-outs, ticks and other
/// streams of the filters that paused it can reach it. Clones are the same locker.
#[derive(Clone, Default)]
pub struct Locker(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    stream: Option<Box<Stream>>,
    woken: bool,
    waker: Option<Waker>,
}

impl Locker {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The exchange is going to wait.
    pub fn put(&self, stream: Box<Stream>) {
        self.inside().stream = Some(stream);
    }

    /// The exchange goes on.
    pub fn take(&self) -> Option<Box<Stream>> {
        self.inside().stream.take()
    }

    /// Ready once after anything happened that the exchange should look at: a direction was
    /// resumed, an answer given, the stream closed, an instance lost.
    pub fn poll_woken(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inside = self.inside();
        if std::mem::take(&mut inside.woken) {
            return Poll::Ready(());
        }
        match &mut inside.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Something happened.
    pub(crate) fn wake(&self) {
        let mut inside = self.inside();
        inside.woken = true;
        let waker = inside.waker.take();
        drop(inside);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A panic in between leaves nothing half done here.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Locker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locker")
    }
}
