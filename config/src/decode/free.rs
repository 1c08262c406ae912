//! Lists, maps whose keys the author chooses, and values that are only passed on.

use std::fmt;

use crate::{path::At, problem::Problems, shape::Shape, tree::Tree};

use super::{Node, fields::unique_keys, wrong_type};

/// A list with the place of each item, of which `MIN` must be written.
///
/// Items that cannot be read are missing, so the places of the others are kept.
#[derive(Debug)]
pub(crate) struct List<T, const MIN: usize = 0, const MAX: usize = { usize::MAX }>(
    pub(crate) Vec<(usize, T)>,
);

impl<T: Node, const MIN: usize, const MAX: usize> Node for List<T, MIN, MAX> {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let Tree::List(items) = tree else {
            return wrong_type("a list", tree, at, problems);
        };
        if items.len() < MIN {
            let problem = problems.error(at, "this list is empty");
            problem.why("nothing would ever match it").help("write an item, or remove the field");
        }
        if items.len() > MAX {
            problems.error(at, format!("at most {MAX} items are allowed, found {}", items.len()));
            return None;
        }
        let decode = |(index, item)| Some((index, T::decode(item, &at.index(index), problems)?));
        Some(Self(items.iter().enumerate().filter_map(decode).collect()))
    }

    fn shape() -> Shape {
        let max = (MAX != usize::MAX).then_some(MAX);
        Shape::List { item: Box::new(T::shape()), min: MIN, max }
    }
}

impl<T, const MIN: usize, const MAX: usize> Default for List<T, MIN, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// How many entries a map with free keys may have: as many headers as HTTP servers take.
pub(crate) const MAX_ENTRIES: usize = 128;

/// A map whose keys the author chooses; each key once, in the order of the document.
#[derive(Debug)]
pub(crate) struct Entries<T>(pub(crate) Vec<(String, T)>);

impl<T: Node> Node for Entries<T> {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let Tree::Map(entries) = tree else {
            return wrong_type("a map of names to values", tree, at, problems);
        };
        if entries.len() > MAX_ENTRIES {
            let found = entries.len();
            problems.error(at, format!("at most {MAX_ENTRIES} entries are allowed, found {found}"));
            return None;
        }
        let mut decoded = Vec::with_capacity(entries.len());
        unique_keys(entries, at, problems, |name, value, problems| {
            if let Some(value) = T::decode(value, &at.key(name), problems) {
                decoded.push((name.to_owned(), value));
            }
        });
        Some(Self(decoded))
    }

    fn shape() -> Shape {
        Shape::Entries { value: Box::new(T::shape()), max: MAX_ENTRIES }
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A value that is passed on: text as it is, anything else as JSON. It may hold a secret.
pub(crate) struct Anything(pub(crate) Vec<u8>);

impl fmt::Debug for Anything {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl Node for Anything {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        match tree {
            Tree::Text(text) => Some(Self(text.as_bytes().to_vec())),
            Tree::Null => wrong_type("any value", tree, at, problems),
            _ => Some(Self(json(tree, at, problems)?.to_string().into_bytes())),
        }
    }

    fn shape() -> Shape {
        Shape::Any
    }
}

fn json(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<serde_json::Value> {
    Some(match tree {
        Tree::Null => serde_json::Value::Null,
        Tree::Bool(value) => (*value).into(),
        Tree::Integer(value) => (*value).into(),
        Tree::Float(value) => match serde_json::Number::from_f64(*value) {
            Some(number) => number.into(),
            None => {
                problems.error(at, "JSON has no infinity and no `.nan`").help("write it in quotes");
                return None;
            }
        },
        Tree::Text(value) => (**value).into(),
        Tree::List(items) => {
            let item = |(index, item)| json(item, &at.index(index), problems);
            items.iter().enumerate().filter_map(item).collect::<Vec<_>>().into()
        }
        Tree::Map(entries) => {
            let mut map = serde_json::Map::new();
            unique_keys(entries, at, problems, |name, value, problems| {
                if let Some(value) = json(value, &at.key(name), problems) {
                    map.insert(name.to_owned(), value);
                }
            });
            map.into()
        }
        Tree::Tagged(_) => return wrong_type("a value that JSON has", tree, at, problems),
    })
}
