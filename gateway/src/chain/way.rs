//! What filters keep between their phases.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use portico_wasm::{Locker, Stream, Visit};
use tokio::time::Instant;

use super::pause::Direction;
use crate::order::Order;

/// The state of all filters of one exchange.
#[derive(Default)]
pub struct Filters {
    pub(crate) stream: Option<Box<Stream>>,
    /// Where the stream is left while a filter is waited for; made when the first one pauses.
    pub(crate) locker: Option<Locker>,
    /// One for each step that the request phase has reached.
    pub(crate) visits: Vec<Visited>,
    /// Steps that the request phase has reached; the response phase goes back from here.
    pub(crate) reached: usize,
    /// The last step that a response has come to, on its way back.
    pub(crate) responding: Option<usize>,
    /// The host that the request was routed by, where it decides what applies.
    pub(crate) host: Box<str>,
    /// Filters that have paused something.
    pub(crate) paused: usize,
    pub(crate) request: Way,
    pub(crate) response: Way,
}

/// A step of the chain, as far as this exchange is concerned.
#[derive(Default)]
pub(crate) struct Visited {
    /// None for a step that is no plugin, or one that failed or is switched off here.
    pub(crate) visit: Option<Visit>,
    /// It is inside of the plugin's canary.
    pub(crate) is_canary: bool,
    pub(crate) request: Paused,
    pub(crate) response: Paused,
    /// When the request came to it, and the response.
    pub(crate) entered: Option<Instant>,
    pub(crate) responded: Option<Instant>,
    /// Since when it has paused something, and how long it had before.
    pub(crate) paused_at: Option<Instant>,
    pub(crate) waited: Duration,
}

/// What a filter has paused of one direction.
#[derive(Default)]
pub(crate) struct Paused {
    pub(crate) head: bool,
    /// Bodies go on to it while it keeps the head.
    pub(crate) takes_bodies: bool,
    pub(crate) body: bool,
    /// Bytes of a body that it holds; they are kept beside its context.
    pub(crate) held: usize,
    /// The end of the body has come to it.
    pub(crate) ended: bool,
}

/// One direction through the filters.
#[derive(Default)]
pub(crate) struct Way {
    /// The step that keeps the head.
    pub(crate) head_at: Option<usize>,
    /// The head has been kept in front of the body that comes next.
    pub(crate) waited: bool,
    /// The message is its head alone.
    pub(crate) head_ended: bool,
    pub(crate) newer: Newer,
    /// The order of the head's lines, where a map of headers would lose it.
    pub(crate) order: Option<Order>,
    /// Body that waits in front of the step which keeps the head.
    pub(crate) stash: BytesMut,
    pub(crate) stash_ended: bool,
    /// The step that the stash goes to once the head goes on.
    pub(crate) stash_for: Option<usize>,
    /// The step that has let go of the head, until the head has gone on.
    pub(crate) released: Option<usize>,
    /// Body that has passed all filters.
    pub(crate) out: Vec<Bytes>,
    /// Something of the body has passed all filters.
    pub(crate) passed: bool,
    /// Nothing comes after `out`.
    pub(crate) ended: bool,
    /// A filter has changed the body.
    pub(crate) changed: bool,
}

/// Which of a head's two forms is the newer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Newer {
    Fields,
    #[default]
    Head,
    Neither,
}

impl Newer {
    /// The fields have been read and not changed.
    pub(super) fn or_neither(self) -> Self {
        if self == Self::Head { Self::Neither } else { self }
    }
}

impl Visited {
    pub(super) fn new(visit: Visit, is_canary: bool) -> Self {
        Self { visit: Some(visit), is_canary, ..Self::default() }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.request.is_paused() || self.response.is_paused()
    }

    pub(super) fn side(&self, direction: Direction) -> &Paused {
        match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }

    pub(super) fn side_mut(&mut self, direction: Direction) -> &mut Paused {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

impl Paused {
    pub(super) fn is_paused(&self) -> bool {
        self.head || self.body
    }
}

impl Way {
    /// Bytes of the body that wait to be sent.
    pub(crate) fn out_bytes(&self) -> usize {
        self.out.iter().map(Bytes::len).sum()
    }
}

impl Filters {
    /// Leaves the stream where paused filters can be reached with it. None if nothing is paused.
    pub(crate) fn wait(&mut self) -> Option<Locker> {
        if self.paused == 0 {
            return None;
        }
        let locker = self.locker.as_ref()?;
        if let Some(stream) = self.stream.take() {
            locker.put(stream);
        }
        Some(locker.clone())
    }

    /// Takes the stream back.
    pub(crate) fn go_on(&mut self) {
        if self.stream.is_none()
            && let Some(locker) = &self.locker
        {
            self.stream = locker.take();
        }
    }
}
