//! The last minutes, whole: the most interesting requests, within a limit of memory.
//!
//! There are four classes ([`Interest`]). Each has a share of the memory that the others cannot
//! take; what a class does not need, the others use. Within a class the route that holds most
//! gives way first, its oldest record before the others. So the list is never empty, a flood of
//! errors on one route cannot wipe out the others, and no number of paths or hosts makes it grow.
//!
//! One thread writes. Readers take a list of references under a short lock (a tenth of a
//! millisecond for ten thousand records) and look at them outside of it.

mod detach;
mod index;
pub mod interest;
mod ring;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use serde::Serialize;

use self::{index::Index, ring::Ring};
use crate::{
    far::{self, Memory, Span},
    record::Record,
};

pub use interest::{Interest, Keeper, Rates, Seen, Watch};

/// Limits of the store.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes for records, as estimated: accurate to about a fifth. Default 24 MiB, some ten
    /// thousand requests.
    pub records: usize,
    /// How long a record is kept at most. Default 10 minutes.
    pub age: Duration,
    /// Limits for spans that services report. Default 8 MiB: together with the records 32 MiB.
    pub spans: far::Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            records: 24 * 1024 * 1024,
            age: Duration::from_mins(10),
            spans: far::Limits::default(),
        }
    }
}

/// The share of the memory, in percent, that is kept for each class in the order of
/// [`Interest::ALL`].
const SHARES: [usize; 4] = [25, 25, 15, 35];

/// A record that is kept.
#[derive(Debug)]
pub struct Kept {
    /// Counts the records kept by this process, from 1. Names the record in queries.
    pub seq: u64,
    pub interest: Interest,
    /// Without secrets; long heads are cut.
    pub record: Record,
    /// Bytes it holds, as estimated.
    pub weight: usize,
}

impl Kept {
    /// When it ended.
    pub fn ended(&self) -> SystemTime {
        self.record.started.checked_add(self.record.took).unwrap_or(self.record.started)
    }
}

/// What the store holds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Held {
    /// Records, in the order of [`Interest::ALL`].
    pub records: [usize; 4],
    /// Bytes of all records.
    pub record_bytes: usize,
    /// Records that had to make room for newer ones, since the process began.
    pub evicted: u64,
    pub spans: far::Held,
}

/// Records and received spans of the last minutes.
#[derive(Debug)]
pub struct Store {
    settings: Settings,
    records: Mutex<Records>,
    spans: Mutex<Memory>,
}

#[derive(Debug)]
struct Records {
    rings: [Ring; 4],
    index: Index,
    latest: u64,
    evicted: u64,
}

impl Store {
    pub fn new(settings: Settings) -> Self {
        let rings = Interest::ALL.map(|interest| Ring::new(interest == Interest::Slow));
        let records = Records { rings, index: Index::default(), latest: 0, evicted: 0 };
        let spans = Mutex::new(Memory::new(settings.spans.clone()));
        Self { records: Mutex::new(records), spans, settings }
    }

    /// Keeps a copy of a record, for the reason that [`Watch::wants`] gave. Costs some
    /// microseconds; meant for the collector.
    pub fn insert(&self, record: &Record, interest: Interest) {
        let (record, weight) = detach::detach(record);
        let trace_id = record.trace.trace_id;
        // Out of the lock, because freeing takes longer than taking out.
        let _evicted = {
            let mut records = self.records();
            records.latest += 1;
            let kept = Arc::new(Kept { seq: records.latest, interest, record, weight });
            records.index.add(&kept);
            records.rings[interest as usize].push(kept);
            records.make_room(self.settings.records)
        };
        self.spans().promote(&trace_id);
    }

    /// Keeps spans that services reported. Those of traces that are not kept get a small place
    /// of their own, in case that the record comes later.
    pub fn receive(&self, spans: Vec<Span>) {
        let spans: Vec<(bool, Span)> = {
            let records = self.records();
            spans.into_iter().map(|span| (records.index.knows(&span.trace_id), span)).collect()
        };
        let mut memory = self.spans();
        for (is_known, span) in spans {
            memory.add(span, is_known);
        }
    }

    /// Forgets what is too old. Call it about once a second.
    pub fn tick(&self, now: SystemTime) {
        let Some(oldest) = now.checked_sub(self.settings.age) else { return };
        loop {
            let mut records = self.records();
            let expired = records.rings.iter_mut().find_map(|ring| ring.expire(oldest));
            let Some(expired) = expired else { break };
            records.index.remove(&expired);
        }
        self.spans().expire(oldest);
    }

    /// All records that are kept, in no order.
    pub fn all(&self) -> Vec<Arc<Kept>> {
        self.records().rings.iter().flat_map(Ring::iter).cloned().collect()
    }

    /// The number of the record that was kept last; 0 before the first.
    pub fn latest(&self) -> u64 {
        self.records().latest
    }

    /// Records that were kept after the one with this number, in no order. Looks at no others, so
    /// that it may be asked often.
    pub fn since(&self, seq: u64) -> Vec<Arc<Kept>> {
        let records = self.records();
        let lanes = records.rings.iter().flat_map(Ring::newest);
        lanes.flat_map(|(_, kept)| kept.take_while(|kept| kept.seq > seq)).cloned().collect()
    }

    /// Records that ended after a moment, of some classes and routes (or of none), at most so many
    /// of each of these.
    pub fn recent(
        &self,
        since: SystemTime,
        most: usize,
        wanted: impl Fn(Interest, Option<&Arc<str>>) -> bool,
    ) -> Vec<Arc<Kept>> {
        let records = self.records();
        let mut found = Vec::new();
        for (interest, ring) in Interest::ALL.into_iter().zip(&records.rings) {
            for (_, kept) in ring.newest().filter(|(route, _)| wanted(interest, *route)) {
                found.extend(kept.take(most).take_while(|kept| kept.ended() >= since).cloned());
            }
        }
        found
    }

    /// A record by its number.
    pub fn record(&self, seq: u64) -> Option<Arc<Kept>> {
        self.records().rings.iter().flat_map(Ring::iter).find(|kept| kept.seq == seq).cloned()
    }

    /// The records of a trace, in the order in which they were kept.
    pub fn trace_records(&self, trace_id: &[u8; 16]) -> Vec<Arc<Kept>> {
        self.records().index.trace(trace_id).to_vec()
    }

    /// The spans that services reported of a trace.
    pub fn trace_spans(&self, trace_id: &[u8; 16]) -> Vec<Arc<Span>> {
        self.spans().trace(trace_id)
    }

    pub fn held(&self) -> Held {
        let spans = self.spans().held();
        let records = self.records();
        let mut held = Held { evicted: records.evicted, spans, ..Held::default() };
        for (count, ring) in held.records.iter_mut().zip(&records.rings) {
            *count = ring.iter().count();
            held.record_bytes += ring.bytes();
        }
        held
    }

    // Nothing under either lock can be left half done by a panic of a reader.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spans(&self) -> MutexGuard<'_, Memory> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn make_room(&mut self, limit: usize) -> Vec<Arc<Kept>> {
        let mut evicted = Vec::new();
        while self.rings.iter().map(Ring::bytes).sum::<usize>() > limit {
            // The class that is furthest above its share.
            let over = |(ring, share): &(&mut Ring, usize)| ring.bytes() * 100 / share;
            let Some((ring, _)) = self.rings.iter_mut().zip(SHARES).max_by_key(over) else { break };
            let Some(kept) = ring.evict() else { break };
            self.index.remove(&kept);
            self.evicted += 1;
            evicted.push(kept);
        }
        evicted
    }
}

#[cfg(test)]
mod tests;
