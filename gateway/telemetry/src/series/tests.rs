use std::{
    thread,
    time::{Duration, SystemTime},
};

use super::*;

fn registry(settings: &Settings) -> Registry {
    Registry::new(settings, 2, SystemTime::UNIX_EPOCH).unwrap()
}

fn entry() -> Edge {
    Edge::entry(&"web".into(), &"shop".into(), &"shop/0".into())
}

fn sample(status: u16, millis: u64) -> Sample {
    let took = Duration::from_millis(millis);
    Sample { verb: Verb::Get, status, took, bytes_in: 10, bytes_out: 1_000, ..Sample::default() }
}

#[test]
fn workers_are_added_up() {
    let registry = registry(&Settings::default());
    let series = registry.series(entry());
    thread::scope(|scope| {
        for worker in 0..2 {
            let series = series.clone();
            scope.spawn(move || {
                for _ in 0..1_000 {
                    series.begin(worker);
                    series.add(worker, &sample(200, 5));
                    series.end(worker);
                }
                series.begin(worker);
            });
        }
    });
    series.add(1, &sample(503, 6));
    let totals = series.totals();
    assert_eq!((totals.count(), totals.errors, totals.in_flight), (2_001, 1, 2));
    assert_eq!(totals.classes, [0, 0, 2_000, 0, 0, 1]);
    assert_eq!((totals.bytes_in, totals.bytes_out), (20_010, 2_001_000));
    let durations: Vec<_> = totals.cells.iter().map(|(key, cell)| (key.status(), cell)).collect();
    // 5 ms is inside of `le="0.005"`, 6 ms is not.
    assert_eq!((durations[0].0, durations[0].1.durations.counts[0]), (200, 2_000));
    assert_eq!((durations[1].0, durations[1].1.durations.counts[1]), (503, 1));
    assert_eq!(totals.response_sizes.sum, 2_001_000);
    assert_eq!((series.count(), series.in_flight()), (2_001, 2));
}

#[test]
fn the_same_place_has_the_same_series_until_nobody_wants_it() {
    let registry = registry(&Settings::default());
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let first = registry.series(entry());
    assert!(Arc::ptr_eq(&first, &registry.series(entry())));
    registry.sweep(at(10_000));
    drop(first);
    registry.sweep(at(10_001));
    registry.sweep(at(10_600));
    assert_eq!(registry.all().len(), 1);
    registry.sweep(at(10_601));
    assert!(registry.all().is_empty());
    assert_eq!(registry.series(entry()).created(), at(10_601));
}

#[test]
fn a_scaled_down_service_keeps_its_sum() {
    let registry = registry(&Settings { keep: Duration::ZERO, ..Settings::default() });
    let leaf = |port| Edge::leaf(&"staff".into(), ([127, 0, 0, 1], port).into());
    let stays = registry.series(leaf(1));
    registry.series(leaf(2)).add(0, &sample(200, 7));
    registry.sweep(SystemTime::UNIX_EPOCH);
    assert_eq!(registry.all().len(), 1);
    assert_eq!(registry.gone()["staff"].totals.count(), 1);
    drop(stays);
    registry.sweep(SystemTime::UNIX_EPOCH);
    assert!(registry.gone().is_empty());
}

#[test]
fn what_has_no_room_is_counted_together() {
    let registry = registry(&Settings { series: 3, ..Settings::default() });
    let all: Vec<_> = (0..10)
        .map(|rule| {
            registry.series(Edge::entry(&"l".into(), &"r".into(), &rule.to_string().into()))
        })
        .collect();
    all.iter().for_each(|series| series.add(0, &sample(200, 1)));
    assert_eq!(registry.all().len(), 4);
    assert_eq!(registry.series(Edge::Overflow).count(), 7);
}

#[test]
fn strange_statuses_and_reasons_fill_one_cell() {
    let registry = registry(&Settings::default());
    let series = registry.series(entry());
    for status in 100..=u16::MAX {
        series.add(0, &sample(status, 1));
    }
    let totals = series.totals();
    assert_eq!(totals.cells.len(), 65);
    assert_eq!(totals.count(), 65_436);
    let overflow = &totals.cells[&Key::OVERFLOW];
    assert_eq!(overflow.durations.count(), 65_436 - 64);
    let leaf = registry.series(Edge::leaf(&"s".into(), ([127, 0, 0, 1], 1).into()));
    leaf.add(0, &Sample { reason: Some("nobody_knows"), ..sample(0, 1) });
    leaf.add(0, &Sample { reason: Some("refused"), ..sample(0, 1) });
    let reasons: Vec<_> =
        leaf.totals().cells.keys().filter_map(|key| registry.shape().reason_of(*key)).collect();
    assert_eq!(reasons, ["refused", "_OTHER"]);
}

#[test]
fn keys_hold_what_tells_requests_apart() {
    let fine = registry(&Settings::default());
    let secure = Sample { secure: true, verb: Verb::Trace, ..sample(999, 1) };
    let key = fine.series(entry()).key(&secure);
    assert_eq!((key.status(), key.verb(), key.is_secure()), (999, Verb::Trace, true));
    let branch = fine.series(Edge::branch(&"r".into(), &"r/0".into(), &"s".into()));
    assert_eq!(branch.key(&secure).status(), 900);
    assert!(!branch.key(&secure).is_secure());
    let by_status = registry(&Settings { by_method: false, ..Settings::default() });
    assert_eq!(by_status.series(entry()).key(&secure).verb(), Verb::Other);
}

#[test]
fn whose_fault_an_error_is() {
    let with = |status, reason| Sample { reason, ..sample(status, 1) }.is_error();
    assert!(with(503, None) && with(504, Some("timeout")) && with(0, Some("reset")));
    assert!(!with(404, Some("no_route")) && !with(499, Some("client_gone")));
    assert!(!with(0, Some("client_gone")) && !with(0, Some("stale")) && !with(200, None));
}

#[test]
fn bounds_must_grow() {
    let with = |duration_bounds: &[f64]| {
        let settings =
            Settings { duration_bounds: duration_bounds.to_vec(), ..Settings::default() };
        Registry::new(&settings, 1, SystemTime::UNIX_EPOCH).map(drop).map_err(|e| e.to_string())
    };
    assert_eq!(with(&[]), Ok(()));
    assert_eq!(with(&[0.1, 2.0]), Ok(()));
    let order = "bound `0.1` is not greater than `0.1`, which it follows";
    assert_eq!(with(&[0.1, 0.1]).unwrap_err(), order);
    assert!(with(&[0.0]).unwrap_err().starts_with("`0` is no upper bound"));
    assert!(with(&[f64::NAN]).is_err());
    assert_eq!(with(&[1.0; 65]).unwrap_err(), "65 bounds are more than 64");
}
