//! JSON, whole or cut off in the middle.
//!
//! A tapped body may end anywhere, so it is not parsed but scanned: a string that is followed by a
//! colon is a name, and if the name hides, its value is replaced up to its end, or to the end of
//! what there is. All else stays as it was written.

use std::borrow::Cow;

use super::REDACTED;

/// Replaces the values of fields that `hides` names by `"[redacted]"`.
pub(super) fn redact_json<'a>(text: &'a str, hides: &dyn Fn(&str) -> bool) -> Cow<'a, str> {
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = string_end(bytes, at);
        let colon = skip_space(bytes, end);
        if bytes.get(colon) != Some(&b':') || !hides(&unescaped(&text[at..end])) {
            at = end;
            continue;
        }
        let value = skip_space(bytes, colon + 1);
        at = value_end(bytes, value);
        if at > value {
            let out = out.get_or_insert_with(String::new);
            out.push_str(&text[copied..value]);
            out.push('"');
            out.push_str(REDACTED);
            out.push('"');
            copied = at;
        }
    }
    match out {
        Some(mut out) => {
            out.push_str(&text[copied..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

/// Past the closing quote of the string that begins at `start`, or the end of the text.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Past the value that begins at `start`: a string, a number or word, or all of a list or object.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            b'}' | b']' => return at,
            b',' if depth == 0 => return at,
            byte if depth == 0 && byte.is_ascii_whitespace() => return at,
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn skip_space(bytes: &[u8], start: usize) -> usize {
    let space = bytes.get(start..).unwrap_or_default();
    start + space.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// A name without its quotes. `"p\u0061ss"` is `pass` to the service.
fn unescaped(quoted: &str) -> Cow<'_, str> {
    if quoted.contains('\\') {
        let name = serde_json::from_str(quoted);
        name.map_or(Cow::Borrowed(quoted), |name: String| Cow::Owned(name))
    } else {
        Cow::Borrowed(quoted.trim_matches('"'))
    }
}
