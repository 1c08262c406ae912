//! Getting a request to a service: which endpoint, and another one if it refuses.

use pingora::{
    Error, ErrorSource, ErrorType, RetryType,
    http::RequestHeader,
    protocols::http::{ServerSession, v1::client::HttpSession},
    upstreams::peer::{HttpPeer, Peer},
};
use portico_telemetry::record::Outcome;
use tokio::time::Instant;

use super::{Broken, Proxy, blame, expired, relay::Ended, upstream::Ordered};
use crate::{
    backend::Target,
    exchange::Exchange,
    failure::{Failure, PolicyFault, UpstreamFault},
    snapshot::Backends,
};

impl Proxy {
    /// Tries endpoints until one has the request, and relays between it and the client.
    pub(super) async fn forward(
        &self,
        client: &mut ServerSession,
        exchange: &mut Exchange,
    ) -> Result<(), Broken> {
        choose_service(exchange)?;
        loop {
            if let Some(failure) = expired(exchange) {
                return Err(failure.into());
            }
            let target = pick(exchange)?;
            let (peer, began) = aim(exchange, target);
            exchange.attempts.began = Some(began);
            let (mut upstream, reused) = match self.connect(&peer, exchange).await {
                Ok(connected) => connected,
                Err(error) => {
                    let outcome = unreachable(exchange, &error);
                    exchange.notes.attempt_ended(outcome);
                    // Nothing of the request has been sent, so another endpoint may have it,
                    // whatever its method.
                    exchange.attempts.tried.extend(exchange.attempts.endpoint);
                    if may_try_again(exchange) {
                        continue;
                    }
                    return Err(error.into_up().into());
                }
            };
            upstream.write_timeout = peer.options.write_timeout;
            exchange.note_connected(&upstream, began, reused);
            let ended = self.relay(client, &mut upstream, exchange).await;
            match ended {
                Ok(Ended { reusable }) => {
                    let status = exchange.notes.current().map_or(0, |attempt| attempt.status);
                    exchange.notes.attempt_ended(Outcome::Answered(status));
                    if reusable {
                        self.release(upstream, &peer).await;
                    }
                    return Ok(());
                }
                Err(Broken::Pingora(error)) if went_stale(&error, reused, client, exchange) => {
                    exchange.notes.attempt_ended(Outcome::Stale);
                    exchange.attempts.stale += 1;
                }
                Err(broken) => {
                    let outcome = outcome(&broken);
                    exchange.notes.attempt_ended(outcome);
                    return Err(broken);
                }
            }
        }
    }

    /// A connection to the service, and whether it is a warm one.
    async fn connect(
        &self,
        peer: &HttpPeer,
        exchange: &Exchange,
    ) -> pingora::Result<(HttpSession, bool)> {
        let (stream, reused) = self.connector.get_stream(peer).await?;
        let stream = match &exchange.filters.request.order {
            Some(order) => Box::new(Ordered::new(stream, order.clone())),
            None => stream,
        };
        Ok((HttpSession::new_with_options(stream, peer), reused))
    }

    /// Keeps the connection for another request, if it is fit for one.
    async fn release(&self, mut upstream: HttpSession, peer: &HttpPeer) {
        upstream.respect_keepalive();
        if let Some(stream) = upstream.reuse().await.and_then(Ordered::unwrap) {
            self.connector.release_stream(stream, peer.reuse_hash(), peer.idle_timeout());
        }
    }
}

/// A service by weight, once for all attempts.
fn choose_service(exchange: &mut Exchange) -> Result<(), Failure> {
    let backends = exchange.rule().map(|rule| &rule.backends);
    let Some(service) = backends.and_then(Backends::pick).cloned() else {
        return Err(Failure::Policy(match backends.and_then(Backends::suspended) {
            Some(suspension) => PolicyFault::Suspended(suspension.clone()),
            None => PolicyFault::NoBackend { rule: exchange.rule_name() },
        }));
    };
    exchange.attempts.service = Some(service);
    Ok(())
}

fn pick(exchange: &Exchange) -> Result<Target, Failure> {
    let attempts = &exchange.attempts;
    let none = |cause| {
        let service = exchange.service_name();
        Failure::Upstream(UpstreamFault::NoEndpoint { service, cause })
    };
    let chosen = attempts.service.as_ref().ok_or_else(|| none("no service".into()))?;
    chosen.pick(&attempts.tried).ok_or_else(|| none(chosen.why_none()))
}

/// Limits the attempt to what is left of the deadline.
fn aim(exchange: &mut Exchange, target: Target) -> (Box<HttpPeer>, Instant) {
    let Target { mut peer, address, index } = target;
    let now = Instant::now();
    exchange.note_attempt(address, index, now);
    if let Some(left) = exchange.deadline.as_ref().and_then(|deadline| deadline.remaining(now)) {
        let connect = peer.options.total_connection_timeout;
        peer.options.total_connection_timeout = connect.map(|limit| limit.min(left));
    }
    exchange.attempts.endpoint = Some(address);
    (peer, now)
}

/// How an attempt ended that got no connection.
fn unreachable(exchange: &Exchange, error: &Error) -> Outcome {
    match error.etype() {
        ErrorType::ConnectTimedout if expired(exchange).is_some() => Outcome::TimedOut,
        _ => Outcome::Refused(blame::cause(error).into()),
    }
}

/// How an attempt ended that got no whole answer.
fn outcome(broken: &Broken) -> Outcome {
    match broken {
        Broken::Failed(Failure::Upstream(UpstreamFault::Timeout { .. })) => Outcome::TimedOut,
        Broken::Pingora(error) if *error.esource() == ErrorSource::Upstream => {
            let cause = blame::cause(error).into();
            match error.etype() {
                ErrorType::InvalidHTTPHeader => Outcome::Protocol(cause),
                _ => Outcome::Reset(cause),
            }
        }
        Broken::Answered(_) | Broken::Closed | Broken::Failed(_) | Broken::Pingora(_) => {
            Outcome::Cancelled
        }
    }
}

fn may_try_again(exchange: &Exchange) -> bool {
    let attempts = &exchange.attempts;
    let another = attempts.service.as_ref();
    attempts.may_try_again()
        && expired(exchange).is_none()
        && another.is_some_and(|service| service.pick(&attempts.tried).is_some())
}

/// A warm connection that the service had closed: the request never got there, so it may be sent
/// again, if all that was sent of it is still at hand.
fn went_stale(
    error: &Error,
    reused: bool,
    client: &ServerSession,
    exchange: &mut Exchange,
) -> bool {
    let stale = match error.retry {
        RetryType::Decided(retry) => retry,
        RetryType::ReusedOnly => reused,
    };
    stale
        && client.response_written().is_none()
        && exchange.attempts.may_try_again()
        && exchange.rewind_request()
}

/// The head as it goes out. Filters have made it; an attempt that fails leaves it as it was.
pub(super) fn outgoing(client: &ServerSession) -> Box<RequestHeader> {
    let mut head = Box::new(client.req_header().clone());
    head.set_version(http::Version::HTTP_11);
    head
}
