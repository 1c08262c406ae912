//! What can go wrong, where, and what to do about it.

use std::time::Duration;

use crate::{digest::Digest, signature::Why};

/// Why a plugin was not fetched. `at` is the address or image, without credentials.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The request itself; another attempt would fail alike.
    #[error("`{at}` cannot be fetched: {why}")]
    Unusable { at: String, why: String },
    #[error("`{at}` cannot be reached: {why}")]
    Unreachable { at: String, why: String },
    #[error("`{at}` took too long: {what} may take {limit:?}")]
    TimedOut { at: String, what: &'static str, limit: Duration },
    #[error("`{at}` answered with status {status}{}", said(code))]
    Status {
        at: String,
        status: u16,
        /// The registry's word for it, such as `TOOMANYREQUESTS`.
        code: Option<String>,
        /// When the server wants to be asked again.
        retry_after: Option<Duration>,
    },
    #[error("`{at}` does not let us in (status {status}): {advice}")]
    Denied { at: String, status: u16, advice: &'static str },
    #[error("`{at}` does not exist (status {status}): check its name, and that it was published")]
    NotFound { at: String, status: u16 },
    #[error("`{at}` is larger than {limit} bytes")]
    TooLarge { at: String, limit: usize },
    #[error(
        "`{at}` is not what was asked for: its digest is {found}, not {expected}; if it was \
         published anew, check it and write the new digest"
    )]
    OtherContent { at: String, expected: Digest, found: Digest },
    #[error("`{at}` was not followed to where it redirects: {why}")]
    Redirect { at: String, why: String },
    #[error("`{at}` holds no plugin: {why}")]
    NoPlugin { at: String, why: String },
    #[error("`{at}` cannot be understood: {why}")]
    Malformed { at: String, why: String },
    #[error("`{at}` is not trusted: {why}")]
    Untrusted { at: String, why: Why },
}

impl FetchError {
    /// Whether the same request may succeed a moment later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Untrusted { why, .. } => why.is_temporary(),
            Self::Denied { .. }
            | Self::Malformed { .. }
            | Self::NoPlugin { .. }
            | Self::NotFound { .. }
            | Self::OtherContent { .. }
            | Self::Redirect { .. }
            | Self::TooLarge { .. }
            | Self::Unusable { .. } => false,
        }
    }

    /// Whether only another request can succeed: nothing that happens elsewhere mends this one.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Unusable { .. })
    }

    /// When the server wants to be asked again, if it said so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn malformed(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Malformed { at: at.into(), why: why.into() }
    }

    pub(crate) fn unusable(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unusable { at: at.into(), why: why.into() }
    }

    pub(crate) fn no_plugin(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self::NoPlugin { at: at.into(), why: why.into() }
    }
}

fn said(code: &Option<String>) -> String {
    code.as_ref().map_or_else(String::new, |code| format!(" (`{code}`)"))
}
