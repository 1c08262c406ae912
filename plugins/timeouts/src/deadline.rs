//! A deadline that a client sends along, in one of four notations.

use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How the deadline header is written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// What is left, as in configuration: `1s`, `250ms`.
    Duration,
    /// What is left, as in `grpc-timeout`: one to eight digits and `H`, `M`, `S`, `m`
    /// (milliseconds), `u` or `n`.
    Grpc,
    /// The moment, in milliseconds since 1970.
    UnixMs,
    /// The moment, in whole seconds since 1970.
    UnixS,
}

impl Format {
    /// How long the request may still take; zero when the deadline has passed, `None` when
    /// the header cannot be read, which counts as no header. The clock is asked only where
    /// the notation needs it.
    pub(crate) fn remaining(
        self,
        value: &[u8],
        now: impl FnOnce() -> SystemTime,
    ) -> Option<Duration> {
        let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
        let moment = match self {
            Self::Duration => return request::duration::parse(text),
            Self::Grpc => return grpc(text),
            Self::UnixMs => Duration::from_millis(whole(text, 15)?),
            Self::UnixS => Duration::from_secs(whole(text, 12)?),
        };
        Some((UNIX_EPOCH + moment).duration_since(now()).unwrap_or_default())
    }
}

/// Digits only; so many that the sum with 1970 stays within every clock (year 33,000).
pub(crate) fn whole(text: &str, most_digits: usize) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() <= most_digits { text.parse().ok() } else { None }
}

fn grpc(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number = whole(digits, 8)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn remaining(format: Format, value: &str) -> Option<Duration> {
        format.remaining(value.as_bytes(), || UNIX_EPOCH + Duration::from_secs(1000))
    }

    #[test]
    fn notations() {
        let ms = |number| Some(Duration::from_millis(number));
        for (format, value, expected) in [
            (Format::Grpc, "100m", ms(100)),
            (Format::Grpc, "99999999H", ms(99_999_999 * 3_600_000)),
            (Format::Grpc, "2S", ms(2000)),
            (Format::Grpc, "0n", ms(0)),
            (Format::Grpc, "999999999S", None),
            (Format::Grpc, "S", None),
            (Format::Grpc, "", None),
            (Format::Grpc, "1é", None),
            (Format::Grpc, "-1S", None),
            (Format::Duration, " 1s500ms ", ms(1500)),
            (Format::Duration, "1", None),
            (Format::UnixMs, "1000250", ms(250)),
            (Format::UnixMs, "999999", ms(0)),
            (Format::UnixMs, "1e9", None),
            (Format::UnixS, "1002", ms(2000)),
            (Format::UnixS, "0", ms(0)),
            (Format::UnixS, "1002.5", None),
            (Format::UnixS, "99999999999999999999", None),
        ] {
            assert_eq!(remaining(format, value), expected, "{format:?} {value:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_ignored(value in proptest::collection::vec(any::<u8>(), 0..24)) {
            for format in [Format::Duration, Format::Grpc, Format::UnixMs, Format::UnixS] {
                let _ = format.remaining(&value, || UNIX_EPOCH);
            }
        }
    }
}
