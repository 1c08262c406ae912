//! Text with command operators in it, taken apart once.
//!
//! The grammar is Envoy's: `%NAME%`, `%NAME(parameter)%`, `%NAME(parameter):length%`, and `%%` for
//! a percent sign. The parameter ends at the first bracket behind which the operator can end, so
//! that a parameter may itself have brackets and percent signs.

use super::{
    format::FormatError,
    operators::{Operator, Refusal, Scene},
    value::{VALUE_BYTES, Value},
};
use crate::{record::Record, redact::Redactor};

/// A format may be this long. Written by hand, none comes near.
const FORMAT_BYTES: usize = 16 * 1024;

/// A compiled text.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Literal(Box<str>),
    Operator { operator: Operator, limit: usize },
}

impl Template {
    /// # Errors
    /// The first thing that is wrong, and its column.
    pub(super) fn parse(text: &str, scene: &Scene<'_>) -> Result<Self, FormatError> {
        if text.len() > FORMAT_BYTES {
            return Err(FormatError::TooLong { bytes: text.len(), limit: FORMAT_BYTES });
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(percent) = rest.find('%') {
            literal.push_str(&rest[..percent]);
            rest = &rest[percent..];
            if let Some(after) = rest.strip_prefix("%%") {
                literal.push('%');
                rest = after;
                continue;
            }
            let column = text[..text.len() - rest.len()].chars().count() + 1;
            let (token, after) = Token::take(rest).ok_or(FormatError::Percent { column })?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
            }
            pieces.push(token.compile(column, scene)?);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into()));
        }
        if let Some(at) = text.find(['\n', '\r']) {
            return Err(FormatError::LineBreak { column: text[..at].chars().count() + 1 });
        }
        Ok(Self(pieces))
    }

    /// Appends what it says of a record, as text.
    pub(super) fn write_text(&self, out: &mut Vec<u8>, record: &Record, redactor: &Redactor) {
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Operator { operator, limit } => {
                    operator.read(record, redactor).write_text(out, *limit);
                }
            }
        }
    }

    /// Appends it as a JSON value: with the operator's own type if it is only one, otherwise as a
    /// string. Says whether the value was missing.
    pub(super) fn write_json(
        &self,
        out: &mut Vec<u8>,
        record: &Record,
        redactor: &Redactor,
    ) -> bool {
        if let [Piece::Operator { operator, limit }] = &*self.0 {
            let value = operator.read(record, redactor);
            value.write_json(out, *limit);
            return value.is_missing();
        }
        out.push(b'"');
        for piece in &self.0 {
            let (value, limit) = match piece {
                // Only what is missing becomes a dash, and a literal is never empty.
                Piece::Literal(text) => (Value::from(&**text), usize::MAX),
                Piece::Operator { operator, limit } => (operator.read(record, redactor), *limit),
            };
            value.write_in_string(out, limit);
        }
        out.push(b'"');
        false
    }
}

/// An operator as it is written.
struct Token<'a> {
    name: &'a str,
    parameter: Option<&'a str>,
    length: Option<&'a str>,
}

impl<'a> Token<'a> {
    /// The operator at the beginning of the text, and what follows it.
    fn take(text: &'a str) -> Option<(Self, &'a str)> {
        let text = text.strip_prefix('%')?;
        let is_letter =
            |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
        let end = text.find(|char| !is_letter(char))?;
        let (name, rest) = text.split_at(end);
        if name.is_empty() {
            return None;
        }
        if let Some(inside) = rest.strip_prefix('(') {
            let (parameter, (length, after)) = inside
                .match_indices(')')
                .find_map(|(at, _)| Some((&inside[..at], Self::end(&inside[at + 1..])?)))?;
            return Some((Self { name, parameter: Some(parameter), length }, after));
        }
        let (length, after) = Self::end(rest)?;
        Some((Self { name, parameter: None, length }, after))
    }

    /// `%` or `:12%`.
    fn end(text: &'a str) -> Option<(Option<&'a str>, &'a str)> {
        if let Some(after) = text.strip_prefix('%') {
            return Some((None, after));
        }
        let (length, after) = text.strip_prefix(':')?.split_once('%')?;
        let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some((Some(length), after))
    }

    fn compile(self, column: usize, scene: &Scene<'_>) -> Result<Piece, FormatError> {
        let name = self.name;
        let operator = Operator::parse(name, self.parameter, scene).map_err(|refusal| {
            let name = name.to_owned();
            match refusal {
                Refusal::Unknown(near) => {
                    let hint = near.map(|near| format!("; did you mean `%{near}%`?"));
                    FormatError::Unknown { column, name, hint: hint.unwrap_or_default() }
                }
                Refusal::NotServed(why) => FormatError::NotServed { column, name, why },
                Refusal::Parameter(why) => FormatError::Parameter { column, name, why },
            }
        })?;
        let limit = match self.length {
            None => VALUE_BYTES,
            Some(_) if !operator.may_be_cut() => {
                let why = "it cannot be cut to a length".to_owned();
                return Err(FormatError::Parameter { column, name: name.to_owned(), why });
            }
            Some(length) => match length.parse::<usize>() {
                Ok(limit) => limit.min(VALUE_BYTES),
                Err(_) => {
                    let why = format!("`{length}` is no length");
                    return Err(FormatError::Parameter { column, name: name.to_owned(), why });
                }
            },
        };
        Ok(Piece::Operator { operator, limit })
    }
}
