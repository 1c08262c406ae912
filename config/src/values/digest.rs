//! SHA-256 digests, written as OCI registries write them: `sha256:` and 64 hexadecimal digits.

use crate::{
    config,
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// A SHA-256 digest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest(pub(crate) config::Digest);

const PREFIX: &str = "sha256:";

impl TextNode for Digest {
    const EXPECTED: &'static str = "a digest such as `sha256:…` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        parse(text).map(Self)
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "digest",
            doc: "`sha256:` and 64 hexadecimal digits in lower case.".to_owned(),
            pattern: Some("^sha256:[0-9a-f]{64}$"),
            examples: &["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        })
    }
}

/// Reads a digest.
pub(crate) fn parse(text: &str) -> Result<config::Digest, Fault> {
    let fault = || Fault::new(format!("`{}` is no digest", shown(text)));
    let Some(hex) = text.strip_prefix(PREFIX) else {
        let bare = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        return Err(match (bare, text.split_once(':')) {
            (true, _) => {
                fault().help(format!("did you mean `{PREFIX}{}`?", text.to_ascii_lowercase()))
            }
            (false, Some(("sha512" | "sha384" | "sha1" | "md5", _))) => {
                fault().why("only SHA-256 is known here, as registries use it")
            }
            _ => fault().help("write `sha256:` and 64 hexadecimal digits, as `sha256sum` prints"),
        });
    };
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        let found = hex.chars().count();
        return Err(fault().why(format!("SHA-256 has 64 hexadecimal digits, this has {found}")));
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
            return Err(fault().why("its digits are `0` to `9` and `a` to `f`, in lower case"));
        };
        *byte = high << 4 | low;
    }
    Ok(config::Digest(bytes))
}

impl std::fmt::Display for config::Digest {
    /// As it is written in a document.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for config::Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digests_round_trip(bytes in any::<[u8; 32]>()) {
            let digest = config::Digest(bytes);
            prop_assert_eq!(parse(&digest.to_string()).ok(), Some(digest));
        }

        #[test]
        fn the_pattern_says_what_the_parser_does(text in "(sha256:)?[0-9a-fA-Fg]{63,65}") {
            let pattern = regex::Regex::new("^sha256:[0-9a-f]{64}$").unwrap();
            prop_assert_eq!(parse(&text).is_ok(), pattern.is_match(&text));
        }
    }
}
