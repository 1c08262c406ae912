//! What an answer means, and how long to wait. Pure, but for the dice.

use std::time::Duration;

use prost::Message;
use tonic::Code;

use super::RetrySettings;

/// A receiver may ask for patience, but not for so much that nothing of today arrives.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// What became of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// Taken, all of it or but for some items.
    Accepted { rejected: usize, message: String },
    /// Not taken; it may be tried again, perhaps after what the receiver asks for.
    Later { why: String, after: Option<Duration> },
    /// Not taken, and it never will be.
    Never { why: String },
}

/// Codes of gRPC that are tried again
/// (<https://opentelemetry.io/docs/specs/otlp/#failures>). `RESOURCE_EXHAUSTED` only is if the
/// receiver says when.
pub(super) fn of_code(code: Code, details: &[u8], why: String) -> Verdict {
    let after = retry_delay(details);
    match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Verdict::Later { why, after },
        Code::ResourceExhausted if after.is_some() => Verdict::Later { why, after },
        _ => Verdict::Never { why },
    }
}

/// Statuses of HTTP that are tried again.
pub(super) fn of_status(status: u16, retry_after: Option<&str>, why: String) -> Verdict {
    match status {
        429 | 502 | 503 | 504 => {
            // The other form, a date, is left to the back-off.
            let seconds = retry_after.and_then(|text| text.trim().parse().ok());
            Verdict::Later { why, after: seconds.map(Duration::from_secs) }
        }
        _ => Verdict::Never { why },
    }
}

/// Pauses that grow, until something works.
#[derive(Debug)]
pub(super) struct Backoff {
    settings: RetrySettings,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(settings: RetrySettings) -> Self {
        Self { settings, next: settings.initial }
    }

    /// The next pause. `dice` is between 0 and 1: without it, all gateways would come back at the
    /// same time.
    pub(super) fn pause(&mut self, asked: Option<Duration>, dice: f64) -> Duration {
        let own = self.next.mul_f64(0.5 + dice);
        self.next = self.next.mul_f64(1.5).min(self.settings.longest);
        match asked {
            // Not all at once either, and never sooner than asked.
            Some(asked) => asked.min(LONGEST_ASKED) + self.settings.initial.mul_f64(dice),
            None => own.min(self.settings.longest),
        }
    }

    pub(super) fn reset(&mut self) {
        self.next = self.settings.initial;
    }
}

/// `google.rpc.Status`, in `grpc-status-details-bin` and in bodies of failed HTTP requests.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Any>,
}

/// `google.protobuf.Any`
#[derive(Clone, PartialEq, Message)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

/// `google.rpc.RetryInfo`
#[derive(Clone, PartialEq, Message)]
pub(super) struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    pub(super) retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`
#[derive(Clone, PartialEq, Message)]
pub(super) struct Delay {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

/// A delay of nothing is one: it says that it may be tried again.
fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = RpcStatus::decode(details).ok()?;
    let info = status.details.iter().find(|any| any.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay.unwrap_or_default();
    let seconds = u64::try_from(delay.seconds).unwrap_or(0);
    let nanos = u32::try_from(delay.nanos).unwrap_or(0).min(999_999_999);
    Some(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests;
