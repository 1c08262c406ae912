//! Which of the requests that were just kept are shown on their way.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use portico_telemetry::{query::Summary, store::Kept};

/// In one event: more than that nobody can follow, let alone click on.
const MOST: usize = 25;

/// Interesting ones first, and one of each route before the second of any: a route that fails with all
/// of its traffic should not hide the others.
pub(super) fn choose(mut kept: Vec<Arc<Kept>>) -> Vec<Summary> {
    kept.sort_by_key(|own| (Reverse(own.interest), Reverse(own.seq)));
    let mut seen = HashMap::<Option<Arc<str>>, usize>::new();
    let ranked = kept.into_iter().map(|own| {
        let nth = seen.entry(own.record.place.route.clone()).or_default();
        *nth += 1;
        (*nth, own)
    });
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(nth, own)| (*nth, Reverse(own.interest), Reverse(own.seq)));
    ranked.truncate(MOST);
    ranked.iter().map(|(_, own)| Summary::of(own)).collect()
}
