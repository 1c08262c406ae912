//! Amounts of memory: `64KiB`, `32MiB`, `1GiB`, or plain bytes.

use crate::{
    decode::{Node, wrong_type},
    path::At,
    problem::{Fault, Problems},
    shape::{Shape, TextShape},
    tree::Tree,
    values::shown,
};

/// A number of bytes between two others, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<const MIN: u64, const MAX: u64>(pub(crate) u64);

const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl<const MIN: u64, const MAX: u64> Node for Bytes<MIN, MAX> {
    fn decode(tree: &Tree, at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let bytes = match tree {
            Tree::Text(text) => parse(text),
            Tree::Integer(bytes) => u64::try_from(*bytes)
                .map_err(|_| Fault::new(format!("`{bytes}` is no amount of memory"))),
            _ => return wrong_type("a size such as `32MiB`", tree, at, problems),
        };
        let ranged = bytes.and_then(|bytes| {
            let (low, high) = (format(MIN), format(MAX));
            let out = || Fault::new(format!("`{}` is out of range", format(bytes)));
            let help = || out().help(format!("allowed is `{low}` to `{high}`"));
            if (MIN..=MAX).contains(&bytes) { Ok(Self(bytes)) } else { Err(help()) }
        });
        match ranged {
            Ok(value) => Some(value),
            Err(fault) => {
                problems.fault(at, fault);
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::TextOrNumber(TextShape {
            name: "size",
            doc: format!(
                "Bytes, or a number with `KiB`, `MiB` or `GiB`; from `{}` to `{}`.",
                format(MIN),
                format(MAX)
            ),
            pattern: Some("^[0-9]{1,12}(KiB|MiB|GiB)?$"),
            examples: &["64KiB", "32MiB"],
        })
    }
}

/// Reads a size.
pub(crate) fn parse(text: &str) -> Result<u64, Fault> {
    /// Far more than any machine has, and its product with a unit still fits.
    const MAX_DIGITS: usize = 12;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "" => Some(1),
        _ => UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor),
    };
    let number = number.parse::<u64>().ok().filter(|_| digits <= MAX_DIGITS);
    number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor)).ok_or_else(|| {
        let fault = Fault::new(format!("`{}` is no size", shown(text)));
        let unit = unit.trim().to_ascii_lowercase();
        let meant = UNITS.iter().find(|(name, _)| {
            let name = name.to_ascii_lowercase();
            !unit.is_empty() && (name == unit || name.replace('i', "") == unit || name[..1] == unit)
        });
        match (meant, number) {
            (Some((name, _)), Some(number)) => {
                fault.help(format!("did you mean `{number}{name}`?"))
            }
            _ => fault.help("write a number with `KiB`, `MiB` or `GiB`: `32MiB`"),
        }
    })
}

/// Writes a size in its largest whole unit.
pub(crate) fn format(bytes: u64) -> String {
    let unit =
        UNITS.iter().rev().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    match unit {
        Some((name, factor)) => format!("{}{name}", bytes / factor),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sizes_round_trip(number in 0_u64..(1 << 34), unit in 0_u32..3) {
            let bytes = number.saturating_mul(1 << (10 * unit)).min(1 << 36);
            prop_assert_eq!(parse(&format(bytes)).ok(), Some(bytes));
        }
    }
}
