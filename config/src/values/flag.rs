//! Yes or no.

use crate::{
    decode::{Node, wrong_type},
    path::At,
    problem::Problems,
    shape::Shape,
    tree::Tree,
};

/// `true` or `false`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag(pub(crate) bool);

impl Node for Flag {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let Tree::Bool(value) = tree else {
            wrong_type::<()>("`true` or `false`", tree, at, problems);
            // YAML 1.1 took these for booleans; YAML 1.2 does not, and `no` is also a country.
            let meant = match tree {
                Tree::Text(text) => match text.to_ascii_lowercase().as_str() {
                    "yes" | "y" | "on" | "true" => Some("true"),
                    "no" | "n" | "off" | "false" => Some("false"),
                    _ => None,
                },
                _ => None,
            };
            if let (Some(meant), Some(problem)) = (meant, problems.errors.list.last_mut()) {
                problem.help(format!("write `{meant}`, without quotes"));
            }
            return None;
        };
        Some(Self(*value))
    }

    fn shape() -> Shape {
        Shape::Flag
    }
}
