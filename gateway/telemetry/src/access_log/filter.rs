//! Which requests are logged.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use http::HeaderName;

use crate::{
    flags::{self, Flag, Flags},
    record::{REASONS, Record},
};

/// Conditions; all that are given must hold. The default is none: every request is logged.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Inclusive ranges of the status; one must hold it. A request that nobody answered has 0.
    pub statuses: Vec<(u16, u16)>,
    /// The request took at least this long.
    pub min_duration: Option<Duration>,
    /// Names of routes; one must be the request's.
    pub routes: Vec<String>,
    /// Hosts, without port; `*.example.com` stands for all below it. Case does not count.
    pub hosts: Vec<String>,
    /// Methods; one must be the request's.
    pub methods: Vec<String>,
    /// Envoy's response flags, short or long (`UF`), or Portico's reasons (`connect_failed`); one
    /// must be set. `*` stands for any.
    pub reasons: Vec<String>,
    /// Request headers that must all be there, by name, with this value if one is given.
    pub headers: Vec<(String, Option<String>)>,
    /// The share of traces that is logged, from 0 to 1, chosen by trace id, so that several
    /// gateways log the same. Errors (see [`flags::is_error`]) are logged whatever the share.
    pub share: Option<f64>,
}

/// Conditions that cannot be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    #[error("`{name}` is no header name")]
    Header { name: String },
    #[error("`{name}` is neither a response flag nor a reason that is given here")]
    Reason { name: String },
    #[error("the share `{share}` is not between 0 and 1")]
    Share { share: f64 },
    #[error("no status lies between {from} and {to}")]
    Statuses { from: u16, to: u16 },
}

/// Compiled [`Conditions`].
#[derive(Clone, Debug)]
pub struct Filter {
    statuses: Vec<(u16, u16)>,
    min_duration: Option<Duration>,
    routes: Vec<String>,
    hosts: Vec<Host>,
    methods: Vec<String>,
    reasons: Vec<Reason>,
    headers: Vec<(HeaderName, Option<String>)>,
    /// Traces whose random part is below it are logged.
    threshold: Option<u64>,
}

#[derive(Clone, Debug)]
enum Host {
    Exact(String),
    /// `.example.com`
    Below(String),
}

#[derive(Clone, Debug)]
enum Reason {
    Any,
    Flag(Flag),
    Word(&'static str),
}

impl Filter {
    /// # Errors
    /// If a condition can never be checked.
    pub fn new(conditions: Conditions) -> Result<Self, FilterError> {
        let Conditions { statuses, min_duration, routes, hosts, methods, reasons, headers, share } =
            conditions;
        if let Some((from, to)) = statuses.iter().find(|(from, to)| from > to) {
            return Err(FilterError::Statuses { from: *from, to: *to });
        }
        let header = |(name, value): (String, Option<String>)| match HeaderName::try_from(&name) {
            Ok(name) => Ok((name, value)),
            Err(_) => Err(FilterError::Header { name }),
        };
        Ok(Self {
            statuses,
            min_duration,
            routes,
            hosts: hosts.iter().map(|host| Host::new(host)).collect(),
            methods,
            reasons: reasons.into_iter().map(Reason::new).collect::<Result<_, _>>()?,
            headers: headers.into_iter().map(header).collect::<Result<_, _>>()?,
            threshold: share.map(threshold).transpose()?,
        })
    }

    /// Whether this request is logged.
    pub fn matches(&self, record: &Record) -> bool {
        let status = record.response.status;
        any(&self.statuses, |(from, to)| (*from..=*to).contains(&status))
            && self.min_duration.is_none_or(|least| record.took >= least)
            && any(&self.methods, |method| record.request.method.as_str() == method)
            && any(&self.routes, |route| record.place.route.as_deref() == Some(route))
            && any(&self.hosts, |host| host.matches(&record.request.authority))
            && any(&self.reasons, |reason| reason.matches(record))
            && self.headers.iter().all(|(name, value)| has_header(record, name, value.as_deref()))
            && self.is_in_share(record)
    }

    fn is_in_share(&self, record: &Record) -> bool {
        match self.threshold {
            Some(threshold) => randomness(record) < threshold || flags::is_error(record),
            None => true,
        }
    }
}

impl Host {
    fn new(pattern: &str) -> Self {
        match pattern.strip_prefix('*') {
            Some(below) => Self::Below(below.to_ascii_lowercase()),
            None => Self::Exact(pattern.to_ascii_lowercase()),
        }
    }

    fn matches(&self, authority: &str) -> bool {
        let host = without_port(authority);
        match self {
            Self::Exact(name) => host.eq_ignore_ascii_case(name),
            Self::Below(end) => {
                let (host, end) = (host.as_bytes(), end.as_bytes());
                host.len() > end.len() && host[host.len() - end.len()..].eq_ignore_ascii_case(end)
            }
        }
    }
}

impl Reason {
    fn new(name: String) -> Result<Self, FilterError> {
        if name == "*" {
            return Ok(Self::Any);
        }
        if let Some(flag) = Flag::named(&name) {
            return Ok(Self::Flag(flag));
        }
        match REASONS.into_iter().find(|reason| *reason == name) {
            Some(reason) => Ok(Self::Word(reason)),
            None => Err(FilterError::Reason { name }),
        }
    }

    fn matches(&self, record: &Record) -> bool {
        match self {
            Self::Any => flags::reason(record).is_some(),
            Self::Flag(flag) => Flags::of(record).has(*flag),
            Self::Word(word) => flags::reason(record) == Some(word),
        }
    }
}

/// The host of an authority, `[::1]` for `[::1]:80`.
pub(crate) fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

/// Whether a request has the header, with this value among its values if one is asked for.
pub(crate) fn has_header(record: &Record, name: &HeaderName, value: Option<&str>) -> bool {
    match value {
        None => record.request.headers.contains_key(name),
        Some(value) => record.request.headers.get_all(name).iter().any(|other| other == value),
    }
}

/// An empty list is no condition.
fn any<T>(list: &[T], holds: impl FnMut(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(holds)
}

/// The part of a trace id that is random (W3C Trace Context level 2, section 3.2.2.4): 56 bits. A
/// request without a trace is chosen by its own id.
fn randomness(record: &Record) -> u64 {
    let id = record.trace.trace_id;
    if id == [0; 16] {
        let mut hasher = DefaultHasher::new();
        record.request_id.hash(&mut hasher);
        return hasher.finish() >> 8;
    }
    u64::from_be_bytes([0, id[9], id[10], id[11], id[12], id[13], id[14], id[15]])
}

fn threshold(share: f64) -> Result<u64, FilterError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(FilterError::Share { share });
    }
    // Exact: 2^56 fits, and a share of 1 is above every number of 56 bits.
    Ok((share * (1_u64 << 56) as f64) as u64)
}

#[cfg(test)]
mod tests;
