//! Who calls, and what the role allows.

use std::{fmt, net::SocketAddr, sync::Arc};

use super::access::Refusal;

/// What somebody may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Nothing by itself. On a loopback address, reads are open to all the same.
    None,
    /// Reads everything but what may hold secrets: texts of the configuration, bodies.
    Viewer,
    /// Changes things, and sees everything.
    Operator,
}

/// How somebody has said who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    Certificate,
    /// Not at all.
    Nothing,
    Session,
    Token,
}

/// Who calls: an extension of every request, for handlers and the audit log.
#[derive(Clone, Debug)]
pub struct Who {
    pub role: Role,
    /// What the audit log calls them; `None` for whoever did not say.
    pub name: Option<Arc<str>>,
    pub how: How,
    pub from: SocketAddr,
    /// What is wrong with what they showed. With it, `role` is [`Role::None`].
    pub(super) trouble: Option<Refusal>,
}

impl Who {
    pub(super) fn new(role: Role, name: Arc<str>, how: How, from: SocketAddr) -> Self {
        Self { role, name: Some(name), how, from, trouble: None }
    }

    pub(super) fn nobody(from: SocketAddr) -> Self {
        Self { role: Role::None, name: None, how: How::Nothing, from, trouble: None }
    }

    /// Somebody known, whose call must not be followed all the same.
    pub(super) fn but(self, trouble: Refusal) -> Self {
        Self { role: Role::None, trouble: Some(trouble), ..self }
    }

    /// For texts: `nobody` if they did not say.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("nobody")
    }
}

impl Role {
    /// As the API writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
