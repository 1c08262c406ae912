//! Queries without what looks like a secret.

use std::borrow::Cow;

/// A name that contains one of these is telling. The conventions' list is within: signatures and
/// credentials of object stores.
const PARTS: [&str; 9] = [
    "accesskey",
    "apikey",
    "credential",
    "passw",
    "secret",
    "session",
    "signature",
    "token",
    "authorization",
];
/// A name of which one of these is a word of its own. As parts they would be in `design`, `monkey`
/// and `author`.
const WORDS: [&str; 6] = ["auth", "jwt", "key", "otp", "pwd", "sig"];

/// Values of telling parameters become `REDACTED`; everything else stays as it came.
pub(super) fn redacted(query: &str) -> Cow<'_, str> {
    if !query.split('&').any(is_telling) {
        return Cow::Borrowed(query);
    }
    let tell = |field: &str| match field.split_once('=') {
        Some((name, _)) if is_telling(field) => format!("{name}=REDACTED"),
        _ => field.to_owned(),
    };
    Cow::Owned(query.split('&').map(tell).collect::<Vec<_>>().join("&"))
}

fn is_telling(field: &str) -> bool {
    let Some((name, _)) = field.split_once('=') else { return false };
    let mut name = if name.contains('%') { decoded(name) } else { name.to_owned() };
    name.make_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
        || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}

/// What an application will read as the name, as far as it is ASCII.
fn decoded(name: &str) -> String {
    let mut parts = name.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hex = part.get(..2).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii() => {
                text.push(char::from(byte));
                text.push_str(&part[2..]);
            }
            _ => text.push_str(part),
        }
    }
    text
}
