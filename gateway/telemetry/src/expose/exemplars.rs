//! Traces to look at, for the buckets of histograms.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use crate::{
    histogram::nanos,
    record::{Record, Trace},
    series::{Edge, Key, Registry, Sample, Shape},
};

/// Most histograms that have exemplars: at 56 bytes for each of 15 buckets, 3.5 MB. Those that
/// come when all are taken have none until others are too old.
const HISTOGRAMS: usize = 4_096;

/// How long an exemplar is shown. Its trace is gone from the stores of this process by then.
const KEEP: Duration = Duration::from_secs(600);

/// One request that a bucket has counted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exemplar {
    pub trace_id: [u8; 16],
    /// The gateway's server span, or the client span of an attempt.
    pub span_id: [u8; 8],
    /// In nanoseconds.
    pub took: u64,
    /// When it ended.
    pub at: SystemTime,
}

/// The latest exemplar of each bucket. Written by the collector, read by whoever exposes metrics.
#[derive(Debug)]
pub struct Exemplars {
    shape: Arc<Shape>,
    histograms: Mutex<HashMap<(Place, Key), Buckets>>,
}

/// What has a histogram of durations of its own.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Place {
    Entry(Edge),
    Service(Arc<str>),
}

#[derive(Debug)]
struct Buckets {
    latest: SystemTime,
    exemplars: Vec<Option<Exemplar>>,
}

impl Exemplars {
    /// For the series of a registry.
    pub fn new(registry: &Registry) -> Self {
        Self { shape: registry.shape().clone(), histograms: Mutex::default() }
    }

    /// Remembers a request and its attempts, for a trace that can be looked at: one that is
    /// sampled, or kept here.
    pub fn note(&self, record: &Record) {
        let (place, trace) = (&record.place, &record.trace);
        let Some(listener) = &place.listener else { return };
        let (route, rule) = (place.route.clone(), place.rule.clone());
        let edge = Edge::Entry { listener: listener.clone(), route, rule };
        let (sample, at) = (Sample::of_request(record), record.started + record.took);
        let mut histograms = self.lock();
        let key = self.shape.request_key(&sample);
        self.put(&mut histograms, (Place::Entry(edge), key), exemplar(trace, &sample, at));
        let Some(service) = &place.service else { return };
        for (nth, attempt) in record.attempts.iter().enumerate() {
            let sample = Sample::of_attempt(record, nth, attempt);
            let key = self.shape.attempt_key(&sample);
            let at = record.started + attempt.ended;
            let exemplar = Exemplar { span_id: attempt.span_id, ..exemplar(trace, &sample, at) };
            self.put(&mut histograms, (Place::Service(service.clone()), key), exemplar);
        }
    }

    /// What is known of a histogram, by bucket, and not too old.
    pub(super) fn of(&self, place: Place, key: Key, now: SystemTime) -> Vec<Option<Exemplar>> {
        let histograms = self.lock();
        let found = histograms.get(&(place, key));
        let mut exemplars = found.map(|found| found.exemplars.clone()).unwrap_or_default();
        for exemplar in &mut exemplars {
            exemplar.take_if(|exemplar| exemplar.at + KEEP < now);
        }
        exemplars
    }

    fn put(
        &self,
        histograms: &mut HashMap<(Place, Key), Buckets>,
        of: (Place, Key),
        exemplar: Exemplar,
    ) {
        let at = exemplar.at;
        if histograms.len() >= HISTOGRAMS && !histograms.contains_key(&of) {
            histograms.retain(|_, buckets| buckets.latest + KEEP >= at);
            if histograms.len() >= HISTOGRAMS {
                return;
            }
        }
        let bounds = &self.shape.durations;
        let buckets = histograms
            .entry(of)
            .or_insert_with(|| Buckets { latest: at, exemplars: vec![None; bounds.len() + 1] });
        buckets.latest = at;
        let bucket = bounds.partition_point(|bound| *bound < exemplar.took);
        if let Some(place) = buckets.exemplars.get_mut(bucket) {
            *place = Some(exemplar);
        }
    }

    /// Nothing panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, HashMap<(Place, Key), Buckets>> {
        self.histograms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn exemplar(trace: &Trace, sample: &Sample, at: SystemTime) -> Exemplar {
    let (trace_id, span_id) = (trace.trace_id, trace.span_id);
    Exemplar { trace_id, span_id, took: nanos(sample.took), at }
}
