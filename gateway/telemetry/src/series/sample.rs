//! What is counted of a request or an attempt.

use std::time::Duration;

use super::Verb;
use crate::record::{Attempt, Origin, Outcome, Record};

/// One request or attempt that has ended, as numbers.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub verb: Verb,
    /// It came by TLS.
    pub secure: bool,
    /// The status that was sent, or that the service sent; 0 if there was none.
    pub status: u16,
    /// Why there is no answer of a service: see [`Failed::reason`](crate::record::Failed::reason).
    /// For an attempt, a word of [`Sample::of_attempt`].
    pub reason: Option<&'static str>,
    /// From the first byte to the last; for a branch, the time that the service had it.
    pub took: Duration,
    /// From the begin of an attempt until the head of the response was there.
    pub first_byte: Option<Duration>,
    /// How long the connection took; missing for a warm one.
    pub connect: Option<Duration>,
    /// A warm connection was used.
    pub is_reused: bool,
    /// An earlier attempt of the same request had failed.
    pub is_retry: bool,
    /// Bytes of the bodies: of the request, and of the answer.
    pub bytes_in: u64,
    pub bytes_out: u64,
}

impl Sample {
    /// The request, for its entry.
    pub fn of_request(record: &Record) -> Self {
        let reason = match &record.response.origin {
            Origin::Gateway(failed) | Origin::Nobody(failed) => Some(failed.reason),
            Origin::Service | Origin::Filter(_) => None,
        };
        Self {
            verb: Verb::of(&record.request.method),
            secure: record.request.scheme == "https",
            status: record.response.status,
            reason,
            took: record.took,
            bytes_in: record.request.body_bytes,
            bytes_out: record.response.body_bytes,
            ..Self::default()
        }
    }

    /// The request, for its branch: from the first attempt to the end of the last; missing if
    /// there was none.
    pub fn of_branch(record: &Record) -> Option<Self> {
        let (first, last) = (record.attempts.first()?, record.attempts.last()?);
        let took = last.ended.saturating_sub(first.began);
        Some(Self { took, ..Self::of_request(record) })
    }

    /// An attempt, for its leaf. Its reason is `refused`, `stale`, `reset`, `protocol`, `timeout`
    /// or `cancelled`; none if it was answered. `nth` counts from 0.
    pub fn of_attempt(record: &Record, nth: usize, attempt: &Attempt) -> Self {
        let (status, reason) = match &attempt.outcome {
            Outcome::Answered(status) => (*status, None),
            Outcome::Refused(_) => (0, Some("refused")),
            Outcome::Stale => (0, Some("stale")),
            Outcome::Reset(_) => (0, Some("reset")),
            Outcome::Protocol(_) => (0, Some("protocol")),
            Outcome::TimedOut => (0, Some("timeout")),
            Outcome::Cancelled => (0, Some("cancelled")),
        };
        let connected = attempt.connected.filter(|_| !attempt.reused);
        Self {
            verb: Verb::of(&record.request.method),
            secure: false,
            status,
            reason,
            took: attempt.ended.saturating_sub(attempt.began),
            first_byte: attempt.first_byte.map(|at| at.saturating_sub(attempt.began)),
            connect: connected.map(|at| at.saturating_sub(attempt.began)),
            is_reused: attempt.reused,
            is_retry: nth > 0,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// It failed by the fault of a service or of the gateway: an answer of 500 or more, or none
    /// at all. A client that went away is no error, nor is one that asked wrongly, nor a warm
    /// connection that turned out to be closed, since nothing was lost.
    pub fn is_error(&self) -> bool {
        let nobodys_fault = matches!(self.reason, Some("client_gone" | "cancelled" | "stale"));
        (self.status >= 500 || self.status == 0) && !nobodys_fault
    }
}
