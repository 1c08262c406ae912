//! A document as it was written: scalars, lists and maps, nothing lost and nothing judged.
//!
//! `serde_yaml`'s own value keeps one entry per key and stops at the second. This one keeps all of
//! them, so that every duplicate can be shown, and counts what aliases expand to.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize,
    de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor},
};

/// The largest source that is read. The largest configurations known to us are 20 MiB; parsing
/// takes some fifty times the memory of the text, and a gateway must survive a wrong file name.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// How many nodes aliases may add. Text alone cannot hold more nodes than bytes, so a document
/// without aliases never meets this limit.
const MAX_ALIASED: usize = 1_000_000;

/// A node of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    /// Nothing, `~` or `null`.
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is no `i64`.
    Float(f64),
    Text(Box<str>),
    List(Vec<Self>),
    /// In the order of the document, duplicates included.
    Map(Vec<(Self, Self)>),
    /// A value with a tag of its own, such as `!secret x`; nothing here knows any.
    Tagged(Box<str>),
}

/// Why a text is no document.
pub(crate) struct Malformed {
    /// In plain words; never holds a value of the document.
    pub(crate) message: String,
    /// Line and column, from 1.
    pub(crate) place: Option<(usize, usize)>,
}

impl Tree {
    /// Reads the one document of a text.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_BYTES {
            let size = text.len() >> 20;
            let message = format!("the file has {size} MiB; at most 64 MiB are read");
            return Err(Malformed { message, place: None });
        }
        let mut documents = serde_yaml::Deserializer::from_str(text);
        let budget = Cell::new(text.len() + MAX_ALIASED);
        let tree = match documents.next() {
            Some(document) => {
                Seed(&budget).deserialize(document).map_err(|error| malformed(&error, text))?
            }
            None => Self::Null,
        };
        match documents.next() {
            None => Ok(tree),
            Some(_) => Err(second_document(text)),
        }
    }

    /// The value of a key of a map.
    pub(crate) fn entry(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| key.is_text(name)).map(|(_, value)| value)
    }

    /// Whether it is this text.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Text(own) if **own == *text)
    }

    /// What it is, in words, never its value.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Tagged(_) => "a value with a tag",
        }
    }
}

fn malformed(error: &serde_yaml::Error, text: &str) -> Malformed {
    let place = error.location().map(|place| match text.contains(OLD_LINE_ENDS) {
        true => line_and_column(text, place.index()),
        false => (place.line(), place.column()),
    });
    let said = error.to_string();
    let message = match said.as_str() {
        text if text.contains("repetition limit") || text.contains(TOO_MANY_ALIASES) => {
            TOO_MANY_ALIASES.to_owned()
        }
        text if text.contains("recursion limit") => "lists and maps are nested too deeply".into(),
        text => text.split(" at line ").next().unwrap_or(text).to_owned(),
    };
    Malformed { message, place }
}

/// What ends a line in YAML 1.1, by which the parser counts, and nowhere else: not in YAML 1.2, and
/// in no editor. A carriage return is among them, because alone it ends no line either.
const OLD_LINE_ENDS: [char; 4] = ['\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Counts lines anew, up to the character that the parser stopped at. A place in the blanks at the
/// end of a line is the end of what is written there.
fn line_and_column(text: &str, index: usize) -> (usize, usize) {
    let end = text.char_indices().nth(index).map_or(text.len(), |(end, _)| end);
    let before = &text[..end];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default().trim_end().chars().count();
    (before.matches('\n').count() + 1, before[start..].chars().count().min(line) + 1)
}

const TOO_MANY_ALIASES: &str = "aliases (`*name`) repeat too much: more than 1,000,000 values";

fn second_document(text: &str) -> Malformed {
    let separators = text.lines().enumerate().filter(|(_, line)| {
        line.strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    });
    // A separator before any content opens the first document.
    let opens_first = |line: usize| {
        text.lines().take(line).all(|line| {
            let line = line.trim_start_matches('\u{feff}').trim_start();
            line.is_empty() || line.starts_with(['#', '%'])
        })
    };
    let line = separators.map(|(line, _)| line).find(|line| !opens_first(*line));
    let message = "a file holds one document; here a second one begins".to_owned();
    Malformed { message, place: line.map(|line| (line + 1, 1)) }
}

/// Builds a [`Tree`] while its nodes are counted down.
#[derive(Clone, Copy)]
struct Seed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Tree;

    fn deserialize<D: de::Deserializer<'de>>(self, source: D) -> Result<Tree, D::Error> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.ok_or_else(|| de::Error::custom(TOO_MANY_ALIASES))?);
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(i64::try_from(value).map_or(Tree::Float(value as f64), Tree::Integer))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Tree, E> {
        Ok(Tree::Float(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Tree, E> {
        Ok(Tree::Float(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry_seed(self, self)? {
            map.push(entry);
        }
        Ok(Tree::Map(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Tree, A::Error> {
        let (tag, value) = tagged.variant_seed(Tag)?;
        value.newtype_variant_seed(self)?;
        Ok(Tree::Tagged(tag.0))
    }
}

struct Tag;

struct TagName(Box<str>);

impl<'de> DeserializeSeed<'de> for Tag {
    type Value = TagName;

    fn deserialize<D: de::Deserializer<'de>>(self, source: D) -> Result<TagName, D::Error> {
        Ok(TagName(String::deserialize(source)?.into()))
    }
}
