//! A live view of requests, for who listens: heads, bodies up to a limit, timeline, attempts.
//!
//! While nobody listens, a worker pays one relaxed load ([`Tap::is_wanted`]). Otherwise the
//! collector offers it each record; the [`Tap`] compares it with what each [`Listener`] asked
//! for, and puts a reference into its bounded queue. Redacting and formatting is done where
//! the listener waits. A listener that is slow misses requests, which are counted.

mod body;
mod choice;
mod exchange;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
pub use choice::{Choice, Filter, FilterError, PathMatch};
pub use exchange::Tapped;
use tokio::sync::mpsc;

use crate::{
    record::Record,
    redact::{RedactError, Redactor, Rules},
};

/// So many may listen at a time. Each is compared with every request; and who forgot one that
/// still runs should notice.
pub const LISTENERS: usize = 16;

/// The most that is kept of a body, for a listener that asks for it.
pub const BODY_BYTES: usize = 64 * 1024;

/// The most requests per second that a listener can ask for. Nobody reads more.
pub const PER_SECOND: u32 = 1_000;

/// The most requests that can wait for a listener.
pub const BUFFER: usize = 1_024;

/// The bodies that may wait for one listener. With [`LISTENERS`] of them, 64 MiB at worst.
const QUEUED_BYTES: usize = 4 * 1024 * 1024;

/// How a listener is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes that are shown of each body, request's and response's; 0, the default, for none. At
    /// most [`BODY_BYTES`].
    pub body_bytes: usize,
    /// Taken out beyond what the gateway takes out anyway. `shown` counts only there.
    pub redaction: Rules,
    /// Requests per second; 50 by default, at most [`PER_SECOND`]. What is beyond is missed.
    pub per_second: u32,
    /// Requests that may wait to be read; 64 by default, at most [`BUFFER`].
    pub buffer: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { body_bytes: 0, redaction: Rules::default(), per_second: 50, buffer: 64 }
    }
}

/// Why nobody can listen like this.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TapError {
    #[error("the filter of the tap")]
    Filter(#[from] FilterError),
    #[error("{what} is {given}; it lies between {least} and {most}")]
    Option { what: &'static str, given: usize, least: usize, most: usize },
    #[error("the redaction of the tap")]
    Redaction(#[from] RedactError),
    #[error("{LISTENERS} listen already, which is the most")]
    TooMany,
}

/// What was kept of a request's bodies.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    pub request: Captured,
    pub response: Captured,
}

/// The beginning of a body.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    pub bytes: Bytes,
    /// There was more.
    pub is_cut: bool,
}

/// Requests that a listener did not get.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Missed {
    /// More came in a second than it asked for.
    pub by_rate: u64,
    /// It read too slowly.
    pub by_buffer: u64,
}

/// Where listeners meet records. Cheap to clone; it outlives configurations.
#[derive(Clone, Debug, Default)]
pub struct Tap(Arc<Hub>);

#[derive(Debug, Default)]
struct Hub {
    slots: ArcSwap<Vec<Arc<Slot>>>,
    /// Held by who changes the list.
    change: Mutex<u64>,
    /// How many there are, and the longest body that one asks for: what workers look at.
    wanted: AtomicUsize,
    body_bytes: AtomicUsize,
    rules: ArcSwap<Rules>,
}

/// A listener, as the hub sees it.
#[derive(Debug)]
struct Slot {
    id: u64,
    choice: Choice,
    body_bytes: usize,
    rate: Mutex<Rate>,
    queue: mpsc::Sender<Event>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    by_rate: AtomicU64,
    by_buffer: AtomicU64,
    queued_bytes: AtomicUsize,
}

#[derive(Debug)]
struct Event {
    record: Arc<Record>,
    bodies: Option<Bodies>,
}

impl Tap {
    /// Whether anybody listens. One relaxed load, for workers.
    pub fn is_wanted(&self) -> bool {
        self.0.wanted.load(Relaxed) > 0
    }

    /// How many bytes of each body are to be kept; 0 for none. One relaxed load, for workers.
    pub fn wants_bodies(&self) -> usize {
        self.0.body_bytes.load(Relaxed)
    }

    /// What is taken out for all who begin to listen from now on: the configuration's rules.
    pub fn set_rules(&self, rules: Rules) {
        self.0.rules.store(Arc::new(rules));
    }

    /// Begins to listen, until the [`Listener`] is dropped.
    ///
    /// # Errors
    /// If the filter or an option makes no sense, or too many listen.
    pub fn listen(&self, filter: Filter, options: Options) -> Result<Listener, TapError> {
        let Options { body_bytes, redaction, per_second, buffer } = options;
        within("the length of bodies", body_bytes, 0, BODY_BYTES)?;
        within("the rate", per_second as usize, 1, PER_SECOND as usize)?;
        within("the buffer", buffer, 1, BUFFER)?;
        let choice = Choice::new(filter)?;
        let redactor = Redactor::new(Rules::clone(&self.0.rules.load()).and(redaction))?;
        let (queue, events) = mpsc::channel(buffer);
        let counters = Arc::<Counters>::default();
        let rate = Mutex::new(Rate::new(per_second));
        let id = self.0.add(|id| Slot {
            id,
            choice,
            body_bytes,
            rate,
            queue,
            counters: Arc::clone(&counters),
        })?;
        Ok(Listener { hub: Arc::clone(&self.0), id, events, redactor, counters, told: 0 })
    }

    /// Shows a request to those who want it. For the collector; does not block.
    pub fn offer(&self, record: &Arc<Record>, bodies: Option<&Bodies>) {
        if !self.is_wanted() {
            return;
        }
        for slot in &**self.0.slots.load() {
            if slot.choice.matches(record) {
                slot.send(record, bodies);
            }
        }
    }

    /// Ends all listeners, after what they have in their queues.
    pub fn close(&self) {
        self.0.replace(|_| false);
    }
}

impl Hub {
    fn add(&self, slot: impl FnOnce(u64) -> Slot) -> Result<u64, TapError> {
        let mut last = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = self.slots.load();
        if slots.len() >= LISTENERS {
            return Err(TapError::TooMany);
        }
        *last += 1;
        let mut slots = Vec::clone(&slots);
        slots.push(Arc::new(slot(*last)));
        self.publish(slots);
        Ok(*last)
    }

    fn replace(&self, stays: impl Fn(&Slot) -> bool) {
        let _last = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots = Vec::clone(&self.slots.load());
        slots.retain(|slot| stays(slot));
        self.publish(slots);
    }

    fn publish(&self, slots: Vec<Arc<Slot>>) {
        self.wanted.store(slots.len(), Relaxed);
        let longest = slots.iter().map(|slot| slot.body_bytes).max();
        self.body_bytes.store(longest.unwrap_or(0), Relaxed);
        self.slots.store(Arc::new(slots));
    }
}

impl Slot {
    fn send(&self, record: &Arc<Record>, bodies: Option<&Bodies>) {
        let now = record.started + record.took;
        let is_due = self.rate.lock().unwrap_or_else(PoisonError::into_inner).take(now);
        if !is_due {
            self.counters.by_rate.fetch_add(1, Relaxed);
            return;
        }
        let bodies = match self.body_bytes {
            0 => None,
            limit => bodies.map(|bodies| bodies.cut(limit)),
        };
        let bytes = bodies.as_ref().map_or(0, Bodies::len);
        let queued = self.counters.queued_bytes.fetch_add(bytes, Relaxed) + bytes;
        let event = Event { record: Arc::clone(record), bodies };
        if queued > QUEUED_BYTES || self.queue.try_send(event).is_err() {
            self.counters.queued_bytes.fetch_sub(bytes, Relaxed);
            self.counters.by_buffer.fetch_add(1, Relaxed);
        }
    }
}

impl Bodies {
    fn cut(&self, limit: usize) -> Self {
        Self { request: self.request.cut(limit), response: self.response.cut(limit) }
    }

    fn len(&self) -> usize {
        self.request.bytes.len() + self.response.bytes.len()
    }
}

impl Captured {
    fn cut(&self, limit: usize) -> Self {
        Self {
            bytes: self.bytes.slice(..self.bytes.len().min(limit)),
            is_cut: self.is_cut || self.bytes.len() > limit,
        }
    }
}

/// Gets the requests that were asked for. Dropping it ends listening.
#[derive(Debug)]
pub struct Listener {
    hub: Arc<Hub>,
    id: u64,
    events: mpsc::Receiver<Event>,
    redactor: Redactor,
    counters: Arc<Counters>,
    /// How many of the missed ones were told.
    told: u64,
}

impl Listener {
    /// The next request; none when the tap was closed. It can be given up at any time without
    /// losing one.
    pub async fn next(&mut self) -> Option<Tapped> {
        let Event { record, bodies } = self.events.recv().await?;
        let bytes = bodies.as_ref().map_or(0, Bodies::len);
        self.counters.queued_bytes.fetch_sub(bytes, Relaxed);
        let Missed { by_rate, by_buffer } = self.missed();
        let missed = by_rate + by_buffer - self.told;
        self.told += missed;
        Some(Tapped::new(&record, bodies.as_ref(), &self.redactor, missed))
    }

    /// What it did not get so far.
    pub fn missed(&self) -> Missed {
        Missed {
            by_rate: self.counters.by_rate.load(Relaxed),
            by_buffer: self.counters.by_buffer.load(Relaxed),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hub.replace(|slot| slot.id != self.id);
    }
}

/// So many per second, by the clock of the records: a bucket that holds one second's worth.
#[derive(Debug)]
struct Rate {
    per_second: f64,
    tokens: f64,
    last: Option<SystemTime>,
}

impl Rate {
    fn new(per_second: u32) -> Self {
        Self { per_second: per_second.into(), tokens: per_second.into(), last: None }
    }

    fn take(&mut self, now: SystemTime) -> bool {
        // Records come a little out of order; time only goes forward here.
        let passed =
            self.last.map_or(Duration::ZERO, |last| now.duration_since(last).unwrap_or_default());
        // A clock that was set back by more than that is believed.
        let is_set_back = self.last.is_some_and(|last| now + Duration::from_secs(60) < last);
        if passed > Duration::ZERO || self.last.is_none() || is_set_back {
            self.last = Some(now);
        }
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.per_second);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

fn within(what: &'static str, given: usize, least: usize, most: usize) -> Result<(), TapError> {
    if (least..=most).contains(&given) {
        Ok(())
    } else {
        Err(TapError::Option { what, given, least, most })
    }
}

#[cfg(test)]
mod tests;
