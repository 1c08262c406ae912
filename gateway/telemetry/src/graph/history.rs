//! How some of the links did over time, and all together in a window.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::{
    Graph, State, Stats,
    ring::{COARSE, FINE, Ring, Sum},
    second,
    view::{millis, stats},
};
use crate::series::Edge;

/// What happened in one step of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Its first second, since 1970.
    pub at: u64,
    pub requests_per_second: f64,
    pub errors_per_second: f64,
    /// Missing without requests.
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
}

impl Graph {
    /// What those links together did that are `wanted`, in a window that ends now.
    pub fn stats(&self, window: Duration, wanted: impl Fn(&Edge) -> bool) -> Stats {
        let state = self.lock();
        let window = window.as_secs().max(1);
        let (mut sum, mut last) = (Sum::default(), None);
        for ring in state.wanted(wanted) {
            ring.sum(state.now.saturating_sub(window), state.now, &mut sum);
            last = last.max(ring.last_seen(state.now));
        }
        let whole = window.min(state.now.saturating_sub(state.began).max(1)) as f64;
        let seconds = state.covered(window).unwrap_or(whole);
        drop(state);
        stats(&sum, last, seconds)
    }

    /// What those links together did that are `wanted`, step by step, the oldest first. A step is a
    /// second, or some tens of seconds ([`step`]). The last one is over: half a step would look
    /// like a fall.
    pub fn history(
        &self,
        window: Duration,
        now: SystemTime,
        wanted: impl Fn(&Edge) -> bool,
    ) -> Vec<Point> {
        let step = step(window);
        let state = self.lock();
        let end = second(now).min(state.now) / step * step;
        let points = (window.as_secs().max(1)).div_ceil(step);
        let begin = end.saturating_sub(points * step);
        let mut sums: Vec<Option<Sum>> = vec![None; points as usize];
        for ring in state.wanted(wanted) {
            for slot in ring.slots().filter(|slot| slot.second >= begin) {
                let place = ((slot.second - begin) / step) as usize;
                if let Some(sum) = sums.get_mut(place) {
                    slot.add_to(sum.get_or_insert_default());
                }
            }
        }
        drop(state);
        let points = sums.into_iter().zip((begin..).step_by(step as usize));
        points.map(|(sum, at)| point(at, step, sum.as_ref())).collect()
    }
}

/// Seconds in a step of the history of a window: one in a minute, whole tens beyond, and no more
/// than 180 steps, which is what a chart can show.
pub fn step(window: Duration) -> u64 {
    const MOST: u64 = 180;
    match window.as_secs() {
        0..=FINE => 1,
        seconds => seconds.div_ceil(MOST).div_ceil(COARSE) * COARSE,
    }
}

impl State {
    fn wanted(&self, wanted: impl Fn(&Edge) -> bool) -> impl Iterator<Item = &Ring> {
        self.near.iter().filter(move |(edge, _)| wanted(edge)).map(|(_, near)| &near.ring)
    }
}

fn point(at: u64, step: u64, sum: Option<&Sum>) -> Point {
    let per_second = |count: u64| count as f64 / step as f64;
    let [p50, p99] = sum.map_or([None; 2], |sum| sum.durations.quantiles([0.5, 0.99]));
    Point {
        at,
        requests_per_second: sum.map_or(0.0, |sum| per_second(sum.sums.count())),
        errors_per_second: sum.map_or(0.0, |sum| per_second(sum.sums.errors)),
        p50_ms: millis(p50),
        p99_ms: millis(p99),
    }
}
