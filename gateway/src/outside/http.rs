//! One HTTP call of a plugin, from its pairs to the pairs of the answer.
//!
//! What the peer and the guest see is what Envoy 1.40 shows them: the order of headers, the ones
//! that are added, the answers that stand for a peer that does not. Filters read these answers, so
//! they are Envoy's word for word. They go to guests only; what a client gets is decided in
//! `failure.rs`.
//!
//! | the peer | the guest gets |
//! |---|---|
//! | cannot be reached | 503 `… reset reason: remote connection failure` |
//! | does not accept in time | 503 `… reset reason: connection timeout` |
//! | closes before a head | 503 `… reset reason: connection termination` |
//! | answers what is no HTTP | 502 `… reset reason: protocol error` |
//! | sends no head in time | 504 `upstream request timeout` |
//! | breaks off, or stalls, after the head; sends too much | no headers: a failed call |
//!
//! Beyond Envoy: other endpoints of the service are tried when one refuses the connection, and a
//! request that may be repeated is, when a warm connection turns out to be dead.

mod head;
mod reply;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use pingora::{Error, ErrorType, protocols::http::v1::client::HttpSession};
use portico_wasm::{HttpCall, HttpCallResponse};
use tokio::time::{Instant, timeout_at};

use self::{
    head::Head,
    reply::{Trouble, answer},
};
use super::{
    dial::{DialError, Dialer, Line},
    targets::Upstream,
};
use crate::backend::ATTEMPTS;

/// A call without a timeout is given this one: Envoy would wait for ever, and so would the request
/// that waits for the call.
const LONGEST: Duration = Duration::from_secs(30);

/// Informational heads before the final one. More than any server sends.
const INFORMATIONAL: usize = 16;

/// A call that can be made.
pub(super) struct Request {
    head: Head,
    body: Bytes,
    timeout: Duration,
    /// Largest body of the answer.
    answer_bytes: usize,
}

/// How a call ended.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// With an answer of the peer.
    Answered(HttpCallResponse),
    /// Without; what the guest is told instead.
    Failed(Option<HttpCallResponse>),
    /// In time there was no answer, or not all of it.
    TimedOut(Option<HttpCallResponse>),
}

impl Request {
    /// `None` for a call that cannot be written down: a method that is no word, a path that would
    /// end the request line.
    pub(super) fn new(call: HttpCall, answer_bytes: usize) -> Option<Self> {
        let HttpCall { upstream: _, headers, body, trailers: _, timeout } = call;
        let (head, asked) = Head::new(headers, body.len(), timeout)?;
        let timeout = if asked.is_zero() { LONGEST } else { asked };
        Some(Self { head, body, timeout, answer_bytes })
    }
}

/// Makes the call.
pub(super) async fn perform(dialer: &Dialer, to: &Upstream, request: Request) -> Ending {
    let began = Instant::now();
    let deadline = began + request.timeout;
    let mut call = Call { dialer, to, request, began, has_head: false };
    match timeout_at(deadline, call.run()).await {
        Ok(Ok(response)) => Ending::Answered(response),
        // Half an answer is none.
        Ok(Err(_)) if call.has_head => Ending::Failed(None),
        Ok(Err(trouble)) => Ending::Failed(answer(&trouble)),
        Err(_) if call.has_head => Ending::TimedOut(None),
        Err(_) => Ending::TimedOut(answer(&Trouble::Late)),
    }
}

struct Call<'a> {
    dialer: &'a Dialer,
    to: &'a Upstream,
    request: Request,
    began: Instant,
    /// The head of the answer has come.
    has_head: bool,
}

impl Call<'_> {
    async fn run(&mut self) -> Result<HttpCallResponse, Trouble> {
        let mut stale = 0;
        loop {
            let Line { stream, key, reused } = self.dialer.open(self.to).await?;
            let mut session = HttpSession::new(stream);
            match self.exchange(&mut session).await {
                Ok(response) => {
                    session.respect_keepalive();
                    if let Some(stream) = session.reuse().await {
                        self.dialer.keep(stream, key);
                    }
                    return Ok(response);
                }
                Err(Trouble::Closed) if reused && self.may_repeat() && stale < ATTEMPTS => {
                    stale += 1;
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    fn may_repeat(&self) -> bool {
        !self.has_head && self.request.head.repeatable
    }

    async fn exchange(&mut self, session: &mut HttpSession) -> Result<HttpCallResponse, Trouble> {
        let head = Box::new(self.request.head.header.clone());
        session.write_request_header(head).await.map_err(|error| Trouble::of(&error))?;
        // A peer may answer and close before it has read everything; its answer counts.
        let sent = self.send_body(session).await;
        match self.read_head(session).await {
            Ok(()) => {}
            Err(trouble) => return Err(sent.err().unwrap_or(trouble)),
        }
        self.has_head = true;
        let elapsed = self.began.elapsed();
        let headers =
            reply::headers(&session.get_headers_raw_bytes(), elapsed).inspect_err(|_| {
                // What cannot be understood is no head.
                self.has_head = false;
            })?;
        let body = self.read_body(session).await?;
        Ok(HttpCallResponse { headers, body, trailers: Vec::new() })
    }

    async fn send_body(&self, session: &mut HttpSession) -> Result<(), Trouble> {
        if !self.request.body.is_empty() {
            let sent = session.write_body(&self.request.body).await;
            sent.map_err(|error| Trouble::of(&error))?;
        }
        session.finish_body().await.map(|_| ()).map_err(|error| Trouble::of(&error))
    }

    /// The final head, behind any informational ones.
    async fn read_head(&self, session: &mut HttpSession) -> Result<(), Trouble> {
        for _ in 0..INFORMATIONAL {
            session.read_response().await.map_err(|error| Trouble::of(&error))?;
            let status = session.get_status().map_or(0, |status| status.as_u16());
            if status >= 200 || status == SWITCHING {
                return Ok(());
            }
        }
        Err(Trouble::Protocol)
    }

    async fn read_body(&self, session: &mut HttpSession) -> Result<Bytes, Trouble> {
        if session.get_status().is_some_and(|status| status.as_u16() == SWITCHING) {
            return Ok(Bytes::new());
        }
        let mut body = BytesMut::new();
        while let Some(piece) = session.read_body_bytes().await.map_err(|e| Trouble::of(&e))? {
            if body.len() + piece.len() > self.request.answer_bytes {
                return Err(Trouble::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }
}

/// The status after which a connection speaks something else, which no guest can.
const SWITCHING: u16 = 101;

impl Trouble {
    /// Why a connection is of no use any more.
    fn of(error: &Error) -> Self {
        match error.etype() {
            ErrorType::InvalidHTTPHeader | ErrorType::H1Error => Self::Protocol,
            _ => Self::Closed,
        }
    }
}

impl From<DialError> for Trouble {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Late => Self::ConnectLate,
            DialError::Local => Self::Local,
            DialError::NoEndpoint => Self::NoEndpoint,
            DialError::Refused => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests;
