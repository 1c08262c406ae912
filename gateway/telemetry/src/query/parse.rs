//! The language of the search box.

use std::{ops::RangeInclusive, time::Duration};

use thiserror::Error;

use super::{
    Query,
    condition::{Condition, Name, Term},
};
use crate::{store::Interest, trace::from_hex};

/// More terms than anybody types; each is asked of every record.
const TERMS: usize = 32;
/// What stands before a colon.
const KEYS: &str = "before, client, header, host, id, is, listener, method, path, reason, route, \
                    rule, service, since, status";

/// Why a search cannot be understood.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueryError {
    #[error("`{0}` is not a cursor")]
    Cursor(Box<str>),
    #[error("`{0}` is not a duration like `250ms`, `1s` or `5m`")]
    Duration(Box<str>),
    #[error("`{0}` is not a header's name")]
    Header(Box<str>),
    #[error("`is:{0}` is none of failed, plugin, slow, sample")]
    Interest(Box<str>),
    #[error("`{0}:` is none of {KEYS}; put it in quotes to search for it as it is")]
    Key(Box<str>),
    #[error("a quote is not closed")]
    Quote,
    #[error("`{0}` is not a status like `404`, `5xx` or `500-503`")]
    Status(Box<str>),
    #[error("more than {TERMS} terms")]
    TooMany,
}

pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    let mut conditions = Vec::new();
    for word in words(text)? {
        if conditions.len() == TERMS {
            return Err(QueryError::TooMany);
        }
        let (not, rest) = match word.text.strip_prefix('-') {
            Some(rest) if !rest.is_empty() && !word.quoted => (true, rest),
            _ => (false, word.text.as_str()),
        };
        let term = if word.quoted { anywhere(rest) } else { term(rest)? };
        conditions.push(Condition { not, term });
    }
    Ok(Query { conditions, from: None, until: None })
}

fn term(word: &str) -> Result<Term, QueryError> {
    if let Some(rest) = word.strip_prefix('>') {
        let limit = rest.strip_prefix('=').unwrap_or(rest);
        return Ok(Term::Longer(duration(limit)?, limit.len() == rest.len()));
    }
    if let Some(rest) = word.strip_prefix('<') {
        let limit = rest.strip_prefix('=').unwrap_or(rest);
        return Ok(Term::Shorter(duration(limit)?, limit.len() == rest.len()));
    }
    if word.starts_with('/') {
        return Ok(Term::PathPrefix(word.into()));
    }
    if let Some(trace_id) = from_hex(word) {
        return Ok(Term::TraceId(trace_id));
    }
    match word.split_once(':') {
        Some((key, value)) if key.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            keyed(key, value)
        }
        _ => Ok(anywhere(word)),
    }
}

fn keyed(key: &str, value: &str) -> Result<Term, QueryError> {
    let name = || Name::new(value);
    Ok(match key.to_ascii_lowercase().as_str() {
        "before" => Term::Before(duration(value)?),
        "client" => Term::Client(name()),
        "header" => header(value)?,
        "host" => Term::Host(name()),
        "id" => match from_hex(value) {
            Some(trace_id) => Term::TraceId(trace_id),
            None => Term::RequestId(value.into()),
        },
        "is" => Term::Interest(interest(value)?),
        "listener" => Term::Listener(name()),
        "method" => Term::Method(name()),
        "path" if value.starts_with('/') => Term::PathPrefix(value.into()),
        "path" => Term::PathContains(value.to_ascii_lowercase().into()),
        "reason" => Term::Reason(name()),
        "route" => Term::Route(name()),
        "rule" => Term::Rule(name()),
        "service" => Term::Service(name()),
        "since" => Term::Since(duration(value)?),
        "status" => Term::Status(status(value)?),
        _ => return Err(QueryError::Key(key.into())),
    })
}

fn anywhere(word: &str) -> Term {
    Term::Anywhere(word.to_ascii_lowercase().into())
}

fn header(text: &str) -> Result<Term, QueryError> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.into())),
        None => (text, None),
    };
    match name.parse() {
        Ok(name) => Ok(Term::Header(name, value)),
        Err(_) => Err(QueryError::Header(name.into())),
    }
}

fn interest(text: &str) -> Result<Interest, QueryError> {
    match text.to_ascii_lowercase().as_str() {
        "error" | "failed" => Ok(Interest::Failed),
        "plugin" => Ok(Interest::Plugin),
        "sample" => Ok(Interest::Sample),
        "slow" => Ok(Interest::Slow),
        _ => Err(QueryError::Interest(text.into())),
    }
}

fn status(text: &str) -> Result<RangeInclusive<u16>, QueryError> {
    let class = || {
        let class: u16 =
            text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"))?.parse().ok()?;
        (class <= 9).then(|| class * 100..=class * 100 + 99)
    };
    let range = || {
        let (from, to) = text.split_once('-')?;
        Some(from.parse().ok()?..=to.parse().ok()?)
    };
    let one = || text.parse().ok().map(|status: u16| status..=status);
    one().or_else(class).or_else(range).ok_or_else(|| QueryError::Status(text.into()))
}

fn duration(text: &str) -> Result<Duration, QueryError> {
    let wrong = || QueryError::Duration(text.into());
    let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

struct Word {
    text: String,
    /// The whole of it stood in quotes.
    quoted: bool,
}

/// Words are apart by white space; what stands in double quotes is held together.
fn words(text: &str) -> Result<Vec<Word>, QueryError> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let quoted = rest.starts_with('"');
        let (mut word, mut inside, mut end) = (String::new(), false, rest.len());
        for (at, c) in rest.char_indices() {
            match c {
                '"' => inside = !inside,
                c if c.is_whitespace() && !inside => {
                    end = at;
                    break;
                }
                c => word.push(c),
            }
        }
        if inside {
            return Err(QueryError::Quote);
        }
        words.push(Word { text: word, quoted });
        rest = rest[end..].trim_start();
    }
    Ok(words)
}
