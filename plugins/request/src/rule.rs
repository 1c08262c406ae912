//! Which requests a rule is for: by path, by method, by a header. All that are given must
//! hold; a rule that gives none is for every request.

use crate::SettingsError;
use serde::Deserialize;

/// How a path is compared: always without its query, byte by byte, as the client wrote it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum PathMatch {
    /// Somewhere in the path.
    Contains(String),
    /// The whole path.
    Exact(String),
    /// The path or a leading part that ends with a segment, as in Gateway API: `/api` is a
    /// prefix of `/api` and `/api/x`, not of `/apix`. A slash at the end makes no difference.
    Prefix(String),
    /// The end of the path.
    Suffix(String),
}

/// A header that must be there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct HeaderMatch {
    /// Compared without regard to case.
    pub name: String,
    /// The exact value; left out, any value will do.
    pub value: Option<String>,
}

/// Which requests are meant, checked and ready to use.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rule {
    path: Option<PathMatch>,
    method: Option<String>,
    header: Option<HeaderMatch>,
}

/// The head of one request as far as rules ask for it. A filter answers from what it has
/// read, or asks the host only now.
pub trait Head {
    /// `:path`, with its query.
    fn path(&self) -> &[u8];
    /// Whether `:method` is this one.
    fn method_is(&self, method: &str) -> bool;
    /// Whether the header is there and, where a value is given, has it. The name is in lower
    /// case.
    fn has_header(&self, name: &str, value: Option<&str>) -> bool;
}

impl Rule {
    /// # Errors
    /// A path pattern that no path can match, a method or header name that is none.
    pub fn new(
        path: Option<PathMatch>,
        method: Option<String>,
        header: Option<HeaderMatch>,
    ) -> Result<Self, SettingsError> {
        let path = path.map(checked_path).transpose()?;
        if let Some(method) = &method
            && !is_token(method)
        {
            return Err(SettingsError::new("method", "not the name of a method"));
        }
        let header = header
            .map(|HeaderMatch { name, value }| {
                Ok(HeaderMatch { name: header_name(&name).map_err(|e| e.within("header"))?, value })
            })
            .transpose()?;
        Ok(Self { path, method, header })
    }

    #[must_use]
    pub fn matches(&self, head: &impl Head) -> bool {
        let Self { path, method, header } = self;
        path.as_ref().is_none_or(|path| path.matches(without_query(head.path())))
            && method.as_deref().is_none_or(|method| head.method_is(method))
            && header
                .as_ref()
                .is_none_or(|header| head.has_header(&header.name, header.value.as_deref()))
    }
}

impl PathMatch {
    /// Whether `path`, which has no query any more, is meant.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        match self {
            Self::Contains(part) => {
                path.windows(part.len()).any(|window| window == part.as_bytes())
            }
            Self::Exact(whole) => path == whole.as_bytes(),
            // The slash at the end was taken off, so that `/` is the empty prefix.
            Self::Prefix(start) => path
                .strip_prefix(start.as_bytes())
                .is_some_and(|rest| rest.is_empty() || rest[0] == b'/'),
            Self::Suffix(end) => path.ends_with(end.as_bytes()),
        }
    }
}

fn checked_path(path: PathMatch) -> Result<PathMatch, SettingsError> {
    let (field, text, rooted) = match &path {
        PathMatch::Contains(text) => ("path.contains", text, false),
        PathMatch::Exact(text) => ("path.exact", text, true),
        PathMatch::Prefix(text) => ("path.prefix", text, true),
        PathMatch::Suffix(text) => ("path.suffix", text, false),
    };
    if text.is_empty() {
        return Err(SettingsError::new(field, "must not be empty"));
    }
    if rooted && !text.starts_with('/') {
        return Err(SettingsError::new(field, "must begin with `/`"));
    }
    if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'?' || byte == b'#') {
        return Err(SettingsError::new(
            field,
            "no path has a space, `?`, `#` or a character outside of ASCII: write it percent-encoded",
        ));
    }
    Ok(match path {
        PathMatch::Prefix(text) => PathMatch::Prefix(text.trim_end_matches('/').to_owned()),
        other => other,
    })
}

/// The path of `:path`: what stands before the query or a fragment.
#[must_use]
pub fn without_query(path: &[u8]) -> &[u8] {
    path.iter().position(|byte| matches!(byte, b'?' | b'#')).map_or(path, |end| &path[..end])
}

/// A header name in the lower case in which hosts list it.
///
/// # Errors
/// Text that is not a field name (RFC 9110 section 5.1); pseudo headers are none.
pub fn header_name(text: &str) -> Result<String, SettingsError> {
    if is_token(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(SettingsError::new("name", "not a header name"))
    }
}

/// RFC 9110 section 5.6.2.
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests;
