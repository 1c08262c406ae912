//! Why a request ended as it did, in one word: Envoy's response flags, and Portico's own reasons.
//!
//! A flag is two or three letters that people who know Envoy grep for; a reason is the word that
//! the client was told in `x-portico-reason`. Both are read off the [`Record`]; nothing is stored.

use crate::record::{Failed, Origin, Outcome, Record};

/// One of Envoy's response flags that Portico can set, in the order in which Envoy lists them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Flag {
    NoHealthyUpstream,
    UpstreamRequestTimeout,
    UpstreamConnectionFailure,
    UpstreamConnectionTermination,
    NoRouteFound,
    DownstreamConnectionTermination,
    UpstreamRetryLimitExceeded,
    DownstreamProtocolError,
    UpstreamProtocolError,
}

impl Flag {
    /// All of them, in Envoy's order.
    pub const ALL: [Self; 9] = [
        Self::NoHealthyUpstream,
        Self::UpstreamRequestTimeout,
        Self::UpstreamConnectionFailure,
        Self::UpstreamConnectionTermination,
        Self::NoRouteFound,
        Self::DownstreamConnectionTermination,
        Self::UpstreamRetryLimitExceeded,
        Self::DownstreamProtocolError,
        Self::UpstreamProtocolError,
    ];

    /// What `%RESPONSE_FLAGS%` prints.
    pub fn short(self) -> &'static str {
        match self {
            Self::NoHealthyUpstream => "UH",
            Self::UpstreamRequestTimeout => "UT",
            Self::UpstreamConnectionFailure => "UF",
            Self::UpstreamConnectionTermination => "UC",
            Self::NoRouteFound => "NR",
            Self::DownstreamConnectionTermination => "DC",
            Self::UpstreamRetryLimitExceeded => "URX",
            Self::DownstreamProtocolError => "DPE",
            Self::UpstreamProtocolError => "UPE",
        }
    }

    /// What `%RESPONSE_FLAGS_LONG%` prints.
    pub fn long(self) -> &'static str {
        match self {
            Self::NoHealthyUpstream => "NoHealthyUpstream",
            Self::UpstreamRequestTimeout => "UpstreamRequestTimeout",
            Self::UpstreamConnectionFailure => "UpstreamConnectionFailure",
            Self::UpstreamConnectionTermination => "UpstreamConnectionTermination",
            Self::NoRouteFound => "NoRouteFound",
            Self::DownstreamConnectionTermination => "DownstreamConnectionTermination",
            Self::UpstreamRetryLimitExceeded => "UpstreamRetryLimitExceeded",
            Self::DownstreamProtocolError => "DownstreamProtocolError",
            Self::UpstreamProtocolError => "UpstreamProtocolError",
        }
    }

    /// The same in plain words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NoHealthyUpstream => "the service has no endpoint to send the request to",
            Self::UpstreamRequestTimeout => "the service did not answer in time",
            Self::UpstreamConnectionFailure => "no endpoint of the service took a connection",
            Self::UpstreamConnectionTermination => {
                "the service closed the connection before its answer was complete"
            }
            Self::NoRouteFound => "no listener or rule is there for such a request",
            Self::DownstreamConnectionTermination => "the client left before the answer was sent",
            Self::UpstreamRetryLimitExceeded => "every attempt failed and no further one was made",
            Self::DownstreamProtocolError => "the client's request was not proper HTTP",
            Self::UpstreamProtocolError => "what the service answered was not proper HTTP",
        }
    }

    /// The flag of this name, short or long. Case counts, as on Envoy.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.short() == name || flag.long() == name)
    }
}

/// The flags of one request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(u16);

impl Flags {
    /// What Envoy would have set.
    pub fn of(record: &Record) -> Self {
        let mut flags = Self::default();
        match &record.response.origin {
            Origin::Gateway(failed) | Origin::Nobody(failed) => {
                if let Some(flag) = flag_of(failed) {
                    flags.set(flag);
                    if record.attempts.len() > 1 && is_of_upstream(flag) {
                        flags.set(Flag::UpstreamRetryLimitExceeded);
                    }
                }
            }
            Origin::Service | Origin::Filter(_) if !record.response.complete => {
                flags.set(broken_off(record));
            }
            Origin::Service | Origin::Filter(_) => {}
        }
        flags
    }

    /// Whether this one is set.
    pub fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u16) != 0
    }

    /// Whether none is.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are set, in Envoy's order.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }

    fn set(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u16;
    }
}

/// The short reason why a request failed: the one of `x-portico-reason`, or what became of an
/// answer that had begun. Missing if nothing went wrong on the way.
pub fn reason(record: &Record) -> Option<&'static str> {
    match &record.response.origin {
        Origin::Gateway(failed) | Origin::Nobody(failed) => Some(failed.reason),
        Origin::Service | Origin::Filter(_) if record.response.complete => None,
        Origin::Service | Origin::Filter(_) => Some(match broken_off(record) {
            Flag::UpstreamRequestTimeout => "timeout",
            Flag::UpstreamConnectionTermination => "upstream_reset",
            Flag::UpstreamProtocolError => "upstream_protocol",
            _ => "client_gone",
        }),
    }
}

/// Who answered: `service`, `filter`, `gateway` or `nobody`.
pub fn answered_by(record: &Record) -> &'static str {
    match record.response.origin {
        Origin::Service => "service",
        Origin::Filter(_) => "filter",
        Origin::Gateway(_) => "gateway",
        Origin::Nobody(_) => "nobody",
    }
}

/// The gateway's or nobody's failure, if it is one.
pub fn failed(record: &Record) -> Option<&Failed> {
    match &record.response.origin {
        Origin::Gateway(failed) | Origin::Nobody(failed) => Some(failed),
        Origin::Service | Origin::Filter(_) => None,
    }
}

/// Whether an operator would call it an error: a status of 500 and more, no answer at all, an
/// answer that broke off, or a plugin that failed. A client's own mistake (4xx) is none.
pub fn is_error(record: &Record) -> bool {
    record.response.status >= 500
        || record.response.status == 0
        || !record.response.complete
        || record.filters.iter().any(|filter| filter.failed.is_some())
}

/// What Envoy sets where the gateway gives this reason. It has no flag for a filter that failed
/// nor for a mistake of its own.
fn flag_of(failed: &Failed) -> Option<Flag> {
    Some(match failed.reason {
        "no_route" | "no_listener" => Flag::NoRouteFound,
        "no_endpoint" | "no_backend" | "suspended" => Flag::NoHealthyUpstream,
        "connect_failed" => Flag::UpstreamConnectionFailure,
        "upstream_reset" => Flag::UpstreamConnectionTermination,
        "upstream_protocol" => Flag::UpstreamProtocolError,
        "timeout" => Flag::UpstreamRequestTimeout,
        "client_gone" => Flag::DownstreamConnectionTermination,
        "bad_body" | "bad_request" | "head_too_large" => Flag::DownstreamProtocolError,
        _ => return None,
    })
}

fn is_of_upstream(flag: Flag) -> bool {
    matches!(
        flag,
        Flag::UpstreamConnectionFailure
            | Flag::UpstreamConnectionTermination
            | Flag::UpstreamProtocolError
            | Flag::UpstreamRequestTimeout
    )
}

/// Whose fault it was that an answer ended in the middle. The last attempt knows if it was the
/// service's; otherwise the client left.
fn broken_off(record: &Record) -> Flag {
    match record.attempts.last().map(|attempt| &attempt.outcome) {
        Some(Outcome::TimedOut) => Flag::UpstreamRequestTimeout,
        Some(Outcome::Reset(_) | Outcome::Stale) => Flag::UpstreamConnectionTermination,
        Some(Outcome::Protocol(_)) => Flag::UpstreamProtocolError,
        Some(Outcome::Answered(_) | Outcome::Cancelled | Outcome::Refused(_)) | None => {
            Flag::DownstreamConnectionTermination
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::fixture;

    #[test]
    fn every_reason_has_its_flag() {
        let cases = [
            ("no_route", "NR"),
            ("no_listener", "NR"),
            ("no_backend", "UH"),
            ("no_endpoint", "UH"),
            ("suspended", "UH"),
            ("connect_failed", "UF"),
            ("upstream_reset", "UC"),
            ("upstream_protocol", "UPE"),
            ("timeout", "UT"),
            ("bad_request", "DPE"),
            ("head_too_large", "DPE"),
            ("bad_body", "DPE"),
            ("client_gone", "DC"),
            ("plugin_failed", ""),
            ("internal", ""),
        ];
        for (word, expected) in cases {
            let record = fixture::failed(word, 503);
            let flags: Vec<_> = Flags::of(&record).iter().map(Flag::short).collect();
            assert_eq!(flags.join(","), expected, "{word}");
            assert_eq!(reason(&record), Some(word));
            assert_eq!(answered_by(&record), "gateway");
        }
    }

    #[test]
    fn several_failed_attempts_are_a_retry_limit() {
        let mut record = fixture::failed("connect_failed", 503);
        let attempt = fixture::record().attempts[0].clone();
        record.attempts = vec![attempt.clone(), attempt];
        let flags: Vec<_> = Flags::of(&record).iter().map(Flag::short).collect();
        assert_eq!(flags, ["UF", "URX"]);
    }

    #[test]
    fn an_answer_that_breaks_off_tells_whose_fault_it_was() {
        let mut record = fixture::record();
        assert!(Flags::of(&record).is_empty());
        assert_eq!(reason(&record), None);
        assert!(!is_error(&record));
        record.response.complete = false;
        assert!(is_error(&record));
        assert_eq!(reason(&record), Some("client_gone"));
        record.attempts[0].outcome = Outcome::Reset("closed".into());
        assert_eq!(reason(&record), Some("upstream_reset"));
        assert!(Flags::of(&record).has(Flag::UpstreamConnectionTermination));
    }

    #[test]
    fn flags_are_found_by_both_names() {
        for flag in Flag::ALL {
            assert_eq!(Flag::named(flag.short()), Some(flag));
            assert_eq!(Flag::named(flag.long()), Some(flag));
        }
        assert_eq!(Flag::named("LH"), None);
    }
}
