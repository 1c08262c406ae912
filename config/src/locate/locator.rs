//! Places of many items of the same sources.

use std::cell::OnceCell;

use super::Places;
use crate::{load::Source, path::Path, problem::Spot, tree::MAX_BYTES};

/// Finds items of top-level lists in the sources of one configuration. Each source is parsed once,
/// when it is first asked for.
pub struct Locator<'s> {
    sources: Vec<(&'s Source, OnceCell<Places<'s>>)>,
}

impl<'s> Locator<'s> {
    /// Looks at nothing yet.
    pub fn new(sources: &'s [Source]) -> Self {
        Self { sources: sources.iter().map(|source| (source, OnceCell::new())).collect() }
    }

    /// Where a part of an item is: which source, line and column (from 1). `part` is a path in the
    /// item, such as `overrides[1]`; empty is the item itself. `None` if nothing is there.
    pub fn item(&self, list: &str, index: usize, part: &str) -> Option<(usize, usize, usize)> {
        let mut left = index;
        for (place, (source, places)) in self.sources.iter().enumerate() {
            if source.text.len() > MAX_BYTES {
                return None;
            }
            let places = places.get_or_init(|| Places::of(&source.text));
            let items = places.items(list);
            if left < items {
                let dot = if part.is_empty() { "" } else { "." };
                let path = Path::parse(&format!("{list}[{left}]{dot}{part}"))?;
                let found = places.walk(&path);
                let mark = found.mark(Spot::Value);
                return (found.steps == path.0.len()).then_some((place, mark.line, mark.column));
            }
            left -= items;
        }
        None
    }

    /// The name of the source and the line of a part of an item.
    pub fn line(&self, list: &str, index: usize, part: &str) -> Option<(&'s str, usize)> {
        let (source, line, _) = self.item(list, index, part)?;
        Some((&self.sources.get(source)?.0.name, line))
    }
}
