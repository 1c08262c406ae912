//! Connections for gRPC, shared by the calls of one worker: one for each endpoint.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use h2::client::{Builder, Connection, SendRequest};
use pingora::{protocols::Stream, upstreams::peer::HttpPeer};
use tokio::time::{Instant, sleep_until};

use super::{
    super::{
        dial::{Attempts, Dialer, IDLE, Key},
        targets::Upstream,
        tls::Inside,
    },
    status::{End, reason},
};

/// What a peer may send of one stream before it was read.
const STREAM_WINDOW: u32 = 256 << 10;

/// The same of all streams of a connection.
const CONNECTION_WINDOW: u32 = 1 << 20;

/// Bytes of a head or of trailers; Envoy's default.
const HEAD_BYTES: u32 = 60 << 10;

/// The connections of one worker.
#[derive(Default)]
pub(in crate::outside) struct Channels(Mutex<Open>);

#[derive(Default)]
struct Open {
    channels: HashMap<Key, Channel>,
    /// Given once and never again.
    next: u64,
}

struct Channel {
    number: u64,
    send: SendRequest<Bytes>,
    used: Instant,
}

impl Channels {
    /// A connection that takes a stream now: the one there is, or a new one.
    pub(super) async fn get(
        self: &Arc<Self>,
        dialer: &Dialer,
        to: &Upstream,
    ) -> Result<SendRequest<Bytes>, End> {
        let mut attempts = Attempts::new(to);
        while let Some(peer) = attempts.next() {
            let key = Key::of(&peer);
            if let Some(send) = self.warm(key)
                && let Ok(ready) = send.ready().await
            {
                return Ok(ready);
            }
            match self.connect(dialer, to, &peer, key).await {
                Ok(ended) => return ended,
                Err(error) => attempts.failed(&error),
            }
        }
        Err(End::unreachable(attempts.refused))
    }

    /// The outer error is for want of a connection, the inner one for a peer that does not speak
    /// HTTP/2.
    async fn connect(
        self: &Arc<Self>,
        dialer: &Dialer,
        to: &Upstream,
        peer: &HttpPeer,
        key: Key,
    ) -> pingora::Result<Result<SendRequest<Bytes>, End>> {
        let stream = dialer.open_new(to, peer, Inside::Http2).await?;
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD_BYTES);
        let broken = |error: h2::Error| End::reset(true, reason(&error));
        Ok(match builder.handshake::<_, Bytes>(stream).await {
            Ok((send, connection)) => {
                let number = self.keep(key, send.clone());
                tokio::spawn(self.clone().drive(connection, key, number));
                send.ready().await.map_err(broken)
            }
            Err(error) => Err(broken(error)),
        })
    }

    /// Moves the bytes of a connection until it ends, and ends it when nobody needs it.
    async fn drive(
        self: Arc<Self>,
        mut connection: Connection<Stream, Bytes>,
        key: Key,
        number: u64,
    ) {
        let mut look = Instant::now() + IDLE;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection of gRPC calls broke");
                    }
                    return self.forget(key, number);
                }
                () = sleep_until(look) => look = self.sweep(key, number),
            }
        }
    }

    fn warm(&self, key: Key) -> Option<SendRequest<Bytes>> {
        let mut open = self.lock();
        let channel = open.channels.get_mut(&key)?;
        channel.used = Instant::now();
        Some(channel.send.clone())
    }

    fn keep(&self, key: Key, send: SendRequest<Bytes>) -> u64 {
        let mut open = self.lock();
        open.next += 1;
        let number = open.next;
        open.channels.insert(key, Channel { number, send, used: Instant::now() });
        number
    }

    /// Gives up a connection that no call has used for long: it closes behind its last stream. Says
    /// when to look again.
    fn sweep(&self, key: Key, number: u64) -> Instant {
        let now = Instant::now();
        let idle_since = self.lock().channels.get(&key).map(|channel| channel.used);
        match idle_since {
            Some(used) if used + IDLE > now => used + IDLE,
            _ => {
                self.forget(key, number);
                now + IDLE
            }
        }
    }

    fn forget(&self, key: Key, number: u64) {
        let mut open = self.lock();
        // Another may have taken its place.
        if open.channels.get(&key).is_some_and(|channel| channel.number == number) {
            open.channels.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
