//! Waiting for filters that keep the request's head, before any service is involved.

use std::{future::pending, time::Duration};

use bytes::Bytes;
use http::header;
use pingora::protocols::http::ServerSession;
use portico_wasm::Locker;
use tokio::time::{Instant, sleep_until};

use super::{BODY_STALL, Broken, Proxy, route};
use crate::{
    chain::{
        Verdict, body,
        pause::{self, Direction},
    },
    exchange::Exchange,
    failure::{ClientFault, Failure},
};

/// How long an exchange waits for a paused filter where no timeout limits it. Envoy has no limit
/// of its own here; its idle timeout for streams is this long.
pub(super) const PAUSE: Duration = Duration::from_secs(300);

/// Bytes a second that a request's body must have come with, once it takes longer than
/// [`BODY_STALL`]. Slower than any link, and too fast for whoever holds many connections open with
/// a byte a minute each.
const BODY_RATE: usize = 256;

enum Event {
    Body(Option<Bytes>),
    Gone,
    Late,
    Woken,
}

impl Proxy {
    /// Reads the body for filters that want it before they let go of the head, and waits for them.
    pub(super) async fn gather(
        &self,
        client: &mut ServerSession,
        exchange: &mut Exchange,
    ) -> Result<Verdict, Broken> {
        let late = exchange.started + PAUSE;
        let late =
            route::deadline(exchange, client.req_header()).map_or(late, |own| own.at.min(late));
        let mut done = client.is_body_done();
        if !done && pause::takes_more(exchange, Direction::Request) {
            invite_body(client, exchange).await?;
        }
        loop {
            let verdict = pause::advance_request(exchange, client.req_header_mut())?;
            if !matches!(verdict, Verdict::Wait) {
                return Ok(verdict);
            }
            let reads = done || pause::takes_more(exchange, Direction::Request);
            match next(client, exchange, (reads, done), late).await? {
                Event::Body(piece) => {
                    check_rate(client, exchange)?;
                    done = piece.is_none() || client.is_body_done();
                    let piece = piece.unwrap_or_default();
                    exchange.notes.came(&piece);
                    body::push(exchange, Direction::Request, piece, done)?;
                }
                Event::Woken => pause::resume(exchange)?,
                Event::Gone => return Err(gone().into()),
                Event::Late => return Err(too_long(exchange).into()),
            }
        }
    }
}

async fn next(
    client: &mut ServerSession,
    exchange: &mut Exchange,
    (reads, done): (bool, bool),
    late: Instant,
) -> Result<Event, Broken> {
    let locker = exchange.filters.wait();
    let connection = &exchange.connection;
    let event = tokio::select! {
        biased;
        () = woken(locker.as_ref()) => Ok(Event::Woken),
        piece = client.read_body_or_idle(done), if reads => {
            piece.map(Event::Body).map_err(|error| error.into_down())
        }
        () = connection.hung_up(), if !reads => Ok(Event::Gone),
        () = sleep_until(late) => Ok(Event::Late),
    };
    exchange.filters.go_on();
    Ok(event?)
}

/// A client that hung up while nobody read from it.
pub(super) fn gone() -> Failure {
    Failure::Client(ClientFault::Gone { cause: "it closed the connection".into() })
}

/// Waits until something has happened to a filter of the exchange.
pub(super) async fn woken(locker: Option<&Locker>) {
    match locker {
        Some(locker) => std::future::poll_fn(|context| locker.poll_woken(context)).await,
        None => pending().await,
    }
}

/// A client that asks first is told to go on (RFC 9110, section 10.1.1). The service is not asked
/// again.
async fn invite_body(client: &mut ServerSession, exchange: &mut Exchange) -> Result<(), Broken> {
    if client.req_header().headers.contains_key(header::EXPECT) {
        exchange.invited = true;
        client.write_continue_response().await.map_err(|error| error.into_down())?;
    }
    Ok(())
}

/// Refuses a body that comes too slowly to be anything but an attack.
pub(super) fn check_rate(client: &ServerSession, exchange: &Exchange) -> Result<(), Failure> {
    let took = exchange.started.elapsed().saturating_sub(BODY_STALL).as_secs();
    let expected = usize::try_from(took).unwrap_or(usize::MAX).saturating_mul(BODY_RATE);
    if client.body_bytes_read() < expected && !client.was_upgraded() {
        let cause = format!("it comes slower than {BODY_RATE} bytes a second");
        return Err(Failure::Client(ClientFault::Body { cause }));
    }
    Ok(())
}

/// A filter that paused and never said that it goes on.
pub(super) fn too_long(exchange: &Exchange) -> Failure {
    let plugin = pause::holder(exchange).unwrap_or_else(|| "a filter".into());
    let waited = exchange.started.elapsed();
    let cause = format!("it paused the exchange and has not resumed it after {waited:?}");
    Failure::Plugin { plugin, cause, status: 504 }
}
