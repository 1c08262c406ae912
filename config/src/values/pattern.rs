//! Regular expressions.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::{
    config::Pattern,
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
};

/// A regular expression as written. It is compiled by [`Patterns`].
#[derive(Clone, Debug)]
pub(crate) struct PatternText(pub(crate) String);

/// Longer expressions are lists of words that belong elsewhere.
const MAX_LENGTH: usize = 4096;

/// Memory of one compiled expression. 100 of them at most double an empty gateway's memory.
const MAX_COMPILED: usize = 256 << 10;

impl TextNode for PatternText {
    const EXPECTED: &'static str = "a regular expression (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_LENGTH {
            return Err(Fault::new("this regular expression is too large")
                .why(format!("it has more than {MAX_LENGTH} bytes")));
        }
        Ok(Self(text.to_owned()))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "regular expression",
            doc: "Matches the whole value, as if between `^` and `$`; no look-around, no \
                  back-references, so its cost is bounded."
                .to_owned(),
            pattern: None,
            examples: &["/v[12]/.*"],
        })
    }
}

/// Compiled expressions. The same text is compiled once, however many routes use it.
#[derive(Default)]
pub(crate) struct Patterns(HashMap<String, Option<Regex>>);

impl Patterns {
    /// Compiles an expression that matches whole values. `Ok(None)` was reported before.
    pub(crate) fn compile(&mut self, text: &PatternText) -> Result<Option<Pattern>, Fault> {
        let text = text.0.as_str();
        let pattern = |regex: Regex| Pattern { text: text.into(), regex };
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone().map(pattern));
        }
        let compiled = compile(text);
        self.0.insert(text.to_owned(), compiled.as_ref().ok().cloned());
        compiled.map(|regex| Some(pattern(regex)))
    }
}

fn compile(text: &str) -> Result<Regex, Fault> {
    // On its own first, so that `a)(b` is an error although it would fit between our brackets.
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_COMPILED).build();
    build(text).and_then(|_| build(&format!("^(?:{text})$"))).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => Fault::new("this regular expression is too large")
            .why(format!("compiled, it would take more than {} KiB", limit >> 10))
            .help("repeat less: `.*` is small, `.{0,1000}` is large"),
        error => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason).to_owned();
            let fault = Fault::new("this regular expression does not compile");
            match reason.contains("look-around") || reason.contains("backreferences") {
                true => fault.why(format!("{reason}: matching must take bounded time")),
                false => fault.why(reason),
            }
        }
    })
}
