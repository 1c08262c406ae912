//! Why something does not take part.

use crate::{
    decode::{Node, wrong_type},
    path::At,
    problem::{Fault, Problems},
    shape::{Shape, TextShape},
    tree::Tree,
};

/// One line for the people who wonder why. It stands where others would write `true`, so that
/// nothing is ever out of use without a reason.
#[derive(Clone, Debug)]
pub(crate) struct Reason(pub(crate) String);

/// It is read in answers, logs and lists, where a longer one would not fit a line.
const MAX_LENGTH: usize = 200;

/// What people write where they expect a switch.
const ON: [&str; 4] = ["true", "yes", "on", "y"];
const OFF: [&str; 4] = ["false", "no", "off", "n"];

const EXPECTED: &str = "the reason (text)";

impl Node for Reason {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let fault = match tree {
            Tree::Bool(on) => not_a_switch(*on),
            Tree::Text(text) => match Self::parse(text) {
                Ok(reason) => return Some(reason),
                Err(fault) => fault,
            },
            _ => return wrong_type(EXPECTED, tree, at, problems),
        };
        problems.fault(at, fault);
        None
    }

    fn shape() -> Shape {
        Shape::Text(TextShape {
            name: "reason",
            doc: format!("One line, 1 to {MAX_LENGTH} characters."),
            pattern: Some("^[^\\x00-\\x1f\\x7f-\\x9f]{1,200}$"),
            examples: &["its database is being moved"],
        })
    }
}

impl Reason {
    fn parse(text: &str) -> Result<Self, Fault> {
        let is_one_of = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is_one_of(ON) || is_one_of(OFF) {
            return Err(not_a_switch(is_one_of(ON)));
        }
        if text.trim().is_empty() {
            return Err(missing("a reason cannot be empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(Fault::new("a reason has no line breaks or control characters in it"));
        }
        if text.chars().count() > MAX_LENGTH {
            return Err(Fault::new(format!("this reason has more than {MAX_LENGTH} characters")));
        }
        Ok(Self(text.trim().to_owned()))
    }
}

fn not_a_switch(on: bool) -> Fault {
    let message = format!("expected {EXPECTED}, found a switch");
    match on {
        true => missing(message),
        false => Fault::new(message).help("remove the field: what has no `suspended` takes part"),
    }
}

fn missing(message: impl Into<String>) -> Fault {
    Fault::new(message)
        .why("every request that is turned away is told why")
        .help("write why: `suspended: \"…\"`")
}
