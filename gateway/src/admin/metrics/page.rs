//! The text format: families of samples, each family in one piece.

use std::fmt::{Display, Write};

/// A page that is being written.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

/// What a number means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Only grows; the name of its samples ends in `_total`.
    Counter,
    Gauge,
}

/// One number with its labels.
pub(super) struct Sample<T> {
    value: T,
    labels: String,
}

impl Page {
    /// Writes a family; one without samples is left out. `name` is without `_total`.
    pub(super) fn family<T: Display>(
        &mut self,
        name: &str,
        kind: Kind,
        help: &str,
        samples: impl IntoIterator<Item = Sample<T>>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let (suffix, kind) = match kind {
            Kind::Counter => ("_total", "counter"),
            Kind::Gauge => ("", "gauge"),
        };
        self.line(format_args!("# HELP {name}{suffix} {help}"));
        self.line(format_args!("# TYPE {name}{suffix} {kind}"));
        for Sample { value, labels } in samples {
            match labels.as_str() {
                "" => self.line(format_args!("{name}{suffix} {value}")),
                labels => self.line(format_args!("{name}{suffix}{{{labels}}} {value}")),
            }
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to text does not fail.
        let _written = writeln!(self.text, "{line}");
    }
}

impl<T> Sample<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value, labels: String::new() }
    }

    pub(super) fn label(mut self, name: &str, value: &str) -> Self {
        let comma = if self.labels.is_empty() { "" } else { "," };
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        let _written = write!(self.labels, "{comma}{name}=\"{value}\"");
        self
    }

    pub(super) fn map<U>(self, other: impl FnOnce(T) -> U) -> Sample<U> {
        Sample { value: other(self.value), labels: self.labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_in_prometheus_words() {
        let mut page = Page::default();
        page.family("a_connections", Kind::Gauge, "Open.", [Sample::new(3)]);
        let samples = [
            Sample::new(0.5).label("plugin", "one").label("phase", "x"),
            Sample::new(2.0).label("plugin", "a\"b\\c\nd"),
        ];
        page.family("a_seconds", Kind::Counter, "Time.", samples);
        page.family("a_nothing", Kind::Counter, "Nothing.", std::iter::empty::<Sample<u64>>());
        assert_eq!(
            page.finish(),
            r#"# HELP a_connections Open.
# TYPE a_connections gauge
a_connections 3
# HELP a_seconds_total Time.
# TYPE a_seconds_total counter
a_seconds_total{plugin="one",phase="x"} 0.5
a_seconds_total{plugin="a\"b\\c\nd"} 2
"#
        );
    }
}
