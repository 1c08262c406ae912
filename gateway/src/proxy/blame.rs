//! Whose fault it is that a request got no answer, and the line in the log that says so.

use std::time::Duration;

use pingora::{Error, ErrorSource, ErrorType, http::RequestHeader};
use tokio::time::Instant;

use crate::{
    exchange::{Deadline, Exchange},
    failure::{ClientFault, Failure, UpstreamFault},
    heads, redirect,
};

/// Timers ring up to this much too early.
const TIMER: Duration = Duration::from_millis(10);

/// Whose fault an error of pingora's is.
pub(super) fn blame(exchange: &Exchange, error: &Error) -> Failure {
    let cause = cause(error);
    let service = exchange.service_name();
    let endpoint = exchange.attempts.endpoint;
    match error.esource() {
        ErrorSource::Downstream => Failure::Client(match error.etype() {
            ErrorType::ConnectionClosed
            | ErrorType::ReadError
            | ErrorType::WriteError
            | ErrorType::WriteTimedout
            | ErrorType::ConnectError => ClientFault::Gone { cause },
            _ => ClientFault::Body { cause },
        }),
        ErrorSource::Upstream => Failure::Upstream(match error.etype() {
            ErrorType::ConnectTimedout
                if let Some(deadline) = exchange
                    .deadline
                    .as_ref()
                    .filter(|deadline| deadline.remaining(Instant::now() + TIMER).is_none()) =>
            {
                return timed_out(exchange, deadline);
            }
            ErrorType::ConnectTimedout
            | ErrorType::ConnectRefused
            | ErrorType::ConnectNoRoute
            | ErrorType::ConnectError
            | ErrorType::BindError
            | ErrorType::SocketError => UpstreamFault::Connect {
                service,
                endpoint,
                tried: exchange.attempts.tried.len(),
                cause,
            },
            ErrorType::InvalidHTTPHeader => UpstreamFault::Protocol { service, endpoint, cause },
            _ => UpstreamFault::Reset { service, endpoint, cause },
        }),
        ErrorSource::Internal | ErrorSource::Unset => Failure::Internal { cause },
    }
}

pub(crate) fn timed_out(exchange: &Exchange, deadline: &Deadline) -> Failure {
    Failure::Upstream(UpstreamFault::Timeout {
        service: exchange.service_name(),
        limit: deadline.limit,
        whose: deadline.whose.clone(),
    })
}

/// The innermost reason, without pingora's dump of what was read.
pub(super) fn cause(error: &Error) -> String {
    let kind = error.etype().as_str();
    let root = error.root_cause().to_string();
    // Text of pingora's own may quote what was read; the system's errors do not.
    match error.cause.is_some() {
        true if !root.contains("buf:") => format!("{kind}: {root}"),
        _ => kind.to_owned(),
    }
}

/// The long reason, in the log. The path is written without its query, which may hold secrets.
pub(super) fn report(head: &RequestHeader, exchange: &Exchange, failure: &Failure) {
    let (path, _) = redirect::split(heads::target(head));
    let rule = exchange.rule_name();
    let (method, host) = (&head.method, heads::host(head));
    let id = exchange.request_id.to_str().unwrap_or_default();
    let (status, reason) = (failure.status(), failure.code());
    let (message, detail) = (failure.public(), failure.detail());
    if failure.is_ours_to_report() {
        let Some(hushed) = exchange.may_report() else { return };
        if hushed > 0 {
            tracing::warn!(target: "portico::request", hushed, "further requests failed of which \
                nothing is written here; metrics and access log have all");
        }
        tracing::warn!(target: "portico::request", status, reason, %method, host, path,
            rule = &*rule, id, detail, "{message}");
    } else {
        tracing::debug!(target: "portico::request", status, reason, %method, host, path,
            rule = &*rule, id, detail, "{message}");
    }
}
