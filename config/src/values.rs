//! Single values: what may be written for each, and what is said when it is not.

pub(crate) mod address;
pub(crate) mod digest;
pub(crate) mod duration;
pub(crate) mod flag;
pub(crate) mod header;
pub(crate) mod host;
pub(crate) mod line;
pub(crate) mod name;
pub(crate) mod number;
pub(crate) mod origin;
pub(crate) mod path;
pub(crate) mod pattern;
pub(crate) mod reason;
pub(crate) mod share;
pub(crate) mod size;
pub(crate) mod text;
pub(crate) mod word;

/// A value as a message may show it: control characters escaped, and not more than fits a line.
pub(crate) fn shown(value: &str) -> String {
    /// Enough to recognize a value by.
    const MAX: usize = 80;
    let mut text: String = value.chars().take(MAX).flat_map(char::escape_debug).collect();
    if value.chars().nth(MAX).is_some() {
        text.push('…');
    }
    text.replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\")
}
