//! How sending goes.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use serde::Serialize;

use super::{Protocol, Signal};

/// How an exporter fares. Contains no secret.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Without user, password and query.
    pub endpoint: String,
    pub protocol: Protocol,
    pub signals: Vec<SignalStatus>,
}

/// How a signal fares. Counts are of items (spans, log records, states of metrics) since the
/// start.
#[derive(Clone, Debug, Serialize)]
pub struct SignalStatus {
    pub signal: Signal,
    /// The receiver took them.
    pub sent: u64,
    /// The receiver took the request but not these (partial success).
    pub rejected: u64,
    /// The queue was full.
    pub dropped_full: u64,
    /// The receiver refused the request for good.
    pub dropped_refused: u64,
    /// The receiver could not be reached for too long.
    pub dropped_gave_up: u64,
    /// They were still queued when the exporter ended.
    pub dropped_at_end: u64,
    /// Requests that were sent, successful or not.
    pub requests: u64,
    /// Requests that failed in a way that is tried again.
    pub failures: u64,
    /// Items that wait now.
    pub queued: usize,
    /// Their bytes.
    pub queued_bytes: usize,
    /// The last request failed.
    pub failing: bool,
    /// The last failure, also if it is over.
    pub last_error: Option<LastError>,
    /// Milliseconds since 1970 of the last success.
    pub last_success_ms: Option<u64>,
}

/// A failure in words.
#[derive(Clone, Debug, Serialize)]
pub struct LastError {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub message: String,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    sent: AtomicU64,
    rejected: AtomicU64,
    dropped_full: AtomicU64,
    dropped_refused: AtomicU64,
    dropped_gave_up: AtomicU64,
    dropped_at_end: AtomicU64,
    requests: AtomicU64,
    failures: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    failing: bool,
    error: Option<LastError>,
    success_ms: Option<u64>,
}

impl Counters {
    pub(super) fn add_dropped_full(&self, items: usize) {
        add(&self.dropped_full, items);
    }

    pub(super) fn add_dropped_at_end(&self, items: usize) {
        add(&self.dropped_at_end, items);
    }

    pub(super) fn add_dropped_gave_up(&self, items: usize) {
        add(&self.dropped_gave_up, items);
    }

    pub(super) fn add_dropped_refused(&self, items: usize) {
        add(&self.dropped_refused, items);
    }

    pub(super) fn add_request(&self) {
        add(&self.requests, 1);
    }

    pub(super) fn add_failure(&self) {
        add(&self.failures, 1);
    }

    /// Says whether the receiver had failed before.
    pub(super) fn succeed(&self, items: usize, rejected: usize) -> bool {
        add(&self.sent, items - rejected.min(items));
        add(&self.rejected, rejected);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.success_ms = Some(now_ms());
        std::mem::replace(&mut last.failing, false)
    }

    /// Says whether this is the first failure after a success.
    pub(super) fn fail(&self, message: String) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.error = Some(LastError { at_ms: now_ms(), message });
        !std::mem::replace(&mut last.failing, true)
    }

    pub(super) fn status(
        &self,
        signal: Signal,
        queued: usize,
        queued_bytes: usize,
    ) -> SignalStatus {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        SignalStatus {
            signal,
            sent: self.sent.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            dropped_full: self.dropped_full.load(Relaxed),
            dropped_refused: self.dropped_refused.load(Relaxed),
            dropped_gave_up: self.dropped_gave_up.load(Relaxed),
            dropped_at_end: self.dropped_at_end.load(Relaxed),
            requests: self.requests.load(Relaxed),
            failures: self.failures.load(Relaxed),
            queued,
            queued_bytes,
            failing: last.failing,
            last_error: last.error.clone(),
            last_success_ms: last.success_ms,
        }
    }
}

fn add(counter: &AtomicU64, items: usize) {
    counter.fetch_add(items as u64, Relaxed);
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
