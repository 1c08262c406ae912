//! Whole numbers: weights, ports and status codes.

use crate::{
    decode::{Node, wrong_type},
    path::At,
    problem::Problems,
    shape::Shape,
    tree::Tree,
};

/// A whole number between two others, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<const MIN: u32, const MAX: u32>(pub(crate) u32);

/// A share among others; Gateway API's range.
pub(crate) type Weight = Whole<0, 1_000_000>;

/// A TCP port to connect to.
pub(crate) type Port = Whole<1, 65_535>;

impl<const MIN: u32, const MAX: u32> Node for Whole<MIN, MAX> {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let Tree::Integer(number) = tree else {
            let problem = |text: &str| text.parse::<i64>().is_ok();
            let quoted = matches!(tree, Tree::Text(text) if problem(text));
            wrong_type::<()>("a whole number", tree, at, problems);
            if quoted && let Some(problem) = problems.errors.list.last_mut() {
                problem.help("write it without quotes");
            }
            return None;
        };
        match u32::try_from(*number).ok().filter(|number| (MIN..=MAX).contains(number)) {
            Some(number) => Some(Self(number)),
            None => {
                let problem = problems.error(at, format!("`{number}` is out of range"));
                problem.help(format!("allowed is {MIN} to {MAX}"));
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Integer { min: MIN.into(), max: MAX.into() }
    }
}

/// The status of a redirect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedirectStatus(pub(crate) u16);

/// RFC 9110, section 15.4, without those that do not send the client elsewhere.
const REDIRECTS: [i64; 5] = [301, 302, 303, 307, 308];

impl Node for RedirectStatus {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let Tree::Integer(number) = tree else {
            return wrong_type("a status code", tree, at, problems);
        };
        let status = REDIRECTS.contains(number).then(|| u16::try_from(*number).ok()).flatten();
        if status.is_none() {
            let problem = problems.error(at, format!("`{number}` is no status of a redirect"));
            problem.help("301 and 308 are for good, 302 and 307 for now, 303 asks for a GET");
        }
        status.map(Self)
    }

    fn shape() -> Shape {
        Shape::Numbers(&REDIRECTS)
    }
}
