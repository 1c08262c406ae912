//! What can be asked of one record.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName};

use super::reason;
use crate::store::{Interest, Kept};

/// A term, or its opposite.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The term must not hold.
    pub not: bool,
    pub term: Term,
}

/// Something that a record has or has not.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// Somewhere in path, host, route, service, reason or request id, in lower case.
    Anywhere(Box<str>),
    /// Ended at least so long ago.
    Before(Duration),
    /// The client's address.
    Client(Name),
    /// A header of request or response, with that value if one is given.
    Header(HeaderName, Option<Box<str>>),
    Host(Name),
    Interest(Interest),
    Listener(Name),
    /// Took so long at least; without the limit itself if `true`.
    Longer(Duration, bool),
    Method(Name),
    PathContains(Box<str>),
    PathPrefix(Box<str>),
    Reason(Name),
    RequestId(Box<str>),
    Route(Name),
    Rule(Name),
    Service(Name),
    /// Took so long at most; without the limit itself if `true`.
    Shorter(Duration, bool),
    /// Ended at most so long ago.
    Since(Duration),
    Status(RangeInclusive<u16>),
    TraceId([u8; 16]),
}

/// A name, or how names begin. Case does not count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name {
    text: Box<str>,
    is_prefix: bool,
}

impl Name {
    /// `sta*` is a beginning, `staff` a whole name.
    pub fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.strip_suffix('*') {
            Some(prefix) => Self { text: prefix.into(), is_prefix: true },
            None => Self { text: text.into_boxed_str(), is_prefix: false },
        }
    }

    fn is(&self, name: &str) -> bool {
        let beginning = name.as_bytes().get(..self.text.len());
        beginning.is_some_and(|begin| begin.eq_ignore_ascii_case(self.text.as_bytes()))
            && (self.is_prefix || name.len() == self.text.len())
    }

    fn is_some(&self, name: Option<&(impl AsRef<str> + ?Sized)>) -> bool {
        name.is_some_and(|name| self.is(name.as_ref()))
    }
}

impl Condition {
    pub(super) fn holds(&self, kept: &Kept, now: SystemTime) -> bool {
        self.term.holds(kept, now) != self.not
    }
}

impl Term {
    fn holds(&self, kept: &Kept, now: SystemTime) -> bool {
        let record = &kept.record;
        let (request, place) = (&record.request, &record.place);
        // A clock that was set back makes records of the future; they are new.
        let age = || now.duration_since(kept.ended()).unwrap_or_default();
        match self {
            Self::Anywhere(text) => anywhere(text, kept),
            Self::Before(least) => age() >= *least,
            Self::Client(name) => name.is(&record.client.address.ip().to_string()),
            Self::Header(name, value) => {
                has(&request.headers, name, value.as_deref())
                    || has(&record.response.headers, name, value.as_deref())
            }
            Self::Host(name) => {
                let host = without_port(&request.authority);
                name.is(host) || name.is(&request.authority)
            }
            Self::Interest(interest) => kept.interest == *interest,
            Self::Listener(name) => name.is_some(place.listener.as_ref()),
            Self::Longer(limit, strictly) => {
                record.took > *limit || (!strictly && record.took == *limit)
            }
            Self::Method(name) => name.is(request.method.as_str()),
            Self::PathContains(text) => contains(request.path(), text),
            Self::PathPrefix(prefix) => request.target.starts_with(&**prefix),
            Self::Reason(name) => name.is_some(reason(kept)),
            Self::RequestId(id) => *record.request_id == **id,
            Self::Route(name) => name.is_some(place.route.as_ref()),
            Self::Rule(name) => name.is_some(place.rule.as_ref()),
            Self::Service(name) => name.is_some(place.service.as_ref()),
            Self::Shorter(limit, strictly) => {
                record.took < *limit || (!strictly && record.took == *limit)
            }
            Self::Since(most) => age() <= *most,
            Self::Status(range) => range.contains(&record.response.status),
            Self::TraceId(id) => record.trace.trace_id == *id,
        }
    }
}

fn anywhere(text: &str, kept: &Kept) -> bool {
    let record = &kept.record;
    let names = [&record.place.route, &record.place.service, &record.place.rule];
    contains(&record.request.target, text)
        || contains(&record.request.authority, text)
        || contains(&record.request_id, text)
        || names.into_iter().flatten().any(|name| contains(name, text))
        || reason(kept).is_some_and(|reason| contains(reason, text))
}

/// `text` is in lower case.
fn contains(whole: &str, text: &str) -> bool {
    let text = text.as_bytes();
    text.is_empty()
        || whole.as_bytes().windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
}

fn has(headers: &HeaderMap, name: &HeaderName, value: Option<&str>) -> bool {
    let mut values = headers.get_all(name).iter();
    match value {
        None => values.next().is_some(),
        Some(value) => values.any(|other| other.as_bytes() == value.as_bytes()),
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
