//! Where modules come from over the network: URLs and references into OCI registries.

use crate::{
    config,
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::{digest, shown},
};

/// The URL of a module. It may carry a signature in its query, so faults never show it.
#[derive(Clone, Debug)]
pub(crate) struct ModuleUrl(pub(crate) config::Url);

/// A module in an OCI registry.
#[derive(Clone, Debug)]
pub(crate) struct Reference(pub(crate) config::OciReference);

impl TextNode for ModuleUrl {
    const EXPECTED: &'static str = "a URL such as `https://example.com/guard.wasm` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        /// As many bytes as most servers take for a whole request line.
        const MAX_LENGTH: usize = 8192;
        let fault = || Fault::new("this is no URL of a module");
        let example = "write it like `https://example.com/guard.wasm`";
        if text.len() > MAX_LENGTH {
            return Err(fault().why(format!("it has more than {MAX_LENGTH} bytes")));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(fault().why("the scheme is missing").help(example));
        };
        match scheme {
            "http" | "https" => {}
            "oci" => {
                return Err(fault().help("write `oci:` instead of `url:`, and leave out `oci://`"));
            }
            "file" => return Err(fault().help("write `file:` instead of `url:`, with a path")),
            _ => return Err(fault().why("modules are fetched by `https` or `http`").help(example)),
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if rest[..end].contains('@') {
            return Err(fault().why("a URL that is logged must not hold a password").help(
                "write the name into `registry.username`, and name a file with the password",
            ));
        }
        if text.contains('#') {
            return Err(fault().why("what follows `#` is never sent to a server"));
        }
        let parsed: Option<http::Uri> = text.parse().ok();
        let parsed = parsed.filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic()));
        let host = parsed.as_ref().and_then(http::Uri::host).unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = parsed.as_ref().and_then(http::Uri::port);
        let valid = registry_host(bare) && port.as_ref().is_none_or(|port| port.as_u16() > 0);
        // `http` takes a missing number behind the colon for no port.
        if !valid || rest[..end].ends_with(':') {
            return Err(fault().why("its host, port or path cannot be understood").help(example));
        }
        let loopback = is_loopback(bare);
        Ok(Self(config::Url { text: text.into(), secure: scheme == "https", loopback }))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "URL",
            doc: "`https://` or `http://`, a host, perhaps a port, and a path; no user name."
                .to_owned(),
            pattern: Some("^https?://[!-~]+$"),
            examples: &["https://example.com/guard.wasm"],
        })
    }
}

impl TextNode for Reference {
    const EXPECTED: &'static str =
        "a reference such as `registry.example.com/team/guard:1.2` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        reference(text).map(Self)
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "OCI reference",
            doc: "A registry, a repository, and a tag behind `:`, or a digest behind `@`, or both."
                .to_owned(),
            pattern: Some(
                r"^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[a-z0-9._-]+)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?$",
            ),
            examples: &["registry.example.com/team/guard:1.2"],
        })
    }
}

/// The parts of a reference, by the grammar of the OCI distribution specification. Short forms
/// that Docker completes (`guard`, `team/guard`, no tag) are refused: what they mean depends on
/// the tool.
fn reference(text: &str) -> Result<config::OciReference, Fault> {
    let fault = || Fault::new(format!("`{}` is no reference to an image", shown(text)));
    if let Some((_, rest)) = text.split_once("://") {
        return Err(fault().help(format!("leave out the scheme: `{}`", shown(rest))));
    }
    let (name, digest) = match text.split_once('@') {
        Some((_, after)) if after.contains('/') => {
            return Err(Fault::new("this is no reference to an image")
                .why("a reference that is logged must not hold a password")
                .help(
                    "write the name into `registry.username`, and name a file with the password",
                ));
        }
        Some((name, digest)) => (name, Some(digest::parse(digest)?)),
        None => (text, None),
    };
    let first = name.split('/').next().unwrap_or_default();
    let named = first.contains(['.', ':']) || first == "localhost";
    let Some((registry, path)) = name.split_once('/').filter(|_| named) else {
        let rest = if name.contains('/') { "" } else { "library/" };
        return Err(fault()
            .why("the registry is missing; tools disagree on which one is meant then")
            .help(format!("for Docker Hub write `docker.io/{rest}{}`", shown(text))));
    };
    if !registry_address(registry) {
        return Err(fault().why(format!("`{}` is no host of a registry", shown(registry))));
    }
    let (repository, tag) = match path.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    if repository.len() > 255 || !repository.split('/').all(repository_part) {
        return Err(fault().why(
            "a repository has lower-case letters and digits, and `.`, `_`, `-` or `/` between them",
        ));
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(fault()
            .why("a tag has letters, digits, `_`, `.` and `-`, at most 128, and starts with one of the first three"));
    }
    if tag.is_none() && digest.is_none() {
        return Err(fault()
            .why("it has neither a tag nor a digest")
            .help(format!("did you mean `{}:latest`?", shown(text))));
    }
    let loopback = is_loopback(registry_name(registry));
    Ok(config::OciReference {
        registry: registry.to_ascii_lowercase().into(),
        repository: repository.into(),
        tag: tag.map(Into::into),
        digest,
        loopback,
    })
}

/// The host of a registry without its port and brackets.
fn registry_name(registry: &str) -> &str {
    match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => registry.split(':').next().unwrap_or_default(),
    }
}

fn registry_address(text: &str) -> bool {
    let port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').is_some_and(|(address, after)| {
            let after = after.is_empty() || after.strip_prefix(':').is_some_and(port);
            after && address.parse::<std::net::Ipv6Addr>().is_ok()
        }),
        None => match text.split_once(':') {
            Some((host, number)) => registry_host(host) && !host.contains(':') && port(number),
            None => registry_host(text),
        },
    }
}

/// A DNS name or an IP address without brackets.
fn registry_host(host: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    let named = host.len() <= 253 && host.split('.').all(label);
    named || host.parse::<std::net::IpAddr>().is_ok()
}

/// `[a-z0-9]+` with `.`, `_`, `__` or any number of `-` between such.
fn repository_part(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators = part.split(|c: char| c.is_ascii() && alphanumeric(c as u8));
    let separator =
        |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    let ends = [part.bytes().next(), part.bytes().last()];
    ends.iter().all(|end| end.is_some_and(alphanumeric)) && separators.into_iter().all(separator)
}

fn is_tag(tag: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=128).contains(&tag.len())
        && tag.bytes().all(inner)
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl std::fmt::Display for config::OciReference {
    /// As it is written in a document.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { registry, repository, tag, digest, loopback: _ } = self;
        write!(f, "{registry}/{repository}")?;
        tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

impl std::fmt::Display for config::Url {
    /// Without its query, which may hold a signature that opens the door for anybody.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.text.split_once('?') {
            Some((front, _)) => write!(f, "{front}?[redacted]"),
            None => f.write_str(&self.text),
        }
    }
}

impl std::fmt::Debug for config::Url {
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
        fn references_round_trip(
            text in "[a-z]{1,5}\\.(io|com)(:[1-9][0-9]{0,3})?(/[a-z0-9]{1,4}([._-][a-z0-9]{1,4})?){1,3}(:[A-Za-z0-9_][A-Za-z0-9._-]{0,6})?(@sha256:[0-9a-f]{64})?",
        ) {
            let complete = text.contains('@') || text.rsplit('/').next().unwrap().contains(':');
            let read = reference(&text);
            prop_assert_eq!(read.is_ok(), complete, "{}", text);
            if let Ok(read) = read {
                prop_assert_eq!(read.to_string(), text);
            }
        }

        /// What the parser takes, the schema must take.
        #[test]
        fn the_pattern_takes_what_the_parser_takes(text in "[a-zA.:/@_\\[\\]0-]{1,24}") {
            let Shape::Text(shape) = Reference::text_shape() else { unreachable!() };
            let pattern = regex::Regex::new(shape.pattern.unwrap()).unwrap();
            prop_assert!(reference(&text).is_err() || pattern.is_match(&text), "{}", text);
        }

        #[test]
        fn no_url_is_shown_with_its_query(query in "[a-z]{8}") {
            let url = ModuleUrl::parse(&format!("https://a.example/x.wasm?{query}")).unwrap();
            let shown = format!("{url:?} {}", url.0);
            prop_assert!(!shown.contains(&query));
        }
    }
}
