//! Shares of requests: `10%`, `0.1%`.

use crate::{
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// A part of all, from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(pub(crate) f64);

/// Up to four places behind the point: one request in a million.
const PATTERN: &str = r"^[0-9]{1,3}(\.[0-9]{1,4})?%$";

impl TextNode for Share {
    const EXPECTED: &'static str = "a share such as `10%` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new(format!("`{}` is no share", shown(text)));
        let Some(number) = text.strip_suffix('%') else {
            return Err(fault().help("write percent: `10%`, `0.1%`"));
        };
        let (whole, places) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str, most| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || !digits(places, 4) {
            return Err(fault().help("write up to three digits, and up to four behind a point"));
        }
        match number.parse::<f64>() {
            Ok(percent) if percent <= 100.0 => Ok(Self(percent / 100.0)),
            _ => Err(fault().help("the most there is is `100%`")),
        }
    }

    fn parse_number(number: i64) -> Option<Result<Self, Fault>> {
        let fault = Fault::new(format!("`{number}` has no unit"));
        Some(Err(fault.help(format!("did you mean `{number}%`?"))))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "share",
            doc: "Percent, from `0%` to `100%`.".to_owned(),
            pattern: Some(PATTERN),
            examples: &["10%", "0.1%"],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_pattern_says_what_the_parser_does(text in "[0-9]{0,4}[.]?[0-9]{0,5}%?") {
            let pattern = regex::Regex::new(PATTERN).unwrap();
            let number = text.trim_end_matches('%').parse::<f64>();
            let fits = pattern.is_match(&text) && number.is_ok_and(|number| number <= 100.0);
            prop_assert_eq!(Share::parse(&text).is_ok(), fits);
        }
    }
}
