//! What requests of one series are told apart by, in one number.

use http::Method;

use super::{Edge, Sample, registry::Shape};

/// A method, as far as it may become a label: clients can invent others.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Verb {
    Connect,
    Delete,
    Get,
    Head,
    Options,
    Patch,
    Post,
    Put,
    Trace,
    /// Any other.
    #[default]
    Other,
}

impl Verb {
    const ALL: [Self; 10] = [
        Self::Connect,
        Self::Delete,
        Self::Get,
        Self::Head,
        Self::Options,
        Self::Patch,
        Self::Post,
        Self::Put,
        Self::Trace,
        Self::Other,
    ];

    /// Of a request.
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            Method::DELETE => Self::Delete,
            Method::HEAD => Self::Head,
            Method::OPTIONS => Self::Options,
            Method::PATCH => Self::Patch,
            Method::CONNECT => Self::Connect,
            Method::TRACE => Self::Trace,
            _ => Self::Other,
        }
    }

    /// The value of `http.request.method`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Trace => "TRACE",
            Self::Other => "_OTHER",
        }
    }
}

/// What the requests of one cell of a series have in common.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(u32);

const STATUS: u32 = 0x3ff;
const REASON_SHIFT: u32 = 10;
const REASON: u32 = 0x3f;
const VERB_SHIFT: u32 = 16;
const VERB: u32 = 0xf;
const SECURE: u32 = 1 << 20;

/// The reason that stands for those that nobody announced.
const OTHER_REASON: &str = "_OTHER";

impl Key {
    /// The requests that are told apart from others by nothing: the cells of a series have a
    /// limit.
    pub const OVERFLOW: Self = Self(u32::MAX);

    /// 0 if there was none.
    pub fn status(self) -> u16 {
        (self.0 & STATUS) as u16
    }

    /// Its method.
    pub fn verb(self) -> Verb {
        let index = (self.0 >> VERB_SHIFT & VERB) as usize;
        Verb::ALL.get(index).copied().unwrap_or_default()
    }

    /// It came by TLS.
    pub fn is_secure(self) -> bool {
        self.0 & SECURE != 0
    }
}

/// What a series counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Grain {
    /// Requests, by everything that becomes a label, and the sizes of their bodies.
    Request,
    /// Requests, by the hundreds of the status: for the graph, which needs no more.
    Branch,
    /// Attempts, by everything that becomes a label, and how they got a connection.
    Attempt,
}

impl Grain {
    pub(super) fn of(edge: &Edge) -> Self {
        match edge {
            Edge::Entry { .. } | Edge::Overflow => Self::Request,
            Edge::Branch { .. } => Self::Branch,
            Edge::Leaf { .. } => Self::Attempt,
        }
    }

    pub(super) fn key(self, shape: &Shape, sample: &Sample) -> Key {
        // No status has four digits; a number that has is as good as none.
        let status = if sample.status < 1000 { u32::from(sample.status) } else { 0 };
        if self == Self::Branch {
            return Key(status / 100 * 100);
        }
        let reason = sample.reason.map_or(0, |reason| shape.reason(reason));
        let verb = if shape.by_method { sample.verb } else { Verb::Other } as u32;
        let secure = if sample.secure { SECURE } else { 0 };
        Key(status | reason << REASON_SHIFT | verb << VERB_SHIFT | secure)
    }
}

impl Shape {
    /// The key of a request in its entry.
    pub(crate) fn request_key(&self, sample: &Sample) -> Key {
        Grain::Request.key(self, sample)
    }

    /// The key of an attempt in its leaf.
    pub(crate) fn attempt_key(&self, sample: &Sample) -> Key {
        Grain::Attempt.key(self, sample)
    }

    /// Why there was no answer of a service, if that is so.
    pub(crate) fn reason_of(&self, key: Key) -> Option<&'static str> {
        let index = (key.0 >> REASON_SHIFT & REASON).checked_sub(1)?;
        Some(self.reasons.get(index as usize).copied().unwrap_or(OTHER_REASON))
    }

    /// From 1. A search in a few words, and only for requests that failed.
    fn reason(&self, word: &str) -> u32 {
        let index = self.reasons.iter().position(|known| *known == word);
        index.map_or(REASON, |index| index as u32 + 1)
    }
}
