//! One class of kept records, shared fairly between routes.
//!
//! Each route has a lane. When room is wanted, it is taken from the lane that holds most, so a
//! route that fails with all of its traffic pushes out its own records and nobody else's.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::SystemTime,
};

use super::Kept;

/// Of so many of the oldest slow records the quickest goes first.
const SPARED: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: usize,
    lanes: Vec<Lane>,
    free: Vec<usize>,
    by_route: HashMap<Option<Arc<str>>, usize>,
    /// Bytes and number of each lane that holds anything.
    heaviest: BTreeSet<(usize, usize)>,
    spares_slowest: bool,
}

#[derive(Debug, Default)]
struct Lane {
    route: Option<Arc<str>>,
    bytes: usize,
    kept: VecDeque<Arc<Kept>>,
}

impl Ring {
    pub(super) fn new(spares_slowest: bool) -> Self {
        Self { spares_slowest, ..Self::default() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Kept>> {
        self.lanes.iter().flat_map(|lane| &lane.kept)
    }

    /// Records of each route, the newest first.
    pub(super) fn newest(
        &self,
    ) -> impl Iterator<Item = (Option<&Arc<str>>, impl Iterator<Item = &Arc<Kept>>)> {
        self.lanes.iter().map(|lane| (lane.route.as_ref(), lane.kept.iter().rev()))
    }

    pub(super) fn push(&mut self, kept: Arc<Kept>) {
        let number = self.lane(kept.record.place.route.as_ref());
        self.weigh(number, |lane| {
            lane.bytes += kept.weight;
            lane.kept.push_back(Arc::clone(&kept));
        });
    }

    /// Gives up one record: an old one of the route that holds most.
    pub(super) fn evict(&mut self) -> Option<Arc<Kept>> {
        let (_, number) = *self.heaviest.last()?;
        let place = if self.spares_slowest { self.quickest(number) } else { 0 };
        self.remove(number, place)
    }

    /// Gives up one record that ended before `oldest`, if there is any.
    pub(super) fn expire(&mut self, oldest: SystemTime) -> Option<Arc<Kept>> {
        let is_over = |lane: &Lane| lane.kept.front().is_some_and(|kept| kept.ended() < oldest);
        let number = self.lanes.iter().position(is_over)?;
        self.remove(number, 0)
    }

    fn lane(&mut self, route: Option<&Arc<str>>) -> usize {
        if let Some(number) = self.by_route.get(&route.cloned()) {
            return *number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.lanes.push(Lane::default());
            self.lanes.len() - 1
        });
        self.lanes[number].route = route.cloned();
        self.by_route.insert(route.cloned(), number);
        number
    }

    fn quickest(&self, number: usize) -> usize {
        let oldest = self.lanes[number].kept.iter().take(SPARED).enumerate();
        oldest.min_by_key(|(_, kept)| kept.record.took).map_or(0, |(place, _)| place)
    }

    fn remove(&mut self, number: usize, place: usize) -> Option<Arc<Kept>> {
        let mut removed = None;
        self.weigh(number, |lane| {
            removed = lane.kept.remove(place);
            lane.bytes -= removed.as_ref().map_or(0, |kept| kept.weight);
        });
        if self.lanes[number].kept.is_empty() {
            // A new lane, because the old one's queue keeps the room it once had.
            let lane = std::mem::take(&mut self.lanes[number]);
            self.by_route.remove(&lane.route);
            self.free.push(number);
        }
        removed
    }

    /// Changes a lane and keeps the sums right.
    fn weigh(&mut self, number: usize, change: impl FnOnce(&mut Lane)) {
        let lane = &mut self.lanes[number];
        let before = lane.bytes;
        change(lane);
        let after = lane.bytes;
        self.bytes = self.bytes - before + after;
        self.heaviest.remove(&(before, number));
        if after > 0 {
            self.heaviest.insert((after, number));
        }
    }
}
