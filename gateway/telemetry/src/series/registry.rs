//! All series of a process.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use super::{Edge, Key, Series, Totals};
use crate::{histogram::Distribution, record::REASONS};

/// What is counted how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Upper bounds of the buckets for durations, in seconds. Default: those that the semantic
    /// conventions advise for `http.server.request.duration`, 5 ms to 10 s. At most
    /// [`Settings::BOUNDS`], each greater than the one before.
    pub duration_bounds: Vec<f64>,
    /// Upper bounds of the buckets for bodies, in bytes. Default: 0, and 256 bytes to 64 MiB in
    /// steps of four times.
    pub size_bounds: Vec<u64>,
    /// Words that may be the `error.type` of a metric. Default: the reasons of the gateway and of
    /// [`Sample::of_attempt`](super::Sample::of_attempt). Others are counted as `_OTHER`. At most
    /// [`Settings::REASONS`] are used.
    pub reasons: Vec<&'static str>,
    /// Tell requests apart by method, as the semantic conventions ask for. Default: yes. Without
    /// it, a rule has about half as many series.
    pub by_method: bool,
    /// Most series. Default: 50,000. There is one for each rule on each listener, each rule and
    /// service, and each endpoint; requests cannot make any. What a configuration has beyond is
    /// counted together in one of [`Edge::Overflow`]. One that is in use has 1.5 to 3 KiB for each
    /// worker that uses it, and about 1.2 KiB more for each further pair of method and status.
    pub series: usize,
    /// How long a series stays that no configuration holds any more. Default: 10 minutes, as the
    /// windows of the graph.
    pub keep: Duration,
}

impl Settings {
    /// Most bounds of a kind: a limit that nobody meets who means what he writes. A bound costs
    /// 8 bytes in each cell and a line on each page of metrics.
    pub const BOUNDS: usize = 64;
    /// Most words for errors.
    pub const REASONS: usize = 62;
}

impl Default for Settings {
    fn default() -> Self {
        let duration_bounds =
            vec![0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
        let size_bounds = [0].into_iter().chain((4..=13).map(|power| 1 << (2 * power))).collect();
        // Those of attempts beside those of requests; `timeout` is both.
        let of_attempts = ["cancelled", "protocol", "refused", "reset", "stale"];
        let reasons = REASONS.into_iter().chain(of_attempts).collect();
        let keep = Duration::from_secs(600);
        Self { duration_bounds, size_bounds, reasons, by_method: true, series: 50_000, keep }
    }
}

/// Bounds of buckets that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadBounds {
    #[error("`{0}` is no upper bound: a number of seconds above 0 is")]
    NotPositive(f64),
    #[error("bound `{after}` is not greater than `{before}`, which it follows")]
    Order { before: String, after: String },
    #[error("{given} bounds are more than {limit}")]
    TooMany { given: usize, limit: usize },
}

/// What is the same in all series.
#[derive(Debug)]
pub(crate) struct Shape {
    /// In nanoseconds.
    pub(crate) durations: Box<[u64]>,
    /// In seconds, as they were written: what becomes a label.
    pub(crate) seconds: Arc<[f64]>,
    pub(crate) sizes: Box<[u64]>,
    pub(crate) size_bounds: Arc<[f64]>,
    pub(super) reasons: Box<[&'static str]>,
    pub(crate) by_method: bool,
}

/// The series of a process. It outlives configurations: counters must not go back because of one.
#[derive(Debug)]
pub struct Registry {
    shape: Arc<Shape>,
    workers: usize,
    most: usize,
    keep: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: SystemTime,
    series: BTreeMap<Edge, Held>,
    /// What endpoints that are gone have counted, by service, as long as the service has others:
    /// the sum of a service must not go back because it was scaled down.
    gone: HashMap<Arc<str>, Gone>,
}

#[derive(Debug)]
struct Held {
    series: Arc<Series>,
    /// Nobody but the registry holds it, since then.
    idle_since: Option<SystemTime>,
}

/// What endpoints that are gone have counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gone {
    pub(crate) totals: Totals,
    pub(crate) durations: BTreeMap<Key, Distribution>,
    /// Of the oldest of them.
    pub(crate) created: Option<SystemTime>,
}

impl Registry {
    /// For so many workers, which are numbered from 0.
    pub fn new(settings: &Settings, workers: usize, now: SystemTime) -> Result<Self, BadBounds> {
        let shape = Arc::new(Shape::new(settings)?);
        let state = State { now, series: BTreeMap::new(), gone: HashMap::new() };
        let (most, keep) = (settings.series, settings.keep);
        Ok(Self { shape, workers, most, keep, state: Mutex::new(state) })
    }

    /// The series of a place: the same one for the same place, whoever asks. Takes a lock; for the
    /// compile step of a configuration and for the resolver, never for a request.
    pub fn series(&self, edge: Edge) -> Arc<Series> {
        let mut state = self.lock();
        let is_room = state.series.len() < self.most;
        let edge = if is_room || state.series.contains_key(&edge) { edge } else { Edge::Overflow };
        let now = state.now;
        let held = state.series.entry(edge.clone()).or_insert_with(|| {
            let series = Series::new(edge, self.shape.clone(), now, self.workers);
            Held { series: Arc::new(series), idle_since: None }
        });
        held.idle_since = None;
        held.series.clone()
    }

    /// All series there are, in the order of their places.
    pub fn all(&self) -> Vec<Arc<Series>> {
        self.lock().series.values().map(|held| held.series.clone()).collect()
    }

    /// Tells what time it is, and lets go of series that nobody has held for a while. For the
    /// collector, each second; [`Graph::tick`](crate::graph::Graph::tick) does it.
    pub fn sweep(&self, now: SystemTime) {
        let mut state = self.lock();
        state.now = now;
        let mut over = Vec::new();
        for (edge, held) in &mut state.series {
            let is_idle = Arc::strong_count(&held.series) == 1;
            let since = is_idle.then(|| held.idle_since.unwrap_or(now));
            held.idle_since = since;
            let idle = since.and_then(|since| now.duration_since(since).ok()).unwrap_or_default();
            if is_idle && idle >= self.keep {
                over.push(edge.clone());
            }
        }
        if !over.is_empty() {
            state.let_go(&over);
        }
    }

    pub(crate) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    pub(crate) fn gone(&self) -> HashMap<Arc<str>, Gone> {
        self.lock().gone.clone()
    }

    /// Nothing panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn let_go(&mut self, edges: &[Edge]) {
        for edge in edges {
            let Some(held) = self.series.remove(edge) else { continue };
            if let Edge::Leaf { service, .. } = edge {
                let gone = self.gone.entry(service.clone()).or_default();
                let mut totals = held.series.totals();
                totals.in_flight = 0;
                for key in totals.cells.keys() {
                    let sum = gone.durations.entry(*key).or_default();
                    held.series.durations(Some(*key), sum);
                }
                gone.totals.merge(&totals);
                let created = held.series.created();
                gone.created = Some(gone.created.map_or(created, |since| since.min(created)));
            }
        }
        let services: HashSet<&Arc<str>> = self
            .series
            .keys()
            .filter_map(
                |edge| if let Edge::Leaf { service, .. } = edge { Some(service) } else { None },
            )
            .collect();
        self.gone.retain(|service, _| services.contains(service));
    }
}

impl Shape {
    fn new(settings: &Settings) -> Result<Self, BadBounds> {
        let seconds = &settings.duration_bounds;
        for bound in seconds {
            if !(bound.is_finite() && *bound > 0.0) {
                return Err(BadBounds::NotPositive(*bound));
            }
        }
        check(seconds)?;
        check(&settings.size_bounds)?;
        // A year in nanoseconds is exact enough in an f64, and fits.
        let durations = seconds.iter().map(|bound| (bound * 1e9).round() as u64).collect();
        Ok(Self {
            durations,
            seconds: seconds.as_slice().into(),
            sizes: settings.size_bounds.as_slice().into(),
            size_bounds: settings.size_bounds.iter().map(|bound| *bound as f64).collect(),
            reasons: settings.reasons.iter().copied().take(Settings::REASONS).collect(),
            by_method: settings.by_method,
        })
    }
}

fn check<T: PartialOrd + ToString>(bounds: &[T]) -> Result<(), BadBounds> {
    if bounds.len() > Settings::BOUNDS {
        return Err(BadBounds::TooMany { given: bounds.len(), limit: Settings::BOUNDS });
    }
    match bounds.array_windows().find(|[before, after]| after <= before) {
        Some([before, after]) => {
            Err(BadBounds::Order { before: before.to_string(), after: after.to_string() })
        }
        None => Ok(()),
    }
}
