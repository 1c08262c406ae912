//! The thread that takes records from the workers and puts each where it is wanted.

use std::{
    sync::{
        Arc, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::Receiver,
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::{
    Live, Meters, Shelf,
    outputs::Outputs,
    recorder::{Entry, Level},
};

/// How long a record may wait. Waking the collector for each would cost a worker more than all
/// the rest; nobody notices a twentieth of a second.
const ROUND: Duration = Duration::from_millis(50);

/// How often numbers become a point in time.
const TICK: Duration = Duration::from_secs(1);

/// Records that are taken from one worker in a round, so that a busy one does not keep the others'
/// waiting.
const AT_ONCE: usize = 4096;

type Queue = (Receiver<Box<Entry>>, Arc<Level>);

/// What the collector counts.
#[derive(Default)]
pub(super) struct Counts {
    dropped: AtomicU64,
}

impl Counts {
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

pub(super) struct Collector {
    /// It ends with the process's telemetry.
    live: Weak<Live>,
    queues: Vec<Queue>,
    ticked: Instant,
}

impl Collector {
    pub(super) fn start(live: &Arc<Live>, queues: Vec<Queue>) -> std::io::Result<()> {
        let levels: Vec<_> = queues.iter().map(|(_, level)| level.clone()).collect();
        let mut this = Self { live: Arc::downgrade(live), queues, ticked: Instant::now() };
        let thread = thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
            while let Some(live) = this.live.upgrade() {
                this.round(&live);
                drop(live);
                thread::park_timeout(ROUND);
            }
        })?;
        for level in levels {
            level.wakes(thread.thread().clone());
        }
        Ok(())
    }

    fn round(&mut self, live: &Live) {
        let (meters, shelf) = (live.meters(), live.shelf());
        // Taken before the records: those that were there when it was asked for are in this round.
        let asked = live.last_round.lock().unwrap_or_else(PoisonError::into_inner).take();
        let outputs = live.outputs();
        let mut dropped = 0;
        for (entries, level) in &self.queues {
            for entry in entries.try_iter().take(AT_ONCE) {
                level.waiting.fetch_sub(1, Relaxed);
                put(live, &outputs, &meters, &shelf, *entry);
            }
            dropped += level.dropped.load(Relaxed);
        }
        live.counts.dropped.store(dropped, Relaxed);
        outputs.flush();
        drop(outputs);
        if let Some(asked) = asked {
            let _not_waiting = asked.send(());
        }
        if self.ticked.elapsed() >= TICK {
            self.ticked = Instant::now();
            let now = SystemTime::now();
            meters.graph.tick(now);
            shelf.store.tick(now);
        }
    }
}

/// Puts a record where it is wanted.
fn put(live: &Live, outputs: &Outputs, meters: &Meters, shelf: &Shelf, entry: Entry) {
    let Entry { record, interest, kept, bodies } = entry;
    outputs.offer(&record, kept);
    if let Some(interest) = interest {
        shelf.behind.observe(&record);
        shelf.store.insert(&record, interest);
        meters.exemplars.note(&record);
    }
    if live.tap.is_wanted() {
        let bodies = bodies.as_ref().map(|(bodies, _)| bodies);
        live.tap.offer(&Arc::new(record), bodies);
    }
}
