//! Families of samples: numbers with names, kinds and labels, for all ways out.

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use super::Exemplar;
use crate::histogram::Distribution;

/// Numbers that mean the same thing in different places.
#[derive(Clone, Debug)]
pub struct Family {
    /// Without unit and `_total`; dots or underscores. Two families of a page have two names.
    pub name: Cow<'static, str>,
    /// Its name on pages of Prometheus, if that is not `name` with other dots: also without unit
    /// and `_total`.
    pub page_name: Option<&'static str>,
    pub kind: Kind,
    pub unit: Unit,
    /// One sentence.
    pub help: Cow<'static, str>,
    pub samples: Vec<Sample>,
}

/// What the numbers of a family mean.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A counter whose name must stay as somebody else wrote it, without `_total`. OpenMetrics has
    /// no such counter and is told `unknown`.
    BareCounter,
    /// Only grows; the name of its samples ends in `_total`.
    Counter,
    /// What is measured: a temperature.
    Gauge,
    Histogram,
    /// What is counted up and down: open connections. A gauge for Prometheus, and a sum for OTLP,
    /// since it makes sense to add it up.
    UpDown,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Unit {
    Bytes,
    /// Things, which have no unit. For OTLP, in braces: `{request}`. Empty if the name says it.
    Count(&'static str),
    /// Nothing is said about it, not even that there is none.
    #[default]
    None,
    /// From 0 to 1.
    Ratio,
    Seconds,
}

/// One number of a family, or one histogram.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Names in the order in which they are written, each once.
    pub labels: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub value: Value,
    /// Since when a counter or histogram counts.
    pub created: Option<SystemTime>,
}

/// What is known.
#[derive(Clone, Debug)]
pub enum Value {
    Number(Number),
    Histogram(Box<Histogram>),
}

/// An integer stays one as long as possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Float(f64),
    Integer(i64),
}

/// A histogram with configured buckets.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Upper bounds, in the family's unit, in order.
    pub bounds: Arc<[f64]>,
    /// By bucket, not added up. One more than there are bounds.
    pub counts: Vec<u64>,
    pub sum: f64,
    /// By bucket. Shorter if the last ones have none.
    pub exemplars: Vec<Option<Exemplar>>,
    /// The same values in exponential buckets, of seconds, if OTLP is to get these.
    pub exponential: Option<Box<Distribution>>,
}

impl Family {
    /// A family of a kind that counts nothing yet.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: Kind, help: &'static str) -> Self {
        let (unit, page_name) = (Unit::None, None);
        Self { name: name.into(), page_name, kind, unit, help: help.into(), samples: Vec::new() }
    }

    /// With a unit, which pages put at the end of the name if it is not there yet.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// With more samples.
    pub fn with(mut self, samples: impl IntoIterator<Item = Sample>) -> Self {
        self.samples.extend(samples);
        self
    }
}

impl Unit {
    /// In UCUM, as OTLP wants it.
    pub fn ucum(self) -> Cow<'static, str> {
        match self {
            Self::Bytes => "By".into(),
            Self::Count("") | Self::None => "".into(),
            Self::Count(things) => format!("{{{things}}}").into(),
            Self::Ratio => "1".into(),
            Self::Seconds => "s".into(),
        }
    }

    /// What stands at the end of a name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Count(_) | Self::None => "",
            Self::Ratio => "ratio",
            Self::Seconds => "seconds",
        }
    }
}

impl Sample {
    /// A number without labels.
    pub fn new(value: impl Into<Number>) -> Self {
        Self { labels: Vec::new(), value: Value::Number(value.into()), created: None }
    }

    /// A histogram without labels.
    pub fn histogram(histogram: Histogram) -> Self {
        let value = Value::Histogram(Box::new(histogram));
        Self { labels: Vec::new(), value, created: None }
    }

    /// With one more label.
    pub fn label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Counting since then.
    pub fn created(mut self, at: SystemTime) -> Self {
        self.created = Some(at);
        self
    }
}

impl Number {
    /// As a float, which is exact up to 2^53.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => value as f64,
        }
    }
}

macro_rules! numbers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Number {
            fn from(value: $integer) -> Self {
                i64::try_from(value).map_or(Self::Float(value as f64), Self::Integer)
            }
        })*
    };
}

numbers!(i64, u64, usize);

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<bool> for Number {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}
