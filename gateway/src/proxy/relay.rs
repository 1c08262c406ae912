//! The exchange with a service: both directions at once, each through its filters.

mod framing;
mod response;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use pingora::{
    Error,
    http::{RequestHeader, ResponseHeader},
    protocols::http::{HttpTask, ServerSession, v1::client::HttpSession},
};
use tokio::time::{Instant, sleep_until};

use super::{
    Broken, Proxy,
    attempt::outgoing,
    expired,
    gather::{PAUSE, check_rate, gone, too_long, woken},
    timed_out,
};
use crate::{
    chain::{
        body,
        pause::{self, Direction},
    },
    exchange::Exchange,
    forward,
};

/// A relay that came to its end.
pub(super) struct Ended {
    /// The connection to the service may serve another request.
    pub(super) reusable: bool,
}

/// Both connections of an exchange and how far each direction is.
struct Relay<'a> {
    client: &'a mut ServerSession,
    upstream: &'a mut HttpSession,
    exchange: &'a mut Exchange,
    /// The request's head, until it is sent.
    head: Option<Box<RequestHeader>>,
    /// Nothing more comes from the client.
    client_done: bool,
    /// Everything has been sent to the service, or it takes no more.
    request_done: bool,
    /// The response's head while filters keep it, or until its length is known.
    answer: Option<Box<ResponseHeader>>,
    /// The service has sent everything.
    upstream_done: bool,
    /// The client has been sent everything.
    response_done: bool,
    /// Filters look at the bodies of the request and of the response.
    seen: [bool; 2],
    reusable: bool,
    /// Why the service took no more of the request. It may still answer.
    send_error: Option<Box<Error>>,
}

/// Bytes of a body that a filter is shown at once, if they have come at once.
const AT_ONCE: usize = 1 << 20;

enum Event {
    Body(Option<Bytes>),
    Gone,
    Late,
    Task(HttpTask),
    Woken,
}

impl Proxy {
    /// Sends the request and brings back the response.
    pub(super) async fn relay(
        &self,
        client: &mut ServerSession,
        upstream: &mut HttpSession,
        exchange: &mut Exchange,
    ) -> Result<Ended, Broken> {
        let mut head = outgoing(client);
        forward::request(exchange, &mut head)?;
        let seen = [Direction::Request, Direction::Response]
            .map(|direction| body::is_seen(exchange, direction));
        let client_done = client.is_body_done();
        let relay = Relay {
            client,
            upstream,
            exchange,
            head: Some(head),
            client_done,
            request_done: false,
            answer: None,
            upstream_done: false,
            response_done: false,
            seen,
            reusable: true,
            send_error: None,
        };
        relay.run().await
    }
}

impl Relay<'_> {
    async fn run(mut self) -> Result<Ended, Broken> {
        self.begin().await?;
        while !(self.request_done && self.response_done) {
            match self.next().await? {
                Event::Body(piece) => self.on_body(piece).await?,
                Event::Task(task) => self.on_task(task).await?,
                Event::Woken => self.on_woken().await?,
                Event::Gone => return Err(gone().into()),
                Event::Late => return Err(self.late()),
            }
        }
        Ok(Ended { reusable: self.reusable && self.upstream_done })
    }

    /// Sends the head, and what has been gathered of the body.
    async fn begin(&mut self) -> Result<(), Broken> {
        if self.client.is_body_empty() {
            self.exchange.filters.request.ended = true;
        }
        if let Some(deadline) = &self.exchange.deadline {
            // A service that takes no more bytes blocks this task; then the connection's clock
            // ends it.
            self.exchange.connection.cut_at(deadline.at + super::GRACE);
        }
        self.send_request().await
    }

    /// Waits for whatever happens next.
    async fn next(&mut self) -> Result<Event, Broken> {
        let reads = self.client_done
            || (pause::takes_more(self.exchange, Direction::Request) && self.send_error.is_none());
        let answers = self.head.is_none()
            && !self.upstream_done
            && pause::takes_more(self.exchange, Direction::Response);
        let late = self.due();
        let locker = self.exchange.filters.wait();
        let connection = &self.exchange.connection;
        let event = tokio::select! {
            () = woken(locker.as_ref()), if locker.is_some() => Ok(Event::Woken),
            task = self.upstream.read_response_task(), if answers => {
                task.map(Event::Task).map_err(|error| error.into_up())
            }
            piece = self.client.read_body_or_idle(self.client_done), if reads => {
                piece.map(Event::Body).map_err(|error| error.into_down())
            }
            () = connection.hung_up(), if !reads && locker.is_some() => Ok(Event::Gone),
            () = sleep_until(late.unwrap_or_else(Instant::now)), if late.is_some() => Ok(Event::Late),
        };
        self.exchange.filters.go_on();
        match event {
            Ok(event) => Ok(event),
            Err(error) => Err(self.send_error.take().unwrap_or(error).into()),
        }
    }

    /// When the exchange has lasted too long. Once the answer is on its way, the connection's clock
    /// counts.
    fn due(&self) -> Option<Instant> {
        let answered = self.client.response_written().is_some();
        let deadline = self.exchange.deadline.as_ref().filter(|_| !answered);
        let deadline = deadline.map(|deadline| deadline.at);
        let pause = (self.exchange.filters.paused > 0).then(|| self.exchange.started + PAUSE);
        deadline.into_iter().chain(pause).min()
    }

    fn late(&self) -> Broken {
        match expired(self.exchange) {
            Some(failure) => failure.into(),
            None => match &self.exchange.deadline {
                // Timers ring up to a millisecond early.
                Some(deadline) if self.exchange.filters.paused == 0 => {
                    timed_out(self.exchange, deadline).into()
                }
                _ => too_long(self.exchange).into(),
            },
        }
    }

    /// A piece of the request's body, or its end.
    async fn on_body(&mut self, piece: Option<Bytes>) -> Result<(), Broken> {
        check_rate(self.client, self.exchange)?;
        if self.client.was_upgraded() {
            return self.on_upgraded_body(piece).await;
        }
        self.client_done = piece.is_none() || self.client.is_body_done();
        let mut piece = piece.unwrap_or_default();
        if self.seen[0] {
            if !self.client_done {
                piece = self.with_what_has_come(piece).await?;
            }
            self.exchange.notes.came(&piece);
            let pushed = body::push(self.exchange, Direction::Request, piece, self.client_done);
            if let Err(broken) = pushed {
                // What filters have let go is the service's, whatever happens to the end.
                self.send_request().await?;
                return Err(broken);
            }
        } else {
            self.exchange.notes.came(&piece);
            let way = &mut self.exchange.filters.request;
            way.ended |= self.client_done;
            if !piece.is_empty() {
                way.out.push(piece);
            }
        }
        self.send_request().await
    }

    /// A piece and what has come behind it. Filters are shown what is there at once, as by Envoy,
    /// and not as the client has cut it into chunks.
    async fn with_what_has_come(&mut self, piece: Bytes) -> Result<Bytes, Broken> {
        let mut whole = BytesMut::new();
        while piece.len() + whole.len() < AT_ONCE && !self.client_done {
            let Some(more) = at_once(self.client.read_body_or_idle(false)).await else { break };
            let more = more.map_err(|error| error.into_down())?;
            self.client_done = more.is_none() || self.client.is_body_done();
            if whole.is_empty() {
                whole.extend_from_slice(&piece);
            }
            whole.extend_from_slice(&more.unwrap_or_default());
        }
        Ok(if whole.is_empty() { piece } else { whole.freeze() })
    }

    /// What comes after an upgrade is no HTTP.
    async fn on_upgraded_body(&mut self, piece: Option<Bytes>) -> Result<(), Broken> {
        self.upstream.maybe_upgrade_body_writer();
        let ended = piece.is_none();
        if let Some(piece) = piece.filter(|piece| !piece.is_empty()) {
            self.upstream.write_body(&piece).await.map_err(|error| error.into_up())?;
        }
        if ended {
            // Either side ends it for both.
            self.upstream.finish_body().await.map_err(|error| error.into_up())?;
            self.request_done = true;
            self.response_done = true;
            self.reusable = false;
        }
        Ok(())
    }

    /// Sends what has passed the filters of the request.
    async fn send_request(&mut self) -> Result<(), Broken> {
        if self.request_done || !self.send_head().await? {
            return Ok(());
        }
        self.exchange.keep_for_replay();
        let pieces = std::mem::take(&mut self.exchange.filters.request.out);
        let ended = self.exchange.filters.request.ended;
        for piece in pieces {
            if let Err(error) = self.upstream.write_body(&piece).await {
                return self.gave_up(error.into_up());
            }
        }
        if ended {
            if let Err(error) = self.upstream.finish_body().await {
                return self.gave_up(error.into_up());
            }
            self.request_done = true;
            let now = Instant::now();
            self.exchange.attempts.sent = Some(now);
            if let Some(attempt) = self.exchange.notes.current() {
                attempt.sent = Some(now);
            }
        }
        Ok(())
    }

    /// The service takes no more. What it may have said before is still worth reading.
    fn gave_up(&mut self, error: Box<Error>) -> Result<(), Broken> {
        self.request_done = true;
        self.reusable = false;
        self.send_error = Some(error);
        Ok(())
    }

    /// False while the head must wait for the length of its body.
    async fn send_head(&mut self) -> Result<bool, Broken> {
        let Some(head) = &mut self.head else { return Ok(true) };
        let empty = self.client.is_body_empty();
        let way = &self.exchange.filters.request;
        if !framing::request(head, way, empty, self.seen[0])? {
            return Ok(false);
        }
        if let Some(head) = self.head.take() {
            self.upstream.write_request_header(head).await.map_err(|error| error.into_up())?;
        }
        Ok(true)
    }

    /// A paused filter said something.
    async fn on_woken(&mut self) -> Result<(), Broken> {
        pause::resume(self.exchange)?;
        pause::advance_request(self.exchange, self.client.req_header_mut())?;
        self.send_request().await?;
        self.send_response().await
    }
}

/// What a future answers if it need not wait.
async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
