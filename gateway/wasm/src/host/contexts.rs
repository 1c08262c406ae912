//! The contexts of an instance: a root for each configuration, and one for each stream inside.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    time::Duration,
};

use bytes::BytesMut;

use crate::{
    locker::Locker,
    plugin::{Direction, Resumed},
    stream::Stream,
};

/// Which maps and buffers of its stream a context may use: those of the callback that runs for it,
/// and those of callbacks that paused it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Open(u8);

/// Root contexts have the ids from 1 up, streams those above.
pub(crate) struct Contexts {
    roots: i32,
    next: i32,
    /// The stream that was called last. A callback asks for it a dozen times, and the next callback
    /// is often about it too.
    last: i32,
    last_context: Context,
    /// The others.
    streams: HashMap<i32, Context, BuildHasherDefault<Spread>>,
}

/// No stream's id.
const NONE: i32 = 0;

/// A stream's context. Small, because each request makes one.
#[derive(Default)]
struct Context {
    root: i32,
    open: Open,
    /// CPU time that its callbacks have used, as far as it was measured.
    spent: Duration,
    waiting: Option<Box<Waiting>>,
}

/// What a context needs that has paused.
#[derive(Default)]
struct Waiting {
    locker: Option<Locker>,
    resumed: Resumed,
    request: BytesMut,
    response: BytesMut,
}

impl Open {
    pub(crate) const NOTHING: Self = Self(0);
    pub(crate) const REQUEST_HEADERS: Self = Self(1);
    pub(crate) const REQUEST_BODY: Self = Self(1 << 1);
    pub(crate) const REQUEST_TRAILERS: Self = Self(1 << 2);
    pub(crate) const RESPONSE_HEADERS: Self = Self(1 << 3);
    pub(crate) const RESPONSE_BODY: Self = Self(1 << 4);
    pub(crate) const RESPONSE_TRAILERS: Self = Self(1 << 5);
    pub(crate) const REQUEST: Self = Self(0b111);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl Contexts {
    pub(crate) fn new(roots: usize) -> Self {
        let roots = i32::try_from(roots).unwrap_or(i32::MAX - 1);
        let (last, last_context) = (NONE, Context::default());
        Self { roots, next: roots, last, last_context, streams: HashMap::default() }
    }

    /// A context for a stream, under a root. Ids are not used again while they live.
    pub(crate) fn create(&mut self, root: i32) -> i32 {
        loop {
            self.next = self.next.checked_add(1).unwrap_or(self.roots + 1);
            if self.get(self.next).is_none() {
                break;
            }
        }
        self.set_last_aside();
        (self.last, self.last_context) = (self.next, Context { root, ..Context::default() });
        self.next
    }

    pub(crate) fn remove(&mut self, context: i32) {
        if context == self.last {
            (self.last, self.last_context) = (NONE, Context::default());
        } else {
            self.streams.remove(&context);
        }
    }

    /// A callback about a context begins.
    pub(super) fn call(&mut self, context: i32) {
        if context != self.last
            && let Some(stream) = self.streams.remove(&context)
        {
            self.set_last_aside();
            (self.last, self.last_context) = (context, stream);
        }
    }

    fn set_last_aside(&mut self) {
        let stream = std::mem::take(&mut self.last_context);
        if self.last != NONE {
            self.streams.insert(self.last, stream);
        }
    }

    fn get(&self, context: i32) -> Option<&Context> {
        if context == self.last { Some(&self.last_context) } else { self.streams.get(&context) }
    }

    fn get_mut(&mut self, context: i32) -> Option<&mut Context> {
        if context == self.last {
            Some(&mut self.last_context)
        } else {
            self.streams.get_mut(&context)
        }
    }

    /// Streams that are inside.
    pub(crate) fn len(&self) -> usize {
        self.streams.len() + usize::from(self.last != NONE)
    }

    pub(crate) fn knows(&self, context: i32) -> bool {
        (1..=self.roots).contains(&context) || self.get(context).is_some()
    }

    pub(crate) fn root(&self, context: i32) -> i32 {
        self.get(context).map_or(context, |stream| stream.root)
    }

    pub(crate) fn open(&self, context: i32) -> Open {
        self.get(context).map_or(Open::NOTHING, |stream| stream.open)
    }

    pub(crate) fn set_open(&mut self, context: i32, open: Open) {
        if let Some(stream) = self.get_mut(context) {
            stream.open = open;
        }
    }

    pub(crate) fn spent(&self, context: i32) -> Duration {
        self.get(context).map_or(Duration::ZERO, |stream| stream.spent)
    }

    pub(crate) fn spend(&mut self, context: i32, time: Duration) {
        if let Some(stream) = self.get_mut(context) {
            stream.spent += time;
        }
    }

    fn waiting(&mut self, context: i32) -> Option<&mut Waiting> {
        let stream = self.get_mut(context)?;
        Some(stream.waiting.get_or_insert_default())
    }

    pub(super) fn park(&mut self, context: i32, locker: &Locker) {
        if let Some(waiting) = self.waiting(context) {
            waiting.locker = Some(locker.clone());
        }
    }

    pub(crate) fn unpark(&mut self, context: i32) {
        if let Some(waiting) = self.waiting(context) {
            (waiting.locker, waiting.resumed) = (None, Resumed::default());
        }
    }

    pub(crate) fn take_resumed(&mut self, context: i32) -> Resumed {
        let waiting = self.get_mut(context).and_then(|stream| stream.waiting.as_mut());
        waiting.map_or_else(Resumed::default, |waiting| std::mem::take(&mut waiting.resumed))
    }

    /// A direction of a parked stream goes on.
    pub(super) fn resume(&mut self, context: i32, direction: Direction) {
        let waiting = self.get_mut(context).and_then(|stream| stream.waiting.as_mut());
        let Some(waiting) = waiting else { return };
        match direction {
            Direction::Request => waiting.resumed.request = true,
            Direction::Response => waiting.resumed.response = true,
        }
        if let Some(locker) = &waiting.locker {
            locker.wake();
        }
    }

    /// A parked stream, for the time of a callback.
    pub(super) fn borrow(&self, context: i32) -> Option<Box<Stream>> {
        self.get(context)?.waiting.as_ref()?.locker.as_ref()?.take()
    }

    pub(super) fn put_back(&self, context: i32, stream: Box<Stream>) {
        let waiting = self.get(context).and_then(|stream| stream.waiting.as_ref());
        let Some(locker) = waiting.and_then(|waiting| waiting.locker.as_ref()) else { return };
        let wake = stream.local_response.is_some() || stream.close || stream.invalid.is_some();
        locker.put(stream);
        if wake {
            locker.wake();
        }
    }

    /// Where a paused body is kept.
    pub(crate) fn held(&mut self, context: i32, direction: Direction) -> Option<&mut BytesMut> {
        let waiting = self.waiting(context)?;
        Some(match direction {
            Direction::Request => &mut waiting.request,
            Direction::Response => &mut waiting.response,
        })
    }

    /// The instance is gone: everyone who waits for it should look.
    pub(crate) fn wake_all(&self) {
        let streams = self.streams.values().chain([&self.last_context]);
        let waiting = streams.filter_map(|stream| stream.waiting.as_ref());
        waiting.filter_map(|waiting| waiting.locker.as_ref()).for_each(Locker::wake);
    }
}

/// Context ids count up; multiplying spreads them well enough, and nobody outside chooses them.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i32(i32::from(*byte) ^ self.0 as i32);
        }
    }

    fn write_i32(&mut self, id: i32) {
        self.0 = u64::from(id.cast_unsigned()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
