//! What one link counted, by time.

use std::collections::VecDeque;

use crate::{histogram::Distribution, series::Sums};

/// How many seconds are kept one by one: as many as the usual window of a console has.
pub(super) const FINE: u64 = 60;

/// How many seconds are kept together after that.
pub(super) const COARSE: u64 = 10;

/// What was counted in a second, or in ten.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The first one.
    pub(super) second: u64,
    pub(super) sums: Sums,
    /// Those of a [`Distribution`] in which something was counted, in order.
    pub(super) buckets: Vec<(u16, u32)>,
}

impl Slot {
    pub(super) fn new(second: u64) -> Self {
        Self { second, sums: Sums::default(), buckets: Vec::new() }
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.buckets.capacity() * size_of::<(u16, u32)>()
    }

    pub(super) fn add_to(&self, sum: &mut Sum) {
        sum.sums.merge(&self.sums);
        for (bucket, count) in &self.buckets {
            sum.durations.add_bucket((*bucket).into(), (*count).into());
        }
    }

    fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        let strange = other.buckets.iter().filter(|(bucket, _)| self.place(*bucket).is_err());
        self.buckets.reserve_exact(strange.count());
        for (bucket, count) in &other.buckets {
            match self.place(*bucket) {
                Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(*count),
                Err(at) => self.buckets.insert(at, (*bucket, *count)),
            }
        }
    }

    fn place(&self, bucket: u16) -> Result<usize, usize> {
        self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket)
    }
}

/// Slots in the order of time. Only those in which something was counted are there.
#[derive(Debug, Default)]
pub(super) struct Ring {
    coarse: VecDeque<Slot>,
    fine: VecDeque<Slot>,
    memory: usize,
}

impl Ring {
    /// Adds to the slot of that second. It may be late, by a little.
    pub(super) fn add(&mut self, slot: Slot) {
        let is_late = self.coarse.back().is_some_and(|last| slot.second < last.second + COARSE);
        if is_late {
            let slot = Slot { second: slot.second / COARSE * COARSE, ..slot };
            put(&mut self.coarse, slot, &mut self.memory);
        } else {
            put(&mut self.fine, slot, &mut self.memory);
        }
    }

    /// Brings together what is more than a minute old, and forgets what is before the horizon.
    pub(super) fn age(&mut self, now: u64, horizon: u64) {
        // Whole tens only: a slot of ten seconds is complete before it is made.
        let fine = (now.saturating_sub(FINE)) / COARSE * COARSE;
        while let Some(slot) = self.fine.pop_front_if(|slot| slot.second < fine) {
            self.memory -= slot.memory();
            let slot = Slot { second: slot.second / COARSE * COARSE, ..slot };
            put(&mut self.coarse, slot, &mut self.memory);
        }
        while let Some(slot) = self.coarse.pop_front_if(|slot| slot.second + COARSE <= horizon) {
            self.memory -= slot.memory();
        }
        while let Some(slot) = self.fine.pop_front_if(|slot| slot.second < horizon) {
            self.memory -= slot.memory();
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Adds up what was counted after one second and until another.
    pub(super) fn sum(&self, after: u64, until: u64, sum: &mut Sum) {
        // Ten seconds belong to the window if their middle does.
        let coarse = self.coarse.iter().filter(|slot| {
            let middle = slot.second + COARSE / 2;
            after < middle && middle <= until
        });
        let fine = self.fine.iter().filter(|slot| after < slot.second && slot.second <= until);
        coarse.chain(fine).for_each(|slot| slot.add_to(sum));
    }

    /// All there is, the oldest first.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.coarse.iter().chain(&self.fine)
    }

    /// The last second until that one in which something was counted.
    pub(super) fn last_seen(&self, until: u64) -> Option<u64> {
        self.slots().map(|slot| slot.second).take_while(|second| *second <= until).last()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.coarse.is_empty() && self.fine.is_empty()
    }

    pub(super) fn memory(&self) -> usize {
        self.memory
    }
}

/// Adds to the slot of that second, or puts it where it belongs: near the end.
fn put(slots: &mut VecDeque<Slot>, slot: Slot, memory: &mut usize) {
    let index = slots.partition_point(|other| other.second < slot.second);
    match slots.get_mut(index) {
        Some(same) if same.second == slot.second => {
            *memory -= same.memory();
            same.merge(&slot);
            *memory += same.memory();
        }
        _ => {
            *memory += slot.memory();
            slots.insert(index, slot);
        }
    }
}

/// What a window holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub(super) sums: Sums,
    pub(super) durations: Distribution,
}

impl Sum {
    pub(super) fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        self.durations.merge(&other.durations);
    }
}

/// What has come to some buckets. Both are in order, and what is in the old ones is in the new.
pub(super) fn difference(new: &[(u16, u64)], old: &[(u16, u64)]) -> Vec<(u16, u32)> {
    let mut old = old.iter().peekable();
    let grown = new.iter().filter_map(|(bucket, count)| {
        while old.next_if(|(other, _)| other < bucket).is_some() {}
        let before = old.next_if(|(other, _)| other == bucket).map_or(0, |(_, count)| *count);
        let grown = u32::try_from(count.saturating_sub(before)).unwrap_or(u32::MAX);
        (grown > 0).then_some((*bucket, grown))
    });
    let mut grown: Vec<_> = grown.collect();
    grown.shrink_to_fit();
    grown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Adding and ageing in any order lose nothing and bring nothing into another ten.
        #[test]
        fn nothing_is_lost_on_the_way(
            steps in prop::collection::vec((0_u64..15, 0_u64..100, 0_u16..500), 1..200),
        ) {
            let (mut ring, mut all, mut now) = (Ring::default(), Vec::new(), 10_000_u64);
            for (passed, late, bucket) in steps {
                now += passed;
                let mut slot = Slot::new(now - late);
                slot.sums.classes[2] = 1;
                slot.buckets.push((bucket, 1));
                all.push((slot.second, bucket));
                ring.add(slot);
                ring.age(now, 0);
            }
            for ten in (9_900..now + COARSE).step_by(COARSE as usize) {
                let mut sum = Sum::default();
                ring.sum(ten.saturating_sub(1), ten + COARSE - 1, &mut sum);
                let truth = all.iter().filter(|(second, _)| second / COARSE == ten / COARSE);
                prop_assert_eq!(sum.sums.count(), truth.count() as u64, "{}", ten);
                prop_assert_eq!(sum.durations.count(), sum.sums.count());
            }
            let slots = ring.coarse.iter().chain(&ring.fine);
            prop_assert_eq!(ring.memory(), slots.clone().map(Slot::memory).sum::<usize>());
            let seconds: Vec<_> = slots.map(|slot| slot.second).collect();
            prop_assert!(seconds.is_sorted(), "{:?}", seconds);
            ring.age(now, now + 1_000);
            prop_assert!(ring.is_empty() && ring.memory() == 0);
        }

        #[test]
        fn a_difference_is_what_was_added(
            old in prop::collection::btree_map(0_u16..40, 1_u64..9, 0..20),
            added in prop::collection::btree_map(0_u16..40, 1_u64..9, 0..20),
        ) {
            let mut new = old.clone();
            added.iter().for_each(|(bucket, count)| *new.entry(*bucket).or_default() += count);
            let [new, old]: [Vec<_>; 2] = [new, old].map(|counts| counts.into_iter().collect());
            let found: Vec<_> = difference(&new, &old).into_iter().map(|(b, c)| (b, u64::from(c))).collect();
            prop_assert_eq!(found, added.into_iter().collect::<Vec<_>>());
        }
    }
}
