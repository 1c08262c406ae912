//! Where something stands in a document: `routes[2].rules[0].timeout`.
//!
//! While a document is read, a place is a chain of borrowed steps on the stack ([`At`]), so that
//! a good configuration pays nothing for it. It is only spelled out ([`Path`]) for a problem.

use std::fmt;

use crate::shape::Record;

/// A place in a document while it is being read.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    parent: Option<&'a Self>,
    segment: Segment<'a>,
    record: Option<&'static Record>,
    source: usize,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root,
    Key(&'a str, usize),
    Index(usize),
}

impl<'a> At<'a> {
    /// The top of a source, which is named by its index.
    pub(crate) fn root(source: usize) -> Self {
        Self { parent: None, segment: Segment::Root, record: None, source }
    }

    /// The value of a field.
    pub(crate) fn key(&'a self, name: &'a str) -> Self {
        self.nth_key(name, 0)
    }

    /// The value of a field that is written several times; the first is 0.
    pub(crate) fn nth_key(&'a self, name: &'a str, nth: usize) -> Self {
        let segment = Segment::Key(name, nth);
        At { parent: Some(self), segment, record: None, source: self.source }
    }

    /// An item of a list.
    pub(crate) fn index(&'a self, index: usize) -> Self {
        let segment = Segment::Index(index);
        At { parent: Some(self), segment, record: None, source: self.source }
    }

    /// The same place, known to hold a record: misplaced fields are explained with it.
    pub(crate) fn holding(mut self, record: &'static Record) -> Self {
        self.record = Some(record);
        self
    }

    /// Which source it is in.
    pub(crate) fn source(&self) -> usize {
        self.source
    }

    /// The closest record further up that has this field, and the name of the field in that
    /// record on the way to here.
    pub(crate) fn owner_above(&self, field: &str) -> Option<(&'static Record, &'a str)> {
        let mut place: At<'a> = *self;
        let mut way = None;
        while let Some(parent) = place.parent {
            if let Segment::Key(name, _) = place.segment {
                way = Some(name);
            }
            place = *parent;
            if let (Some(record), Some(way)) = (place.record, way)
                && record.field(field).is_some()
            {
                return Some((record, way));
            }
        }
        None
    }

    /// The same place on its own.
    pub(crate) fn to_path(self) -> Path {
        let mut steps = Vec::new();
        let mut place = Some(&self);
        while let Some(at) = place {
            match at.segment {
                Segment::Root => {}
                Segment::Key(name, nth) => steps.push(Step::Key { name: name.to_owned(), nth }),
                Segment::Index(index) => steps.push(Step::Index(index)),
            }
            place = at.parent;
        }
        steps.reverse();
        Path(steps)
    }

    /// The last step as a reader would name it: `backends[0]`, or `None` at the top.
    pub(crate) fn tail(&self) -> Option<String> {
        let path = self.to_path();
        let from = path.0.iter().rposition(|step| matches!(step, Step::Key { .. }))?;
        Some(Path(path.0[from..].to_vec()).to_string())
    }
}

/// A place in a document that outlives its reading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Path(pub(crate) Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// A field, or the entry of a map; `nth` tells duplicates apart and is not printed.
    Key { name: String, nth: usize },
    /// An item of a list.
    Index(usize),
}

impl Path {
    /// Reads what [`Path`]'s `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = Self::parse_step(rest, steps.is_empty())?;
            steps.push(step);
            rest = after;
        }
        Some(Self(steps))
    }

    fn parse_step(text: &str, first: bool) -> Option<(Step, &str)> {
        if text.starts_with("[\"") {
            let mut names = serde_json::Deserializer::from_str(&text[1..]).into_iter::<String>();
            let name = names.next()?.ok()?;
            let after = text[1 + names.byte_offset()..].strip_prefix(']')?;
            return Some((Step::Key { name, nth: 0 }, after));
        }
        if let Some(inner) = text.strip_prefix('[') {
            let (digits, after) = inner.split_once(']')?;
            return Some((Step::Index(digits.parse().ok()?), after));
        }
        let text = if first { text } else { text.strip_prefix('.')? };
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        let name = (!name.is_empty()).then(|| name.to_owned())?;
        Some((Step::Key { name, nth: 0 }, after))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key { name, .. } if is_plain(name) => {
                    write!(f, "{}{name}", if place == 0 { "" } else { "." })?;
                }
                Step::Key { name, .. } => {
                    write!(f, "[{}]", serde_json::Value::from(name.as_str()))?;
                }
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !name.is_empty() && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_they_are_written() {
        for text in ["", "routes[2].rules[0].timeout", "a.x-b[\"c.d\\\"]\"][7]", "[\"\"].x"] {
            let path = Path::parse(text).expect(text);
            assert_eq!(path.to_string(), text);
        }
        for text in [".a", "a..b", "a[", "a[x]", "a[\"b]", "a]"] {
            assert_ne!(
                Path::parse(text).map(|path| path.to_string()),
                Some(text.to_owned()).filter(|text| text != "a]"),
                "{text}"
            );
        }
    }
}
