use std::sync::Arc;

use prost::Message;

use super::*;
use crate::{
    expose::{Detail, Unit, requests},
    series::{self, Edge, Registry},
};

const STARTED: SystemTime = UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn message(families: &[Family]) -> Vec<Metric> {
    let message = metrics(families, Resource::default(), STARTED, at(60));
    // What is sent is what arrives.
    let message = ResourceMetrics::decode(&*message.encode_to_vec()).unwrap();
    message.scope_metrics.into_iter().flat_map(|scope| scope.metrics).collect()
}

fn served(detail: Detail) -> Vec<Metric> {
    let registry = Registry::new(&series::Settings::default(), 1, at(10)).unwrap();
    let entry = registry.series(Edge::entry(&"web".into(), &"r".into(), &"r/0".into()));
    for (status, millis) in [(200, 3), (200, 30), (200, 31), (503, 20_000)] {
        let took = Duration::from_millis(millis);
        entry.add(0, &series::Sample { status, took, ..series::Sample::default() });
    }
    message(&requests(&registry, None, detail, at(60)))
}

#[test]
fn sums_and_gauges() {
    let number = || Sample::new(3_u64).label("server.port", "80").label("name", "80");
    let sum = Family::new("a.b", Kind::UpDown, "Help.").unit(Unit::Count("thing")).with([number()]);
    let counter = Family::new("c", Kind::Counter, "Help.").with([number().created(at(5))]);
    let gauge = Family::new("g", Kind::Gauge, "Help.").unit(Unit::Seconds).with([Sample::new(0.5)]);
    let metrics = message(&[sum, counter, gauge]);
    let [up_down, counter, gauge] = &*metrics else { panic!("{metrics:?}") };
    assert_eq!((&*up_down.name, &*up_down.unit), ("a.b", "{thing}"));
    let Some(Data::Sum(sum)) = &up_down.data else { panic!() };
    assert!(!sum.is_monotonic && sum.aggregation_temporality == 2);
    let json = serde_json::to_string(&sum.data_points[0].attributes).unwrap();
    assert!(
        json.contains(r#""intValue":"80""#) && json.contains(r#""stringValue":"80""#),
        "{json}"
    );
    let Some(Data::Sum(sum)) = &counter.data else { panic!() };
    assert!(sum.is_monotonic);
    assert_eq!(sum.data_points[0].start_time_unix_nano, 5_000_000_000);
    assert_eq!(sum.data_points[0].value, Some(number_data_point::Value::AsInt(3)));
    let Some(Data::Gauge(points)) = &gauge.data else { panic!() };
    assert_eq!(gauge.unit, "s");
    assert_eq!(points.data_points[0].value, Some(number_data_point::Value::AsDouble(0.5)));
}

#[test]
fn histograms_with_configured_buckets() {
    let metrics = served(Detail::Explicit);
    assert_eq!(metrics[0].name, "http.server.request.duration");
    let Some(Data::Histogram(histogram)) = &metrics[0].data else { panic!() };
    let [ok, failed] = &*histogram.data_points else { panic!() };
    assert_eq!((ok.count, ok.bucket_counts.len(), ok.explicit_bounds.len()), (3, 15, 14));
    assert_eq!((ok.bucket_counts[0], ok.bucket_counts[3]), (1, 2));
    assert_eq!(failed.bucket_counts[14], 1);
    assert!((ok.sum.unwrap() - 0.064).abs() < 1e-12);
    assert_eq!(ok.start_time_unix_nano, 10_000_000_000);
}

#[test]
fn histograms_with_exponential_buckets() {
    let metrics = served(Detail::Exponential);
    let Some(Data::ExponentialHistogram(histogram)) = &metrics[0].data else { panic!() };
    let ok = &histogram.data_points[0];
    let buckets = ok.positive.as_ref().unwrap();
    assert_eq!((ok.count, ok.zero_count, ok.scale), (3, 0, 4));
    assert_eq!(buckets.bucket_counts.iter().sum::<u64>(), 3);
    // By the definition of OTLP: the first bucket holds 3 ms, the last one 31 ms.
    let base = 2_f64.powf(2_f64.powi(-ok.scale));
    let holds = |index: i32, value: f64| base.powi(index) < value && value <= base.powi(index + 1);
    assert!(holds(buckets.offset, 0.003));
    let last = buckets.offset + i32::try_from(buckets.bucket_counts.len()).unwrap() - 1;
    assert!(holds(last, 0.031));
}

#[test]
fn exemplars_go_with_them() {
    let exemplar = Exemplar { trace_id: [1; 16], span_id: [2; 8], took: 5_000_000, at: at(7) };
    let histogram = Histogram {
        bounds: Arc::from([1.0]),
        counts: vec![1, 0],
        exemplars: vec![Some(exemplar)],
        ..Histogram::default()
    };
    let family = Family::new("h", Kind::Histogram, "H.").with([Sample::histogram(histogram)]);
    let metrics = message(&[family]);
    let Some(Data::Histogram(histogram)) = &metrics[0].data else { panic!() };
    let exemplar = &histogram.data_points[0].exemplars[0];
    assert_eq!((&*exemplar.trace_id, &*exemplar.span_id), (&[1; 16][..], &[2; 8][..]));
    assert_eq!(exemplar.value, Some(exemplar::Value::AsDouble(0.005)));
}
