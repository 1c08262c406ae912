//! Everything that can go wrong with a request, and the one place that turns it into an answer.
//!
//! A client gets a status, a short reason in the header `x-portico-reason`, and one sentence, as
//! plain text or JSON. The long reason, with addresses, goes to the log only: where a service
//! lives is nobody's business outside.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, header};

use crate::{answer::Answer, suspension::Suspension};

/// The header that says in a word why Portico itself answered.
pub const REASON: &str = "x-portico-reason";

/// Why a request got no answer from a service. Split first by whose fault it is.
#[derive(Clone, Debug)]
pub enum Failure {
    Client(ClientFault),
    Policy(PolicyFault),
    Upstream(UpstreamFault),
    /// A plugin that guards this rule failed, and its `on_failure` is `closed`.
    Plugin {
        plugin: Arc<str>,
        cause: String,
        status: u16,
    },
    /// A mistake of Portico's own.
    Internal {
        cause: String,
    },
}

/// The request cannot be served as it came.
#[derive(Clone, Debug)]
pub enum ClientFault {
    /// It went away; nobody is there to be answered.
    Gone {
        cause: String,
    },
    HeadTooLarge {
        bytes: usize,
        limit: usize,
    },
    Malformed {
        why: &'static str,
    },
    /// pingora refused its head with this status, before any hook.
    Refused {
        status: u16,
    },
    /// Its body did not arrive in time, or not in the form it announced.
    Body {
        cause: String,
    },
}

/// The configuration has no way for it.
#[derive(Clone, Debug)]
pub enum PolicyFault {
    NoBackend {
        rule: Arc<str>,
    },
    NoListener {
        host: String,
    },
    NoRoute {
        listener: Arc<str>,
        host: String,
        method: String,
        path: String,
    },
    /// A service or route is out of use, on purpose.
    Suspended(Suspension),
}

/// The service did not answer as it should.
#[derive(Clone, Debug)]
pub enum UpstreamFault {
    Connect {
        service: Arc<str>,
        endpoint: Option<SocketAddr>,
        tried: usize,
        cause: String,
    },
    /// No endpoint to try: its names do not resolve, or all weights are zero.
    NoEndpoint {
        service: Arc<str>,
        cause: String,
    },
    /// Closed or broken off in the middle.
    Reset {
        service: Arc<str>,
        endpoint: Option<SocketAddr>,
        cause: String,
    },
    /// Not HTTP, or not HTTP that may be passed on.
    Protocol {
        service: Arc<str>,
        endpoint: Option<SocketAddr>,
        cause: String,
    },
    Timeout {
        service: Arc<str>,
        limit: Duration,
        whose: TimeoutSource,
    },
}

/// Who set the deadline that passed.
#[derive(Clone, Debug)]
pub enum TimeoutSource {
    /// A request header, set by the client or by a filter.
    Header,
    /// `timeout` of the rule or its route.
    Rule(Arc<str>),
}

impl Failure {
    /// The status that is sent.
    pub fn status(&self) -> u16 {
        match self {
            Self::Client(ClientFault::HeadTooLarge { .. }) => 431,
            Self::Client(ClientFault::Gone { .. }) => 499,
            Self::Client(ClientFault::Refused { status }) => *status,
            Self::Client(_) => 400,
            Self::Policy(PolicyFault::NoBackend { .. } | PolicyFault::Suspended(_)) => 503,
            Self::Policy(_) => 404,
            Self::Upstream(UpstreamFault::Connect { .. } | UpstreamFault::NoEndpoint { .. }) => 503,
            Self::Upstream(UpstreamFault::Timeout { .. }) => 504,
            Self::Upstream(_) => 502,
            Self::Plugin { status, .. } => *status,
            Self::Internal { .. } => 500,
        }
    }

    /// The short reason, stable for tools.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Client(ClientFault::Body { .. }) => "bad_body",
            Self::Client(ClientFault::Gone { .. }) => "client_gone",
            Self::Client(ClientFault::HeadTooLarge { .. }) => "head_too_large",
            Self::Client(ClientFault::Malformed { .. } | ClientFault::Refused { .. }) => {
                "bad_request"
            }
            Self::Policy(PolicyFault::NoBackend { .. }) => "no_backend",
            Self::Policy(PolicyFault::NoListener { .. }) => "no_listener",
            Self::Policy(PolicyFault::NoRoute { .. }) => "no_route",
            Self::Policy(PolicyFault::Suspended(_)) => "suspended",
            Self::Upstream(UpstreamFault::Connect { .. }) => "connect_failed",
            Self::Upstream(UpstreamFault::NoEndpoint { .. }) => "no_endpoint",
            Self::Upstream(UpstreamFault::Protocol { .. }) => "upstream_protocol",
            Self::Upstream(UpstreamFault::Reset { .. }) => "upstream_reset",
            Self::Upstream(UpstreamFault::Timeout { .. }) => "timeout",
            Self::Plugin { .. } => "plugin_failed",
            Self::Internal { .. } => "internal",
        }
    }

    /// One sentence for the client.
    pub fn public(&self) -> String {
        match self {
            Self::Client(fault) => match fault {
                ClientFault::Body { .. } => "the request's body could not be read".into(),
                ClientFault::Gone { .. } => "the client went away".into(),
                ClientFault::HeadTooLarge { bytes, limit } => {
                    format!("the request's head has {bytes} bytes; {limit} are accepted")
                }
                ClientFault::Malformed { why } => (*why).into(),
                ClientFault::Refused { status: 405 } => "CONNECT is not offered here".into(),
                ClientFault::Refused { .. } => {
                    "the request's head is not HTTP/1.1, or could be read in two ways".into()
                }
            },
            Self::Policy(fault) => fault.to_string(),
            Self::Upstream(fault) => match fault {
                UpstreamFault::Connect { service, tried, .. } => match tried {
                    0 | 1 => format!("no endpoint of service `{service}` accepts a connection"),
                    _ => format!(
                        "no endpoint of service `{service}` accepts a connection ({tried} tried)"
                    ),
                },
                UpstreamFault::NoEndpoint { service, .. } => {
                    format!("service `{service}` has no endpoint to send this to")
                }
                UpstreamFault::Protocol { service, .. } => {
                    format!("service `{service}` answered with something that is not HTTP")
                }
                UpstreamFault::Reset { service, .. } => {
                    format!("service `{service}` closed the connection before it had answered")
                }
                UpstreamFault::Timeout { service, limit, whose } => {
                    format!("service `{service}` did not answer within {limit:?} ({whose})")
                }
            },
            Self::Plugin { plugin, .. } => format!("the filter `{plugin}` failed"),
            Self::Internal { .. } => "the gateway failed; its log says why".into(),
        }
    }

    /// What only the log is told.
    pub fn detail(&self) -> String {
        match self {
            Self::Client(ClientFault::Gone { cause } | ClientFault::Body { cause })
            | Self::Plugin { cause, .. }
            | Self::Internal { cause } => cause.clone(),
            Self::Upstream(
                UpstreamFault::Connect { endpoint, cause, .. }
                | UpstreamFault::Reset { endpoint, cause, .. }
                | UpstreamFault::Protocol { endpoint, cause, .. },
            ) => match endpoint {
                Some(endpoint) => format!("{endpoint}: {cause}"),
                None => cause.clone(),
            },
            Self::Upstream(UpstreamFault::NoEndpoint { cause, .. }) => cause.clone(),
            _ => String::new(),
        }
    }

    /// Whether it deserves a line that an operator sees. What the operator has suspended fails as it
    /// was meant to.
    pub fn is_ours_to_report(&self) -> bool {
        !matches!(self, Self::Client(_) | Self::Policy(PolicyFault::Suspended(_)))
    }

    /// The answer, in the form that the request asks for: see [`wants_json`].
    pub fn answer(&self, json: bool, request_id: &HeaderValue) -> Answer {
        let status = self.status();
        let message = self.public();
        let (kind, body) = if json {
            let body = serde_json::json!({
                "status": status,
                "reason": self.code(),
                "message": message,
                "request_id": request_id.to_str().unwrap_or_default(),
            });
            ("application/json", format!("{body}\n"))
        } else {
            ("text/plain; charset=utf-8", format!("{status} {}: {message}\n", self.code()))
        };
        Answer {
            status,
            headers: vec![
                (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
                (http::HeaderName::from_static(REASON), HeaderValue::from_static(self.code())),
            ],
            body: Bytes::from(body),
        }
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBackend { rule } => write!(f, "all backends of rule `{rule}` have weight 0"),
            Self::NoListener { host } => write!(f, "no listener here answers for host `{host}`"),
            Self::NoRoute { listener, host, method, path } => write!(
                f,
                "listener `{listener}` answers for host `{host}`, but no rule of its routes \
                 matches {method} {path}"
            ),
            Self::Suspended(suspension) => suspension.fmt(f),
        }
    }
}

impl fmt::Display for TimeoutSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the deadline in the request's own header"),
            Self::Rule(rule) => write!(f, "the timeout of rule `{rule}`"),
        }
    }
}

/// JSON if it is named, or accepted by a wildcard that text is not: `*/*` alone, as curl sends it,
/// means text. Quality values are not weighed; there are two forms and both are readable.
pub fn wants_json(accept: Option<&HeaderValue>) -> bool {
    let Some(accept) = accept.and_then(|accept| accept.to_str().ok()) else {
        return false;
    };
    let accept = accept.to_ascii_lowercase();
    let names = |kind: &str| accept.split(',').any(|item| item.trim().starts_with(kind));
    (names("application/json") || names("application/*")) && !names("text/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(accept: Option<&'static str>) -> Answer {
        let accept = accept.map(HeaderValue::from_static);
        let failure = Failure::Upstream(UpstreamFault::Timeout {
            service: "staff".into(),
            limit: Duration::from_secs(1),
            whose: TimeoutSource::Rule("staff/0".into()),
        });
        failure.answer(wants_json(accept.as_ref()), &HeaderValue::from_static("id-1"))
    }

    #[test]
    fn text_unless_json_is_asked_for() {
        for accept in [None, Some("*/*"), Some("text/html,application/json;q=0.1")] {
            let answer = answer(accept);
            assert_eq!(
                &answer.body[..],
                b"504 timeout: service `staff` did not answer within 1s (the timeout of rule \
                  `staff/0`)\n"
            );
        }
        let json: serde_json::Value =
            serde_json::from_slice(&answer(Some("application/json")).body).unwrap();
        assert_eq!(json["reason"], "timeout");
        assert_eq!(json["request_id"], "id-1");
    }

    #[test]
    fn clients_learn_no_addresses() {
        let failure = Failure::Upstream(UpstreamFault::Connect {
            service: "staff".into(),
            endpoint: Some(([10, 1, 2, 3], 80).into()),
            tried: 1,
            cause: "connection refused".into(),
        });
        assert!(!failure.public().contains("10.1.2.3"));
        assert!(failure.detail().contains("10.1.2.3:80"));
    }
}
