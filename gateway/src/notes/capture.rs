//! The beginnings of both bodies, kept only while somebody taps them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use portico_telemetry::tap::{Bodies, Captured};

/// Bytes of bodies that a worker keeps at a time: of all its exchanges, and of the records that
/// wait for the collector. Beyond, bodies are cut short; a request never waits for a tap.
const MOST: usize = 16 << 20;

/// What one worker keeps of bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room(Arc<AtomicUsize>);

/// What is kept of an exchange's bodies.
pub(crate) struct Capture {
    /// Bytes of each body.
    limit: usize,
    held: Held,
    request: Kept,
    response: Kept,
}

/// Room that is taken, until this is dropped.
pub(crate) struct Held {
    room: Room,
    bytes: usize,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Capture {
    /// Nothing if nobody wants bodies.
    pub(crate) fn new(limit: usize, room: &Room) -> Option<Box<Self>> {
        (limit > 0).then(|| {
            let held = Held { room: room.clone(), bytes: 0 };
            Box::new(Self { limit, held, request: Kept::default(), response: Kept::default() })
        })
    }

    /// A piece has come from the client.
    pub(super) fn request(&mut self, piece: &[u8]) {
        self.request.add(piece, self.limit, &mut self.held);
    }

    /// A piece goes to the client.
    pub(super) fn response(&mut self, piece: &[u8]) {
        self.response.add(piece, self.limit, &mut self.held);
    }

    /// For the tap. The second part is held until the first is not needed any more.
    pub(crate) fn finish(self) -> (Bodies, Held) {
        let Self { limit: _, held, request, response } = self;
        (Bodies { request: request.finish(), response: response.finish() }, held)
    }
}

impl Kept {
    fn add(&mut self, piece: &[u8], limit: usize, held: &mut Held) {
        let fits = limit.saturating_sub(self.bytes.len()).min(piece.len());
        let fits = if held.take(fits) { fits } else { 0 };
        self.bytes.extend_from_slice(&piece[..fits]);
        self.is_cut |= fits < piece.len();
    }

    fn finish(self) -> Captured {
        Captured { bytes: self.bytes.into(), is_cut: self.is_cut }
    }
}

impl Held {
    fn take(&mut self, bytes: usize) -> bool {
        let taken = &self.room.0;
        let has_room = taken.fetch_add(bytes, Relaxed) + bytes <= MOST;
        if has_room {
            self.bytes += bytes;
        } else {
            taken.fetch_sub(bytes, Relaxed);
        }
        has_room
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.0.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_cut_at_the_limit() {
        let room = Room::default();
        assert!(Capture::new(0, &room).is_none());
        let mut capture = Capture::new(5, &room).unwrap();
        capture.request(b"abc");
        capture.request(b"def");
        capture.response(b"12345");
        let (bodies, held) = capture.finish();
        assert_eq!((&*bodies.request.bytes, bodies.request.is_cut), (&b"abcde"[..], true));
        assert_eq!((&*bodies.response.bytes, bodies.response.is_cut), (&b"12345"[..], false));
        assert_eq!(room.0.load(Relaxed), 10);
        drop(held);
        assert_eq!(room.0.load(Relaxed), 0);
    }

    #[test]
    fn a_worker_keeps_no_more_than_it_has_room_for() {
        let room = Room::default();
        let mut captures = Vec::new();
        for _ in 0..MOST / 4096 + 3 {
            let mut capture = Capture::new(4096, &room).unwrap();
            capture.request(&[0; 4096]);
            captures.push(capture);
        }
        assert_eq!(room.0.load(Relaxed), MOST);
        let last = captures.pop().unwrap().finish().0.request;
        assert!(last.bytes.is_empty() && last.is_cut);
        captures.clear();
        assert_eq!(room.0.load(Relaxed), 0);
    }
}
