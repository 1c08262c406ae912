//! How likely the evidence is if the service is innocent.

use std::time::Duration;

use super::evidence::{Arrival, SLACK, Work};

/// "Just after" and "just before": longer than a service needs to get to its first call, shorter
/// than most of its work.
const NEAR: Duration = Duration::from_millis(20);
/// Cases below which there is no alarm, however unlikely they are.
const CASES: usize = 3;
/// An alarm needs the number of cases to be less likely than that.
const FALSE_ALARM: f64 = 1e-5;

/// Below that something may be wrong.
const ODD: f64 = 0.01;

/// The calls of one service to another, as far as they came without a context.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspicion {
    ways: [Way; 3],
    /// Calls that carry the request id of the request that was served.
    certain: usize,
    /// The trace in which the service was called, and the one that its call began.
    example: Option<([u8; 16], [u8; 16])>,
}

/// How much room the works of a service leave for a call of some length: the moments at which it
/// could begin and look guilty, in each of the ways.
#[derive(Debug, Default)]
pub(super) struct Room([Duration; 3], bool);

/// One of the ways to look guilty.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    cases: usize,
    expected: f64,
}

impl Room {
    /// Adds what a work leaves. It may come from another sender.
    pub(super) fn add(&mut self, work: &Work, arrival: &Arrival) {
        let length = arrival.ended.saturating_sub(arrival.began);
        let Some(free) = (work.length() + SLACK * 2).checked_sub(length) else { return };
        self.0[0] += free;
        self.0[1] += free.min(NEAR * 2);
        self.0[2] += if free <= NEAR * 2 { free } else { Duration::ZERO };
        self.1 = true;
    }

    /// Nothing was added, not even a work that is too short.
    pub(super) fn is_empty(&self) -> bool {
        !self.1
    }
}

impl Suspicion {
    /// Counts a call without context. `room` is where the service left room for it, `guilty` is
    /// what encloses it, `observed` the time it could have come in.
    pub(super) fn consider(
        &mut self,
        arrival: &Arrival,
        room: &Room,
        guilty: Option<&Work>,
        observed: Duration,
    ) {
        for (way, room) in self.ways.iter_mut().zip(room.0) {
            way.expected += room.div_duration_f64(observed).min(1.0);
        }
        let Some(work) = guilty else { return };
        let begins_near = arrival.began.saturating_sub(work.began) <= NEAR;
        let ends_near = work.ended.saturating_sub(arrival.ended) <= NEAR;
        self.ways[0].cases += 1;
        self.ways[1].cases += usize::from(begins_near || ends_near);
        self.ways[2].cases += usize::from(begins_near && ends_near);
        self.certain += usize::from(work.is_named_by(arrival));
        self.example = Some((work.trace_id, arrival.trace_id));
    }

    /// More than chance makes every day, if not enough for an alarm.
    pub(super) fn is_odd(&self) -> bool {
        self.certain > 0 || (self.ways[0].cases > 0 && self.best().tail() < ODD)
    }

    pub(super) fn is_proven(&self) -> bool {
        self.certain >= CASES || self.best().is_unlikely()
    }

    /// Calls that look guilty, in the way that says most.
    pub(super) fn cases(&self) -> usize {
        let best = self.best();
        if best.is_unlikely() { best.cases } else { self.certain.max(self.ways[0].cases) }
    }

    /// How many of them chance would have made.
    pub(super) fn by_chance(&self) -> f64 {
        self.best().expected
    }

    pub(super) fn example(&self) -> Option<([u8; 16], [u8; 16])> {
        self.example
    }

    /// The way with the most cases of those that are unlikely, or else the least likely one.
    fn best(&self) -> Way {
        let unlikely = self.ways.iter().filter(|way| way.is_unlikely()).max_by_key(|way| way.cases);
        let least = || self.ways.iter().min_by(|a, b| a.tail().total_cmp(&b.tail()));
        unlikely.or_else(least).copied().unwrap_or_default()
    }
}

impl Way {
    fn is_unlikely(&self) -> bool {
        self.cases >= CASES && self.tail() < FALSE_ALARM
    }

    /// The probability of so many cases or more, if `expected` is their mean (Poisson).
    fn tail(&self) -> f64 {
        // Beyond this the first term is no longer a number, and nobody would be accused anyway.
        if self.expected > 500.0 {
            return 1.0;
        }
        let mut term = (-self.expected).exp();
        let mut below = 0.0;
        for count in 0..self.cases {
            below += term;
            term *= self.expected / (count + 1) as f64;
        }
        (1.0 - below).max(0.0)
    }
}
