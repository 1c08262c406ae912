use super::*;
use crate::fixture::{ms, record};

const FAST: Seen =
    Seen { status: 200, failed: false, trapped: false, took: ms(2), now: Duration::ZERO };

/// Requests at an even rate for some seconds; how many were kept, and how many as slow.
fn kept(watch: &Watch, rate: u64, seconds: u64, took: impl Fn(u64) -> Duration) -> (u64, u64) {
    let (mut all, mut slow) = (0, 0);
    for number in 0..rate * seconds {
        let now = Duration::from_secs(1) + Duration::from_nanos(SECOND / rate * number);
        let interest = watch.wants(0, &Seen { took: took(number), now, ..FAST });
        all += u64::from(interest.is_some());
        slow += u64::from(interest == Some(Interest::Slow));
    }
    (all, slow)
}

#[test]
fn a_newcomer_finds_every_request() {
    let watch = Keeper::new(Rates::default()).route("r");
    assert_eq!(kept(&watch, 19, 60, |_| ms(2)).0, 19 * 60);
}

#[test]
fn under_load_one_of_64_and_the_steady_rate() {
    let watch = Keeper::new(Rates::default()).route("r");
    let (all, slow) = kept(&watch, 20_000, 10, |_| ms(2));
    // 20 a second and 1/64 of the others.
    assert!((2_900..3_800).contains(&all), "{all} of 200000");
    assert_eq!(slow, 0);
}

#[test]
fn many_routes_share_what_a_worker_keeps() {
    let keeper = Keeper::new(Rates { one_of: u32::MAX, ..Rates::default() });
    let routes: Vec<_> = (0..1000).map(|number| keeper.route(&number.to_string())).collect();
    let mut all = 0;
    for second in 1..=10 {
        for watch in &routes {
            let now = Duration::from_secs(second);
            all += u32::from(watch.wants(0, &Seen { now, ..FAST }).is_some());
        }
    }
    assert!((1_990..2_010).contains(&all), "{all}");
}

#[test]
fn what_is_slow_is_learnt_for_each_route() {
    let keeper = Keeper::new(Rates::default());
    let (quick, lazy) = (keeper.route("quick"), keeper.route("lazy"));
    kept(&quick, 100, 60, |number| ms(1 + number % 10));
    kept(&lazy, 100, 60, |number| ms(100 + number % 10));
    let now = Duration::from_secs(100);
    let seen = Seen { took: ms(60), now, ..FAST };
    assert_eq!(quick.wants(0, &seen), Some(Interest::Slow));
    assert_eq!(lazy.wants(0, &seen), Some(Interest::Sample));

    let mut slow = record();
    slow.took = ms(60);
    slow.place.route = Some("quick".into());
    assert_eq!(keeper.interest(&slow), Interest::Slow);
    slow.place.route = Some("lazy".into());
    assert_eq!(keeper.interest(&slow), Interest::Sample);
}

#[test]
fn about_one_in_a_hundred_is_slow_and_a_few_a_second_on_a_busy_route() {
    // Pareto: however far out the threshold lies, some are beyond it.
    let took = |_| Duration::from_secs_f64(0.001 / fastrand::f64().max(1e-9).powf(0.3));
    let (_, slow) = kept(&Keeper::new(Rates::default()).route("calm"), 100, 100, took);
    assert!((20..250).contains(&slow), "{slow} of 10000");
    let (_, slow) = kept(&Keeper::new(Rates::default()).route("busy"), 20_000, 20, took);
    assert!((20..300).contains(&slow), "{slow} in 20 s");
}

#[test]
fn a_flood_of_failures_is_thinned() {
    let watch = Keeper::new(Rates::default()).route("r");
    let failed = |number: u64| {
        let now = Duration::from_secs(1) + Duration::from_nanos(SECOND / 10_000 * number);
        watch.wants(0, &Seen { status: 503, failed: true, now, ..FAST })
    };
    assert_eq!(failed(0), Some(Interest::Failed));
    let all = (1..10_000).filter(|number| failed(*number).is_some()).count();
    assert!((150..400).contains(&all), "{all} of 10000 in a second");
    // They have not made slowness usual.
    let now = Duration::from_secs(5);
    assert_eq!(watch.wants(0, &Seen { took: ms(1500), now, ..FAST }), Some(Interest::Slow));
}

#[test]
fn facts_come_before_duration() {
    assert_eq!(Interest::by_facts(200, false, true), Some(Interest::Plugin));
    assert_eq!(Interest::by_facts(0, false, false), Some(Interest::Failed));
    assert_eq!(Interest::by_facts(499, false, false), Some(Interest::Failed));
    assert_eq!(Interest::by_facts(502, true, false), Some(Interest::Failed));
    assert_eq!(Interest::by_facts(404, false, false), None);
    assert!(Interest::ALL.is_sorted());
}

#[test]
fn a_route_is_watched_by_one_watch_as_long_as_anybody_holds_it() {
    let keeper = Keeper::new(Rates::default());
    let first = keeper.route("r");
    assert!(Arc::ptr_eq(&first, &keeper.route("r")));
    drop(first);
    for number in 0..100 {
        keeper.route(&number.to_string());
    }
    assert_eq!(keeper.routes.lock().unwrap().len(), 1);
    assert_eq!(keeper.route("r").wants(1, &FAST), None);
}

#[test]
fn zeros_turn_things_off() {
    let rates = Rates { steady: 0, slow: 0, failed: 0, one_of: u32::MAX, ..Rates::default() };
    let watch = Keeper::new(rates).route("r");
    assert_eq!(kept(&watch, 1000, 10, |_| ms(2)).0, 0);
}
