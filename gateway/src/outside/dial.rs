//! Connections for call-outs. Each worker has its own; pingora's pool keeps the warm ones.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use pingora::{
    Error, ErrorType,
    connectors::{ConnectorOptions, TransportConnector},
    protocols::Stream,
    upstreams::peer::{HttpPeer, Peer},
};

use super::{
    targets::Upstream,
    tls::{Inside, Trust},
};
use crate::backend::{ATTEMPTS, Target};

/// Warm connections for calls that one worker keeps, over all upstreams.
const WARM: usize = 256;

/// How long a warm connection is kept for the next call.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// Opens connections, and keeps them.
pub(super) struct Dialer {
    transport: TransportConnector,
    trust: Arc<Trust>,
}

/// A connection and what finds it again.
pub(super) struct Line {
    pub(super) stream: Stream,
    pub(super) key: Key,
    /// It was used before, and may have been closed by its peer since.
    pub(super) reused: bool,
}

/// What connections must have in common to be used for one another.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key(u64);

/// Why there is no connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DialError {
    /// Nobody accepted in time.
    Late,
    /// The gateway itself has no socket to give.
    Local,
    /// The service has no address at the moment.
    NoEndpoint,
    /// Nobody accepted.
    Refused,
}

impl Dialer {
    pub(super) fn new(trust: Arc<Trust>) -> Self {
        Self { transport: TransportConnector::new(Some(ConnectorOptions::new(WARM))), trust }
    }

    /// A connection to one endpoint after the other, until one accepts; a warm one if there is.
    pub(super) async fn open(&self, to: &Upstream) -> Result<Line, DialError> {
        let mut attempts = Attempts::new(to);
        while let Some(peer) = attempts.next() {
            let key = Key::of(&peer);
            if let Some(stream) = self.transport.reused_stream(&*peer).await {
                return Ok(Line { stream, key, reused: true });
            }
            match self.open_new(to, &peer, Inside::Http1).await {
                Ok(stream) => return Ok(Line { stream, key, reused: false }),
                Err(error) => attempts.failed(&error),
            }
        }
        Err(attempts.refused)
    }

    /// A connection of one's own.
    pub(super) async fn open_new(
        &self,
        to: &Upstream,
        peer: &HttpPeer,
        inside: Inside,
    ) -> pingora::Result<Stream> {
        let stream = self.transport.new_stream(peer).await?;
        match &to.tls {
            Some(name) => self.trust.secure(stream, name, inside).await,
            None => Ok(stream),
        }
    }

    /// Keeps a connection on which a request could be sent next.
    pub(super) fn keep(&self, stream: Stream, key: Key) {
        self.transport.release_stream(stream, key.0, Some(IDLE));
    }
}

/// The endpoints of an upstream that one call tries.
pub(super) struct Attempts<'a> {
    to: &'a Upstream,
    tried: Vec<SocketAddr>,
    /// Why the last one was none.
    pub(super) refused: DialError,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(to: &'a Upstream) -> Self {
        Self { to, tried: Vec::new(), refused: DialError::NoEndpoint }
    }

    pub(super) fn next(&mut self) -> Option<Box<HttpPeer>> {
        if self.tried.len() == ATTEMPTS {
            return None;
        }
        let Target { mut peer, address, .. } = self.to.service.pick(&self.tried)?;
        self.tried.push(address);
        if let Some(name) = &self.to.tls {
            // Tells the pool: a connection in the clear is never one with TLS.
            peer.sni = name.to_string();
        }
        Some(peer)
    }

    pub(super) fn failed(&mut self, error: &Error) {
        let (upstream, address) = (&*self.to.service.name, self.tried.last());
        tracing::debug!(upstream, ?address, %error, "a call could not connect");
        self.refused = DialError::of(error);
    }
}

impl Key {
    pub(super) fn of(peer: &HttpPeer) -> Self {
        Self(peer.reuse_hash())
    }
}

impl DialError {
    fn of(error: &Error) -> Self {
        match error.etype() {
            ErrorType::ConnectTimedout | ErrorType::TLSHandshakeTimedout => Self::Late,
            ErrorType::BindError | ErrorType::SocketError | ErrorType::InternalError => Self::Local,
            _ => Self::Refused,
        }
    }
}
