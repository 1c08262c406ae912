//! What series are at a moment, for whoever shows them.

use std::sync::Arc;

use super::series::{BOUNDS, Series, Value};

/// A series of a guest at a moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GuestSeries {
    pub plugin: Arc<str>,
    /// As the guest wrote it: any bytes, at most 2 KiB.
    pub name: Vec<u8>,
    pub value: GuestValue,
}

/// What a guest has counted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GuestValue {
    Counter(u64),
    /// One that was counted below zero is negative, whatever the ABI calls it.
    Gauge(i64),
    Histogram {
        /// Upper bounds, rising.
        bounds: &'static [u64],
        /// By bucket, not added up. One more than there are bounds.
        counts: Vec<u64>,
        sum: u64,
    },
}

pub(super) fn read(plugin: &Arc<str>, name: Vec<u8>, series: &Series) -> GuestSeries {
    let value = match series.value() {
        Value::Counter(counter) => GuestValue::Counter(counter.value()),
        Value::Gauge(gauge) => GuestValue::Gauge(gauge.value().cast_signed()),
        Value::Histogram(histogram) => GuestValue::Histogram {
            bounds: &BOUNDS,
            counts: histogram.counts(),
            sum: histogram.sum(),
        },
    };
    GuestSeries { plugin: plugin.clone(), name, value }
}
