//! Changes of a configuration's text that leave everything else as its author wrote it.
//!
//! An edit names a place by steps and says what shall be there. It is made twice: once on the
//! tree, which is simple and surely right (`structure`), and once on the text, where only the
//! bytes that must change do (`splice`). The new text is parsed and compared with the new tree; a
//! text that says anything else is never returned.

mod form;
mod insert;
mod layout;
mod plan;
mod remove;
mod replace;
mod scan;
mod splice;
mod structure;
mod write;

use serde_json::Value;

use crate::{load::Source, tree::Tree};

use self::{
    layout::Layout,
    plan::{Change, Plan},
    splice::{Splice, apply},
};

/// A change of one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts a value into a list.
    Insert {
        /// The list. It is made if it is not there.
        path: Vec<Step>,
        /// In front of which item; `None` is the end.
        index: Option<usize>,
        /// The new item.
        value: Value,
    },
    /// Takes away a key or an item.
    Remove {
        /// What goes.
        path: Vec<Step>,
    },
    /// Writes a value, whatever was there before.
    Set {
        /// Where. Maps on the way are made if they are not there.
        path: Vec<Step>,
        /// What is written.
        value: Value,
    },
}

/// A step from the top of the configuration towards a place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// A field, or the entry of a map.
    Key(String),
    /// An item of a list, from 0. Lists at the top count on over all sources.
    Index(usize),
    /// The item of a list whose field has this value, or whose short form is this text.
    Item {
        /// `name`, for most lists.
        field: String,
        /// As text.
        value: String,
    },
}

/// Why an edit cannot be made. Nothing of a value that may be secret is told.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Several places answer to the path.
    #[error("`{path}` is there {count} times, so it is not clear which is meant")]
    Ambiguous {
        /// As far as it is clear.
        path: String,
        /// How many there are.
        count: usize,
    },
    /// The text is written in a way that is not understood well enough to change it.
    #[error(
        "`{path}` cannot be changed here without touching what is around it; edit it by hand, at line {line} of `{source_name}`"
    )]
    ByHand {
        /// The place.
        path: String,
        /// The source it is in.
        source_name: String,
        /// From 1.
        line: usize,
    },
    /// The JSON form of an edit is wrong.
    #[error("this is no edit: {0}")]
    Form(String),
    /// A source is no YAML.
    #[error("`{source_name}` is not YAML: {message}")]
    Malformed {
        /// The source.
        source_name: String,
        /// What the parser says.
        message: String,
    },
    /// An item of a list is not there.
    #[error("no item with {what} in `{path}`{help}")]
    NoItem {
        /// The list.
        path: String,
        /// What was looked for: ``name `stff` ``.
        what: String,
        /// ``; did you mean `staff`?``, or empty.
        help: String,
    },
    /// A key is not there.
    #[error("`{path}` has no `{key}`{help}")]
    NoKey {
        /// The map.
        path: String,
        /// What was looked for.
        key: String,
        /// ``; did you mean `staff`?``, or empty.
        help: String,
    },
    /// There is nothing to edit.
    #[error("the configuration has no file that could be changed")]
    NoSource,
    /// The place is used by aliases elsewhere.
    #[error(
        "`{path}` shares what it says with other places (`&` and `*`, line {line} of `{source_name}`), so a change here would change those too; edit it by hand"
    )]
    Shared {
        /// The place.
        path: String,
        /// The source it is in.
        source_name: String,
        /// From 1.
        line: usize,
    },
    /// More edits than are made at once.
    #[error("{0} edits are too many; at most {MAX_EDITS} are made at once")]
    TooMany(usize),
    /// A step that does not fit what is there.
    #[error("`{path}` is {found}, not {expected}")]
    WrongKind {
        /// The place.
        path: String,
        /// `a list`
        found: &'static str,
        /// `a map`
        expected: &'static str,
    },
}

/// Each edit parses a source anew; a form or a slider makes a handful.
pub const MAX_EDITS: usize = 256;

/// Makes edits in order and returns the sources as they are then, in the same order.
///
/// Whether the result is a valid configuration is for [`crate::load`] to say.
pub fn edit(sources: &[Source], edits: &[Edit]) -> Result<Vec<Source>, EditError> {
    if edits.len() > MAX_EDITS {
        return Err(EditError::TooMany(edits.len()));
    }
    let mut sources = sources.to_vec();
    let mut trees = sources.iter().map(parse).collect::<Result<Vec<Tree>, EditError>>()?;
    for edit in edits {
        let Some((place, plan)) = plan::plan(&trees, edit)? else { continue };
        let (text, tree) = carry_out(&sources[place], &trees[place], &plan)?;
        sources[place].text = text;
        trees[place] = tree;
    }
    Ok(sources)
}

/// A value in one line, as it would be written behind a key.
pub(crate) fn inline(tree: &Tree) -> String {
    write::inline(tree, false)
}

fn parse(source: &Source) -> Result<Tree, EditError> {
    Tree::parse(&source.text).map_err(|malformed| EditError::Malformed {
        source_name: source.name.clone(),
        message: malformed.message,
    })
}

/// The text and the tree after one change.
fn carry_out(source: &Source, tree: &Tree, plan: &Plan) -> Result<(String, Tree), EditError> {
    let wanted = structure::changed(tree, &plan.change);
    let by_hand = |line| EditError::ByHand {
        path: plan.shown.clone(),
        source_name: source.name.clone(),
        line,
    };
    let layout = Layout::of(&source.text).ok_or_else(|| by_hand(1))?;
    if let Some(line) = shared(&layout, &plan.change) {
        return Err(EditError::Shared {
            path: plan.shown.clone(),
            source_name: source.name.clone(),
            line,
        });
    }
    let good = |splices: Vec<Splice>| {
        let text = apply(&source.text, splices)?;
        let tree = Tree::parse(&text).ok()?;
        structure::same(&tree, &wanted).then_some((text, tree))
    };
    let around = || structure::rewritten(&wanted, &plan.change);
    splice::splices(&layout, tree, &plan.change)
        .and_then(good)
        .or_else(|| replace::whole(&layout, &around()?).and_then(good))
        .ok_or_else(|| by_hand(layout.line(plan.change.path())))
}

/// The line of an anchor or alias by which a change would reach other places.
fn shared(layout: &Layout<'_>, change: &Change) -> Option<usize> {
    match change {
        Change::AddItem { path, .. } | Change::AddKey { path, .. } => layout.shared(path, false),
        Change::Replace { path, .. } => layout.shared(path, true),
        Change::Remove { path, place, .. } => {
            let mut path = path.clone();
            path.push(*place);
            layout.shared(&path, true)
        }
    }
}
