//! Values by key, each with a version that changes whenever the value does.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
};

use bytes::Bytes;

use super::ENTRY;
use crate::limits::Limits;

/// The values of one scope.
#[derive(Default)]
pub(super) struct Data {
    values: HashMap<Vec<u8>, (Bytes, u32)>,
}

/// Versions, counted over all scopes as in Envoy. The first one is 1; 0 means "any" to guests and
/// is never given.
#[derive(Default)]
pub(super) struct Versions(AtomicU32);

impl Versions {
    fn next(&self) -> u32 {
        match self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1) {
            0 => self.next(),
            version => version,
        }
    }
}

/// Why a value was not set.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum SetError {
    #[error("the value has another version")]
    Version,
    #[error("the shared data is full")]
    Full,
}

impl Data {
    pub(super) fn get(&self, key: &[u8]) -> Option<(Bytes, u32)> {
        self.values.get(key).cloned()
    }

    /// Answers what was replaced, for the caller to free without the lock.
    pub(super) fn set(
        &mut self,
        key: Vec<u8>,
        value: Bytes,
        version: u32,
        (used, versions): (&AtomicUsize, &Versions),
        limits: &Limits,
    ) -> Result<Option<Bytes>, SetError> {
        let old = self.values.get(&key);
        if old.is_some_and(|(_, current)| version != 0 && version != *current) {
            return Err(SetError::Version);
        }
        let cost = |value: &Bytes| key.len() + value.len() + ENTRY;
        let (before, after) = (old.map_or(0, |(old, _)| cost(old)), cost(&value));
        // Reserved first: messages in queues count too, and are put there under another lock.
        let total = used.fetch_add(after, Ordering::Relaxed) + after;
        if total - before.min(total) > limits.shared_data {
            used.fetch_sub(after, Ordering::Relaxed);
            return Err(SetError::Full);
        }
        used.fetch_sub(before, Ordering::Relaxed);
        Ok(self.values.insert(key, (value, versions.next())).map(|(old, _)| old))
    }
}
