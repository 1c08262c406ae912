//! From the steps of an edit to one change in one source.

mod way;

use serde_json::Value;

use crate::{
    document,
    shape::{Presence, Record, Shape},
    suggest,
    tree::Tree,
};

use super::{Edit, EditError, Step, structure};

use self::way::{Way, show};

/// What changes, and what it is called in errors.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) change: Change,
    pub(super) shown: String,
}

/// A change of a tree. Paths are places of children, so that they mean the same in a text.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// A new key of a map, in front of the entry that has this place now.
    AddKey { path: Vec<usize>, place: usize, key: String, value: Tree, shape: Option<Shape> },
    /// A new item of a list.
    AddItem { path: Vec<usize>, place: usize, value: Tree, shape: Option<Shape> },
    /// A key or an item goes, and the node itself is not empty then. `short` is the only field
    /// that is left, if the node may be written as its value alone.
    Remove { path: Vec<usize>, place: usize, short: bool },
    /// Something else is written.
    Replace { path: Vec<usize>, value: Tree, shape: Option<Shape> },
}

impl Change {
    /// The node that it changes.
    pub(super) fn path(&self) -> &[usize] {
        match self {
            Self::AddKey { path, .. }
            | Self::AddItem { path, .. }
            | Self::Remove { path, .. }
            | Self::Replace { path, .. } => path,
        }
    }
}

/// Which source changes, and how. `None` if everything is as it should be.
pub(super) fn plan(trees: &[Tree], edit: &Edit) -> Result<Option<(usize, Plan)>, EditError> {
    let (Edit::Insert { path, .. } | Edit::Remove { path } | Edit::Set { path, .. }) = edit;
    if path.is_empty() {
        return Err(EditError::Form("`path` is empty".to_owned()));
    }
    let (source, steps, index) = way::source(trees, edit)?;
    let tree = trees.get(source).ok_or(EditError::NoSource)?;
    let way = Way::of(tree, &steps)?;
    let change = match edit {
        Edit::Insert { value, .. } => insert(&way, index, value)?,
        Edit::Remove { .. } => Some(remove(tree, &way)?),
        Edit::Set { value, .. } => set(&way, structure::tree(value))?,
    };
    Ok(change.map(|change| (source, Plan { change, shown: show(path) })))
}

fn set(way: &Way<'_>, value: Tree) -> Result<Option<Change>, EditError> {
    let path = way.path.clone();
    let Some((first, rest)) = way.rest.split_first() else {
        let shape = way.shape.clone();
        return Ok((*way.node != value).then_some(Change::Replace { path, value, shape }));
    };
    let value = rest.iter().rev().try_fold(value, |value, step| match step {
        Step::Key(name) => Ok(Tree::Map(vec![(Tree::Text(name.as_str().into()), value)])),
        _ => Err(way.no_item(step)),
    })?;
    let Step::Key(key) = first else { return Err(way.no_item(first)) };
    add_key(way, key, value).map(Some)
}

/// A key that is not there, in a map, in nothing, or in what is written short.
fn add_key(way: &Way<'_>, key: &str, value: Tree) -> Result<Change, EditError> {
    let path = way.path.clone();
    let named = |name: &str| Tree::Text(name.into());
    let record = way.shape.as_ref().and_then(direct_record);
    match (way.node, record.and_then(|record| record.short)) {
        (Tree::Map(entries), _) => {
            let shape = match &way.shape {
                Some(Shape::Entries { value, .. }) => Some((**value).clone()),
                _ => record.and_then(|record| record.field(key)).map(|field| (field.shape)()),
            };
            let place = place_of(record, entries, key);
            Ok(Change::AddKey { path, place, key: key.to_owned(), value, shape })
        }
        (Tree::Null, _) => {
            let value = Tree::Map(vec![(named(key), value)]);
            Ok(Change::Replace { path, value, shape: way.shape.clone() })
        }
        (node @ (Tree::Text(_) | Tree::Integer(_)), Some(short)) => {
            let mut entries = vec![(named(short), node.clone())];
            entries.insert(place_of(record, &entries, key), (named(key), value));
            Ok(Change::Replace { path, value: Tree::Map(entries), shape: way.shape.clone() })
        }
        (node, _) => {
            Err(EditError::WrongKind { path: way.shown(), found: node.kind(), expected: "a map" })
        }
    }
}

/// Behind the last field that the definition has in front of it.
fn place_of(record: Option<&'static Record>, entries: &[(Tree, Tree)], key: &str) -> usize {
    let rank = |key: &str| record?.fields.iter().position(|field| field.name == key);
    let Some(own) = rank(key) else { return entries.len() };
    let before = |entry: &(Tree, Tree)| match &entry.0 {
        Tree::Text(name) => rank(name).is_some_and(|rank| rank < own),
        _ => false,
    };
    entries.iter().rposition(before).map_or(0, |last| last + 1)
}

fn insert(way: &Way<'_>, index: Option<usize>, value: &Value) -> Result<Option<Change>, EditError> {
    let item = structure::tree(value);
    let of_one = |item| set(way, Tree::List(vec![item]));
    let path = way.path.clone();
    match way.node {
        node if !way.rest.is_empty() || *node == Tree::Null => match index {
            None | Some(0) => of_one(item),
            Some(index) => Err(way.no_item(&Step::Index(index))),
        },
        Tree::List(items) => {
            let place = index.unwrap_or(items.len());
            if place > items.len() {
                return Err(way.no_item(&Step::Index(place)));
            }
            let shape = match &way.shape {
                Some(Shape::List { item, .. }) => Some((**item).clone()),
                _ => None,
            };
            Ok(Some(Change::AddItem { path, place, value: item, shape }))
        }
        node => {
            Err(EditError::WrongKind { path: way.shown(), found: node.kind(), expected: "a list" })
        }
    }
}

/// Takes away what a way leads to, and maps and lists that would be empty then, where the
/// definition lets them be absent.
fn remove(tree: &Tree, way: &Way<'_>) -> Result<Change, EditError> {
    if let Some(step) = way.rest.first() {
        return Err(way.missing(step));
    }
    if way.is_short {
        let (path, found) = (way.shown(), way.node.kind());
        return Err(EditError::WrongKind { path, found, expected: "a field that can go alone" });
    }
    let mut path = way.path.clone();
    loop {
        let Some(place) = path.pop() else {
            let value = Tree::Map(Vec::new());
            return Ok(Change::Replace { path, value, shape: None });
        };
        let (node, shape) = way::follow(tree, &path);
        if way::len(node) > 1 || path.is_empty() {
            return Ok(Change::Remove {
                short: left_short(node, shape.as_ref(), place),
                path,
                place,
            });
        }
        if !may_be_absent(tree, &path) {
            let value = match node {
                Tree::List(_) => Tree::List(Vec::new()),
                _ => Tree::Map(Vec::new()),
            };
            return Ok(Change::Replace { path, value, shape });
        }
    }
}

/// Whether what is left of a map is only what plain text stands for.
fn left_short(node: &Tree, shape: Option<&Shape>, place: usize) -> bool {
    let short = shape.and_then(direct_record).and_then(|record| record.short);
    match (node, short) {
        (Tree::Map(entries), Some(short)) if entries.len() == 2 => entries
            .get(1 - place)
            .is_some_and(|(key, _)| matches!(key, Tree::Text(name) if **name == *short)),
        _ => false,
    }
}

/// Whether a node is a field that need not be written, whatever else is.
fn may_be_absent(tree: &Tree, path: &[usize]) -> bool {
    let Some((last, way)) = path.split_last() else { return false };
    let (node, shape) = way::follow(tree, way);
    let (Tree::Map(entries), Some(record)) = (node, shape.as_ref().and_then(direct_record)) else {
        return false;
    };
    let Some((Tree::Text(name), _)) = entries.get(*last) else { return false };
    let required = |field: &crate::shape::Field| matches!(field.presence, Presence::Required);
    !record.constraint.names().contains(&&**name)
        && record.field(name).is_some_and(|field| !required(field))
}

/// The record that a shape is, not one in a list of it.
fn direct_record(shape: &Shape) -> Option<&'static Record> {
    match shape {
        Shape::Record(record) | Shape::Choice(record) => Some(record),
        _ => None,
    }
}

fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    suggest::did_you_mean(word, known).map_or(String::new(), |help| format!("; {help}"))
}

fn top() -> Shape {
    Shape::Record(document::root())
}
