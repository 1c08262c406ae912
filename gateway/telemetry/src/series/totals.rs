//! What all workers have counted in one series.

use std::collections::BTreeMap;

use super::Key;

/// What the graph takes of a series each second.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) classes: [u64; 6],
    pub(crate) errors: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Sums {
    pub(crate) fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (sum, class) in self.classes.iter_mut().zip(other.classes) {
            *sum += class;
        }
        self.errors += other.errors;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }

    /// What has come to an earlier state.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let mut since = self.clone();
        for (class, before) in since.classes.iter_mut().zip(before.classes) {
            *class = class.saturating_sub(before);
        }
        since.errors = since.errors.saturating_sub(before.errors);
        since.bytes_in = since.bytes_in.saturating_sub(before.bytes_in);
        since.bytes_out = since.bytes_out.saturating_sub(before.bytes_out);
        since
    }
}

/// The numbers of one series, added up.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Requests that have begun and not ended. Below zero only while a worker is at it.
    pub in_flight: i64,
    /// Ended requests by the hundreds of the status; in front those without one.
    pub classes: [u64; 6],
    /// See [`Sample::is_error`](super::Sample::is_error).
    pub errors: u64,
    /// Attempts that followed another one.
    pub retries: u64,
    /// Attempts over a warm connection.
    pub reused: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Ended requests by what tells them apart.
    pub cells: BTreeMap<Key, CellTotals>,
    /// Sizes of bodies, in bytes: of entries.
    pub request_sizes: Explicit,
    pub response_sizes: Explicit,
    /// In nanoseconds: of leaves.
    pub connect: Explicit,
    pub first_byte: Explicit,
}

/// The requests of one key.
#[derive(Clone, Debug, Default)]
pub struct CellTotals {
    /// In nanoseconds.
    pub durations: Explicit,
}

/// Counts in configured buckets: each on its own, not with those below. The last one is what is
/// above all bounds. No buckets at all if nothing was ever counted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Explicit {
    pub counts: Vec<u64>,
    pub sum: u128,
}

impl Totals {
    /// Ended requests.
    pub fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// Adds those of another series.
    pub fn merge(&mut self, other: &Self) {
        self.in_flight += other.in_flight;
        for (sum, class) in self.classes.iter_mut().zip(other.classes) {
            *sum += class;
        }
        self.errors += other.errors;
        self.retries += other.retries;
        self.reused += other.reused;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        for (key, cell) in &other.cells {
            self.cells.entry(*key).or_default().durations.merge(&cell.durations);
        }
        self.request_sizes.merge(&other.request_sizes);
        self.response_sizes.merge(&other.response_sizes);
        self.connect.merge(&other.connect);
        self.first_byte.merge(&other.first_byte);
    }
}

impl Explicit {
    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
        self.sum += other.sum;
    }
}
