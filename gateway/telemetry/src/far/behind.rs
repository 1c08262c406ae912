//! Puts each record and each received span where it is wanted.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Call, Sight, Span, calls::Calls, sight::Sights};
use crate::{doctor::Doctor, record::Record, store::Store};

/// Told of each call between two services.
pub type OnCall = Box<dyn Fn(&Call) + Send + Sync>;

/// Everything that wants received spans: the store, the graph, the doctor, and the knowledge of
/// where sight ends.
pub struct Behind {
    store: Arc<Store>,
    doctor: Arc<Doctor>,
    on_call: OnCall,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    calls: Calls,
    sights: Sights,
}

impl Behind {
    /// `on_call` is for the service graph. It is called under a lock and must be quick.
    pub fn new(store: Arc<Store>, doctor: Arc<Doctor>, on_call: OnCall) -> Self {
        Self { store, doctor, on_call, known: Mutex::default() }
    }

    /// Takes notice of a record, kept or not. Meant for the collector; some 200 ns.
    pub fn observe(&self, record: &Record) {
        self.known().sights.observe(record);
        self.doctor.observe(record);
    }

    /// Takes over spans that services reported.
    pub fn receive(&self, spans: Vec<Span>) {
        {
            let mut known = self.known();
            for span in &spans {
                known.sights.hear(span);
                known.calls.hear(span, &self.on_call);
            }
        }
        for span in &spans {
            self.doctor.hear(span);
        }
        self.store.receive(spans);
    }

    /// For each service whether sight ends there, and why, in words.
    pub fn sight_ends(&self) -> Vec<Sight> {
        self.known().sights.all()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behind").field("store", &self.store).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
