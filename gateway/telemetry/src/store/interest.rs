//! Which requests are worth keeping whole, decided by the worker that served them.
//!
//! The decision is made for every request, so it looks nothing up, takes no lock and reads no
//! clock. A configuration obtains one [`Watch`] for each route when it is compiled; a watch has
//! one cache line or two for each worker, which nobody else writes, so loads and stores suffice.
//!
//! What counts as slow is learnt for each route and worker: a threshold that climbs by a fixed
//! share when a request lies above it, and sinks a little when one lies below. It rests where
//! one request in a hundred is above it or, on a busy route, where a few a second are. What is
//! a quarter above it is slow. Failures do not teach it: a service that hangs must not make
//! hanging look usual.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::record::{Origin, Record};

/// Why a record is kept. In the order of interest, the least first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interest {
    /// Nothing about it; it stands for the many that are like it.
    Sample,
    /// It took longer than nearly all others of its route.
    Slow,
    /// A filter trapped or used too much time.
    Plugin,
    /// 5xx, or nobody could be answered.
    Failed,
}

impl Interest {
    /// All of them, the least interesting first.
    pub const ALL: [Self; 4] = [Self::Sample, Self::Slow, Self::Plugin, Self::Failed];

    /// What the facts alone say. `None` if nothing is remarkable about the request but, perhaps,
    /// its duration.
    ///
    /// 499 and 0 count as failed: clients mostly leave because they waited. 4xx do not: they are
    /// what scanners get, and there is no end of them.
    pub fn by_facts(status: u16, failed: bool, trapped: bool) -> Option<Self> {
        if trapped {
            Some(Self::Plugin)
        } else if failed || status == 0 || status == 499 || status >= 500 {
            Some(Self::Failed)
        } else {
            None
        }
    }

    /// The same, of a whole record.
    pub fn of(record: &Record) -> Option<Self> {
        let trapped = record.filters.iter().any(|filter| filter.failed.is_some());
        let failed = matches!(record.response.origin, Origin::Nobody(_));
        Self::by_facts(record.response.status, failed, trapped)
    }
}

/// How much is kept. Rates are per worker, because workers do not ask each other.
#[derive(Clone, Debug)]
pub struct Rates {
    /// Worker threads. A worker with a higher number keeps nothing. Default 1.
    pub workers: usize,
    /// Ordinary requests a second and route that are all kept, so that somebody who tries a
    /// gateway out finds every request. As many may come at once. Default 20.
    pub steady: u32,
    /// The same over all routes of a worker. Default 200: about 0.1 % of what a worker serves at
    /// its limit, whatever the number of routes.
    pub steady_in_all: u32,
    /// Beyond that one of so many is kept. Default 64. 0 counts as 1.
    pub one_of: u32,
    /// Slow requests a second and route, towards which the threshold moves. Default 5.
    pub slow: u32,
    /// Failed requests a second and route; beyond that one of `one_of`. Default 50: a service
    /// that is down fails with all of its traffic, and the first fifty say why.
    pub failed: u32,
    /// At least this long is always slow. Default 1 s.
    pub slow_from: Duration,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            workers: 1,
            steady: 20,
            steady_in_all: 200,
            one_of: 64,
            slow: 5,
            failed: 50,
            slow_from: Duration::from_secs(1),
        }
    }
}

/// Hands out the watches. Live state: one for the life of the process.
#[derive(Debug)]
pub struct Keeper {
    rules: Arc<Rules>,
    unrouted: Arc<Watch>,
    /// Weak, so that a route that no configuration names any more is forgotten.
    routes: Mutex<HashMap<Arc<str>, Weak<Watch>>>,
}

impl Keeper {
    pub fn new(rates: Rates) -> Self {
        let rules = Arc::new(Rules::new(&rates));
        let unrouted = Arc::new(Watch::new(&rules));
        Self { rules, unrouted, routes: Mutex::default() }
    }

    /// The watch of a route; the same for the same name as long as anybody holds it. Called when
    /// a configuration is compiled, never for a request.
    pub fn route(&self, name: &str) -> Arc<Watch> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = routes.get(name).and_then(Weak::upgrade) {
            return watch;
        }
        // Of many only when the map would grow: looking at all for each new one would take a
        // configuration of many routes the square of their number.
        if routes.len() < 64 || routes.len() == routes.capacity() {
            routes.retain(|_, watch| watch.strong_count() > 0);
        }
        let watch = Arc::new(Watch::new(&self.rules));
        routes.insert(name.into(), Arc::downgrade(&watch));
        watch
    }

    /// The watch of all requests for which no route was found.
    pub fn unrouted(&self) -> Arc<Watch> {
        Arc::clone(&self.unrouted)
    }

    /// What a record is kept for, told after the fact: by what it says and by the lowest
    /// threshold that any worker has for its route. Looks a name up, so it is not for workers.
    pub fn interest(&self, record: &Record) -> Interest {
        if let Some(interest) = Interest::of(record) {
            return interest;
        }
        let route = record.place.route.as_ref().and_then(|name| {
            let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
            routes.get(name)?.upgrade()
        });
        let watch = route.as_ref().unwrap_or(&self.unrouted);
        let is_slow = record.took >= self.rules.slow_from
            || watch.slow_from().is_some_and(|least| record.took > least.mul_f64(MARGIN));
        if is_slow { Interest::Slow } else { Interest::Sample }
    }
}

/// What a worker knows about a request that ended.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// As sent; 0 if nothing was.
    pub status: u16,
    /// The service or the gateway failed, or nobody was answered.
    pub failed: bool,
    /// A filter trapped or used too much time.
    pub trapped: bool,
    pub took: Duration,
    /// When it ended: time since any moment that is the same for all calls of this worker.
    pub now: Duration,
}

/// One route as its workers watch it.
#[derive(Debug)]
pub struct Watch {
    rules: Arc<Rules>,
    shards: Box<[Shard]>,
}

impl Watch {
    fn new(rules: &Arc<Rules>) -> Self {
        let shards = rules.in_all.iter().map(|_| Shard::default()).collect();
        Self { rules: Arc::clone(rules), shards }
    }

    /// Whether the whole record of a request shall be built and kept, and what for. Only worker
    /// `worker` may ask under its number.
    #[inline]
    pub fn wants(&self, worker: usize, seen: &Seen) -> Option<Interest> {
        let (Some(shard), Some(in_all)) = (self.shards.get(worker), self.rules.in_all.get(worker))
        else {
            return None;
        };
        let rules = &*self.rules;
        let now = nanoseconds(seen.now);
        shard.count.store(shard.count.load(Relaxed).wrapping_add(1), Relaxed);
        let (interest, room) = match Interest::by_facts(seen.status, seen.failed, seen.trapped) {
            Some(interest) => (interest, shard.failed.lets(now, &rules.failed)),
            None if shard.is_slow(nanoseconds(seen.took), now, rules) => {
                (Interest::Slow, shard.slow.lets(now, &rules.slow))
            }
            None => {
                let room = shard.steady.lets(now, &rules.steady);
                (Interest::Sample, room && in_all.0.lets(now, &rules.steady_in_all))
            }
        };
        (room || shard.is_drawn(rules.one_of)).then_some(interest)
    }

    /// The lowest threshold of its workers; none while all of them learn.
    fn slow_from(&self) -> Option<Duration> {
        let learnt = self.shards.iter().filter(|shard| shard.count.load(Relaxed) >= LEARNING);
        let least =
            learnt.map(|shard| f64::from_bits(shard.threshold.load(Relaxed))).reduce(f64::min);
        least.map(|nanoseconds| Duration::from_nanos(nanoseconds as u64))
    }
}

/// The rates, in the form in which they are asked.
#[derive(Debug)]
struct Rules {
    steady: Pace,
    steady_in_all: Pace,
    slow: Pace,
    failed: Pace,
    slow_rate: f64,
    slow_from: Duration,
    one_of: u32,
    in_all: Box<[Overall]>,
}

impl Rules {
    fn new(rates: &Rates) -> Self {
        Self {
            steady: Pace::new(rates.steady, 1),
            steady_in_all: Pace::new(rates.steady_in_all, 1),
            // Ten seconds' worth at once: what makes a service slow makes many requests slow.
            slow: Pace::new(rates.slow, 10),
            failed: Pace::new(rates.failed, 1),
            slow_rate: f64::from(rates.slow) / SECOND as f64,
            slow_from: rates.slow_from,
            one_of: rates.one_of.max(1),
            in_all: (0..rates.workers).map(|_| Overall::default()).collect(),
        }
    }
}

const SECOND: u64 = 1_000_000_000;
/// Requests from which a threshold is learnt before anything is called slow.
const LEARNING: u64 = 32;
/// How far one slow request raises the threshold. 138 in a row take it from 1 ms to 1 s.
const STEP: f64 = 0.05;
/// How far above the threshold is slow. Where all take the same time, nothing shall be.
const MARGIN: f64 = 1.25;
/// The share of requests that may be above the threshold.
const SLOW_SHARE: f64 = 0.01;
/// A threshold below this would only measure the clock.
const LEAST_NANOSECONDS: f64 = 1_000.0;

/// What one worker has seen of one route. Two lines, so that neighbours share none.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard {
    /// Nanoseconds, the bits of an `f64`.
    threshold: AtomicU64,
    count: AtomicU64,
    last: AtomicU64,
    steady: Gate,
    slow: Gate,
    failed: Gate,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Overall(Gate);

impl Shard {
    /// Whether that is slow here; learns from it either way.
    #[inline]
    fn is_slow(&self, took: u64, now: u64, rules: &Rules) -> bool {
        let count = self.count.load(Relaxed);
        let since = now.saturating_sub(self.last.load(Relaxed));
        let threshold = f64::from_bits(self.threshold.load(Relaxed));
        self.last.store(now, Relaxed);

        let took_exact = took as f64;
        let is_above = took_exact > threshold;
        let next = match (is_above, count <= LEARNING) {
            (true, true) => took_exact,
            (false, true) => threshold,
            (true, false) => threshold * (1.0 + STEP),
            // On a busy route time lowers it less than the number of requests would, and the
            // share above it shrinks until `slow` a second are left.
            (false, false) => {
                let share = SLOW_SHARE.min(rules.slow_rate * since as f64);
                threshold * (1.0 - STEP * share)
            }
        };
        self.threshold.store(next.max(LEAST_NANOSECONDS).to_bits(), Relaxed);
        (took_exact > threshold * MARGIN && count > LEARNING)
            || took >= nanoseconds(rules.slow_from)
    }
}

impl Shard {
    /// One of so many requests, as if at random. The number of the request, well mixed, is as
    /// good as a generator of random numbers, and nearer.
    #[inline]
    fn is_drawn(&self, one_of: u32) -> bool {
        let mixed = self.count.load(Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32;
        (mixed * u64::from(one_of)) >> 32 == 0
    }
}

/// A rate with room for a burst.
#[derive(Debug)]
struct Pace {
    interval: u64,
    ahead: u64,
}

impl Pace {
    fn new(per_second: u32, burst_seconds: u64) -> Self {
        let Some(interval) = SECOND.checked_div(u64::from(per_second)) else {
            return Self { interval: u64::MAX, ahead: 0 };
        };
        let ahead = (SECOND * burst_seconds).saturating_sub(interval);
        Self { interval, ahead }
    }
}

/// Keeps to a pace by one number: when the next would be due if all had come evenly (the generic
/// cell rate algorithm). It has one writer.
#[derive(Debug, Default)]
struct Gate(AtomicU64);

impl Gate {
    #[inline]
    fn lets(&self, now: u64, pace: &Pace) -> bool {
        let due = self.0.load(Relaxed);
        if pace.interval == u64::MAX || due > now.saturating_add(pace.ahead) {
            return false;
        }
        self.0.store(due.max(now).saturating_add(pace.interval), Relaxed);
        true
    }
}

/// Saturates after 584 years.
#[inline]
fn nanoseconds(time: Duration) -> u64 {
    time.as_secs().saturating_mul(SECOND).saturating_add(u64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests;
