//! Names of images: `registry.example.com:5000/team/guard:1.2@sha256:…`.

use std::{fmt, str::FromStr};

use crate::digest::Digest;

/// Docker's registry, and the host that really serves it.
const DOCKER: (&str, &str) = ("docker.io", "registry-1.docker.io");
/// Longest repository name that registries take.
const NAME_BYTES: usize = 255;

/// Where an image is. Without a tag and a digest, the tag is `latest`.
///
/// A name without a registry (`team/guard`) means Docker's, as everywhere else.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Reference {
    host: Box<str>,
    repository: Box<str>,
    tag: Option<Box<str>>,
    digest: Option<Digest>,
}

/// What is wrong with the text of a reference.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    #[error("it has no repository: write `registry.example.com/team/guard:1.2`")]
    Empty,
    #[error("`{0}` is no host, or host and port, of a registry")]
    Host(Box<str>),
    #[error(
        "`{0}` is no repository: lower-case letters and digits, divided by `.`, `_`, `__`, `-` \
         and `/`, 255 at most"
    )]
    Repository(Box<str>),
    #[error("`{0}` is no tag: up to 128 letters, digits, `_`, `.` and `-`")]
    Tag(Box<str>),
    #[error("`{0}` is no digest: `sha256:` and 64 hex digits")]
    Digest(Box<str>),
}

impl Reference {
    /// Host, and port if one was written, to connect to.
    pub fn host(&self) -> &str {
        match &*self.host {
            host if host == DOCKER.0 => DOCKER.1,
            host => host,
        }
    }

    /// The name of the image within its registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, `latest` where none and no digest was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest, if it was written. It counts more than the tag.
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let text = text.strip_prefix("oci://").unwrap_or(text);
        let (text, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let parsed = digest.parse().map_err(|_| ReferenceError::Digest(digest.into()))?;
                (rest, Some(parsed))
            }
            None => (text, None),
        };
        let (host, rest) = match text.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
            _ => (DOCKER.0, text),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if repository.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if !is_host(host) {
            return Err(ReferenceError::Host(host.into()));
        }
        if !is_repository(repository) {
            return Err(ReferenceError::Repository(repository.into()));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag(tag.into()));
        }
        let repository = match repository {
            single if host == DOCKER.0 && !single.contains('/') => format!("library/{single}"),
            _ => repository.to_owned(),
        };
        let tag = match digest {
            Some(_) => tag,
            None => tag.or(Some("latest")),
        };
        let (host, repository) = (host.to_ascii_lowercase().into(), repository.into());
        Ok(Self { host, repository, tag: tag.map(Box::from), digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, repository, tag, digest } = self;
        write!(f, "{host}/{repository}")?;
        if let Some(tag) = tag {
            write!(f, ":{tag}")?;
        }
        digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => return address.parse::<std::net::Ipv6Addr>().is_ok(),
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
            ("ipv6", port.strip_prefix(':'))
        }
        Some(_) => return false,
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("443")),
        },
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(is_label)
        && port.is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse().is_ok_and(|port: u16| port > 0)
        })
}

/// The grammar of the OCI distribution specification, "Pulling manifests".
fn is_repository(text: &str) -> bool {
    let is_component = |component: &str| {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bounded = component.bytes().next().is_some_and(is_word)
            && component.bytes().next_back().is_some_and(is_word);
        // What stands between words: one of these, or any number of dashes.
        let mut between =
            component.split(|letter: char| is_word(letter as u8) && letter.is_ascii());
        bounded
            && between.all(|gap| {
                matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|byte| byte == b'-')
            })
    };
    text.len() <= NAME_BYTES && text.split('/').all(is_component)
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_read() {
        for (text, whole, host) in [
            ("guard", "docker.io/library/guard:latest", "registry-1.docker.io"),
            ("team/guard:1.2", "docker.io/team/guard:1.2", "registry-1.docker.io"),
            ("docker.io/guard:1", "docker.io/library/guard:1", "registry-1.docker.io"),
            ("ghcr.io/a/b/c", "ghcr.io/a/b/c:latest", "ghcr.io"),
            ("oci://GHCR.io/a/b:V1", "ghcr.io/a/b:V1", "ghcr.io"),
            ("localhost/guard", "localhost/guard:latest", "localhost"),
            ("localhost:5000/guard:2", "localhost:5000/guard:2", "localhost:5000"),
            ("[::1]:5000/guard:2", "[::1]:5000/guard:2", "[::1]:5000"),
            ("[::1]/guard", "[::1]/guard:latest", "[::1]"),
            (
                "r.example.com/a-b.c_d__e---f/g",
                "r.example.com/a-b.c_d__e---f/g:latest",
                "r.example.com",
            ),
        ] {
            let reference: Reference = text.parse().expect(text);
            assert_eq!(reference.to_string(), whole, "{text}");
            assert_eq!(reference.host(), host, "{text}");
            assert_eq!(reference.to_string().parse(), Ok(reference), "{text}");
        }
    }

    #[test]
    fn a_digest_needs_no_tag() {
        let reference: Reference = format!("r.io/guard@sha256:{HEX}").parse().expect("it is one");
        assert_eq!((reference.tag(), reference.digest()), (None, Some(Digest::of(b""))));
        let reference: Reference = format!("r.io/guard:1@sha256:{HEX}").parse().expect("it is one");
        assert_eq!((reference.tag(), reference.digest()), (Some("1"), Some(Digest::of(b""))));
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, part) in [
            ("", "no repository"),
            ("r.io/", "no repository"),
            ("r.io/:1", "no repository"),
            ("r.io:0/guard", "no host"),
            ("r.io:99999/guard", "no host"),
            ("r.io:+1/guard", "no host"),
            ("user:pw@r.io/guard", "no digest"),
            ("-r.io/guard", "no host"),
            ("[::g]:1/guard", "no host"),
            ("r.io/Guard", "no repository"),
            ("r.io/a//b", "no repository"),
            ("r.io/a..b", "no repository"),
            ("r.io/a___b", "no repository"),
            ("r.io/../b", "no repository"),
            ("r.io/a?b", "no repository"),
            ("r.io/grün", "no repository"),
            ("r.io/guard:", "no tag"),
            ("r.io/guard:.1", "no tag"),
            ("r.io/guard:1/2", "no tag"),
            ("r.io/guard@sha256:12", "no digest"),
            ("r.io/guard@sha512:12", "no digest"),
        ] {
            let error = text.parse::<Reference>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                proptest::prop_assert_eq!(reference.to_string().parse(), Ok(reference));
            }
        }
    }
}
