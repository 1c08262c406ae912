//! What a worker does when a request has ended: it counts, and hands the record to the collector if
//! anybody wants it. Nothing here waits, and nothing is shared with another worker.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::Thread,
};

use pingora::protocols::http::ServerSession;
use portico_telemetry::{
    Record,
    record::Outcome,
    sampling::{Facts, Kept},
    series::{Sample, Series, Verb},
    store::{Interest, Seen},
    tap::{Bodies, Tap},
};
use tokio::time::Instant;

use super::{
    leaves::Leaves,
    own::Own,
    plan::Plan,
    record::{self, Ended},
};
use crate::{
    backend::Service,
    exchange::Exchange,
    notes::{Attempt, Capture, Held, Notes, Room},
    quiet::Quiet,
};

/// Records of one worker that wait for the collector. It comes every 50 ms, or when a quarter of
/// them waits; a record has about 2 KiB.
const QUEUE: usize = 4096;

/// A record on its way, and who wants it.
pub(super) struct Entry {
    pub(super) record: Record,
    /// For the store.
    pub(super) interest: Option<Interest>,
    /// For exporters of spans.
    pub(super) kept: Option<Kept>,
    /// For taps that want bodies; with the room that they take.
    pub(super) bodies: Option<(Bodies, Held)>,
}

/// The worker's end.
pub struct Recorder {
    worker: usize,
    queue: SyncSender<Box<Entry>>,
    level: Arc<Level>,
    tap: Tap,
    own: Own,
    /// For the bodies that are tapped.
    room: Room,
    base: Instant,
    quiet: Quiet,
    /// Endpoints that were found by DNS. Nobody else takes this lock.
    leaves: Mutex<Leaves>,
}

/// How full a queue is, and what did not fit.
#[derive(Default)]
pub(super) struct Level {
    pub(super) waiting: AtomicUsize,
    pub(super) dropped: AtomicU64,
    /// Woken when a lot waits.
    collector: Mutex<Option<Thread>>,
}

impl Level {
    pub(super) fn wakes(&self, collector: Thread) {
        *self.collector.lock().unwrap_or_else(PoisonError::into_inner) = Some(collector);
    }
}

impl Recorder {
    pub(super) fn new(
        worker: usize,
        tap: Tap,
        own: Own,
    ) -> (Self, Receiver<Box<Entry>>, Arc<Level>) {
        let (queue, entries) = sync_channel(QUEUE);
        let level = Arc::<Level>::default();
        let this = Self {
            worker,
            queue,
            level: level.clone(),
            tap,
            own,
            room: Room::default(),
            base: Instant::now(),
            quiet: Quiet::default(),
            leaves: Mutex::default(),
        };
        (this, entries, level)
    }

    /// The worker's number.
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// How long this worker has been counting.
    pub(crate) fn now(&self) -> std::time::Duration {
        self.base.elapsed()
    }

    /// Whether there may be a line in the log about a request that failed, and how many were left
    /// out since the last one.
    pub(crate) fn line(&self) -> Option<u64> {
        self.quiet.line(self.now())
    }

    /// Where an exchange that begins keeps its bodies; nowhere unless somebody taps them.
    pub(crate) fn capture(&self) -> Option<Box<Capture>> {
        Capture::new(self.tap.wants_bodies(), &self.room)
    }

    /// A request has met a rule.
    pub(crate) fn begin(&self, exchange: &Exchange) {
        if let (Some(plan), Some(matched)) = (&exchange.snapshot.telemetry, exchange.matched) {
            plan.counted(Some(matched.listener), Some(matched.rule)).entry.begin(self.worker);
        }
    }

    /// An attempt to get a request to an endpoint begins.
    pub(crate) fn attempt(&self, exchange: &Exchange) {
        let (Some(plan), Some(service), Some(attempt)) = (
            &exchange.snapshot.telemetry,
            &exchange.attempts.service,
            exchange.notes.attempts.last().filter(|_| exchange.notes.on),
        ) else {
            return;
        };
        self.with_leaf(plan, service, attempt, |leaf| leaf.begin(self.worker));
    }

    /// A request has ended.
    pub(crate) fn end(
        &self,
        exchange: &mut Exchange,
        client: Option<&ServerSession>,
        ended: &Ended,
    ) {
        let snapshot = exchange.snapshot.clone();
        let Some(plan) = &snapshot.telemetry else { return };
        if !exchange.notes.on || exchange.notes.asked.is_none() {
            return;
        }
        let took = ended.at.saturating_duration_since(exchange.notes.began);
        let sample = sample(&exchange.notes, ended, took);
        let listener = exchange.matched.map(|matched| matched.listener).or(exchange.listener);
        let counted = plan.counted(listener, exchange.matched.map(|matched| matched.rule));
        counted.entry.add(self.worker, &sample);
        if exchange.matched.is_some() {
            counted.entry.end(self.worker);
        }
        self.count_attempts(exchange, plan, &sample, ended);
        let now = self.now();
        let seen = Seen {
            status: ended.status,
            failed: sample.is_error(),
            trapped: !exchange.notes.faults.is_empty(),
            took,
            now,
        };
        let interest = counted.watch.wants(self.worker, &seen);
        let is_own = || self.own.holds(exchange.connection.facts.source);
        let interest = interest.or_else(|| is_own().then_some(Interest::Sample));
        let kept = plan.exports.then(|| {
            let notes = &exchange.notes;
            let answered = notes.answered.unwrap_or(ended.at);
            let facts = Facts {
                sampled: notes.trace.as_ref().is_some_and(|place| place.sampled),
                failed: sample.is_error(),
                plugin_failed: seen.trapped,
                answered: answered.saturating_duration_since(notes.began),
            };
            counted.sampler.tail(self.worker, facts, now)
        });
        let kept = kept.flatten();
        if interest.is_some() || kept.is_some() || plan.every || self.tap.is_wanted() {
            let record = record::of(exchange, client, ended);
            let bodies = exchange.notes.bodies.take().map(|bodies| bodies.finish());
            self.hand_over(Entry { record, interest, kept, bodies });
        }
    }

    fn hand_over(&self, entry: Entry) {
        if self.queue.try_send(Box::new(entry)).is_err() {
            self.level.dropped.fetch_add(1, Relaxed);
            return;
        }
        if self.level.waiting.fetch_add(1, Relaxed) == QUEUE / 4 {
            let collector = self.level.collector.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(collector) = &*collector {
                collector.unpark();
            }
        }
    }

    /// The way from the rule to the service, and each attempt.
    fn count_attempts(&self, exchange: &Exchange, plan: &Plan, sample: &Sample, ended: &Ended) {
        let Some(service) = &exchange.attempts.service else { return };
        let attempts = &exchange.notes.attempts;
        let Some(first) = attempts.first() else { return };
        let rule = exchange.rerouted.or_else(|| exchange.matched.map(|matched| matched.rule));
        if let Some(branch) = rule.and_then(|rule| plan.branch(rule, &service.name)) {
            let end = attempts.last().and_then(|last| last.ended).unwrap_or(ended.at);
            let took = end.saturating_duration_since(first.began);
            branch.add(self.worker, &Sample { took, ..sample.clone() });
        }
        for (nth, attempt) in attempts.iter().enumerate() {
            let counted = of_attempt(sample.verb, nth, attempt, ended.at);
            self.with_leaf(plan, service, attempt, |leaf| {
                leaf.add(self.worker, &counted);
                leaf.end(self.worker);
            });
        }
    }

    /// Does something with what attempts at an endpoint are counted by.
    fn with_leaf(
        &self,
        plan: &Plan,
        service: &Service,
        attempt: &Attempt,
        act: impl FnOnce(&Series),
    ) {
        match attempt.index.and_then(|index| service.leaf(index)) {
            Some(leaf) => act(leaf),
            None => {
                let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
                act(leaves.leaf(&plan.registry, &service.name, attempt.endpoint));
            }
        }
    }
}

fn sample(notes: &Notes, ended: &Ended, took: std::time::Duration) -> Sample {
    let gone = (ended.status == 0 && notes.failed.is_none()).then_some("client_gone");
    Sample {
        verb: notes.asked.as_ref().map(|asked| Verb::of(&asked.method)).unwrap_or_default(),
        status: ended.status,
        reason: notes.failed.as_ref().map(|failed| failed.reason).or(gone),
        took,
        bytes_in: ended.bytes[0],
        bytes_out: ended.bytes[1],
        ..Sample::default()
    }
}

/// As [`Sample::of_attempt`], from the notes.
fn of_attempt(verb: Verb, nth: usize, attempt: &Attempt, end: Instant) -> Sample {
    let (status, reason) = match &attempt.outcome {
        Some(Outcome::Answered(status)) => (*status, None),
        Some(Outcome::Refused(_)) => (0, Some("refused")),
        Some(Outcome::Stale) => (0, Some("stale")),
        Some(Outcome::Reset(_)) => (0, Some("reset")),
        Some(Outcome::Protocol(_)) => (0, Some("protocol")),
        Some(Outcome::TimedOut) => (0, Some("timeout")),
        Some(Outcome::Cancelled) | None => (0, Some("cancelled")),
    };
    let since = |at: Instant| at.saturating_duration_since(attempt.began);
    Sample {
        verb,
        status,
        reason,
        took: since(attempt.ended.unwrap_or(end)),
        first_byte: attempt.first_byte.map(since),
        connect: attempt.connected.filter(|_| !attempt.reused).map(since),
        is_reused: attempt.reused,
        is_retry: nth > 0,
        ..Sample::default()
    }
}
