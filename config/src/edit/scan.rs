//! Looking at a text between what the parser tells of it.

/// The byte of the first character from a place on that is neither blank nor comment.
pub(super) fn content(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' if at == 0 || bytes[at - 1].is_ascii_whitespace() => at = line_end(text, at),
            0xef if text[at..].starts_with('\u{feff}') => at += 3,
            _ => break,
        }
    }
    at
}

/// Where the line of a place begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    match text[..at].rfind('\n') {
        Some(newline) => newline + 1,
        None if text.starts_with('\u{feff}') => 3.min(at),
        None => 0,
    }
}

/// Where the line of a place ends, in front of what ends it.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    match text[..end].ends_with('\r') && end > at {
        true => end - 1,
        false => end,
    }
}

/// Where the next line begins, or the end of the text.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// How many characters stand in front of a place in its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    text[line_start(text, at)..at].chars().count()
}

/// Whether a place is the first in its line that is not blank.
pub(super) fn is_first(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].trim().is_empty()
}

/// The column of the comment that a line consists of.
pub(super) fn comment_column(line: &str) -> Option<usize> {
    let content = line.trim_start_matches([' ', '\t']);
    content.starts_with('#').then(|| line.len() - content.len())
}

/// The line that begins at a place, without its end.
pub(super) fn line(text: &str, start: usize) -> &str {
    &text[start..line_end(text, start)]
}

/// The end of a quoted scalar that begins at a place.
pub(super) fn quoted_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.get(start)?;
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            byte if byte != quote => at += 1,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            _ => return Some(at + 1),
        }
    }
}

/// Skips an anchor and a tag in front of a node.
pub(super) fn properties_end(text: &str, start: usize) -> usize {
    let mut at = start;
    loop {
        let next = content(text, at);
        if !text[next..].starts_with(['&', '!']) {
            return at;
        }
        let blank = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
        at = text[next..].find(blank).map_or(text.len(), |length| next + length);
    }
}
