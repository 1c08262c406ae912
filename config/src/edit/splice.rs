//! Changes of a text: parts that are replaced.

use std::ops::Range;

use crate::tree::Tree;

use super::{insert, layout::Layout, plan::Change, remove, replace};

/// A part of a text and what stands there instead.
#[derive(Debug)]
pub(super) struct Splice {
    pub(super) part: Range<usize>,
    pub(super) text: String,
}

impl Splice {
    pub(super) fn new(part: Range<usize>, text: impl Into<String>) -> Self {
        Self { part, text: text.into() }
    }

    pub(super) fn at(place: usize, text: impl Into<String>) -> Self {
        Self::new(place..place, text)
    }
}

/// What must change in the text. `None` if it is written in a way that is not understood.
pub(super) fn splices(layout: &Layout<'_>, tree: &Tree, change: &Change) -> Option<Vec<Splice>> {
    match change {
        Change::AddItem { .. } | Change::AddKey { .. } => insert::splices(layout, change),
        Change::Remove { path, place, short } => remove::splices(layout, path, *place, *short),
        Change::Replace { path, value, shape } => {
            replace::splices(layout, tree, path, value, shape.as_ref())
        }
    }
}

/// The text after all of them; `None` if they overlap.
pub(super) fn apply(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|splice| (splice.part.start, splice.part.end));
    let mut changed = String::with_capacity(text.len() + 256);
    let mut at = 0;
    for Splice { part, text: new } in splices {
        changed.push_str(text.get(at..part.start)?);
        changed.push_str(&new);
        at = part.end;
    }
    changed.push_str(text.get(at..)?);
    Some(changed)
}
