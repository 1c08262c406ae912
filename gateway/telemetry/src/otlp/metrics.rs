//! Families as OTLP metrics: cumulative sums, gauges, and histograms with configured or
//! exponential buckets
//! (<https://opentelemetry.io/docs/specs/otel/metrics/data-model/>).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        self as proto, AggregationTemporality, ExponentialHistogramDataPoint, HistogramDataPoint,
        Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, exemplar,
        exponential_histogram_data_point::Buckets, metric::Data, number_data_point,
    },
    resource::v1::Resource,
};

use crate::{
    expose::{Exemplar, Family, Histogram, Kind, Number, Sample, Value},
    histogram::{self, Distribution},
};

/// The version of the semantic conventions that names and units are taken from.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

const CUMULATIVE: i32 = AggregationTemporality::Cumulative as i32;

/// Everything that some families say, as one message. `started` is when the process began to
/// count, for samples that do not know it; `now` is when the families were made. A histogram goes
/// out with its exponential buckets if it has any, and with its configured ones otherwise.
pub fn metrics(
    families: &[Family],
    resource: Resource,
    started: SystemTime,
    now: SystemTime,
) -> ResourceMetrics {
    let times = Times { started: nanos(started), now: nanos(now) };
    let metrics = families.iter().flat_map(|family| of_family(family, times)).collect();
    let scope = InstrumentationScope {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..InstrumentationScope::default()
    };
    let schema_url = SCHEMA_URL.to_owned();
    let scope = ScopeMetrics { scope: Some(scope), metrics, schema_url: schema_url.clone() };
    ResourceMetrics { resource: Some(resource), scope_metrics: vec![scope], schema_url }
}

#[derive(Clone, Copy)]
struct Times {
    started: u64,
    now: u64,
}

impl Times {
    fn since(self, sample: &Sample) -> u64 {
        // A receiver refuses a point that ends before it begins, as after a step of the clock.
        sample.created.map_or(self.started, nanos).min(self.now)
    }
}

fn nanos(at: SystemTime) -> u64 {
    histogram::nanos(at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

/// One metric; two if some of its histograms have exponential buckets and some do not.
fn of_family(family: &Family, times: Times) -> Vec<Metric> {
    let (mut numbers, mut explicit, mut exponential) = (Vec::new(), Vec::new(), Vec::new());
    for sample in &family.samples {
        match &sample.value {
            Value::Number(number) => numbers.push(number_point(*number, sample, times)),
            Value::Histogram(histogram) => match &histogram.exponential {
                Some(distribution) => {
                    exponential.push(exponential_point(histogram, distribution, sample, times));
                }
                None => explicit.push(explicit_point(histogram, sample, times)),
            },
        }
    }
    let temporality = CUMULATIVE;
    let mut data = Vec::new();
    if !numbers.is_empty() {
        data.push(match family.kind {
            Kind::Gauge | Kind::Histogram => Data::Gauge(proto::Gauge { data_points: numbers }),
            Kind::BareCounter | Kind::Counter | Kind::UpDown => Data::Sum(proto::Sum {
                data_points: numbers,
                aggregation_temporality: temporality,
                is_monotonic: family.kind != Kind::UpDown,
            }),
        });
    }
    if !explicit.is_empty() {
        let histogram =
            proto::Histogram { data_points: explicit, aggregation_temporality: temporality };
        data.push(Data::Histogram(histogram));
    }
    if !exponential.is_empty() {
        data.push(Data::ExponentialHistogram(proto::ExponentialHistogram {
            data_points: exponential,
            aggregation_temporality: temporality,
        }));
    }
    let metric = |data| Metric {
        name: family.name.to_string(),
        description: family.help.to_string(),
        unit: family.unit.ucum().into_owned(),
        metadata: Vec::new(),
        data: Some(data),
    };
    data.into_iter().map(metric).collect()
}

fn number_point(number: Number, sample: &Sample, times: Times) -> NumberDataPoint {
    let value = match number {
        Number::Float(value) => number_data_point::Value::AsDouble(value),
        Number::Integer(value) => number_data_point::Value::AsInt(value),
    };
    NumberDataPoint {
        attributes: attributes(sample),
        start_time_unix_nano: times.since(sample),
        time_unix_nano: times.now,
        exemplars: Vec::new(),
        flags: 0,
        value: Some(value),
    }
}

fn explicit_point(histogram: &Histogram, sample: &Sample, times: Times) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(sample),
        start_time_unix_nano: times.since(sample),
        time_unix_nano: times.now,
        count: histogram.counts.iter().sum(),
        sum: Some(histogram.sum),
        bucket_counts: histogram.counts.clone(),
        explicit_bounds: histogram.bounds.to_vec(),
        exemplars: exemplars(histogram),
        flags: 0,
        min: None,
        max: None,
    }
}

/// Bucket 0 is the bucket of zero; bucket 1 begins at `2^SMALLEST`.
fn exponential_point(
    histogram: &Histogram,
    distribution: &Distribution,
    sample: &Sample,
    times: Times,
) -> ExponentialHistogramDataPoint {
    let (mut zero_count, mut offset) = (0, 0);
    let mut bucket_counts = Vec::new();
    for (bucket, count) in distribution.occupied() {
        if bucket == 0 {
            zero_count = count;
            continue;
        }
        if bucket_counts.is_empty() {
            offset = bucket;
        }
        bucket_counts.resize(bucket - offset, 0);
        bucket_counts.push(count);
    }
    let first = histogram::SMALLEST << histogram::SCALE;
    let offset = i32::try_from(offset).unwrap_or_default() - 1 + first;
    ExponentialHistogramDataPoint {
        attributes: attributes(sample),
        start_time_unix_nano: times.since(sample),
        time_unix_nano: times.now,
        count: distribution.count(),
        sum: Some(histogram.sum),
        scale: histogram::SCALE,
        zero_count,
        positive: Some(Buckets { offset, bucket_counts }),
        negative: None,
        flags: 0,
        exemplars: exemplars(histogram),
        min: None,
        max: None,
        zero_threshold: histogram::upper_bound(0),
    }
}

fn exemplars(histogram: &Histogram) -> Vec<proto::Exemplar> {
    let exemplar = |exemplar: &Exemplar| proto::Exemplar {
        filtered_attributes: Vec::new(),
        time_unix_nano: nanos(exemplar.at),
        span_id: exemplar.span_id.to_vec(),
        trace_id: exemplar.trace_id.to_vec(),
        value: Some(exemplar::Value::AsDouble(exemplar.took as f64 / 1e9)),
    };
    histogram.exemplars.iter().flatten().map(exemplar).collect()
}

fn attributes(sample: &Sample) -> Vec<KeyValue> {
    let labels = sample.labels.iter();
    let labels = labels.map(|(name, value)| KeyValue {
        key: name.to_string(),
        value: Some(AnyValue { value: Some(typed(name, value)) }),
        ..KeyValue::default()
    });
    labels.collect()
}

/// The conventions give some attributes another type than text.
fn typed(name: &str, value: &str) -> any_value::Value {
    let typed = match name {
        "http.response.status_code" | "server.port" => {
            value.parse().ok().map(any_value::Value::IntValue)
        }
        "otel.metric.overflow" => value.parse().ok().map(any_value::Value::BoolValue),
        _ => None,
    };
    typed.unwrap_or_else(|| any_value::Value::StringValue(value.to_owned()))
}

#[cfg(test)]
mod tests;
