//! Searches the store: the list of requests, and the language of its text box.

mod condition;
mod parse;

use std::{cmp::Reverse, str::FromStr, sync::Arc, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::{
    record::{Origin, Outcome},
    store::{Interest, Kept, Store},
    trace::{hex, microseconds, unix_ms},
};

pub use condition::{Condition, Term};
pub use parse::QueryError;

/// Entries of a page, if nobody says how many.
pub const LIMIT: usize = 50;
/// Entries of a page at most: more is slow to draw and to send.
pub const LIMIT_MOST: usize = 1_000;

/// What is searched for. All conditions must hold.
///
/// The text form ([`Query::parse`]) has one term a word; quotes hold words together and a `-`
/// before a term means: not that.
///
/// | term | finds |
/// |---|---|
/// | `/api/staff` | paths that begin so |
/// | `path:staff` | paths that contain it |
/// | `status:504` `status:5xx` `status:500-503` | a status, a class, a range |
/// | `method:GET` `host:` `listener:` `route:` `rule:` `service:` `reason:` `client:` | exactly that; `route:sta*` what begins so |
/// | `header:x-user` `header:x-user=7` | a header of request or response, and its value |
/// | `>1s` `>=250ms` `<20ms` `<=1.5s` | durations |
/// | `id:…` | a request id or trace id |
/// | 32 hexadecimal digits | a trace id |
/// | `is:failed` `is:plugin` `is:slow` `is:sample` | why it was kept |
/// | `since:5m` `before:1m` | ended so long ago at most, at least |
/// | any other word | path, host, route, service, reason or request id contain it |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pub conditions: Vec<Condition>,
    /// Requests that ended then or later. Text has `since:` instead.
    pub from: Option<SystemTime>,
    /// Requests that ended before. Text has `before:` instead.
    pub until: Option<SystemTime>,
}

/// The order of results.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The longest first.
    Duration,
    /// Failures, then trapped plugins, then slow ones, then the rest; the newest of each first.
    #[default]
    Interest,
    /// The newest first.
    Time,
}

/// Which part of the results.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub sort: Sort,
    /// Default [`LIMIT`], at most [`LIMIT_MOST`].
    pub limit: Option<usize>,
    /// From [`Found::next`] of the page before.
    pub after: Option<Cursor>,
}

/// A place in a sorted list, opaque. Stays right while records come and go.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Cursor(u64, u64);

/// One page of results.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    pub requests: Vec<Summary>,
    /// All that match, on all pages.
    pub matches: usize,
    /// All that were looked at.
    pub searched: usize,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// A request in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Names the record in this process.
    pub seq: u64,
    pub interest: Interest,
    /// When it began, in milliseconds since 1970.
    pub at_ms: u64,
    pub took_us: u64,
    pub method: String,
    pub scheme: &'static str,
    pub host: Box<str>,
    /// Path and query, without credentials.
    pub target: Box<str>,
    /// 0 if nothing was answered.
    pub status: u16,
    /// Whose answer it is: `service`, `gateway`, `nobody`, or a filter's name.
    pub answered_by: Arc<str>,
    /// Why there was no answer of a service.
    pub reason: Option<&'static str>,
    pub listener: Option<Arc<str>>,
    pub route: Option<Arc<str>>,
    pub service: Option<Arc<str>>,
    /// The endpoint that was asked last.
    pub endpoint: Option<String>,
    pub attempts: usize,
    pub client: String,
    pub request_id: Arc<str>,
    pub trace_id: String,
}

impl Query {
    /// Reads what somebody typed.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::parse(text)
    }

    /// Whether a record is among what is searched for. `now` is what ages count from.
    pub fn matches(&self, kept: &Kept, now: SystemTime) -> bool {
        let ended = kept.ended();
        self.from.is_none_or(|from| from <= ended)
            && self.until.is_none_or(|until| ended < until)
            && self.conditions.iter().all(|condition| condition.holds(kept, now))
    }

    /// Searches. Takes some milliseconds for a full store; the store is locked only while the
    /// list of references is copied.
    pub fn run(&self, store: &Store, page: &Page, now: SystemTime) -> Found {
        let all = store.all();
        let searched = all.len();
        let matching = all.into_iter().filter(|kept| self.matches(kept, now));
        let mut matching: Vec<(Cursor, Arc<Kept>)> =
            matching.map(|kept| (page.sort.place(&kept), kept)).collect();
        let matches = matching.len();
        if let Some(after) = page.after {
            matching.retain(|(place, _)| *place < after);
        }
        matching.sort_unstable_by_key(|(place, _)| Reverse(*place));
        let limit = page.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MOST);
        let next = matching.get(limit).and_then(|_| matching.get(limit - 1));
        Found {
            next: next.map(|(place, _)| place.to_string()),
            requests: matching.iter().take(limit).map(|(_, kept)| Summary::of(kept)).collect(),
            matches,
            searched,
        }
    }
}

impl Sort {
    /// Greater comes first. The record's number tells equals apart.
    fn place(self, kept: &Kept) -> Cursor {
        match self {
            Self::Duration => Cursor(microseconds(kept.record.took), kept.seq),
            Self::Interest => Cursor(kept.interest as u64, kept.seq),
            // Several fit into a millisecond, and numbers follow the workers' queues, not time.
            Self::Time => Cursor(since_epoch(kept.record.started), kept.seq),
        }
    }
}

/// Microseconds since 1970.
fn since_epoch(at: SystemTime) -> u64 {
    microseconds(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}.{:x}", self.0, self.1)
    }
}

impl FromStr for Cursor {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text| u64::from_str_radix(text, 16).ok();
        let place = text.split_once('.').and_then(|(a, b)| Some(Self(number(a)?, number(b)?)));
        place.ok_or_else(|| QueryError::Cursor(text.into()))
    }
}

impl Summary {
    /// What a list says about a record.
    pub fn of(kept: &Kept) -> Self {
        let record = &kept.record;
        Self {
            seq: kept.seq,
            interest: kept.interest,
            at_ms: unix_ms(record.started),
            took_us: microseconds(record.took),
            method: record.request.method.to_string(),
            scheme: record.request.scheme,
            host: record.request.authority.clone(),
            target: record.request.target.clone(),
            status: record.response.status,
            answered_by: answered_by(&record.response.origin),
            reason: reason(kept),
            listener: record.place.listener.clone(),
            route: record.place.route.clone(),
            service: record.place.service.clone(),
            endpoint: record.attempts.last().map(|attempt| attempt.endpoint.to_string()),
            attempts: record.attempts.len(),
            client: record.client.address.to_string(),
            request_id: Arc::clone(&record.request_id),
            trace_id: hex(&record.trace.trace_id),
        }
    }
}

fn answered_by(origin: &Origin) -> Arc<str> {
    match origin {
        Origin::Filter(name) => Arc::clone(name),
        Origin::Gateway(_) => "gateway".into(),
        Origin::Nobody(_) => "nobody".into(),
        Origin::Service => "service".into(),
    }
}

/// Why there was no answer of a service, or why it is not whole.
fn reason(kept: &Kept) -> Option<&'static str> {
    match &kept.record.response.origin {
        Origin::Gateway(failed) | Origin::Nobody(failed) => Some(failed.reason),
        Origin::Filter(_) => None,
        Origin::Service => match kept.record.attempts.last().map(|attempt| &attempt.outcome) {
            Some(Outcome::Reset(_)) => Some("upstream_reset"),
            Some(Outcome::TimedOut) => Some("timeout"),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests;
