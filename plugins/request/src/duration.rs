//! Durations as Gateway API writes them (GEP-2257): `1s`, `500ms`, `1h30m`.

use serde::{Deserialize, Deserializer, de::Error};
use std::time::Duration;

/// Reads one to four parts of one to five digits and a unit (`h`, `m`, `s`, `ms`), in any
/// order, without fractions, signs or spaces. `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    for _ in 0..4 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=5).contains(&digits) {
            return None;
        }
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let unit = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(unit);
        total += match unit {
            "h" => Duration::from_secs(number * 3600),
            "m" => Duration::from_secs(number * 60),
            "s" => Duration::from_secs(number),
            "ms" => Duration::from_millis(number),
            _ => return None,
        };
        if tail.is_empty() {
            return Some(total);
        }
        rest = tail;
    }
    None
}

/// For `#[serde(deserialize_with)]`. The value is not quoted in the error, see
/// [`settings`](crate::settings).
///
/// # Errors
/// A value that is not a string of this form.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
    parse(&text).ok_or_else(|| D::Error::custom("not a duration such as 1s, 500ms or 1h30m"))
}

/// The same for a field that may be left out (with `#[serde(default)]`) but not be null.
///
/// # Errors
/// A value that is not a string of this form.
pub fn deserialize_some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, milliseconds) in
            [("1s", 1000), ("0s", 0), ("500ms", 500), ("1h30m", 5_400_000), ("1m2s3ms", 62_003)]
        {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in
            ["", "1", "s", "1.5s", "-1s", "+1s", " 1s", "1s ", "1S", "1d", "123456s", "1s1s1s1s1s"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,12}") {
            let _ = parse(&text);
        }

        #[test]
        fn parts_add_up(h in 0u64..99_999, m in 0u64..99_999, s in 0u64..99_999, ms in 0u64..99_999) {
            let sum = Duration::from_secs(h * 3600 + m * 60 + s) + Duration::from_millis(ms);
            proptest::prop_assert_eq!(parse(&format!("{h}h{m}m{s}s{ms}ms")), Some(sum));
        }
    }
}
