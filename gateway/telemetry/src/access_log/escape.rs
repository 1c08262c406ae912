//! What strangers wrote, made harmless: a line stays one line, and a quoted text ends where the
//! format says. Also kept from a terminal: its control codes, and the marks that turn the
//! direction of text, which can make a line read as something that it is not.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// For a line of text: `\"`, `\\`, `\n`, `\r`, `\t`, and `\xNN` for each byte of anything else that
/// is not shown, as nginx does it. Bytes that are no UTF-8 are kept apart in the same way.
pub(super) fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    let Some(rest) = copy_plain(out, bytes) else { return };
    for chunk in rest.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' | '\\' => out.extend([b'\\', char as u8]),
                '\n' => out.extend(b"\\n"),
                '\r' => out.extend(b"\\r"),
                '\t' => out.extend(b"\\t"),
                char if is_hidden(char) => {
                    char.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| hex(out, byte));
                }
                char => push(out, char),
            }
        }
        chunk.invalid().iter().for_each(|byte| hex(out, *byte));
    }
}

/// For the inside of a JSON string (RFC 8259). Bytes that are no UTF-8 become U+FFFD.
pub(super) fn json(out: &mut Vec<u8>, bytes: &[u8]) {
    let Some(rest) = copy_plain(out, bytes) else { return };
    for chunk in rest.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' | '\\' => out.extend([b'\\', char as u8]),
                '\n' => out.extend(b"\\n"),
                '\r' => out.extend(b"\\r"),
                '\t' => out.extend(b"\\t"),
                // All that are hidden lie in the basic plane: one unit of UTF-16.
                char if is_hidden(char) => {
                    let unit = char as u32;
                    out.extend(b"\\u");
                    for shift in [12, 8, 4, 0] {
                        out.push(HEX[(unit >> shift & 15) as usize]);
                    }
                }
                char => push(out, char),
            }
        }
        if !chunk.invalid().is_empty() {
            push(out, char::REPLACEMENT_CHARACTER);
        }
    }
}

/// The same JSON, with what is hidden escaped. Outside of strings JSON has nothing of it but line
/// breaks, so it is not for what is written over several lines.
pub(crate) fn without_hidden(line: String) -> String {
    if !line.contains(is_hidden) {
        return line;
    }
    let mut out = String::with_capacity(line.len() + 16);
    for char in line.chars() {
        if is_hidden(char) {
            out.push_str(&format!("\\u{:04x}", char as u32));
        } else {
            out.push(char);
        }
    }
    out
}

/// Copies up to the first byte that needs a look, and returns the rest.
fn copy_plain<'a>(out: &mut Vec<u8>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    // Sixteen at a time, without a branch for each: nearly all that is logged is plain.
    let mut whole = 0;
    for chunk in bytes.chunks_exact(16) {
        if !chunk.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
            break;
        }
        whole += 16;
    }
    let end = bytes[whole..].iter().position(|byte| !is_plain(*byte));
    let (plain, rest) = bytes.split_at(end.map_or(bytes.len(), |end| whole + end));
    out.extend_from_slice(plain);
    (!rest.is_empty()).then_some(rest)
}

/// Copied as it is; all others are looked at one character at a time.
fn is_plain(byte: u8) -> bool {
    // Shown ASCII lies side by side.
    (byte.wrapping_sub(0x20) < 0x5f) & (byte != b'"') & (byte != b'\\')
}

/// Controls (C0, C1, delete), line and paragraph separators, and marks of text direction.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push(out: &mut Vec<u8>, char: char) {
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

fn hex(out: &mut Vec<u8>, byte: u8) {
    out.extend([b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_hidden_is_shown() {
        let cases: [(&[u8], &str, &str); 7] = [
            (b"plain /a?b=c", "plain /a?b=c", "plain /a?b=c"),
            (b"a\"b\\c", "a\\\"b\\\\c", "a\\\"b\\\\c"),
            (b"a\nb\r\tc", "a\\nb\\r\\tc", "a\\nb\\r\\tc"),
            (b"\x1b[31mred", "\\x1b[31mred", "\\u001b[31mred"),
            (
                "grün\u{85}\u{2028}".as_bytes(),
                "grün\\xc2\\x85\\xe2\\x80\\xa8",
                "grün\\u0085\\u2028",
            ),
            (b"a\xff\xfeb", "a\\xff\\xfeb", "a\u{fffd}\u{fffd}b"),
            ("\u{202e}gpj.exe".as_bytes(), "\\xe2\\x80\\xaegpj.exe", "\\u202egpj.exe"),
        ];
        for (bytes, as_text, as_json) in cases {
            let mut out = Vec::new();
            text(&mut out, bytes);
            assert_eq!(String::from_utf8(out).unwrap(), as_text);
            let mut out = Vec::new();
            json(&mut out, bytes);
            assert_eq!(String::from_utf8(out).unwrap(), as_json);
        }
    }

    proptest! {
        #[test]
        fn json_reads_back_as_what_was_written(bytes: Vec<u8>) {
            let mut out = vec![b'"'];
            json(&mut out, &bytes);
            out.push(b'"');
            let back: String = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(back, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn text_is_one_line_and_can_be_undone(bytes: Vec<u8>) {
            let mut out = Vec::new();
            text(&mut out, &bytes);
            let line = String::from_utf8(out).unwrap();
            prop_assert!(!line.chars().any(is_hidden));
            prop_assert_eq!(undo(&line), bytes);
        }
    }

    fn undo(line: &str) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::new(), line.as_bytes());
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if *first != b'\\' {
                out.push(*first);
                continue;
            }
            let code = rest[0];
            rest = &rest[1..];
            out.push(match code {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => {
                    let digits = std::str::from_utf8(&rest[..2]).unwrap();
                    let byte = u8::from_str_radix(digits, 16).unwrap();
                    rest = &rest[2..];
                    byte
                }
                other => other,
            });
        }
        out
    }
}
