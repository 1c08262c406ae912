//! Durations as Gateway API writes them (GEP-2257): `1h30m`, `500ms`, never a bare number.

use std::time::Duration;

use crate::{
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// A duration between two numbers of milliseconds, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<const MIN: u64, const MAX: u64>(pub(crate) Duration);

/// GEP-2257: up to four numbers of up to five digits, each with its unit.
const PATTERN: &str = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";

/// Units in milliseconds. The two-letter one comes first, because `m` begins it.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

impl<const MIN: u64, const MAX: u64> TextNode for Span<MIN, MAX> {
    const EXPECTED: &'static str = "a duration such as `1s`";

    fn parse(text: &str) -> Result<Self, Fault> {
        let duration = parse(text)?;
        let range = Duration::from_millis(MIN)..=Duration::from_millis(MAX);
        if range.contains(&duration) {
            return Ok(Self(duration));
        }
        let (low, high) = (format(*range.start()), format(*range.end()));
        let side = if duration < *range.start() { "short" } else { "long" };
        Err(Fault::new(format!("`{text}` is too {side}"))
            .help(format!("allowed is `{low}` to `{high}`")))
    }

    fn parse_number(number: i64) -> Option<Result<Self, Fault>> {
        Some(Err(unit_missing(&number.to_string())))
    }

    fn text_shape() -> Shape {
        let (low, high) = (format(Duration::from_millis(MIN)), format(Duration::from_millis(MAX)));
        Shape::Text(TextShape {
            name: "duration",
            doc: format!("Numbers with units `h`, `m`, `s`, `ms`; from `{low}` to `{high}`."),
            pattern: Some(PATTERN),
            examples: &["500ms", "1s", "1m30s"],
        })
    }
}

/// Reads a duration.
pub(crate) fn parse(text: &str) -> Result<Duration, Fault> {
    /// GEP-2257, section "Duration format".
    const MAX_PARTS: usize = 4;
    let mut rest = text;
    let mut total = Duration::ZERO;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = rest.split_at(digits);
        let found = UNITS.iter().find(|(name, _)| unit.starts_with(name));
        let (Ok(number), Some((name, millis))) = (number.parse::<u64>(), found) else {
            return Err(malformed(text));
        };
        parts += 1;
        if digits > 5 || parts > MAX_PARTS {
            return Err(malformed(text));
        }
        total += Duration::from_millis(number * millis);
        rest = &unit[name.len()..];
    }
    if parts == 0 { Err(malformed(text)) } else { Ok(total) }
}

/// Writes a duration in its shortest form; parts below a millisecond are dropped.
pub(crate) fn format(duration: Duration) -> String {
    let mut left = duration.as_millis();
    let mut text = String::new();
    for (unit, millis) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if left >= millis {
            text.push_str(&format!("{}{unit}", left / millis));
            left %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn malformed(text: &str) -> Fault {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return unit_missing(text);
    }
    let fault = Fault::new(format!("`{}` is no duration", shown(text)));
    let squeezed = text.replace(char::is_whitespace, "").to_lowercase();
    if squeezed != text && parse(&squeezed).is_ok() {
        return fault.help(format!("did you mean `{squeezed}`?"));
    }
    let help = match text.trim_start_matches(|c: char| c.is_ascii_digit()) {
        rest if rest.starts_with('.') => "fractions are written in a smaller unit: `1s500ms`",
        "us" | "µs" | "ns" => "the smallest unit is `ms`",
        "d" | "w" => "the largest unit is `h`",
        "sec" | "secs" | "second" | "seconds" => "the unit of seconds is `s`",
        "min" | "mins" | "minute" | "minutes" => "the unit of minutes is `m`",
        _ if text.starts_with('-') => "durations are not negative; no limit is written `0s`",
        _ if matches!(text, "none" | "never" | "off") => "no limit is written `0s`",
        _ => "write up to four numbers of up to five digits with `h`, `m`, `s` or `ms`: `1m30s`",
    };
    fault.help(help)
}

fn unit_missing(number: &str) -> Fault {
    Fault::new(format!("`{number}` has no unit"))
        .why("a bare number is read as seconds by some tools and as milliseconds by others")
        .help(format!("did you mean `{number}s`?"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn durations_round_trip(millis in 0_u64..=3_600_000) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(duration)).ok(), Some(duration));
        }

        #[test]
        fn the_pattern_says_what_the_parser_does(text in "[0-9]{0,6}(h|m|s|ms|x)?[0-9hms]{0,6}") {
            let pattern = regex::Regex::new(PATTERN).unwrap();
            prop_assert_eq!(parse(&text).is_ok(), pattern.is_match(&text));
        }
    }
}
