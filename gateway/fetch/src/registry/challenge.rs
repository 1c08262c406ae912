//! `WWW-Authenticate`, as registries write it (RFC 9110, section 11.6.1).

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// How a registry wants to be asked.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Challenge {
    /// In lower case.
    pub(super) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

/// All challenges of an answer, in order.
pub(super) fn all(headers: &HeaderMap) -> Vec<Challenge> {
    let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(parse).collect()
}

fn parse(text: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find(|letter: char| !is_token(letter)).unwrap_or(rest.len());
        if end == 0 {
            return challenges;
        }
        let (name, after) = rest.split_at(end);
        let name = name.to_ascii_lowercase();
        match (after.trim_start_matches([' ', '\t']).strip_prefix('='), challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let (value, after) = self::value(value.trim_start_matches([' ', '\t']));
                challenge.parameters.push((name, value));
                rest = after;
            }
            // A value without a scheme before it: not a challenge at all.
            (Some(_), None) => return challenges,
            (None, _) => {
                challenges.push(Challenge { scheme: name, parameters: Vec::new() });
                rest = after;
            }
        }
    }
}

/// A value, quoted or not, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

const fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(
            letter,
            '-' | '_'
                | '.'
                | '+'
                | '~'
                | '!'
                | '#'
                | '$'
                | '&'
                | '\''
                | '*'
                | '^'
                | '`'
                | '|'
                | '%'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let one = |challenge: &Challenge| {
            let parameters =
                challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
            challenge.scheme.clone() + &parameters.collect::<String>()
        };
        parse(text).iter().map(one).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn challenges_are_read() {
        for (text, expected) in [
            ("", ""),
            ("Basic", "basic"),
            (r#"Basic realm="a, b""#, "basic realm=a, b"),
            (
                r#"Bearer realm="https://a/token",service="r.io",scope="repository:x:pull,push""#,
                "bearer realm=https://a/token service=r.io scope=repository:x:pull,push",
            ),
            (r#"BEARER Realm = "https://a" , service=r.io"#, "bearer realm=https://a service=r.io"),
            (
                r#"Negotiate, Basic realm=x, Bearer realm="y""#,
                "negotiate; basic realm=x; bearer realm=y",
            ),
            (r#"Bearer realm="a\"b\\c""#, r#"bearer realm=a"b\c"#),
            (r#"Bearer realm="open"#, "bearer realm=open"),
            ("realm=x", ""),
            ("Negotiate YII=, Basic realm=x", "negotiate yii=; basic realm=x"),
            ("Bearer ()", "bearer"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in "[ a-zé=\",\\\\]{0,30}") {
            let _any_answer = parse(&text);
        }
    }
}
