//! Values that are one of a few words.

use crate::{
    config,
    decode::{Node, wrong_type},
    path::At,
    problem::Problems,
    shape::Shape,
    suggest,
    tree::Tree,
};

/// Reads one of a few words.
fn word(
    words: &'static [&'static str],
    tree: &Tree,
    at: &At<'_>,
    problems: &mut Problems,
) -> Option<&'static str> {
    let choices = || words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let Tree::Text(text) = tree else {
        return wrong_type(&format!("one of {}", choices()), tree, at, problems);
    };
    let found = words.iter().copied().find(|word| *word == &**text);
    if found.is_none() {
        let shown = crate::values::shown(text);
        let problem = problems.error(at, format!("expected one of {}, found `{shown}`", choices()));
        problem.maybe_help(suggest::did_you_mean(text, words.iter().copied()));
    }
    found
}

/// What a failing plugin means for its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnFailure(pub(crate) config::OnFailure);

impl Node for OnFailure {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        Some(Self(match word(&["closed", "open"], tree, at, problems)? {
            "open" => config::OnFailure::Open,
            _ => config::OnFailure::Closed,
        }))
    }

    fn shape() -> Shape {
        Shape::Word(&["closed", "open"])
    }
}

/// A URL scheme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scheme(pub(crate) config::Scheme);

impl Node for Scheme {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        Some(Self(match word(&["http", "https"], tree, at, problems)? {
            "https" => config::Scheme::Https,
            _ => config::Scheme::Http,
        }))
    }

    fn shape() -> Shape {
        Shape::Word(&["http", "https"])
    }
}

/// One of the plugins that come with Portico.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bundled(pub(crate) &'static str);

const BUNDLED: &[&str] = &["auth", "timeouts", "tracing"];

impl Node for Bundled {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        word(BUNDLED, tree, at, problems).map(Self)
    }

    fn shape() -> Shape {
        Shape::Word(BUNDLED)
    }
}
