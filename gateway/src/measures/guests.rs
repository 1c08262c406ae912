//! What guests define. A guest names its metrics as it likes, and no name that it finds can take
//! the place of one of the gateway's own, or make a page unreadable.

use std::collections::{BTreeMap, BTreeSet};

use portico_telemetry::expose::{Family, Histogram, Kind, Sample};
use portico_wasm::{GuestSeries, GuestValue, MetricStore};

/// What all names begin with.
const PREFIX: &str = "portico_plugin_custom_";

/// All series of guests. A name may hold any bytes; what a family's name cannot hold becomes `_`,
/// and a label `name` tells apart what would then look the same. A family has one kind, so a name
/// that is used for two gets the kind at its end.
pub fn of_guests(store: &MetricStore) -> Vec<Family> {
    families(store.series())
}

fn families(all: Vec<GuestSeries>) -> Vec<Family> {
    let mut by_name = BTreeMap::<String, BTreeMap<&'static str, Vec<GuestSeries>>>::new();
    for series in all {
        let kinds = by_name.entry(sanitized(&series.name)).or_default();
        kinds.entry(word(&series.value)).or_default().push(series);
    }
    let mut taken = BTreeSet::new();
    let mut families = Vec::new();
    for (name, kinds) in &by_name {
        let alone = kinds.len() == 1;
        for (kind, series) in kinds {
            let wanted = if alone { name.clone() } else { format!("{name}_{kind}") };
            let free = free(&wanted, kind, &mut taken);
            families.push(family(&free, free == wanted, series));
        }
    }
    families
}

/// `is_wanted` says that the name is what the guest's name looks like, and not one besides.
fn family(name: &str, is_wanted: bool, series: &[GuestSeries]) -> Family {
    let kind = match series.first().map(|series| &series.value) {
        Some(GuestValue::Histogram { .. }) => Kind::Histogram,
        Some(GuestValue::Gauge(_)) => Kind::Gauge,
        // Its name is the guest's, without `_total`.
        Some(GuestValue::Counter(_)) | None => Kind::BareCounter,
    };
    let family = Family::new(format!("{PREFIX}{name}"), kind, "Defined by a plugin.");
    family.with(series.iter().map(|series| {
        let sample = sample(&series.value).label("plugin", series.plugin.to_string());
        if is_wanted && sanitized(&series.name).as_bytes() == series.name {
            return sample;
        }
        sample.label("name", series.name.escape_ascii().to_string())
    }))
}

fn sample(value: &GuestValue) -> Sample {
    match value {
        GuestValue::Counter(value) => Sample::new(*value),
        GuestValue::Gauge(value) => Sample::new(*value),
        GuestValue::Histogram { bounds, counts, sum } => Sample::histogram(Histogram {
            bounds: bounds.iter().map(|bound| *bound as f64).collect(),
            counts: counts.clone(),
            sum: *sum as f64,
            ..Histogram::default()
        }),
    }
}

/// A name none of whose lines looks like one of another family: `size` with its `size_count`
/// beside a counter `size_count`. There are as many further names as there are guests' series.
fn free(wanted: &str, kind: &str, taken: &mut BTreeSet<String>) -> String {
    let ends: &[&str] =
        if kind == "histogram" { &["", "_bucket", "_sum", "_count"] } else { &[""] };
    let mut name = wanted.to_owned();
    let mut next = 2;
    while ends.iter().any(|end| taken.contains(&format!("{name}{end}"))) {
        name = format!("{wanted}_{next}");
        next += 1;
    }
    taken.extend(ends.iter().map(|end| format!("{name}{end}")));
    name
}

fn word(value: &GuestValue) -> &'static str {
    match value {
        GuestValue::Counter(_) => "counter",
        GuestValue::Gauge(_) => "gauge",
        GuestValue::Histogram { .. } => "histogram",
    }
}

/// A prefix comes before it, so that a digit may be first.
fn sanitized(name: &[u8]) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    name.iter().map(|byte| if allowed(*byte) { char::from(*byte) } else { '_' }).collect()
}

#[cfg(test)]
mod tests;
