//! Names of listeners, services, plugins, routes and rules.

use crate::{
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// A name. Names appear in logs, metrics and URLs of the console, so they are kept plain.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Name(pub(crate) String);

/// Kubernetes' limit for names, which namespaces are put in front of.
const MAX_LENGTH: usize = 253;

impl TextNode for Name {
    const EXPECTED: &'static str = "a name (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if text.is_empty() {
            return Err(Fault::new("a name cannot be empty"));
        }
        if text.len() > MAX_LENGTH {
            return Err(Fault::new(format!("this name has more than {MAX_LENGTH} characters")));
        }
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts && text.chars().all(inner) {
            return Ok(Self(text.to_owned()));
        }
        let plain: String = text
            .trim()
            .chars()
            .map(|c| if inner(c) { c } else { '-' })
            .skip_while(|c| !c.is_ascii_alphanumeric())
            .collect();
        let fault = Fault::new(format!("`{}` is no name", shown(text))).why(
            "names are letters, digits, `-`, `_`, `.` and `/`, and begin with one of the first two",
        );
        Err(if plain.is_empty() { fault } else { fault.help(format!("did you mean `{plain}`?")) })
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "name",
            doc: "Letters, digits, `-`, `_`, `.` and `/`; begins with a letter or digit."
                .to_owned(),
            pattern: Some("^[A-Za-z0-9][A-Za-z0-9._/-]{0,252}$"),
            examples: &["web"],
        })
    }
}
