//! What has to be remembered from one look to the next: since when requests wait, and when records
//! were dropped.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use portico_telemetry::doctor::Finding;

use crate::admin::facts::Seen;

/// How long drops are spoken of.
const SPOKEN_OF: Duration = Duration::from_mins(1);

/// How old the doctor's findings may be.
const ASKED_AGAIN: Duration = Duration::from_secs(10);

/// Of whoever looks: the stream each second, or a call of the API. Nothing is remembered while
/// nobody looks.
#[derive(Default)]
pub(in crate::admin) struct Memory(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    /// By route and service, since when requests have been seen waiting there. As many as the
    /// configuration has.
    waiting: HashMap<(String, String), Instant>,
    /// Counts of dropped records, at most one a second for a minute.
    dropped: VecDeque<(Instant, u64)>,
    /// What the doctor found, and when he was asked.
    diagnosis: Option<(SystemTime, Vec<Finding>)>,
}

impl Memory {
    /// For how long nothing has ended where requests are: `waiting` of them on the way from a route
    /// to a service.
    pub(super) fn hanging(
        &self,
        way: (&str, &str),
        waiting: u64,
        seen: &Seen,
        now: SystemTime,
    ) -> Option<(u64, Duration)> {
        let key = (way.0.to_owned(), way.1.to_owned());
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting == 0 {
            own.waiting.remove(&key);
            return None;
        }
        let observed = own.waiting.entry(key).or_insert_with(Instant::now).elapsed();
        let quiet = seen.last.map_or(Duration::MAX, |last| {
            now.duration_since(UNIX_EPOCH + Duration::from_secs(last)).unwrap_or_default()
        });
        Some((waiting, observed.min(quiet)))
    }

    /// Forgets ways that no configuration has any more.
    pub(super) fn retain(&self, keep: impl Fn(&str, &str) -> bool) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.waiting.retain(|(route, service), _| keep(route, service));
    }

    /// The doctor's findings. He compares all with all, so he is not asked each second.
    pub(super) fn diagnosis(
        &self,
        now: SystemTime,
        ask: impl FnOnce() -> Vec<Finding>,
    ) -> Vec<Finding> {
        {
            let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((asked, found)) = &own.diagnosis
                && now.duration_since(*asked).is_ok_and(|passed| passed < ASKED_AGAIN)
            {
                return found.clone();
            }
        }
        let found = ask();
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.diagnosis = Some((now, found.clone()));
        found
    }

    /// Of all records that were ever dropped, those of the last minute.
    pub(super) fn dropped(&self, total: u64) -> u64 {
        let now = Instant::now();
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = &mut own.dropped;
        // The newest that is older than a minute is what to compare with.
        while dropped.get(1).is_some_and(|(at, _)| now.duration_since(*at) > SPOKEN_OF) {
            dropped.pop_front();
        }
        let is_new =
            dropped.back().is_none_or(|(at, _)| now.duration_since(*at) >= Duration::from_secs(1));
        if is_new {
            dropped.push_back((now, total));
        }
        total.saturating_sub(dropped.front().map_or(total, |(_, before)| *before))
    }
}
