//! Values as YAML, as a person would write them.

mod scalar;

use crate::{shape::Shape, tree::Tree};

pub(super) use self::scalar::{Quotes, is_plain, scalar};

/// Longer maps and lists are written over several lines.
const MAX_INLINE: usize = 64;

/// How many fields a map in braces may have and still be read at a glance.
const MAX_FIELDS: usize = 3;

/// A value behind its key or dash: what stands in the same line, and the lines below.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) head: String,
    pub(super) below: Vec<String>,
}

/// What a value stands behind, and the column of that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Behind {
    Dash(usize),
    Key(usize),
}

/// How a text is written otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// How far lists are indented under their key.
    pub(super) list_offset: usize,
    /// Maps are written in braces where they fit, because their neighbours are.
    pub(super) braces: bool,
}

/// A value in a block.
pub(super) fn value(tree: &Tree, shape: Option<&Shape>, behind: Behind, manner: Manner) -> Written {
    let (Behind::Dash(column) | Behind::Key(column)) = behind;
    match tree {
        Tree::Text(text) if let Some((header, lines)) = scalar::block(text) => {
            let indent = " ".repeat(column + 2);
            let indented = |line: &str| match line.is_empty() {
                true => String::new(),
                false => format!("{indent}{line}"),
            };
            Written { head: header, below: lines.into_iter().map(indented).collect() }
        }
        _ if fits(tree, shape, behind, manner) => {
            Written { head: inline(tree, false), below: Vec::new() }
        }
        Tree::List(_) | Tree::Map(_) => {
            let at = match (behind, tree) {
                (Behind::Key(column), Tree::List(_)) => column + manner.list_offset,
                _ => column + 2,
            };
            let lines = lines(tree, shape, at, Manner { braces: false, ..manner });
            match behind {
                Behind::Key(_) => Written { head: String::new(), below: lines },
                // The first line stands behind the dash.
                Behind::Dash(_) => {
                    let mut lines = lines.into_iter();
                    let head = lines.next().unwrap_or_default();
                    Written { head: head.trim_start().to_owned(), below: lines.collect() }
                }
            }
        }
        _ => Written { head: inline(tree, false), below: Vec::new() },
    }
}

/// The lines of a list or map at a column.
pub(super) fn lines(
    tree: &Tree,
    shape: Option<&Shape>,
    column: usize,
    manner: Manner,
) -> Vec<String> {
    match tree {
        Tree::List(items) => {
            let shape = match shape {
                Some(Shape::List { item, .. }) => Some(&**item),
                _ => None,
            };
            items.iter().flat_map(|each| item(each, shape, column, manner)).collect()
        }
        Tree::Map(entries) => entries
            .iter()
            .flat_map(|(key, value)| {
                let shape = match (shape, key) {
                    (Some(Shape::Entries { value, .. }), _) => Some((**value).clone()),
                    (Some(Shape::Record(record) | Shape::Choice(record)), Tree::Text(name)) => {
                        record.field(name).map(|field| (field.shape)())
                    }
                    _ => None,
                };
                entry(key, value, shape.as_ref(), column, manner)
            })
            .collect(),
        other => vec![format!("{}{}", " ".repeat(column), inline(other, false))],
    }
}

/// The lines of an item.
pub(super) fn item(
    tree: &Tree,
    shape: Option<&Shape>,
    column: usize,
    manner: Manner,
) -> Vec<String> {
    let Written { head, below } = value(tree, shape, Behind::Dash(column), manner);
    std::iter::once(format!("{}- {head}", " ".repeat(column))).chain(below).collect()
}

/// The lines of a key and its value.
pub(super) fn entry(
    key: &Tree,
    tree: &Tree,
    shape: Option<&Shape>,
    column: usize,
    manner: Manner,
) -> Vec<String> {
    let Written { head, below } = value(tree, shape, Behind::Key(column), manner);
    let blank = if head.is_empty() { "" } else { " " };
    let first = format!("{}{}:{blank}{head}", " ".repeat(column), inline(key, false));
    std::iter::once(first).chain(below).collect()
}

/// A value in one line.
pub(super) fn inline(tree: &Tree, flow: bool) -> String {
    match tree {
        Tree::List(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item, true)).collect();
            format!("[{}]", items.join(", "))
        }
        Tree::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Tree::Map(entries) => {
            let entry = |(key, value): &(Tree, Tree)| {
                format!("{}: {}", inline(key, true), inline(value, true))
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => scalar(other, flow, Quotes::Double),
    }
}

/// Whether a value is read more easily in one line.
fn fits(tree: &Tree, shape: Option<&Shape>, behind: Behind, manner: Manner) -> bool {
    let short = match shape {
        Some(Shape::Record(record)) => record.short.is_some(),
        _ => false,
    };
    match (tree, behind) {
        (Tree::List(items), _) if items.is_empty() => true,
        (Tree::Map(entries), _) if entries.is_empty() => true,
        (Tree::List(items), _) => {
            items.iter().all(is_small) && inline(tree, true).len() <= MAX_INLINE
        }
        (Tree::Map(_), Behind::Dash(_)) if !short && !manner.braces => false,
        (Tree::Map(entries), _) => {
            let small = |value: &Tree| match value {
                Tree::Map(inner) => {
                    inner.len() == 1 && inner.iter().all(|(_, value)| is_small(value))
                }
                Tree::List(items) => items.len() < 3 && items.iter().all(is_small),
                other => is_small(other),
            };
            entries.len() <= MAX_FIELDS
                && entries.iter().all(|(_, value)| small(value))
                && inline(tree, true).len() <= MAX_INLINE
        }
        _ => true,
    }
}

fn is_small(tree: &Tree) -> bool {
    match tree {
        Tree::Text(text) => !text.contains('\n'),
        Tree::List(_) | Tree::Map(_) => false,
        _ => true,
    }
}
