//! What a document may look like, as data.
//!
//! Every type of the document describes itself with a [`Shape`]. The JSON Schema, the reference
//! and the help for misplaced fields are renderings of it, so they cannot drift from the decoder.

/// What may be written in one place.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Anything at all.
    Any,
    /// Yes or no.
    Flag,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A whole number, both ends included.
    Integer { min: i64, max: i64 },
    /// One of a few whole numbers.
    Numbers(&'static [i64]),
    /// Text with a form of its own.
    Text(TextShape),
    /// Text or a whole number of bytes.
    TextOrNumber(TextShape),
    /// A list.
    List { item: Box<Self>, min: usize, max: Option<usize> },
    /// A map whose keys the author chooses.
    Entries { value: Box<Self>, max: usize },
    /// A map with fields we name.
    Record(&'static Record),
    /// A map with exactly one of the fields we name.
    Choice(&'static Record),
}

/// The name of the form of texts that may be secrets.
pub(crate) const SECRET_FORM: &str = "environment variable";

/// The form of a text.
#[derive(Clone, Debug)]
pub(crate) struct TextShape {
    /// A name for it, such as `duration`.
    pub(crate) name: &'static str,
    /// One sentence on its form and limits.
    pub(crate) doc: String,
    /// A regular expression that is true of every valid text (and perhaps of others).
    pub(crate) pattern: Option<&'static str>,
    /// At least one.
    pub(crate) examples: &'static [&'static str],
}

impl TextShape {
    /// The smallest and the largest value, as they are written at the end of `doc`.
    pub(crate) fn limits(&self) -> Option<(&str, &str)> {
        let (_, limits) = self.doc.split_once("; from `")?;
        let (low, high) = limits.split_once("` to `")?;
        Some((low, high.strip_suffix("`.")?))
    }
}

/// A map with fields we name.
#[derive(Debug)]
pub(crate) struct Record {
    /// Its Rust name, which is also its name in the schema.
    pub(crate) name: &'static str,
    /// With an article, for messages: `a rule`.
    pub(crate) noun: &'static str,
    /// What it is for; Markdown.
    pub(crate) doc: &'static str,
    /// In the order of the reference.
    pub(crate) fields: &'static [Field],
    /// The field that plain text stands for.
    pub(crate) short: Option<&'static str>,
    /// What must hold among fields.
    pub(crate) constraint: Constraint,
}

/// What must hold among the fields of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Constraint {
    /// Nothing.
    Free,
    /// Exactly one of these.
    ExactlyOne(&'static [&'static str]),
    /// One or more of these.
    AtLeastOne(&'static [&'static str]),
}

/// A field of a record.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// What it means; Markdown.
    pub(crate) doc: &'static str,
    pub(crate) presence: Presence,
    pub(crate) shape: fn() -> Shape,
}

/// Whether a field must be written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presence {
    /// If it is not written, this is meant.
    Default(Literal),
    /// If it is not written, what the same field says counts in the closest record around it.
    Inherited,
    /// It may be left out, and its doc says what that means.
    Optional,
    Required,
}

/// A default as it would be written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Literal {
    /// A map without entries: the defaults of what is in it.
    Empty,
    Number(i64),
    Text(&'static str),
}

impl Constraint {
    /// The fields that it speaks of.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::AtLeastOne(names) | Self::ExactlyOne(names) => names,
            Self::Free => &[],
        }
    }
}

impl Record {
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Shape {
    /// Whether it is handed on to others, who may take it for a secret.
    pub(crate) fn may_be_secret(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Text(form) | Self::TextOrNumber(form) => form.name == SECRET_FORM,
            Self::List { item, .. } => item.may_be_secret(),
            Self::Entries { value, .. } => value.may_be_secret(),
            Self::Choice(_)
            | Self::Flag
            | Self::Integer { .. }
            | Self::Numbers(_)
            | Self::Record(_)
            | Self::Word(_) => false,
        }
    }

    /// The record in it, through lists and entries.
    pub(crate) fn record(&self) -> Option<&'static Record> {
        match self {
            Self::Record(record) | Self::Choice(record) => Some(record),
            Self::List { item, .. } => item.record(),
            Self::Entries { value, .. } => value.record(),
            Self::Any
            | Self::TextOrNumber(_)
            | Self::Flag
            | Self::Integer { .. }
            | Self::Numbers(_)
            | Self::Text(_)
            | Self::Word(_) => None,
        }
    }
}

/// Every record reachable from one, itself first, each once, in reading order.
pub(crate) fn records(root: &'static Record) -> Vec<&'static Record> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(record) = found.get(next).copied() {
        for field in record.fields {
            if let Some(inner) = (field.shape)().record()
                && !found.iter().any(|known| known.name == inner.name)
            {
                found.push(inner);
            }
        }
        next += 1;
    }
    found
}
