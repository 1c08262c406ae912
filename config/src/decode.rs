//! From what was written ([`Tree`]) to what a document may hold, collecting every problem.
//!
//! A type of the document implements [`Node`]: it reads itself and it describes itself. Records
//! and choices are declared with [`record!`] and [`choice!`], which write both halves from one
//! text. What cannot be read is reported and left out; the rest is still checked.

mod fields;
mod free;
#[macro_use]
mod macros;

pub(crate) use self::{
    fields::Fields,
    free::{Anything, Entries, List, MAX_ENTRIES},
};

use crate::{
    path::At,
    problem::{Fault, Problems},
    shape::{Literal, Shape},
    tree::Tree,
};

/// A value of a document.
pub(crate) trait Node: Sized {
    /// Reads it. `None` means that the reason was reported.
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self>;

    /// Describes it.
    fn shape() -> Shape;
}

/// A value that is written as text.
pub(crate) trait TextNode: Sized {
    /// What the value must be, with an article, for messages.
    const EXPECTED: &'static str;

    /// Reads it.
    fn parse(text: &str) -> Result<Self, Fault>;

    /// Reads a number where text belongs; most types want quotes around it.
    fn parse_number(_: i64) -> Option<Result<Self, Fault>> {
        None
    }

    /// Describes it.
    fn text_shape() -> Shape;
}

impl<T: TextNode> Node for T {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let parsed = match tree {
            Tree::Text(text) => T::parse(text),
            Tree::Integer(number) => match T::parse_number(*number) {
                Some(parsed) => parsed,
                None => return wrong_type(T::EXPECTED, tree, at, problems),
            },
            _ => return wrong_type(T::EXPECTED, tree, at, problems),
        };
        match parsed {
            Ok(value) => Some(value),
            Err(fault) => {
                problems.fault(at, fault);
                None
            }
        }
    }

    fn shape() -> Shape {
        T::text_shape()
    }
}

/// Reports that something else was expected.
pub(crate) fn wrong_type<T>(
    expected: &str,
    tree: &Tree,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<T> {
    if *tree == Tree::Null {
        let problem = problems.error(at, format!("nothing is written here; expected {expected}"));
        problem.why("a field without a value would silently mean its default");
        problem.help("write a value, or remove the field; what belongs to it is indented deeper");
        return None;
    }
    if let Tree::Tagged(tag) = tree {
        let problem = problems.error(at, format!("the tag `!{tag}` means nothing here"));
        problem.help(format!("expected {expected}, without a tag"));
        return None;
    }
    let problem = problems.error(at, format!("expected {expected}, found {}", tree.kind()));
    match tree {
        Tree::Integer(_) | Tree::Float(_) | Tree::Bool(_) if expected.contains("text") => {
            problem.help("write it in quotes");
        }
        Tree::Map(_) if expected.starts_with("a list") => {
            problem.help("start each item with `- `");
        }
        Tree::Text(_) | Tree::Integer(_) if expected.starts_with("a list") => {
            problem.help("write it in brackets, `[…]`, or on a line of its own behind `- `");
        }
        Tree::List(_) if !expected.starts_with("a list") => {
            problem.help("remove the `- ` in front of it, or the brackets around it");
        }
        _ => {}
    }
    None
}

/// Reads the default of a field. That every default is valid is shown by a test that reads the
/// smallest document of each record.
pub(crate) fn decode_default<T: Node>(literal: Literal) -> T {
    let tree = match literal {
        Literal::Empty => Tree::Map(Vec::new()),
        Literal::Number(number) => Tree::Integer(number),
        Literal::Text(text) => Tree::Text(text.into()),
    };
    let mut problems = Problems::default();
    let value = T::decode(&tree, &At::root(0), &mut problems);
    value.expect("the default of a field is written in the definition and valid")
}
