use super::*;
use crate::fixture::{at, ms, record, routed, trace_id};

fn store(records: usize) -> Store {
    Store::new(Settings { records, ..Settings::default() })
}

fn of_route(store: &Store, route: &str) -> Vec<Arc<Kept>> {
    let is_of = |kept: &Arc<Kept>| kept.record.place.route.as_deref() == Some(route);
    store.all().into_iter().filter(is_of).collect()
}

#[test]
fn a_flood_of_errors_on_one_route_wipes_out_nothing_else() {
    let store = store(256 * 1024);
    for _ in 0..10 {
        store.insert(&routed(record(), "calm"), Interest::Failed);
        store.insert(&routed(record(), "calm"), Interest::Sample);
        store.insert(&routed(record(), "calm"), Interest::Slow);
    }
    for _ in 0..10_000 {
        store.insert(&routed(record(), "broken"), Interest::Failed);
    }
    assert_eq!(of_route(&store, "calm").len(), 30);
    let broken = of_route(&store, "broken");
    assert!(broken.len() > 50, "{}", broken.len());
    // Its own oldest have made room.
    assert!(broken.iter().all(|kept| kept.seq > 9_000));
    let held = store.held();
    assert!(held.record_bytes <= 256 * 1024, "{held:?}");
    assert_eq!(held.evicted as usize, 10_030 - store.all().len());
}

#[test]
fn a_class_has_its_share_even_if_the_others_were_first() {
    let store = store(256 * 1024);
    for _ in 0..1_000 {
        store.insert(&record(), Interest::Sample);
    }
    let alone = store.held().records[0];
    for _ in 0..1_000 {
        store.insert(&record(), Interest::Failed);
    }
    let held = store.held();
    let share = |class: usize| held.records[class] * 100 / alone;
    assert!((40..44).contains(&share(0)) && (56..60).contains(&share(3)), "{held:?}");
}

#[test]
fn the_slowest_outlive_the_slow() {
    let store = store(64 * 1024);
    let mut slow = record();
    for number in 0..200 {
        slow.took = if number == 0 { ms(9_000) } else { ms(100) };
        store.insert(&slow, Interest::Slow);
    }
    assert!(store.all().iter().any(|kept| kept.record.took == ms(9_000)));
}

#[test]
fn what_is_old_goes() {
    let store = store(1024 * 1024);
    let mut early = record();
    early.started = at(ms(0));
    let mut late = record();
    late.started = at(Duration::from_secs(500));
    late.trace.trace_id = trace_id(2);
    store.insert(&early, Interest::Failed);
    store.insert(&late, Interest::Sample);
    store.tick(at(Duration::from_secs(599)));
    assert_eq!(store.all().len(), 2);
    store.tick(at(Duration::from_secs(601)));
    assert_eq!(store.all().len(), 1);
    assert!(store.trace_records(&trace_id(1)).is_empty());
    assert_eq!(store.trace_records(&trace_id(2)).len(), 1);
    store.tick(at(Duration::from_secs(2_000)));
    assert_eq!(store.held(), Held::default());
}

#[test]
fn a_record_is_found_by_number_and_trace() {
    let store = store(1024 * 1024);
    store.insert(&record(), Interest::Sample);
    store.insert(&record(), Interest::Failed);
    assert_eq!(store.record(2).unwrap().interest, Interest::Failed);
    assert!(store.record(3).is_none());
    assert_eq!(store.trace_records(&trace_id(1)).len(), 2);
}

#[test]
fn lanes_and_index_agree_with_what_is_held() {
    // Many routes and classes in any order, with room for few of them.
    let store = store(48 * 1024);
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..5_000_u32 {
        let mut record = routed(record(), &random.u8(0..20).to_string());
        record.trace.trace_id = trace_id(random.u128(1..50));
        record.started = at(ms(u64::from(number) * 20));
        record.took = ms(random.u64(1..100));
        store.insert(&record, Interest::ALL[random.usize(..4)]);
        if number % 100 == 0 {
            store.tick(at(ms(u64::from(number) * 20) + Duration::from_secs(590)));
        }
    }
    let all = store.all();
    let held = store.held();
    assert_eq!(held.records.iter().sum::<usize>(), all.len());
    assert_eq!(held.record_bytes, all.iter().map(|kept| kept.weight).sum::<usize>());
    let by_trace: usize = (1..50).map(|id| store.trace_records(&trace_id(id)).len()).sum();
    assert_eq!(by_trace, all.len());
}

#[test]
fn what_is_new_and_what_is_recent() {
    let store = store(256 * 1024);
    assert_eq!((store.latest(), store.since(0).len()), (0, 0));
    for (route, interest) in
        [("a", Interest::Failed), ("b", Interest::Sample), ("a", Interest::Failed)]
    {
        store.insert(&routed(record(), route), interest);
    }
    let seqs = |kept: Vec<Arc<Kept>>| {
        let mut seqs: Vec<_> = kept.iter().map(|kept| kept.seq).collect();
        seqs.sort_unstable();
        seqs
    };
    assert_eq!(seqs(store.since(1)), [2, 3]);
    assert!(store.since(store.latest()).is_empty());
    let failed = |interest, _: Option<&Arc<str>>| interest == Interest::Failed;
    let begin = SystemTime::UNIX_EPOCH;
    assert_eq!(seqs(store.recent(begin, 10, failed)), [1, 3]);
    assert_eq!(seqs(store.recent(begin, 1, failed)), [3]);
    let of_b = |_, route: Option<&Arc<str>>| route.is_some_and(|own| **own == *"b");
    assert_eq!(seqs(store.recent(begin, 10, of_b)), [2]);
    let later = record().started + Duration::from_secs(3_600);
    assert!(store.recent(later, 10, failed).is_empty());
}
