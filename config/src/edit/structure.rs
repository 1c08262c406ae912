//! Changes of trees: what the text must say afterwards.

use serde_json::Value;

use crate::{
    document,
    shape::{Record, Shape},
    tree::Tree,
};

use super::plan::Change;

/// A value as it would be read.
pub(super) fn tree(value: &Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Tree::Integer(number),
            (None, float) => Tree::Float(float.unwrap_or(f64::NAN)),
        },
        Value::String(text) => Tree::Text(text.as_str().into()),
        Value::Array(items) => Tree::List(items.iter().map(tree).collect()),
        Value::Object(fields) => Tree::Map(
            fields
                .iter()
                .map(|(key, value)| (Tree::Text(key.as_str().into()), tree(value)))
                .collect(),
        ),
    }
}

/// What an item has in a field, as text; short forms count.
pub(super) fn field_text(item: &Tree, field: &str, shape: Option<&Shape>) -> Option<String> {
    let value = match item {
        Tree::Map(entries) => entries
            .iter()
            .find(|(key, _)| matches!(key, Tree::Text(name) if **name == *field))
            .map(|(_, value)| value)?,
        scalar => (short(shape?)? == field).then_some(scalar)?,
    };
    match value {
        Tree::Text(text) => Some(text.to_string()),
        Tree::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The tree after a change.
pub(super) fn changed(tree: &Tree, change: &Change) -> Tree {
    let mut tree = tree.clone();
    let Some(node) = change.path().iter().try_fold(&mut tree, |node, place| match node {
        Tree::List(items) => items.get_mut(*place),
        Tree::Map(entries) => entries.get_mut(*place).map(|(_, value)| value),
        _ => None,
    }) else {
        return tree;
    };
    match (change, &mut *node) {
        (Change::AddKey { place, key, value, .. }, Tree::Map(entries)) => {
            entries.insert(*place, (Tree::Text(key.as_str().into()), value.clone()));
        }
        (Change::AddItem { place, value, .. }, Tree::List(items)) => {
            items.insert(*place, value.clone());
        }
        (Change::Remove { place, .. }, Tree::List(items)) => {
            items.remove(*place);
        }
        (Change::Remove { place, .. }, Tree::Map(entries)) => {
            entries.remove(*place);
        }
        (Change::Replace { value, .. }, node) => *node = value.clone(),
        _ => {}
    }
    tree
}

/// The change that writes the changed node anew, as it is in the changed tree.
pub(super) fn rewritten(wanted: &Tree, change: &Change) -> Option<Change> {
    let path = match change {
        Change::Replace { path, .. } => path.split_last()?.1,
        _ => change.path(),
    };
    let node = path.iter().try_fold(wanted, |node, place| match node {
        Tree::List(items) => items.get(*place),
        Tree::Map(entries) => entries.get(*place).map(|(_, value)| value),
        _ => None,
    })?;
    Some(Change::Replace { path: path.to_vec(), value: node.clone(), shape: None })
}

/// Whether two documents say the same; short forms are what they stand for.
pub(super) fn same(left: &Tree, right: &Tree) -> bool {
    let empty = |tree: &Tree| match tree {
        Tree::Null => true,
        Tree::Map(entries) => entries.is_empty(),
        _ => false,
    };
    let shape = Shape::Record(document::root());
    (empty(left) && empty(right)) || alike(left, right, Some(&shape))
}

fn alike(left: &Tree, right: &Tree, shape: Option<&Shape>) -> bool {
    match (left, right) {
        (Tree::Float(left), Tree::Float(right)) => {
            left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
        }
        (Tree::List(left), Tree::List(right)) => {
            let item = match shape {
                Some(Shape::List { item, .. }) => Some(&**item),
                _ => None,
            };
            let pairs = || left.iter().zip(right);
            left.len() == right.len() && pairs().all(|(left, right)| alike(left, right, item))
        }
        (Tree::Map(left), Tree::Map(right)) => {
            let pairs = || left.iter().zip(right);
            left.len() == right.len()
                && pairs().all(|(left, right)| {
                    let inner = inner(shape, &left.0);
                    alike(&left.0, &right.0, None) && alike(&left.1, &right.1, inner.as_ref())
                })
        }
        (Tree::Map(entries), scalar @ (Tree::Text(_) | Tree::Integer(_)))
        | (scalar @ (Tree::Text(_) | Tree::Integer(_)), Tree::Map(entries)) => {
            match (entries.as_slice(), shape.and_then(short)) {
                ([(Tree::Text(key), value)], Some(short)) => **key == *short && value == scalar,
                _ => false,
            }
        }
        _ => left == right,
    }
}

fn inner(shape: Option<&Shape>, key: &Tree) -> Option<Shape> {
    match (shape?, key) {
        (Shape::Entries { value, .. }, _) => Some((**value).clone()),
        (Shape::Record(record) | Shape::Choice(record), Tree::Text(name)) => {
            record.field(name).map(|field| (field.shape)())
        }
        _ => None,
    }
}

fn short(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Record(Record { short, .. }) | Shape::Choice(Record { short, .. }) => *short,
        _ => None,
    }
}
