//! How a call ended, in gRPC's numbers and Envoy's words.
//!
//! A message ends with details in braces that say who ended the call, as on Envoy: filters log it.

use bytes::Bytes;
use http::HeaderMap;

use super::super::dial::DialError;

pub(super) const UNKNOWN: i32 = 2;
pub(super) const RESOURCE_EXHAUSTED: i32 = 8;
pub(super) const INTERNAL: i32 = 13;
pub(super) const UNAVAILABLE: i32 = 14;

/// A status that is no number, or none that gRPC knows.
const INVALID: i32 = -1;

/// The largest number that means something.
const LARGEST: i32 = 16;

/// The end of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct End {
    pub(super) status: i32,
    /// What a peer said, or what stands for it. As it came: filters on Envoy see it encoded.
    pub(super) message: String,
    /// Who ended it, and how.
    pub(super) details: String,
}

impl End {
    /// The peer answered.
    pub(super) fn upstream(status: i32, message: String) -> Self {
        Self { status, message, details: "via_upstream".to_owned() }
    }

    /// The peer ended it without a status.
    pub(super) fn reset(before_head: bool, reason: &str) -> Self {
        let detail = reason.replace(' ', "_");
        if before_head {
            let message = format!(
                "upstream connect error or disconnect/reset before headers. reset reason: {reason}"
            );
            let details = format!("upstream_reset_before_response_started{{{detail}}}");
            Self { status: UNAVAILABLE, message, details }
        } else {
            let details = format!("upstream_reset_after_response_started{{{detail}}}");
            Self { status: INTERNAL, message: String::new(), details }
        }
    }

    /// It took too long.
    pub(super) fn late(before_head: bool) -> Self {
        let (status, message) = match before_head {
            true => (UNAVAILABLE, "upstream request timeout"),
            false => (INTERNAL, ""),
        };
        Self { status, message: message.to_owned(), details: "response_timeout".to_owned() }
    }

    /// A limit of the gateway was met.
    pub(super) fn exhausted(what: &str) -> Self {
        Self { status: RESOURCE_EXHAUSTED, message: what.to_owned(), details: String::new() }
    }

    /// There was no connection.
    pub(super) fn unreachable(error: DialError) -> Self {
        match error {
            DialError::Late => Self::reset(true, "connection timeout"),
            DialError::Local => Self::reset(true, "local connection failure"),
            DialError::NoEndpoint => Self {
                status: UNAVAILABLE,
                message: "no healthy upstream".to_owned(),
                details: "no_healthy_upstream".to_owned(),
            },
            DialError::Refused => {
                let mut end = Self::reset(true, "remote connection failure");
                end.details = "upstream_reset_before_response_started{remote_connection_failure|\
                               delayed_connect_error:_Connection_refused}"
                    .to_owned();
                end
            }
        }
    }

    /// What the trailers say; no status there is an unknown one.
    pub(super) fn of_trailers(trailers: &HeaderMap) -> Self {
        let text = |name: &str| trailers.get(name).map(|value| value.as_bytes());
        let status = text("grpc-status").map_or(UNKNOWN, |status| {
            let number = std::str::from_utf8(status).ok().and_then(|status| status.parse().ok());
            number.filter(|number| (0..=LARGEST).contains(number)).unwrap_or(INVALID)
        });
        let message = text("grpc-message").unwrap_or_default();
        Self::upstream(status, String::from_utf8_lossy(message).into_owned())
    }

    /// For an answer that is no gRPC (the table of `http-grpc-status-mapping.md`).
    pub(super) fn of_http(status: u16) -> Self {
        let status = match status {
            400 => INTERNAL,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502..=504 => UNAVAILABLE,
            _ => UNKNOWN,
        };
        Self::upstream(status, String::new())
    }

    /// As a guest gets it.
    pub(super) fn shown(&self) -> String {
        match (&*self.message, &*self.details) {
            ("", details) => details.to_owned(),
            (message, "") => message.to_owned(),
            (message, details) => format!("{message}{{{details}}}"),
        }
    }

    /// The trailers that stand for the missing ones of a peer that sent no head.
    pub(super) fn as_trailers(&self) -> Vec<(Bytes, Bytes)> {
        let pair = |name: &'static str, value: String| (Bytes::from(name), Bytes::from(value));
        vec![
            pair(":status", "200".to_owned()),
            pair("content-type", "application/grpc".to_owned()),
            pair("grpc-status", self.status.to_string()),
            pair("grpc-message", self.message.clone()),
        ]
    }
}

/// What Envoy calls the reason of a broken stream.
pub(super) fn reason(error: &h2::Error) -> &'static str {
    if error.is_reset() {
        let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        return if refused { "remote refused stream reset" } else { "remote reset" };
    }
    match error.is_library() && !error.is_io() && !error.is_go_away() {
        true => "protocol error",
        false => "connection termination",
    }
}
