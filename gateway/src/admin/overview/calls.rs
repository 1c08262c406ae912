//! Who calls whom through this gateway, as far as kept requests of one trace tell.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, SystemTime},
};

use portico_telemetry::store::{Interest, Kept, Store};

/// Records that are looked at of each route and class. A few are enough to see that one calls the
/// other.
const LOOKED_AT: usize = 30;

/// Clocks of workers are read at slightly different moments.
const SLACK: Duration = Duration::from_millis(2);

/// For each of these routes, which others were asked while it served a request, in the same trace.
pub(super) fn among(
    routes: &BTreeSet<&str>,
    store: &Store,
    since: SystemTime,
) -> HashMap<String, BTreeSet<String>> {
    let wanted = |interest, route: Option<&Arc<str>>| {
        interest != Interest::Plugin && route.is_some_and(|route| routes.contains(&**route))
    };
    let mut traces = HashMap::<[u8; 16], Vec<Arc<Kept>>>::new();
    for kept in store.recent(since, LOOKED_AT, wanted) {
        traces.entry(kept.record.trace.trace_id).or_default().push(kept);
    }
    let mut calls = HashMap::<String, BTreeSet<String>>::new();
    for kept in traces.values() {
        // Nobody has so many in one trace but by mistake, and all are compared with all.
        for outer in kept.iter().take(LOOKED_AT) {
            for inner in kept.iter().take(LOOKED_AT).filter(|inner| is_inside(outer, inner)) {
                let [from, to] = [outer, inner].map(|own| own.record.place.route.as_deref());
                if let (Some(from), Some(to)) = (from, to) {
                    calls.entry(from.to_owned()).or_default().insert(to.to_owned());
                }
            }
        }
    }
    calls
}

fn is_inside(outer: &Kept, inner: &Kept) -> bool {
    outer.record.place.route != inner.record.place.route
        && outer.record.took >= inner.record.took
        && outer.record.started <= inner.record.started + SLACK
        && inner.ended() <= outer.ended() + SLACK
}
