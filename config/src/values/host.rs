//! Host names and the patterns of listeners and routes (RFC 1123, section 2.1).

use crate::{
    config::HostPattern,
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// Which hosts are meant: `fleet.local`, `*.fleet.local` or `*`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(pub(crate) HostPattern);

/// One host name, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct HostName(pub(crate) Box<str>);

impl TextNode for Pattern {
    const EXPECTED: &'static str = "a host name (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        if text == "*" {
            return Ok(Self(HostPattern::Any));
        }
        if let Some(rest) = text.strip_prefix("*.") {
            return name(rest).map(|name| Self(HostPattern::Suffix(name)));
        }
        if text.contains('*') {
            return Err(Fault::new(format!("`{}` is no host name", shown(text)))
                .why("`*` stands for whole labels in front of a name, or alone for every host")
                .help("write `*.example.com` or `*`"));
        }
        name(text).map(|name| Self(HostPattern::Exact(name)))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "host pattern",
            doc: "A host name; `*.` in front stands for one or more labels; `*` is every host."
                .to_owned(),
            pattern: Some(
                r"^(\*|(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)$",
            ),
            examples: &["fleet.local", "*.example.com"],
        })
    }
}

impl TextNode for HostName {
    const EXPECTED: &'static str = "a host name (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        if text.contains('*') {
            return Err(Fault::new("`*` is not allowed here: one host must be named"));
        }
        name(text).map(Self)
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "host name",
            doc: "A host name without scheme or port.".to_owned(),
            pattern: Some(
                r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$",
            ),
            examples: &["fleet.local"],
        })
    }
}

/// Reads a host name and puts it in lower case.
fn name(text: &str) -> Result<Box<str>, Fault> {
    /// RFC 1035, section 2.3.4, without the length bytes of the ends.
    const MAX_LENGTH: usize = 253;
    let fault = || Fault::new(format!("`{}` is no host name", shown(text)));
    let whole = name_shape(text).map_err(|(why, help)| fault().why(why).help(help))?;
    if whole.len() > MAX_LENGTH {
        return Err(fault().why(format!("a host name has at most {MAX_LENGTH} characters")));
    }
    for label in whole.split('.') {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let why = if label.is_empty() {
            "there is nothing before, after or between dots"
        } else if label.len() > 63 {
            "a part between dots has at most 63 characters"
        } else if label.starts_with('-') || label.ends_with('-') {
            "a part between dots neither begins nor ends with `-`"
        } else if !label.is_ascii() {
            "names with other letters travel in their ASCII form, which begins with `xn--`"
        } else if !label.bytes().all(plain) {
            "a host name has letters, digits, `-` and dots only (RFC 1123)"
        } else {
            continue;
        };
        return Err(fault().why(why));
    }
    Ok(whole.to_ascii_lowercase().into())
}

/// Explains what people write instead of a host name.
fn name_shape(text: &str) -> Result<&str, (&'static str, String)> {
    if text.is_empty() {
        return Err(("it is empty", "every host is written `*`".to_owned()));
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        return Err(("a scheme is not part of a host name", format!("write `{}`", shown(host))));
    }
    if text.contains('/') {
        let host = text.split('/').next().unwrap_or_default();
        let help = format!("write `{}` here and the path in `matches`", shown(host));
        return Err(("a path is not part of a host name", help));
    }
    if text.contains([':', '[']) {
        let host = text.split(':').next().unwrap_or_default();
        let help = match text.matches(':').count() {
            1 => format!("write `{}`: any port matches", shown(host)),
            _ => "IPv6 addresses cannot be matched; `*` matches them all".to_owned(),
        };
        return Err(("a port is not part of a host name", help));
    }
    if let Some(name) = text.strip_suffix('.') {
        return Err((
            "the dot at the end is not sent by clients",
            format!("write `{}`", shown(name)),
        ));
    }
    Ok(text)
}

impl HostPattern {
    /// Whether some host belongs to both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let below = |name: &str, parent: &str| {
            name.strip_suffix(parent).is_some_and(|front| front.ends_with('.'))
        };
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::Exact(one), Self::Exact(two)) => one == two,
            (Self::Suffix(parent), Self::Exact(name))
            | (Self::Exact(name), Self::Suffix(parent)) => below(name, parent),
            (Self::Suffix(one), Self::Suffix(two)) => {
                one == two || below(one, two) || below(two, one)
            }
        }
    }
}

impl std::fmt::Display for HostPattern {
    /// As it is written in a document.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(name) => f.write_str(name),
            Self::Suffix(name) => write!(f, "*.{name}"),
        }
    }
}
