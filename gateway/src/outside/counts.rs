//! What the calls of each plugin came to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Call-outs of one plugin, HTTP and gRPC together, since the process began.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CallCounts {
    pub started: u64,
    /// No peer was reached, or it broke off, or its answer could not be used. An answer with an
    /// error status is an answer.
    pub failed: u64,
    /// There was no complete answer in time.
    pub timed_out: u64,
    /// On their way at the moment.
    pub open: u64,
}

/// By plugin. Counters stay when a plugin goes: one that comes back goes on counting.
#[derive(Default)]
pub(super) struct Ledger(Mutex<BTreeMap<Arc<str>, Arc<Account>>>);

#[derive(Default)]
struct Account {
    started: AtomicU64,
    failed: AtomicU64,
    timed_out: AtomicU64,
    open: AtomicU64,
}

/// One call; it is open until this is dropped.
pub(super) struct Entry(Arc<Account>);

impl Ledger {
    pub(super) fn open(&self, plugin: &Arc<str>) -> Entry {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let account = match accounts.get(plugin) {
            Some(account) => account.clone(),
            None => accounts.entry(plugin.clone()).or_default().clone(),
        };
        drop(accounts);
        account.started.fetch_add(1, Relaxed);
        account.open.fetch_add(1, Relaxed);
        Entry(account)
    }

    pub(super) fn all(&self) -> Vec<(Arc<str>, CallCounts)> {
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.iter().map(|(plugin, account)| (plugin.clone(), account.read())).collect()
    }
}

impl Account {
    fn read(&self) -> CallCounts {
        CallCounts {
            started: self.started.load(Relaxed),
            failed: self.failed.load(Relaxed),
            timed_out: self.timed_out.load(Relaxed),
            open: self.open.load(Relaxed),
        }
    }
}

impl Entry {
    pub(super) fn failed(&self) {
        self.0.failed.fetch_add(1, Relaxed);
    }

    pub(super) fn timed_out(&self) {
        self.0.timed_out.fetch_add(1, Relaxed);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}
