//! The text format of Prometheus
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use super::series::{BOUNDS, Kind, Series, Value};

const PREFIX: &str = "portico_plugin_custom_";

/// One line's worth: the labels, and what they label.
type Labelled = (String, Arc<Series>);

/// All series, each family together. A name may hold any bytes; what a family's name cannot hold
/// becomes `_`, and a label `name` tells apart what would then look the same. A family has one
/// type, so a name that is used for two gets the type at its end.
pub(super) fn render<'a>(series: impl Iterator<Item = (&'a str, Vec<u8>, Arc<Series>)>) -> String {
    let mut families = BTreeMap::<String, BTreeMap<Kind, Vec<Labelled>>>::new();
    for (plugin, name, series) in series {
        let family = sanitized(&name);
        let mut labels = format!("plugin=\"{}\"", escaped(plugin));
        if family.as_bytes() != name {
            let name = name.escape_ascii().to_string();
            let _ = write!(labels, ",name=\"{}\"", escaped(&name));
        }
        let kinds = families.entry(family).or_default();
        kinds.entry(series.kind()).or_default().push((labels, series));
    }
    let mut text = String::new();
    for (family, kinds) in families {
        let alone = kinds.len() == 1;
        for (kind, series) in kinds {
            let kind = kind.name();
            let end = if alone { String::new() } else { format!("_{kind}") };
            let family = format!("{PREFIX}{family}{end}");
            let _ = writeln!(text, "# HELP {family} Defined by a plugin.\n# TYPE {family} {kind}");
            series.iter().for_each(|(labels, series)| lines(&mut text, &family, labels, series));
        }
    }
    text
}

fn lines(text: &mut String, family: &str, labels: &str, series: &Series) {
    let _ = match series.value() {
        Value::Counter(counter) => writeln!(text, "{family}{{{labels}}} {}", counter.value()),
        // A gauge that was counted below zero is negative, whatever the ABI calls it.
        Value::Gauge(gauge) => {
            writeln!(text, "{family}{{{labels}}} {}", gauge.value().cast_signed())
        }
        Value::Histogram(histogram) => {
            let (below, total) = histogram.cumulative();
            for (bound, count) in BOUNDS.iter().zip(below) {
                let _ = writeln!(text, "{family}_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "{family}_bucket{{{labels},le=\"+Inf\"}} {total}");
            let _ = writeln!(text, "{family}_sum{{{labels}}} {}", histogram.sum());
            writeln!(text, "{family}_count{{{labels}}} {total}")
        }
    };
}

/// A prefix comes before it, so that a digit may be first.
fn sanitized(name: &[u8]) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    name.iter().map(|byte| if allowed(*byte) { char::from(*byte) } else { '_' }).collect()
}

/// A label's value.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
