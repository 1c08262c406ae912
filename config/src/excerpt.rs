//! What of a document may be shown. The configuration of plugins and the values of some headers
//! may be secrets, and diagnostics end up in logs.

use crate::{locate::Mark, suggest};

/// A part of a text that may hold a secret: from a place to the end of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    pub(crate) start: Mark,
    pub(crate) last_line: usize,
}

/// As many characters of a line as are shown.
const MAX_SHOWN: usize = 160;

/// Parts of names whose values may be secrets.
const SECRET_WORDS: [&str; 8] =
    ["api-key", "apikey", "api_key", "authorization", "cookie", "password", "secret", "token"];

/// Names of fields whose whole values may be secrets.
const SECRET_FIELDS: [&str; 2] = ["configuration", "environment"];

/// Whether what belongs to a name may be a secret. A misspelt `configuration` holds one as well.
pub(crate) fn may_be_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRET_FIELDS.contains(&lower.as_str())
        || SECRET_WORDS.iter().any(|word| lower.contains(word))
        || lower.starts_with("config")
        || suggest::closest(&lower, ["configuration", "environment"]).is_some()
}

/// Whether a value has a password in it (`user:password@host`), or is a URL with a query, which may
/// hold a signature. An image's digest behind `@` is none.
pub(crate) fn holds_login(value: &str) -> bool {
    let url = value.split_once("://").is_some_and(|(_, rest)| rest.contains(['@', '?']));
    let login = value
        .split_once('@')
        .is_some_and(|(before, after)| before.contains(':') && !after.starts_with("sha256:"));
    url || login
}

/// What may be shown of a line, given what is hidden. With `key_only`, nothing behind the name
/// at the column is shown.
pub(crate) fn of_line(
    text: &str,
    line: usize,
    column: usize,
    hidden: &[Region],
    key_only: bool,
) -> Option<String> {
    let full = text.lines().nth(line.checked_sub(1)?)?;
    let mut end = usize::MAX;
    for region in hidden {
        if region.start.line < line && line <= region.last_line {
            return None;
        }
        if region.start.line == line {
            end = end.min(region.start.column - 1);
        }
    }
    if key_only {
        let key = full.chars().skip(column - 1).position(|c| c == ':');
        end = end.min(column + key?);
    }
    shown(full, column, end)
}

/// What may be shown of a line of a text that is not YAML. Whether the line belongs to a plugin's
/// configuration can only be judged by indentation, so doubt hides it.
pub(crate) fn of_broken(text: &str, line: usize, column: usize) -> Option<String> {
    let mut open: Option<usize> = None;
    let mut last = "";
    for full in text.lines().take(line) {
        last = full;
        let content = full.trim_start_matches([' ', '\t', '-']);
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = full.len() - content.len();
        // Only a field of ours ends a configuration: a slipped secret does not look like one.
        if open.is_some_and(|start| indent <= start) && begins_with_field(content) {
            open = None;
        }
        if open.is_none() && holds_secret_name(content) {
            open = Some(indent);
        }
    }
    let lines_missing = text.lines().count() < line;
    (open.is_none() && !lines_missing).then(|| shown(last, column, usize::MAX)).flatten()
}

fn holds_secret_name(line: &str) -> bool {
    let mut names = line.split([':', '{', ',', '"', '\'', ' ']).filter(|name| !name.is_empty());
    names.any(may_be_secret) || line.split_whitespace().any(holds_login)
}

fn begins_with_field(content: &str) -> bool {
    let name = content.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
    content.contains(':')
        && crate::shape::records(crate::document::root())
            .iter()
            .any(|record| record.field(name).is_some())
}

/// The first characters of a line, made safe for a terminal, if the column is among them.
fn shown(full: &str, column: usize, end: usize) -> Option<String> {
    let end = end.min(MAX_SHOWN);
    if column > end {
        return None;
    }
    // One character for one, so that the caret stays in place.
    let safe = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    let mut text: String = full.chars().take(end).map(safe).collect();
    if full.chars().nth(end).is_some() {
        text = text.trim_end().to_owned() + " …";
    }
    Some(text.trim_end().to_owned())
}
