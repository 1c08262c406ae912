//! Finds kept records by trace. Everything else is searched for: thousands of records are read
//! in less than a millisecond, outside of any lock.

use std::{collections::HashMap, sync::Arc};

use super::Kept;

#[derive(Debug, Default)]
pub(super) struct Index {
    by_trace: HashMap<[u8; 16], Vec<Arc<Kept>>>,
}

impl Index {
    pub(super) fn add(&mut self, kept: &Arc<Kept>) {
        // Mostly one record a trace; more if services call each other through this gateway.
        let records = self
            .by_trace
            .entry(kept.record.trace.trace_id)
            .or_insert_with(|| Vec::with_capacity(1));
        records.push(Arc::clone(kept));
    }

    pub(super) fn remove(&mut self, kept: &Kept) {
        let trace_id = &kept.record.trace.trace_id;
        let Some(records) = self.by_trace.get_mut(trace_id) else { return };
        records.retain(|other| other.seq != kept.seq);
        if records.is_empty() {
            self.by_trace.remove(trace_id);
        }
    }

    pub(super) fn trace(&self, trace_id: &[u8; 16]) -> &[Arc<Kept>] {
        self.by_trace.get(trace_id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn knows(&self, trace_id: &[u8; 16]) -> bool {
        self.by_trace.contains_key(trace_id)
    }
}
