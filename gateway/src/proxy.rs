//! One exchange, from the client's head to the log: the control flow. The work is done by leaves:
//! router, chain, backend, forward, failure.
//!
//! pingora-core reads and writes HTTP and keeps the warm connections. The exchange itself is run
//! here and not by pingora-proxy, because a filter may pause any part of it, and a hook that is not
//! async cannot wait: see ARCHITECTURE.md.

mod attempt;
mod blame;
mod gather;
mod relay;
mod route;
mod send;
mod upstream;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use pingora::{
    Error, ErrorType,
    apps::{HttpPersistentSettings, ReusedHttpStream},
    connectors::{ConnectorOptions, TransportConnector},
    protocols::http::ServerSession,
};
use tokio::time::Instant;

pub(crate) use self::blame::timed_out;
use crate::{
    answer::Answer,
    chain::{self, Verdict},
    connection::Connection,
    exchange::Exchange,
    failure::{ClientFault, Failure},
    forward, intake,
    order::Order,
    snapshot::Snapshot,
    telemetry::Recorder,
};

/// A body that does not move for this long, in either direction, has no client any more.
const BODY_STALL: Duration = Duration::from_secs(60);

/// The clock of the connection gives the exchange this head start, because its answer is the better
/// one: in the form that the client asked for, and through the filters.
const GRACE: Duration = Duration::from_millis(50);

/// Warm connections to services that one worker keeps, over all services.
const WARM: usize = 1_024;

/// One worker's proxy.
pub struct Proxy {
    snapshot: Arc<ArcSwap<Snapshot>>,
    recorder: Arc<Recorder>,
    /// Adds the generation's number to each answer.
    show_generation: bool,
    connector: TransportConnector,
}

/// Why an exchange did not simply come to its end.
pub(crate) enum Broken {
    /// A filter or a rule answers in place of the service.
    Answered(Answer),
    /// A filter closes the stream, without an answer.
    Closed,
    /// The proxy knows what went wrong.
    Failed(Failure),
    /// pingora failed; [`blame`] finds out whose fault it is.
    Pingora(Box<Error>),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Box<Error>> for Broken {
    fn from(error: Box<Error>) -> Self {
        Self::Pingora(error)
    }
}

impl From<Answer> for Broken {
    fn from(answer: Answer) -> Self {
        Self::Answered(answer)
    }
}

impl Proxy {
    pub fn new(
        worker: usize,
        snapshot: Arc<ArcSwap<Snapshot>>,
        recorder: Recorder,
        show_generation: bool,
    ) -> Self {
        debug_assert_eq!(worker, recorder.worker(), "each worker counts for itself");
        let connector = TransportConnector::new(Some(ConnectorOptions::new(WARM)));
        Self { snapshot, recorder: Arc::new(recorder), show_generation, connector }
    }

    /// Serves the next request of a connection. Answers with the stream if another one may follow.
    pub async fn serve(
        &self,
        mut client: ServerSession,
        connection: &Arc<Connection>,
    ) -> Option<ReusedHttpStream> {
        if !read_head(&mut client, connection).await {
            return None;
        }
        connection.begin();
        let snapshot = connection.last_snapshot().unwrap_or_else(|| self.snapshot.load_full());
        let mut exchange = Exchange::new(
            snapshot,
            connection.clone(),
            self.recorder.clone(),
            self.show_generation,
        );
        exchange.notes.asked(client.req_header());
        let reusable = match self.exchange(&mut client, &mut exchange).await {
            Ok(()) => true,
            Err(broken) => self.conclude(&mut client, &mut exchange, broken).await,
        };
        exchange.finish(client.body_bytes_read(), client.body_bytes_sent());
        let status = exchange.notes.status;
        exchange.record(Some(&client), status, reusable);
        drop(exchange);
        if !reusable {
            return None;
        }
        let settings = HttpPersistentSettings::for_session(&client);
        let stream = client.finish().await.ok().flatten()?;
        Some(ReusedHttpStream::from_reusable_stream(stream, settings))
    }

    /// The way there and back.
    async fn exchange(
        &self,
        client: &mut ServerSession,
        exchange: &mut Exchange,
    ) -> Result<(), Broken> {
        admit(client, exchange)?;
        exchange.enter_trace(client.req_header());
        let matched = route::find(exchange, client.req_header())?;
        exchange.note_matched(matched);
        route::admit(exchange)?;
        let end = client.is_body_empty();
        let mut verdict = chain::on_request(exchange, client.req_header_mut(), end)?;
        if matches!(verdict, Verdict::Wait) {
            verdict = self.gather(client, exchange).await?;
        }
        exchange.leave_request_filters(client.req_header());
        if let Verdict::Answer(answer) = verdict {
            return Err(answer.into());
        }
        // A filter may know a better id, and another way.
        if let Some(id) = client.req_header().headers.get(forward::REQUEST_ID) {
            exchange.request_id = id.clone();
        }
        route::again(exchange, client.req_header())?;
        exchange.deadline = route::deadline(exchange, client.req_header());
        self.forward(client, exchange).await
    }

    /// Ends an exchange that has no response of a service, or only a part of one. True if another
    /// request may follow.
    async fn conclude(
        &self,
        client: &mut ServerSession,
        exchange: &mut Exchange,
        broken: Broken,
    ) -> bool {
        exchange.connection.release();
        let failure = match broken {
            Broken::Answered(answer) => {
                exchange.note_answered();
                return self.answer(client, exchange, answer).await;
            }
            Broken::Closed => {
                exchange.note_answered();
                exchange.notes.closed();
                return false;
            }
            Broken::Failed(failure) => failure,
            Broken::Pingora(error) => blame::blame(exchange, &error),
        };
        blame::report(client.req_header(), exchange, &failure);
        exchange.notes.failed(&failure);
        match failure {
            Failure::Client(ClientFault::Gone { .. }) => {
                exchange.note_gone();
                return false;
            }
            // Where the next request begins is anybody's guess.
            Failure::Client(ClientFault::Body { .. }) => client.set_keepalive(None),
            _ => {}
        }
        let answer = failure.answer(send::wants_json(client), &exchange.request_id);
        self.answer(client, exchange, answer).await
    }

    /// Gives an answer of our own, if there is still room for one. True if another request may
    /// follow.
    async fn answer(
        &self,
        client: &mut ServerSession,
        exchange: &mut Exchange,
        answer: Answer,
    ) -> bool {
        if client.response_written().is_some_and(|head| !head.status.is_informational()) {
            // The client has a part of another answer; all that is left is to break it off.
            return false;
        }
        if !client.is_body_done() || answer.status == 400 {
            // After a bad request the next one may be a part of it, as on Envoy. What is left of the body would be read for nothing; RFC 9112, section 9.6.
            client.set_keepalive(None);
        }
        match self.send(client, exchange, answer).await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(target: "portico::request", %error, "the client did not take the answer");
                false
            }
        }
    }
}

/// Reads the head of the next request. False if there is none, or none that could be served: then
/// the connection has been told why.
async fn read_head(client: &mut ServerSession, connection: &Connection) -> bool {
    match client.read_request().await {
        // A tunnel is not a request for a service (RFC 9110, section 9.3.6).
        Ok(true) if client.req_header().method == http::Method::CONNECT => {
            connection.refuse(405);
            false
        }
        Ok(read) => read,
        Err(error) if *error.etype() == ErrorType::InvalidHTTPHeader => {
            connection.refuse(400);
            false
        }
        Err(error) => {
            tracing::debug!(target: "portico::request", %error, "closed in the middle of a head");
            false
        }
    }
}

/// What every request meets first.
fn admit(client: &mut ServerSession, exchange: &mut Exchange) -> Result<(), Broken> {
    // Before anything changes the head by which the body is framed.
    let has_body = !client.is_body_empty();
    let head = client.req_header();
    if head.headers.len() != head.headers.keys_len() {
        exchange.filters.request.order = Order::of_wire(&client.to_h1_raw(), &head.headers);
    }
    let checked = match intake::check(client) {
        Ok(()) => intake::strip(client.req_header_mut())?,
        Err(fault) => Err(fault),
    };
    forward::identify(exchange, client.req_header_mut())?;
    let kind = client.req_header().headers.get(http::header::CONTENT_TYPE);
    exchange.is_grpc = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    match checked {
        Ok(false) if !exchange.connection.is_gone() => {}
        Ok(_) => client.set_keepalive(None),
        Err(fault) => {
            client.set_keepalive(None);
            return Err(Failure::Client(fault).into());
        }
    }
    if has_body {
        client.set_read_timeout(Some(BODY_STALL));
    }
    client.set_write_timeout(Some(BODY_STALL));
    Ok(())
}

/// The deadline's failure, once it has passed.
pub(crate) fn expired(exchange: &Exchange) -> Option<Failure> {
    let deadline = exchange.deadline.as_ref()?;
    if deadline.remaining(Instant::now()).is_some() {
        return None;
    }
    Some(timed_out(exchange, deadline))
}
