//! The hooks that pingora calls, in the order of a request's life. Hooks decide; the work is done
//! by leaves: router, chain, backend, forward, failure.

mod blame;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use http::header;
use pingora::{
    Error, ErrorType, Result,
    http::{RequestHeader, ResponseHeader},
    proxy::{FailToProxy, ProxyHttp, Session},
    upstreams::peer::HttpPeer,
};
use portico_wasm::End;
use tokio::time::Instant;

use self::blame::{blame, report};
use crate::{
    answer::Answer,
    backend::Target,
    chain::{self, Verdict},
    connection::CONNECTION,
    exchange::{Deadline, Exchange, Matched},
    failure::{ClientFault, Failure, PolicyFault, TimeoutSource, UpstreamFault, wants_json},
    forward, heads, intake, redirect,
    router::Request,
    snapshot::Snapshot,
};

/// A body that does not move for this long, in either direction, has no client any more.
const BODY_STALL: Duration = Duration::from_secs(60);

/// The timeout of a read gets this head start over the cut, because its answer is the better one:
/// in the form that the client asked for, and through the filters.
const GRACE: Duration = Duration::from_millis(50);

/// One worker's proxy.
pub struct Proxy {
    pub worker: usize,
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// Adds the generation's number to each answer.
    pub show_generation: bool,
}

/// Bytes a second that a request's body must have come with, once it takes longer than that. Slower
/// than any link, and too fast for whoever holds many connections open with a byte a minute each.
const BODY_RATE: usize = 256;

/// The error that carries no news: the exchange knows.
const SEE_EXCHANGE: ErrorType = ErrorType::Custom("portico");

fn raise<T>(exchange: &mut Exchange, failure: Failure) -> Result<T> {
    exchange.failure = Some(failure);
    Err(Error::new(SEE_EXCHANGE))
}

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        let connection = CONNECTION.with(Arc::clone);
        connection.begin();
        let snapshot = connection.last_snapshot().unwrap_or_else(|| self.snapshot.load_full());
        Exchange::new(snapshot, connection, self.worker, self.show_generation)
    }

    async fn early_request_filter(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let checked = match intake::check(session) {
            Ok(()) => intake::strip(session.req_header_mut())?,
            Err(fault) => Err(fault),
        };
        forward::identify(exchange, session.req_header_mut())?;
        match checked {
            Ok(false) if !exchange.connection.is_gone() => {}
            Ok(_) => session.set_keepalive(None),
            Err(fault) => {
                session.set_keepalive(None);
                return raise(exchange, Failure::Client(fault));
            }
        }
        if !session.is_body_done() {
            session.set_read_timeout(Some(BODY_STALL));
        }
        session.set_write_timeout(Some(BODY_STALL));
        match find(exchange, session.req_header()) {
            Ok(matched) => exchange.matched = Some(matched),
            Err(failure) => return raise(exchange, Failure::Policy(failure)),
        }
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        let end_of_stream = session.is_body_empty();
        let head = session.req_header_mut();
        let verdict = match chain::on_request(exchange, head, end_of_stream) {
            Ok(verdict) => verdict,
            Err(failure) => return raise(exchange, failure),
        };
        let head = session.req_header();
        // A filter may know a better id.
        if let Some(id) = head.headers.get(forward::REQUEST_ID) {
            exchange.request_id = id.clone();
        }
        exchange.deadline = deadline(exchange, head);
        match verdict {
            Verdict::Forward => Ok(false),
            Verdict::Answer(answer) => {
                self.send(session, exchange, answer).await?;
                Ok(true)
            }
        }
    }

    async fn request_body_filter(
        &self,
        session: &mut Session,
        _body: &mut Option<Bytes>,
        _end_of_stream: bool,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let took = exchange.started.elapsed().saturating_sub(BODY_STALL).as_secs();
        let expected = usize::try_from(took).unwrap_or(usize::MAX).saturating_mul(BODY_RATE);
        if session.body_bytes_read() < expected && !session.was_upgraded() {
            let cause = format!("it comes slower than {BODY_RATE} bytes a second");
            return raise(exchange, Failure::Client(ClientFault::Body { cause }));
        }
        // Each piece of a body starts the service's clock anew; this one does not.
        match expired(exchange) {
            Some(failure) => raise(exchange, failure),
            None => Ok(()),
        }
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<Box<HttpPeer>> {
        if exchange.attempts.service.is_none() {
            let service = exchange.rule().and_then(|rule| rule.backends.pick()).cloned();
            let Some(service) = service else {
                let rule = exchange.rule_name();
                return raise(exchange, Failure::Policy(PolicyFault::NoBackend { rule }));
            };
            exchange.attempts.service = Some(service);
        }
        if let Some(failure) = expired(exchange) {
            return raise(exchange, failure);
        }
        match pick(exchange) {
            Ok(Target { mut peer, address }) => {
                let now = Instant::now();
                if let Some(deadline) = &exchange.deadline
                    && let Some(left) = deadline.remaining(now)
                {
                    // A read's timeout begins anew with each read; a service that sends its head
                    // byte by byte is cut.
                    exchange.connection.cut_at(deadline.at + GRACE);
                    // It would go on to limit the silence of an upgraded connection.
                    if !session.is_upgrade_req() {
                        peer.options.read_timeout = Some(left);
                    }
                    let connect = peer.options.total_connection_timeout;
                    peer.options.total_connection_timeout = connect.map(|limit| limit.min(left));
                }
                exchange.attempts.endpoint = Some(address);
                exchange.attempts.began = Some(now);
                Ok(peer)
            }
            Err(fault) => raise(exchange, Failure::Upstream(fault)),
        }
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        head: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        forward::request(exchange, head)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        head: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let upgraded = head.status == http::StatusCode::SWITCHING_PROTOCOLS;
        if head.status.is_informational() && !upgraded {
            return Ok(());
        }
        if let Some(failure) = expired(exchange) {
            return raise(exchange, failure);
        }
        if exchange.connection.is_gone() {
            session.set_keepalive(None);
        }
        if upgraded {
            // From here on it is a conversation, and as long as one.
            exchange.deadline = None;
            session.set_read_timeout(None);
        } else {
            intake::strip_response(head);
        }
        match &exchange.deadline {
            Some(deadline) => exchange.connection.cut_at(deadline.at),
            None => exchange.connection.release(),
        }
        forward::service_time(exchange, head)?;
        if let Some(stream) = &mut exchange.filters.stream {
            stream.facts.upstream = exchange.attempts.endpoint;
        }
        let end_of_stream = has_no_body(&session.req_header().method, head);
        if let Err(failure) = chain::on_response(exchange, head, end_of_stream) {
            return raise(exchange, failure);
        }
        if exchange.answer.is_some() {
            return Err(Error::new(SEE_EXCHANGE));
        }
        exchange.connection.answering();
        forward::response(exchange, head)
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        exchange: &mut Exchange,
        mut error: Box<Error>,
    ) -> Box<Error> {
        // Nothing of the request has been sent, so another endpoint may have it, whatever its
        // method.
        exchange.attempts.tried.extend(exchange.attempts.endpoint);
        let again = exchange.attempts.may_try_again()
            && expired(exchange).is_none()
            && exchange
                .attempts
                .service
                .as_ref()
                .is_some_and(|service| service.pick(&exchange.attempts.tried).is_some());
        error.set_retry(again);
        error
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        exchange: &mut Exchange,
    ) -> FailToProxy {
        let nobody = FailToProxy { error_code: 0, can_reuse_downstream: false };
        exchange.connection.release();
        let answer = match exchange.answer.take() {
            Some(answer) => answer,
            None => {
                let failure = exchange.failure.take().unwrap_or_else(|| blame(exchange, error));
                report(session, exchange, &failure);
                if matches!(failure, Failure::Client(ClientFault::Gone { .. })) {
                    return nobody;
                }
                let request_id = &exchange.request_id;
                failure.answer(
                    wants_json(session.req_header().headers.get(header::ACCEPT)),
                    request_id,
                )
            }
        };
        if session.response_written().is_some() {
            // The client has a part of another answer; all that is left is to break it off.
            return nobody;
        }
        let status = answer.status;
        let can_reuse_downstream = session.is_body_done();
        if let Err(error) = self.send(session, exchange, answer).await {
            tracing::debug!(target: "portico::request", %error, "the client did not take the answer");
            return nobody;
        }
        FailToProxy { error_code: status, can_reuse_downstream }
    }

    async fn logging(
        &self,
        session: &mut Session,
        _error: Option<&Error>,
        exchange: &mut Exchange,
    ) {
        if let Some(stream) = &mut exchange.filters.stream {
            stream.facts.end = Some(End {
                duration: exchange.started.elapsed(),
                request_body: session.body_bytes_read() as u64,
                response_body: session.body_bytes_sent() as u64,
            });
        }
        exchange.leave_filters();
    }

    /// `report` says it once, in our words.
    fn suppress_error_log(&self, _: &Session, _: &Exchange, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Exchange,
        _: &Error,
        _: pingora::proxy::ProxyWarnLogContext,
    ) -> bool {
        true
    }
}

impl Proxy {
    /// Puts an answer of our own on the wire, through the filters that the request has met.
    async fn send(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        answer: Answer,
    ) -> Result<()> {
        let mut answer = answer;
        // A filter may put another answer in its place; each time fewer filters are left.
        let mut head = loop {
            let mut head = answer.head()?;
            let end_of_stream = answer.body.is_empty();
            if let Err(failure) = chain::on_response(exchange, &mut head, end_of_stream) {
                report(session, exchange, &failure);
                let json = wants_json(session.req_header().headers.get(header::ACCEPT));
                answer = failure.answer(json, &exchange.request_id);
            } else if let Some(instead) = exchange.answer.take() {
                answer = instead;
            } else {
                break head;
            }
        };
        let body = answer.body;
        head.insert_header(header::CONTENT_LENGTH, body.len())?;
        forward::response(exchange, &mut head)?;
        let without_body = body.is_empty()
            || session.req_header().method == http::Method::HEAD
            || matches!(head.status.as_u16(), 204 | 304);
        if matches!(head.status.as_u16(), 204 | 304) {
            head.remove_header(&header::CONTENT_LENGTH);
        }
        if exchange.connection.is_gone() {
            session.set_keepalive(None);
        }
        exchange.connection.answering();
        session.write_response_header(Box::new(head), without_body).await?;
        if !without_body {
            session.write_response_body(Some(body), true).await?;
        }
        Ok(())
    }
}

/// Whether the head is all there is (RFC 9112, section 6.3).
fn has_no_body(method: &http::Method, head: &ResponseHeader) -> bool {
    let empty = head.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    empty || *method == http::Method::HEAD || matches!(head.status.as_u16(), 204 | 304)
}

/// The listener and rule for a request.
fn find(exchange: &Exchange, head: &RequestHeader) -> Result<Matched, PolicyFault> {
    let host = heads::host(head);
    let snapshot = &exchange.snapshot;
    let listener = snapshot.listener(exchange.connection.socket, host);
    let Some((listener, table)) = listener else {
        return Err(PolicyFault::NoListener { host: host.to_owned() });
    };
    let (path, query) = redirect::split(heads::target(head));
    let request = Request { host, path, query, method: &head.method, headers: &head.headers };
    match table.router.find(&request) {
        Some(found) => Ok(Matched {
            listener: listener.0,
            rule: found.rule as usize,
            prefix: found.prefix as usize,
        }),
        None => Err(PolicyFault::NoRoute {
            listener: table.name.clone(),
            host: host.to_owned(),
            method: head.method.to_string(),
            path: path.to_owned(),
        }),
    }
}

/// The shorter of the rule's timeout and what the request's header asks for: a header, whoever
/// wrote it, never lengthens what the configuration allows.
fn deadline(exchange: &Exchange, head: &RequestHeader) -> Option<Deadline> {
    let rule = exchange.rule()?;
    let asked = head.headers.get(forward::TIMEOUT).and_then(|value| {
        let milliseconds = value.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_millis(milliseconds)).filter(|limit| !limit.is_zero())
    });
    let (limit, whose) = match (asked, rule.timeout) {
        (Some(asked), own) if own.is_none_or(|own| asked < own) => (asked, TimeoutSource::Header),
        (_, Some(own)) => (own, TimeoutSource::Rule(rule.name.clone())),
        (_, None) => return None,
    };
    let accept = head.headers.get(header::ACCEPT).cloned();
    Some(Deadline { at: exchange.started + limit, limit, whose, accept })
}

fn expired(exchange: &Exchange) -> Option<Failure> {
    let deadline = exchange.deadline.as_ref()?;
    if deadline.remaining(Instant::now()).is_some() {
        return None;
    }
    Some(timed_out(exchange, deadline))
}

pub(crate) fn timed_out(exchange: &Exchange, deadline: &Deadline) -> Failure {
    Failure::Upstream(UpstreamFault::Timeout {
        service: exchange.service_name(),
        limit: deadline.limit,
        whose: deadline.whose.clone(),
    })
}

fn pick(exchange: &Exchange) -> Result<Target, UpstreamFault> {
    let attempts = &exchange.attempts;
    let none = |cause| UpstreamFault::NoEndpoint { service: exchange.service_name(), cause };
    let chosen = attempts.service.as_ref().ok_or_else(|| none("no service".into()))?;
    chosen.pick(&attempts.tried).ok_or_else(|| none(chosen.why_none()))
}
