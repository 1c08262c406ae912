//! Names that say that what they name is a secret.

/// Parts that make any name a secret's, whatever is around them (`X-Amz-Security-Token`,
/// `client_secret`), by their first letter: this is asked for every parameter of every request.
fn parts_from(letter: u8) -> &'static [&'static [u8]] {
    match letter.to_ascii_lowercase() {
        b'a' => &[b"apikey", b"api_key", b"api-key"],
        b'c' => &[b"credential"],
        b'j' => &[b"jwt"],
        b'p' => &[b"passphrase", b"passwd", b"password"],
        b's' => &[b"secret", b"session", b"signature"],
        b't' => &[b"token"],
        _ => &[],
    }
}

/// Only as a whole word of a name, for they are parts of harmless ones (`monkey`, `author`).
const WORDS: [&str; 8] = ["auth", "authorization", "key", "otp", "pass", "pin", "pwd", "sig"];

/// Whether a header is hidden. Of words, only `auth` counts here: `idempotency-key` and
/// `sec-websocket-key` are no secrets, and help to find a mistake.
pub(super) fn header_is_secret(name: &str) -> bool {
    matches!(name, "authorization" | "cookie" | "proxy-authorization" | "set-cookie")
        || has_secret_part(name)
        || name.split('-').any(|word| word == "auth")
}

/// Whether a query parameter, form field or JSON field is hidden.
pub(super) fn name_is_secret(name: &str) -> bool {
    has_secret_part(name) || words(name).any(is_secret_word)
}

/// Whether a header's value is an address with a query that needs a look.
pub(super) fn header_holds_address(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "content-location",
        "destination",
        "link",
        "location",
        "referer",
        "refresh",
        "x-envoy-original-path",
        "x-forwarded-uri",
        "x-original-uri",
        "x-original-url",
        "x-rewrite-url",
    ];
    NAMES.contains(&name)
}

/// Whether a value starts with the name of a scheme that is followed by a secret (RFC 9110,
/// section 11.4), whatever header it was put into.
pub(super) fn begins_as_credentials(value: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 5] = [b"basic ", b"bearer ", b"digest ", b"negotiate ", b"ntlm "];
    // Nearly all values end here.
    if !matches!(value.first(), Some(b'b' | b'B' | b'd' | b'D' | b'n' | b'N')) {
        return false;
    }
    SCHEMES.iter().any(|scheme| {
        value.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    })
}

fn has_secret_part(name: &str) -> bool {
    let name = name.as_bytes();
    (0..name.len()).any(|at| {
        parts_from(name[at]).iter().any(|part| {
            name[at..].get(..part.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(part))
        })
    })
}

fn is_secret_word(word: &str) -> bool {
    WORDS.iter().any(|secret| word.eq_ignore_ascii_case(secret))
}

/// The words of `access_key`, `access-key`, `access.key`, `data[key]` and `accessKey`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|char: char| !char.is_ascii_alphanumeric()).flat_map(humps)
}

/// The words of `accessKeyId`.
fn humps(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        let end = (1..bytes.len())
            .find(|at| bytes[*at].is_ascii_uppercase() && !bytes[*at - 1].is_ascii_uppercase())
            .unwrap_or(bytes.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}
