use std::path::Path;

use portico_telemetry::expose::{Format, render};

use super::*;

fn series(plugin: &str, name: &[u8], value: GuestValue) -> GuestSeries {
    GuestSeries { plugin: plugin.into(), name: name.to_vec(), value }
}

fn histogram() -> GuestValue {
    GuestValue::Histogram { bounds: &[1, 5], counts: vec![2, 1, 1], sum: 4_000_014 }
}

/// Compares with a golden file; `UPDATE=1` writes it.
fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/measures/guests").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap_or_default(), "{name}");
}

#[test]
fn guests_names_on_a_page() {
    let counter = GuestValue::Counter;
    let families = families(vec![
        series("one", b"requests", counter(3)),
        series("one", b"a.b", counter(0)),
        series("one", b"a_b", counter(u64::MAX)),
        series("one", b"total_total", counter(1)),
        series("two \"quoted\"", b"requests", GuestValue::Gauge(-1)),
        series("two \"quoted\"", b"\xff\n\"", counter(0)),
        series("two \"quoted\"", b"size", histogram()),
        series("three", b"size_count", counter(1)),
        series("three", b"requests_gauge", GuestValue::Gauge(2)),
    ]);
    check("names.prom", &render(&families, Format::Prometheus));
    check("names.openmetrics", &render(&families, Format::OpenMetrics));
}

#[test]
fn no_two_lines_look_the_same() {
    // All names that others could be taken for.
    let names = ["a", "a_sum", "a_count", "a_bucket", "a_counter", "a_gauge", "a_histogram", "a_2"];
    let mut all = Vec::new();
    for name in names {
        for value in [GuestValue::Counter(1), GuestValue::Gauge(1), histogram()] {
            all.push(series("p", name.as_bytes(), value.clone()));
            all.push(series("p", format!("{name}.").as_bytes(), value.clone()));
            all.push(series("p", format!("{name}-").as_bytes(), value));
        }
    }
    let page = render(&families(all), Format::Prometheus);
    let mut seen = BTreeSet::new();
    for line in page.lines() {
        let key = match line.strip_prefix("# ") {
            Some(comment) => comment.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "),
            None => line.rsplit_once(' ').unwrap().0.to_owned(),
        };
        assert!(seen.insert(key.clone()), "{key} is there twice");
    }
}
