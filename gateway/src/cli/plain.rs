//! Text that came over the network, for a terminal.

use std::fmt::Write;

/// Without what a terminal would obey instead of showing it: control characters, and those that
/// turn the direction of writing.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if disturbs(character) {
            let _infallible = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The same, no longer than this many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let text = plain(text);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn disturbs(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_disturbed() {
        assert_eq!(plain("/a\u{1b}[31m\u{9b}\u{202e}é"), "/a\\u{1b}[31m\\u{9b}\\u{202e}é");
        assert_eq!(cut("/api/staff", 10), "/api/staff");
        assert_eq!(cut("/api/staff/1", 10), "/api/staf…");
    }
}
