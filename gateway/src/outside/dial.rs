//! Connections for call-outs. Each worker has its own; pingora's pool keeps the warm ones.

use std::net::SocketAddr;

use pingora::{
    Error, ErrorType,
    connectors::{ConnectorOptions, TransportConnector},
    protocols::Stream,
    upstreams::peer::{HttpPeer, Peer},
};

use super::targets::Upstream;
use crate::backend::{ATTEMPTS, Target};

/// Warm connections for calls that one worker keeps, over all upstreams.
const WARM: usize = 256;

/// How long a warm connection is kept for the next call.
const IDLE: std::time::Duration = std::time::Duration::from_secs(60);

/// Opens connections, and keeps them.
pub(super) struct Dialer {
    transport: TransportConnector,
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
    pub(super) fn new() -> Self {
        Self { transport: TransportConnector::new(Some(ConnectorOptions::new(WARM))) }
    }

    /// A connection to one endpoint after the other, until one accepts; a warm one if there is.
    pub(super) async fn open(&self, to: &Upstream) -> Result<Line, DialError> {
        let mut tried = Vec::<SocketAddr>::new();
        let mut refused = DialError::NoEndpoint;
        while tried.len() < ATTEMPTS
            && let Some(Target { mut peer, address }) = to.service.pick(&tried)
        {
            tried.push(address);
            if let Some(name) = &to.tls {
                // Only tells the pool; a connection in the clear is never one with TLS.
                peer.sni = name.to_string();
            }
            match self.stream(&peer).await {
                Ok((stream, reused)) => {
                    return Ok(Line { stream, key: Key(peer.reuse_hash()), reused });
                }
                Err(error) => {
                    let upstream = &*to.service.name;
                    tracing::debug!(upstream, %address, %error, "a call could not connect");
                    refused = DialError::of(&error);
                }
            }
        }
        Err(refused)
    }

    /// Keeps a connection on which a request could be sent next.
    pub(super) fn keep(&self, stream: Stream, key: Key) {
        self.transport.release_stream(stream, key.0, Some(IDLE));
    }

    async fn stream(&self, peer: &HttpPeer) -> pingora::Result<(Stream, bool)> {
        self.transport.get_stream(peer).await
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
