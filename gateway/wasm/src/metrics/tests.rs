use super::*;

fn instance(store: &MetricStore, plugin: &str) -> Metrics {
    store.instance(&plugin.into(), 4)
}

#[test]
fn instances_share_series_but_not_numbers() {
    let store = MetricStore::default();
    let (mut one, mut two) = (instance(&store, "p"), instance(&store, "p"));
    assert_eq!(one.define(0, b"a"), Ok(4));
    assert_eq!(one.define(0, b"b"), Ok(8));
    assert_eq!(one.define(0, b"a"), Ok(4));
    assert_eq!(two.define(0, b"b"), Ok(4));
    one.increment(8, 2).unwrap();
    two.increment(4, 3).unwrap();
    assert_eq!((one.value(8), two.value(4), one.value(4)), (Ok(5), Ok(5), Ok(0)));
    let mut other = instance(&store, "q");
    assert_eq!(other.define(0, b"b"), Ok(4));
    assert_eq!(other.value(4), Ok(0));
}

#[test]
fn counters_do_not_go_back() {
    let store = MetricStore::default();
    let mut metrics = instance(&store, "p");
    let counter = metrics.define(0, b"c").unwrap();
    metrics.record(counter, u64::MAX).unwrap();
    metrics.increment(counter, i64::MAX).unwrap();
    assert_eq!(metrics.value(counter), Ok(u64::MAX));
    for offset in [0, -1, i64::MIN] {
        assert_eq!(metrics.increment(counter, offset), Err(Status::BadArgument));
    }
    drop(metrics);
    let mut next = instance(&store, "p");
    let counter = next.define(0, b"c").unwrap();
    assert_eq!(next.value(counter), Ok(u64::MAX), "it outlives the instance");
}

#[test]
fn gauges_meet_at_the_right_value_in_any_order() {
    let store = MetricStore::default();
    let mut metrics = instance(&store, "p");
    let gauge = metrics.define(1, b"g").unwrap();
    metrics.increment(gauge, -3).unwrap();
    assert_eq!(store.series()[0].value, GuestValue::Gauge(-3));
    metrics.increment(gauge, 5).unwrap();
    assert_eq!(metrics.value(gauge), Ok(2));
    metrics.increment(gauge, i64::MIN).unwrap();
    metrics.record(gauge, 7).unwrap();
    assert_eq!(metrics.value(gauge), Ok(7));
}

#[test]
fn a_plugin_has_so_many_series_and_no_more() {
    let store = MetricStore::default();
    let mut metrics = instance(&store, "p");
    for name in [b"a", b"b", b"c", b"d"] {
        metrics.define(0, name).unwrap();
    }
    assert_eq!(metrics.define(0, b"e"), Err(Status::InternalFailure));
    assert_eq!(metrics.define(1, b"a"), Err(Status::InternalFailure));
    assert_eq!(metrics.define(0, b"a"), Ok(4));
    assert_eq!(instance(&store, "p").define(0, b"d"), Ok(4), "it is there already");
    assert!(instance(&store, "q").define(0, b"e").is_ok());
    assert_eq!(instance(&store, "q").define(0, &[b'n'; NAME + 1]), Err(Status::InternalFailure));
}

#[test]
fn numbers_that_name_nothing_are_refused() {
    let metrics = instance(&MetricStore::default(), "p");
    for number in (0..16).chain(u32::MAX - 7..=u32::MAX) {
        let gettable = number & 3 < 2;
        let unknown = if gettable { Status::NotFound } else { Status::BadArgument };
        assert_eq!(metrics.record(number, 1), Err(Status::NotFound));
        assert_eq!(metrics.increment(number, 1), Err(unknown));
        assert_eq!(metrics.value(number), Err(unknown));
    }
}

#[test]
fn all_series_are_read() {
    let store = MetricStore::default();
    let mut one = instance(&store, "one");
    let counter = one.define(0, b"requests").unwrap();
    one.record(counter, 3).unwrap();
    let mut two = instance(&store, "two");
    two.define(0, b"\xff").unwrap();
    let histogram = two.define(2, b"requests").unwrap();
    for value in [0, 1, 2, 5, 6, 4_000_000] {
        two.record(histogram, value).unwrap();
    }
    let mut counts = vec![2, 2, 1];
    counts.resize(series::BOUNDS.len(), 0);
    counts.push(1);
    let histogram = GuestValue::Histogram { bounds: &series::BOUNDS, counts, sum: 4_000_014 };
    let expected: [(&str, &[u8], GuestValue); 3] = [
        ("one", b"requests", GuestValue::Counter(3)),
        ("two", b"\xff", GuestValue::Counter(0)),
        ("two", b"requests", histogram),
    ];
    let expected = expected.map(|(plugin, name, value)| GuestSeries {
        plugin: plugin.into(),
        name: name.to_vec(),
        value,
    });
    assert_eq!(store.series(), expected);
}
