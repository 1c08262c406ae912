//! Call-outs that were made for a stream, for whoever tells about it afterwards.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Calls of one stream that are noted. Whoever makes more makes them in a loop.
pub(crate) const NOTED: usize = 32;

/// One call-out. The stream and the call itself share it.
#[derive(Debug)]
pub struct CallNote {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// As the guest named it.
    pub target: Box<str>,
    /// `http` or `grpc`
    pub kind: &'static str,
    pub began: Instant,
    /// Nanoseconds, 0 while it is open.
    took: AtomicU64,
    /// With 1 added, 0 if there was none.
    status: AtomicU32,
}

impl CallNote {
    pub(crate) fn new(plugin: Arc<str>, target: &str, kind: &'static str) -> Arc<Self> {
        Arc::new(Self {
            plugin,
            target: target.into(),
            kind,
            began: Instant::now(),
            took: AtomicU64::new(0),
            status: AtomicU32::new(0),
        })
    }

    /// It is over, with a status of HTTP or gRPC, or without an answer.
    pub(crate) fn ended(&self, status: Option<u16>) {
        let took = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
        self.status.store(status.map_or(0, |status| u32::from(status) + 1), Relaxed);
        self.took.store(took, Relaxed);
    }

    /// How long it took; none if it is still open.
    pub fn took(&self) -> Option<Duration> {
        match self.took.load(Relaxed) {
            0 => None,
            took => Some(Duration::from_nanos(took)),
        }
    }

    /// The answer's status, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.status.load(Relaxed).checked_sub(1).and_then(|status| u16::try_from(status).ok())
    }
}
