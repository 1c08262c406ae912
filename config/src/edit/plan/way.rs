//! Following steps through a tree, as far as they lead.

use std::fmt::Write;

use crate::{shape::Shape, tree::Tree};

use super::{super::structure, Edit, EditError, Step, did_you_mean, direct_record, top};

/// As far as steps could be followed.
pub(super) struct Way<'t> {
    pub(super) node: &'t Tree,
    pub(super) shape: Option<Shape>,
    pub(super) path: Vec<usize>,
    taken: Vec<Step>,
    /// The last step is the field that the node stands for as its short form.
    pub(super) is_short: bool,
    /// Steps that lead to what is not there.
    pub(super) rest: Vec<Step>,
}

/// A tree with its top list joined over sources: which source an edit is for, the steps there, and
/// where an item is inserted.
pub(super) fn source(
    trees: &[Tree],
    edit: &Edit,
) -> Result<(usize, Vec<Step>, Option<usize>), EditError> {
    let (index, inserts) = match edit {
        Edit::Insert { index, .. } => (*index, true),
        _ => (None, false),
    };
    let (Edit::Insert { path, .. } | Edit::Remove { path } | Edit::Set { path, .. }) = edit;
    let Some(Step::Key(name)) = path.first() else {
        return Err(EditError::Form("a path begins with a field such as `services`".to_owned()));
    };
    let having: Vec<(usize, &Tree)> = trees
        .iter()
        .enumerate()
        .filter_map(|(source, tree)| Some((source, entry(tree, name)?.1)))
        .collect();
    let list = |node: &Tree| match node {
        Tree::List(items) => Some(items.len()),
        _ => None,
    };
    let lists: Vec<(usize, usize)> =
        having.iter().filter_map(|(source, node)| Some((*source, list(node)?))).collect();
    match path.get(1) {
        Some(Step::Index(wanted)) => {
            let (source, local) = joined(&lists, *wanted, false)
                .ok_or_else(|| no_item(&path[..1], &path[1], String::new()))?;
            Ok((source, with_index(path, local), index))
        }
        Some(step @ Step::Item { field, value }) => {
            let (source, local) = find(trees, &having, path, step, field, value)?;
            Ok((source, with_index(path, local), index))
        }
        None if inserts && !lists.is_empty() => {
            let total = lists.iter().map(|(_, length)| length).sum();
            let (source, local) =
                joined(&lists, index.unwrap_or(total), true).ok_or_else(|| {
                    no_item(path, &Step::Index(index.unwrap_or(total)), String::new())
                })?;
            Ok((source, path.clone(), Some(local)))
        }
        _ => match having.as_slice() {
            [] => Ok((0, path.clone(), index)),
            [(source, _)] => Ok((*source, path.clone(), index)),
            several => Err(EditError::Ambiguous { path: show(&path[..1]), count: several.len() }),
        },
    }
}

fn with_index(path: &[Step], index: usize) -> Vec<Step> {
    let mut steps = path.to_vec();
    steps[1] = Step::Index(index);
    steps
}

/// Which list an index over all of them is in; with `end`, an index behind the last counts.
fn joined(lists: &[(usize, usize)], index: usize, end: bool) -> Option<(usize, usize)> {
    let mut left = index;
    for (place, (source, length)) in lists.iter().enumerate() {
        let last = place + 1 == lists.len();
        if left < *length || (end && last && left == *length) {
            return Some((*source, left));
        }
        left -= length;
    }
    None
}

/// The one item of a top list that is meant.
fn find(
    trees: &[Tree],
    having: &[(usize, &Tree)],
    path: &[Step],
    step: &Step,
    field: &str,
    value: &str,
) -> Result<(usize, usize), EditError> {
    let shape = trees.first().and_then(|_| child_shape(Some(&top()), path.first()));
    let items = having.iter().flat_map(|(source, node)| {
        let items: &[Tree] = if let Tree::List(items) = node { items } else { &[] };
        items.iter().enumerate().map(|(index, item)| (*source, index, item))
    });
    let shape = shape.as_ref().and_then(item_shape);
    let named: Vec<_> = items
        .filter_map(|(source, index, item)| {
            Some((source, index, structure::field_text(item, field, shape.as_ref())?))
        })
        .collect();
    let mut same = named.iter().filter(|(_, _, text)| text == value);
    match (same.next(), same.count()) {
        (Some((source, index, _)), 0) => Ok((*source, *index)),
        (Some(_), more) => Err(EditError::Ambiguous { path: show(&path[..2]), count: more + 1 }),
        (None, _) => {
            let help = did_you_mean(value, named.iter().map(|(_, _, text)| text.as_str()));
            Err(no_item(&path[..1], step, help))
        }
    }
}

impl<'t> Way<'t> {
    pub(super) fn of(tree: &'t Tree, steps: &[Step]) -> Result<Self, EditError> {
        let mut way = Self {
            node: tree,
            shape: Some(top()),
            path: vec![],
            taken: vec![],
            is_short: false,
            rest: vec![],
        };
        for (count, step) in steps.iter().enumerate() {
            if !way.take(step)? {
                way.rest = steps[count..].to_vec();
                break;
            }
        }
        Ok(way)
    }

    /// `false` if what a step leads to is not there.
    fn take(&mut self, step: &Step) -> Result<bool, EditError> {
        let record = self.shape.as_ref().and_then(direct_record);
        let place = match (step, self.node) {
            (Step::Key(name), Tree::Map(_)) => match entry(self.node, name) {
                None => return Ok(false),
                Some((place, _)) => {
                    self.only_one(name)?;
                    place
                }
            },
            (Step::Key(name), Tree::Text(_) | Tree::Integer(_))
                if let Some(short) = record.and_then(|record| record.short) =>
            {
                if name == short {
                    self.shape = child_shape(self.shape.as_ref(), Some(step));
                    self.taken.push(step.clone());
                    self.is_short = true;
                }
                return Ok(name == short);
            }
            (Step::Key(_), Tree::Null) => return Ok(false),
            (Step::Index(index), Tree::List(items)) if *index < items.len() => *index,
            (Step::Item { field, value }, Tree::List(items)) => {
                self.item(items, step, field, value)?
            }
            (Step::Index(_), Tree::List(_)) => return Err(self.no_item(step)),
            (Step::Index(_) | Step::Item { .. }, Tree::Null) => return Err(self.no_item(step)),
            (step, node) => {
                let expected = if matches!(step, Step::Key(_)) { "a map" } else { "a list" };
                return Err(EditError::WrongKind {
                    path: self.shown(),
                    found: node.kind(),
                    expected,
                });
            }
        };
        self.shape = child_shape(self.shape.as_ref(), Some(step));
        self.node = child(self.node, place).unwrap_or(&Tree::Null);
        self.path.push(place);
        self.taken.push(step.clone());
        Ok(true)
    }

    fn item(
        &self,
        items: &[Tree],
        step: &Step,
        field: &str,
        value: &str,
    ) -> Result<usize, EditError> {
        let shape = self.shape.as_ref().and_then(item_shape);
        let text = |item| structure::field_text(item, field, shape.as_ref());
        let texts: Vec<Option<String>> = items.iter().map(text).collect();
        let same = |text: &Option<String>| text.as_deref() == Some(value);
        let count = texts.iter().filter(|text| same(text)).count();
        match (texts.iter().position(same), count) {
            (Some(place), 1) => Ok(place),
            (Some(_), count) => {
                let mut steps = self.taken.clone();
                steps.push(step.clone());
                Err(EditError::Ambiguous { path: show(&steps), count })
            }
            (None, _) => {
                let help = did_you_mean(value, texts.iter().flatten().map(String::as_str));
                Err(no_item(&self.taken, step, help))
            }
        }
    }

    /// Of a key that is written twice, none is meant more than the other.
    fn only_one(&self, name: &str) -> Result<(), EditError> {
        let Tree::Map(entries) = self.node else { return Ok(()) };
        let count = entries.iter().filter(|(key, _)| key.is_text(name)).count();
        if count < 2 {
            return Ok(());
        }
        let mut steps = self.taken.clone();
        steps.push(Step::Key(name.to_owned()));
        Err(EditError::Ambiguous { path: show(&steps), count })
    }

    pub(super) fn shown(&self) -> String {
        show(&self.taken)
    }

    pub(super) fn no_item(&self, step: &Step) -> EditError {
        let list: Vec<Step> = self.taken.iter().chain(&self.rest).cloned().collect();
        let end = list.iter().rposition(|each| each == step).unwrap_or(list.len());
        no_item(&list[..end], step, String::new())
    }

    /// What a step would have led to.
    pub(super) fn missing(&self, step: &Step) -> EditError {
        let Step::Key(key) = step else { return self.no_item(step) };
        let keys = match self.node {
            Tree::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        let names = keys.iter().filter_map(|(key, _)| match key {
            Tree::Text(name) => Some(&**name),
            _ => None,
        });
        let help = did_you_mean(key, names);
        EditError::NoKey { path: self.shown(), key: key.escape_debug().to_string(), help }
    }
}

fn no_item(list: &[Step], step: &Step, help: String) -> EditError {
    let what = match step {
        Step::Index(index) => format!("index {index}"),
        Step::Item { field, value } => {
            format!("{} `{}`", field.escape_debug(), crate::values::shown(value))
        }
        Step::Key(name) => format!("name `{}`", crate::values::shown(name)),
    };
    EditError::NoItem { path: show(list), what, help }
}

/// A node by places of children, and its shape.
pub(super) fn follow<'t>(tree: &'t Tree, path: &[usize]) -> (&'t Tree, Option<Shape>) {
    let mut found = (tree, Some(top()));
    for place in path {
        let step = match found.0 {
            Tree::Map(entries) => entries.get(*place).and_then(|(key, _)| match key {
                Tree::Text(name) => Some(Step::Key(name.to_string())),
                _ => None,
            }),
            _ => Some(Step::Index(*place)),
        };
        let shape = child_shape(found.1.as_ref(), step.as_ref());
        found = (child(found.0, *place).unwrap_or(&Tree::Null), shape);
    }
    found
}

pub(super) fn len(tree: &Tree) -> usize {
    match tree {
        Tree::List(items) => items.len(),
        Tree::Map(entries) => entries.len(),
        _ => 0,
    }
}

fn child(tree: &Tree, place: usize) -> Option<&Tree> {
    match tree {
        Tree::List(items) => items.get(place),
        Tree::Map(entries) => entries.get(place).map(|(_, value)| value),
        _ => None,
    }
}

fn entry<'t>(tree: &'t Tree, name: &str) -> Option<(usize, &'t Tree)> {
    let Tree::Map(entries) = tree else { return None };
    let same = |(key, _): &(Tree, Tree)| matches!(key, Tree::Text(key) if **key == *name);
    let place = entries.iter().position(same)?;
    entries.get(place).map(|(_, value)| (place, value))
}

fn child_shape(shape: Option<&Shape>, step: Option<&Step>) -> Option<Shape> {
    match (shape?, step?) {
        (shape @ Shape::List { .. }, Step::Index(_) | Step::Item { .. }) => item_shape(shape),
        (Shape::Entries { value, .. }, Step::Key(_)) => Some((**value).clone()),
        (Shape::Record(record) | Shape::Choice(record), Step::Key(name)) => {
            record.field(name).map(|field| (field.shape)())
        }
        _ => None,
    }
}

fn item_shape(shape: &Shape) -> Option<Shape> {
    match shape {
        Shape::List { item, .. } => Some((**item).clone()),
        _ => None,
    }
}

/// `routes[name: staff].rules[0]`
pub(super) fn show(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let shown = |text: &str| crate::values::shown(text);
        let dot = if text.is_empty() { "" } else { "." };
        let written = match step {
            Step::Index(index) => write!(text, "[{index}]"),
            Step::Item { field, value } => write!(text, "[{}: {}]", shown(field), shown(value)),
            Step::Key(name) => write!(text, "{dot}{}", shown(name)),
        };
        written.expect("a string takes any text");
    }
    text
}
