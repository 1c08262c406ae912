//! Single values: quoted only if YAML would read something else.

use crate::tree::Tree;

/// Which quotes a text gets that needs them, or had them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Quotes {
    /// Only if it needs them.
    Double,
    /// In any case.
    DoubleAlways,
    /// Only if it needs them.
    Single,
    /// In any case.
    SingleAlways,
}

/// A value without parts.
pub(in super::super) fn scalar(tree: &Tree, flow: bool, quotes: Quotes) -> String {
    match tree {
        Tree::Bool(value) => value.to_string(),
        Tree::Integer(number) => number.to_string(),
        Tree::Float(number) => float(*number),
        Tree::Text(text) => {
            let always = matches!(quotes, Quotes::DoubleAlways | Quotes::SingleAlways);
            let single = matches!(quotes, Quotes::Single | Quotes::SingleAlways);
            match text {
                text if !always && is_plain(text, flow) => text.to_string(),
                text if single && !text.chars().any(must_escape) => {
                    format!("'{}'", text.replace('\'', "''"))
                }
                text => double(text),
            }
        }
        Tree::Tagged(tag) => format!("!{tag}"),
        Tree::Null | Tree::List(_) | Tree::Map(_) => "null".to_owned(),
    }
}

fn float(number: f64) -> String {
    match (number.is_nan(), number.is_infinite()) {
        (true, _) => ".nan".to_owned(),
        (_, true) if number < 0.0 => "-.inf".to_owned(),
        (_, true) => ".inf".to_owned(),
        _ => serde_json::Number::from_f64(number)
            .map_or_else(|| number.to_string(), |number| number.to_string()),
    }
}

/// A text over several lines, indented by whoever writes it: header and lines. `None` if it is
/// better in quotes.
pub(super) fn block(text: &str) -> Option<(String, Vec<&str>)> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let breaks = |c: char| c == '\n' || c == '\t';
    let odd = body.chars().any(|c| !breaks(c) && must_escape(c))
        || body.lines().any(|line| line.ends_with([' ', '\t']))
        || body.starts_with([' ', '\t', '\n'])
        || body.ends_with('\n')
        || !body.contains('\n');
    let header = if body.len() == text.len() { "|-" } else { "|" };
    (!odd).then(|| (header.to_owned(), body.split('\n').collect()))
}

/// Whether a text may stand without quotes and is read as itself, by YAML 1.1 tools, too.
pub(in super::super) fn is_plain(text: &str, flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let odd_start = "-?:,[]{}#&*!|>'\"%@`=<~".contains(first) && !text.starts_with("<");
    let odd = first.is_whitespace()
        || text.ends_with(char::is_whitespace)
        || text.ends_with(':')
        || text.contains(": ")
        || text.contains(" #")
        || text.chars().any(must_escape)
        // In brackets `:` reads badly, and some parsers see a key.
        || (flow && text.contains([',', '[', ']', '{', '}', ':']));
    !odd_start && !odd && !is_other_type(text) && is_read_back(text, flow)
}

/// What some version of YAML takes for a boolean, a number, a date or nothing.
fn is_other_type(text: &str) -> bool {
    const WORDS: [&str; 11] =
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null", ".nan", "---"];
    let lower = text.to_ascii_lowercase();
    let digits = text.trim_start_matches(['-', '+']);
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.chars().all(|c| c.is_ascii_digit() || "_:.eE+-".contains(c))
        && digits.matches('.').count() < 2;
    let based = ["0x", "0o", "0b"].iter().any(|base| lower.starts_with(base));
    WORDS.contains(&lower.as_str()) || lower == "<<" || numeric || based || lower.ends_with(".inf")
}

fn is_read_back(text: &str, flow: bool) -> bool {
    let probe = if flow { format!("[{text}]") } else { format!("- {text}") };
    match Tree::parse(&probe) {
        Ok(Tree::List(items)) => matches!(items.as_slice(), [Tree::Text(read)] if **read == *text),
        _ => false,
    }
}

fn must_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn double(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if must_escape(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
