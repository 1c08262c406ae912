//! Who calls whom, how often and how well, over the last minutes.
//!
//! Once a second, or more often while somebody watches, it is taken what every series has counted
//! since. Each link keeps that in a ring: seconds for the last minute, then ten seconds at a time. A view adds up what lies in a
//! window, which may end now or in the past.
//!
//! Links come from the series of the gateway, and from spans that services behind it report:
//! [`Graph::add_far`].

mod history;
mod ring;
mod view;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub use self::history::{Point, step};
use self::ring::{Ring, Slot};
pub use self::view::{Link, Node, NodeKind, Stats, View};
use crate::{
    histogram::{Distribution, bucket},
    series::{Edge, Registry, Series, Sums},
};

/// What the graph remembers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How far back it reaches. Default: 10 minutes.
    pub keep: Duration,
    /// Most bytes of all rings. Default: 32 MiB. A link with 1,000 requests a second whose
    /// durations lie in four doublings takes 75 KiB of it for 10 minutes, so that 450 of them fit;
    /// one with a few requests a second, a fifth of that. If they do not fit, the graph reaches
    /// less far back, for all alike.
    pub memory: usize,
    /// Most links between services behind the gateway. Default: 1,000. Their names come from
    /// spans, so that anybody who may send spans can invent them.
    pub far_links: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { keep: Duration::from_secs(600), memory: 32 << 20, far_links: 1_000 }
    }
}

/// Most characters of a name that came with a span.
const FAR_NAME: usize = 128;

/// The links of the last minutes. For the collector and for whoever looks; workers do not know it.
#[derive(Debug)]
pub struct Graph {
    registry: Arc<Registry>,
    settings: Settings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The first second that was looked at, and the moment in it.
    began: u64,
    began_at: SystemTime,
    /// The last one.
    now: u64,
    /// When each of the last seconds was looked at last: what a window really covers.
    looks: VecDeque<(u64, SystemTime)>,
    /// What is older is forgotten.
    horizon: u64,
    near: HashMap<Edge, Near>,
    far: HashMap<(Arc<str>, Arc<str>), Far>,
    far_refused: u64,
    /// For adding up, so that it need not be made each time.
    scratch: Distribution,
}

/// What a series has counted.
#[derive(Debug, Default)]
struct Near {
    series: Weak<Series>,
    /// Up to the last tick.
    sums: Sums,
    buckets: Vec<(u16, u64)>,
    ring: Ring,
}

/// What services have reported.
#[derive(Debug, Default)]
struct Far {
    ring: Ring,
}

impl Graph {
    /// A graph of what the series of a registry count from now on.
    pub fn new(registry: Arc<Registry>, settings: Settings, now: SystemTime) -> Self {
        let (began_at, now) = (now, second(now));
        let looks = VecDeque::from([(now, began_at)]);
        let state = State {
            began: now,
            began_at,
            now,
            looks,
            horizon: 0,
            near: HashMap::new(),
            far: HashMap::new(),
            far_refused: 0,
            scratch: Distribution::default(),
        };
        Self { registry, settings, state: Mutex::new(state) }
    }

    /// Takes what was counted since the last time, and forgets what is too old. For the collector,
    /// once a second, and for whoever watches, as often as he looks: what was counted in the same
    /// second comes together. Lets the registry do the same.
    pub fn tick(&self, now: SystemTime) {
        // All of it under the lock. Who holds series while another one sweeps makes them look used.
        let mut state = self.lock();
        self.registry.sweep(now);
        // A clock that was set back must not bring the rings out of order.
        state.now = second(now).max(state.now);
        state.look(now);
        for series in self.registry.all() {
            state.take(&series);
        }
        state.forget(&self.settings);
    }

    /// A call from one service behind the gateway to another, as a span reported it: how long it
    /// took, whether it failed, and when it ended. A new link is refused if there are too many.
    pub fn add_far(&self, from: &str, to: &str, took: Duration, failed: bool, at: SystemTime) {
        let mut state = self.lock();
        let at = second(at).min(state.now);
        if at < state.horizon {
            return;
        }
        let key = (far_name(from), far_name(to));
        if state.far.len() >= self.settings.far_links && !state.far.contains_key(&key) {
            state.far_refused += 1;
            return;
        }
        let far = state.far.entry(key).or_default();
        let mut slot = Slot::new(at);
        slot.sums.classes[if failed { 5 } else { 2 }] = 1;
        slot.sums.errors = failed.into();
        slot.buckets.push((bucket(took) as u16, 1));
        far.ring.add(slot);
    }

    /// What happened in a window that ends at a moment: now, or earlier as far as is remembered.
    pub fn view(&self, window: Duration, at: SystemTime) -> View {
        let taken = view::take(&self.lock(), window, second(at));
        taken.draw()
    }

    /// Calls of services behind the gateway that no link could be made for.
    pub fn far_refused(&self) -> u64 {
        self.lock().far_refused
    }

    /// Bytes that the rings use.
    pub fn memory(&self) -> usize {
        self.lock().memory()
    }

    /// Nothing panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes when this second was looked at last.
    fn look(&mut self, at: SystemTime) {
        match self.looks.back_mut() {
            Some(last) if last.0 == self.now => last.1 = at.max(last.1),
            _ => self.looks.push_back((self.now, at)),
        }
        while self.looks.len() as u64 > ring::FINE + 1 {
            self.looks.pop_front();
        }
    }

    /// How many seconds a window that ends now covers: it begins with the last look before it. The
    /// second that runs is not over, so whole seconds would make rates swing.
    fn covered(&self, window: u64) -> Option<f64> {
        let end = self.looks.back()?.1;
        let begin = if self.began + window > self.now {
            self.began_at
        } else {
            self.looks.iter().rev().find(|(second, _)| second + window <= self.now)?.1
        };
        Some(end.duration_since(begin).ok()?.as_secs_f64().max(1.0))
    }

    /// What a series has counted since the last time. One that counted nothing costs a look.
    fn take(&mut self, series: &Arc<Series>) {
        let Self { near, scratch, now, .. } = self;
        if !near.contains_key(series.edge()) {
            near.insert(series.edge().clone(), Near::default());
        }
        let Some(near) = near.get_mut(series.edge()) else { return };
        if !std::ptr::eq(near.series.as_ptr(), Arc::as_ptr(series)) {
            // Another one for the same place, which counts from 0.
            near.series = Arc::downgrade(series);
            near.sums = Sums::default();
            near.buckets.clear();
        }
        let sums = series.sums();
        if sums.count() == near.sums.count() {
            return;
        }
        scratch.clear();
        series.durations(None, scratch);
        let buckets: Vec<_> =
            scratch.occupied().map(|(bucket, count)| (bucket as u16, count)).collect();
        let mut slot = Slot::new(*now);
        slot.sums = sums.since(&near.sums);
        slot.buckets = ring::difference(&buckets, &near.buckets);
        near.sums = sums;
        near.buckets = buckets;
        near.ring.add(slot);
    }

    fn forget(&mut self, settings: &Settings) {
        self.horizon = self.horizon.max(self.now.saturating_sub(settings.keep.as_secs()));
        self.age();
        while self.memory() > settings.memory && self.horizon < self.now {
            self.horizon += ring::COARSE;
            self.age();
        }
        self.near.retain(|_, near| near.series.strong_count() > 0 || !near.ring.is_empty());
        self.far.retain(|_, far| !far.ring.is_empty());
    }

    fn age(&mut self) {
        let (now, horizon) = (self.now, self.horizon);
        self.near.values_mut().for_each(|near| near.ring.age(now, horizon));
        self.far.values_mut().for_each(|far| far.ring.age(now, horizon));
    }

    fn memory(&self) -> usize {
        let near: usize = self.near.values().map(|near| near.ring.memory()).sum();
        let far: usize = self.far.values().map(|far| far.ring.memory()).sum();
        near + far
    }
}

fn second(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn far_name(name: &str) -> Arc<str> {
    name.chars().take(FAR_NAME).collect::<String>().into()
}

#[cfg(test)]
mod tests;
