//! Families as text: the format of Prometheus, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>), and OpenMetrics 1.0
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use std::{
    fmt::{self, Display, Write},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Exemplar, Family, Format, Histogram, Kind, Number, Sample, Value};

/// The page of some families, in their order. A family without samples is left out.
pub fn render<'a>(families: impl IntoIterator<Item = &'a Family>, format: Format) -> String {
    let mut page = Page { text: String::new(), format };
    families.into_iter().filter(|family| !family.samples.is_empty()).for_each(|family| {
        // Writing to text does not fail.
        let _written = page.family(family);
    });
    if format == Format::OpenMetrics {
        page.text.push_str("# EOF\n");
    }
    page.text
}

struct Page {
    text: String,
    format: Format,
}

impl Page {
    fn family(&mut self, family: &Family) -> fmt::Result {
        let name = name(family);
        let open = self.format == Format::OpenMetrics;
        let kind = match family.kind {
            Kind::BareCounter if open => "unknown",
            Kind::BareCounter | Kind::Counter => "counter",
            Kind::Gauge | Kind::UpDown => "gauge",
            Kind::Histogram => "histogram",
        };
        let total = if family.kind == Kind::Counter { "_total" } else { "" };
        // The older format knows samples only; in OpenMetrics the family has its own name.
        let described = if open { "" } else { total };
        let help = Escaped { text: &family.help, quotes: open };
        writeln!(self.text, "# HELP {name}{described} {help}")?;
        writeln!(self.text, "# TYPE {name}{described} {kind}")?;
        if open && family.unit.word() != "" {
            writeln!(self.text, "# UNIT {name} {}", family.unit.word())?;
        }
        for sample in &family.samples {
            match &sample.value {
                Value::Number(number) => {
                    let labels = Labels(sample, None);
                    writeln!(self.text, "{name}{total}{labels} {number}")?;
                }
                Value::Histogram(histogram) => self.histogram(&name, sample, histogram)?,
            }
            if let Some(at) = sample.created
                && open
                && matches!(family.kind, Kind::Counter | Kind::Histogram)
            {
                let (labels, at) = (Labels(sample, None), seconds(at));
                writeln!(self.text, "{name}_created{labels} {at:.3}")?;
            }
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, sample: &Sample, histogram: &Histogram) -> fmt::Result {
        let mut below = 0;
        for (index, count) in histogram.counts.iter().enumerate() {
            below += count;
            let bound = histogram.bounds.get(index).copied().unwrap_or(f64::INFINITY);
            let labels = Labels(sample, Some(self.bound(bound)));
            write!(self.text, "{name}_bucket{labels} {below}")?;
            let exemplar = histogram.exemplars.get(index).and_then(Option::as_ref);
            if let Some(exemplar) = exemplar
                && self.format == Format::OpenMetrics
            {
                self.exemplar(exemplar)?;
            }
            self.text.push('\n');
        }
        let labels = Labels(sample, None);
        writeln!(self.text, "{name}_sum{labels} {}", histogram.sum)?;
        writeln!(self.text, "{name}_count{labels} {below}")
    }

    /// OpenMetrics wants floats to look like floats.
    fn bound(&self, bound: f64) -> String {
        match self.format {
            _ if bound.is_infinite() => "+Inf".into(),
            Format::OpenMetrics => format!("{bound:?}"),
            Format::Prometheus => bound.to_string(),
        }
    }

    fn exemplar(&mut self, exemplar: &Exemplar) -> fmt::Result {
        let (trace, span) = (Hex(&exemplar.trace_id), Hex(&exemplar.span_id));
        let (value, at) = (exemplar.took as f64 / 1e9, seconds(exemplar.at));
        write!(self.text, " # {{trace_id=\"{trace}\",span_id=\"{span}\"}} {value} {at:.3}")
    }
}

/// Of a family, without `_total`.
fn name(family: &Family) -> String {
    let name = family.page_name.unwrap_or(&family.name);
    let mut name = allowed(name, true);
    let unit = family.unit.word();
    if !(unit.is_empty() || name.ends_with(&format!("_{unit}"))) {
        name = format!("{name}_{unit}");
    }
    if family.kind == Kind::Counter && name.ends_with("_total") {
        name.truncate(name.len() - "_total".len());
    }
    name
}

/// With `_` for what a name of a family or label cannot hold.
fn allowed(name: &str, of_family: bool) -> String {
    let digit = name.starts_with(|first: char| first.is_ascii_digit());
    let mut allowed = String::from(if digit { "_" } else { "" });
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (of_family && c == ':');
    allowed.extend(name.chars().map(|c| if fits(c) { c } else { '_' }));
    allowed
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// In braces, with `le` at the end; nothing if there are none.
struct Labels<'a>(&'a Sample, Option<String>);

impl Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(sample, bound) = self;
        let mut before = '{';
        for (name, value) in &sample.labels {
            let value = Escaped { text: value, quotes: true };
            write!(f, "{before}{}=\"{value}\"", allowed(name, false))?;
            before = ',';
        }
        if let Some(bound) = bound {
            write!(f, "{before}le=\"{bound}\"")?;
            before = ',';
        }
        f.write_str(if before == '{' { "" } else { "}" })
    }
}

struct Escaped<'a> {
    text: &'a str,
    quotes: bool,
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        let special = |c| c == '\\' || c == '\n' || (c == '"' && self.quotes);
        while let Some(at) = rest.find(special) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'\\' => r"\\",
                b'\n' => r"\n",
                _ => "\\\"",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) if value.is_nan() => f.write_str("NaN"),
            Self::Float(f64::INFINITY) => f.write_str("+Inf"),
            Self::Float(f64::NEG_INFINITY) => f.write_str("-Inf"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
        }
    }
}
