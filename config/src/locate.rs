//! From paths to lines and columns.
//!
//! `serde_yaml` is quick but forgets where things stood. Only when there is something to point
//! at is the text parsed again by `saphyr-parser`, which keeps every place.

mod build;
mod locator;

use std::rc::Rc;

pub use self::locator::Locator;

use crate::{
    excerpt::{self, Region},
    load::Source,
    path::{Path, Step},
    problem::Spot,
    tree::MAX_BYTES,
};

/// Line and column (from 1, in characters) of what a path such as `routes[2].rules[0]` names.
/// `None` if the source has nothing there.
pub fn locate(source: &Source, path: &str) -> Option<(usize, usize)> {
    if source.text.len() > MAX_BYTES {
        return None;
    }
    let path = Path::parse(path)?;
    let places = Places::of(&source.text);
    let found = places.walk(&path);
    (found.steps == path.0.len()).then(|| {
        let mark = found.mark(Spot::Value);
        (mark.line, mark.column)
    })
}

/// Where a part of an item of a top-level list is, when sources are one configuration: which source,
/// line and column. `part` is a path in the item, such as `overrides[1]`; empty is the item itself.
pub fn locate_item(
    sources: &[Source],
    list: &str,
    index: usize,
    part: &str,
) -> Option<(usize, usize, usize)> {
    Locator::new(sources).item(list, index, part)
}

/// A line and a column, from 1.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A node of a document, with its places instead of its values.
#[derive(Debug)]
pub(crate) struct Spanned {
    start: Mark,
    /// The last line that any part of it is on.
    last_line: usize,
    /// How many nodes are nested in it, itself included.
    depth: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Leaf { written: bool },
    List(Vec<Rc<Spanned>>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    name: String,
    key: Mark,
    value: Rc<Spanned>,
}

/// Where everything in a text stands.
pub(crate) struct Places<'s> {
    text: &'s str,
    root: Option<Rc<Spanned>>,
    /// Parts of the text that may hold secrets; `None` if that could not be found out.
    hidden: Option<Vec<Region>>,
}

/// Where a problem is, and what may be shown of its line.
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) excerpt: Option<String>,
}

/// How far a path could be followed.
struct Found<'p> {
    steps: usize,
    key: Option<Mark>,
    node: Option<&'p Spanned>,
}

impl<'s> Places<'s> {
    pub(crate) fn of(text: &'s str) -> Self {
        let (root, hidden) = build::build(text);
        Self { text, root, hidden }
    }

    /// The place of a path, or of the closest part of it that is there.
    pub(crate) fn find(&self, path: &Path, spot: Spot) -> Place {
        let found = self.walk(path);
        let spot = if found.steps == path.0.len() { spot } else { Spot::Value };
        let Mark { line, column } = found.mark(spot);
        let hidden = self.hidden.as_ref().filter(|_| self.root.is_some());
        let excerpt = hidden.and_then(|hidden| {
            // A field that does not belong may be a part of a configuration that slipped out.
            let key_only = spot == Spot::Key && !hidden.is_empty();
            excerpt::of_line(self.text, line, column, hidden, key_only)
        });
        let length = excerpt.as_ref().map_or(usize::MAX - 1, |excerpt| excerpt.chars().count());
        let column = column.min(length + 1);
        Place { line, column, excerpt }
    }

    /// The line of what a path names.
    pub(crate) fn line(&self, path: &Path) -> Option<usize> {
        let found = self.walk(path);
        (found.steps == path.0.len()).then(|| found.mark(Spot::Value).line)
    }

    /// How many items a top-level list has.
    fn items(&self, list: &str) -> usize {
        let path = Path(vec![Step::Key { name: list.to_owned(), nth: 0 }]);
        match self.walk(&path) {
            Found {
                steps: 1, node: Some(Spanned { content: Content::List(items), .. }), ..
            } => items.len(),
            _ => 0,
        }
    }

    fn walk(&self, path: &Path) -> Found<'_> {
        let mut found = Found { steps: 0, key: None, node: self.root.as_deref() };
        for step in &path.0 {
            let next = match (step, found.node.map(|node| &node.content)) {
                (Step::Key { name, nth }, Some(Content::Map(entries))) => {
                    let mut same = entries.iter().filter(|entry| entry.name == *name);
                    same.nth(*nth).map(|entry| (Some(entry.key), &entry.value))
                }
                (Step::Index(index), Some(Content::List(items))) => {
                    items.get(*index).map(|item| (None, item))
                }
                _ => None,
            };
            let Some((key, node)) = next else { break };
            found = Found { steps: found.steps + 1, key, node: Some(node) };
        }
        found
    }
}

impl Found<'_> {
    fn mark(&self, spot: Spot) -> Mark {
        let value = self.node.map_or(Mark { line: 1, column: 1 }, |node| node.start);
        let Some(key) = self.key else { return value };
        let written = |node: &&Spanned| !matches!(node.content, Content::Leaf { written: false });
        // What begins on a later line is better known by its name.
        match spot == Spot::Key || value.line != key.line || self.node.filter(written).is_none() {
            true => key,
            false => value,
        }
    }
}
