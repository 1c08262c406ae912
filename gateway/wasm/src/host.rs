//! What the host keeps beside one instance: the store's data.
//!
//! While a callback runs, `stream` is the stream of the *effective* context, which the guest may
//! change: host functions look nowhere else. [`Host::begin`] and [`Host::finish`] bracket a
//! callback, [`Host::make_effective`] moves streams between it and the lockers of paused exchanges.

mod calls;
mod clock;
mod contexts;
mod delivery;
mod log;
mod memory_limit;

use std::sync::{Arc, Weak};

use bytes::BytesMut;
use wasmtime::{Memory, TypedFunc};

pub(crate) use self::{
    calls::{CallKind, Calls, OpenCall},
    clock::{monotonic, realtime},
    contexts::{Contexts, Open},
    delivery::Delivery,
    memory_limit::MemoryLimit,
};
use crate::{
    abi::{AbiVersion, Callback, Status},
    cpu::CpuClock,
    foreign::{Declared, Expressions},
    locker::Locker,
    met::{Limit, Met},
    metrics::Metrics,
    origin::Origin,
    outside::Services,
    plugin::{Direction, Plugin},
    shared::Scope,
    spec::Spec,
    stream::{LocalResponse, Stream},
};

/// The data of a store.
pub(crate) struct Host {
    /// The plugin's name, for logs and properties.
    pub(crate) plugin: Arc<str>,
    pub(crate) spec: Arc<Spec>,
    pub(crate) services: Services,
    /// Shared data and queues.
    pub(crate) shared: Arc<Scope>,
    pub(crate) metrics: Metrics,
    pub(crate) expressions: Expressions,
    /// What kinds of properties there will be.
    pub(crate) declared: Declared,
    pub(crate) abi: AbiVersion,
    /// Where the instance lives.
    pub(crate) home: Home,
    /// Limits that this instance has met.
    pub(crate) met: Met,
    /// The stream of the effective context, where it can be reached.
    pub(crate) stream: Option<Box<Stream>>,
    pub(crate) contexts: Contexts,
    /// The callback that runs, and the context it runs for; 0 between callbacks.
    pub(crate) callback: Callback,
    current: i32,
    /// The context that host functions act on.
    effective: i32,
    /// Maps and buffers of the effective context that may be used now.
    pub(crate) open: Open,
    /// The current context's stream, while another context is the effective one.
    own: Option<Box<Stream>>,
    /// The running callback has said that its direction goes on, whatever it returns.
    resumed: bool,
    /// The running body callback brings the last bytes.
    pub(crate) end_of_stream: bool,
    /// What the running callback has been brought from the outside.
    pub(crate) delivery: Delivery,
    pub(crate) calls: Calls,
    /// Set once the instance exists.
    pub(crate) memory: Option<Memory>,
    /// The guest's allocator; set once the instance exists.
    pub(crate) allocate: Option<TypedFunc<i32, i32>>,
    /// The guest's allocator runs, called by the host.
    pub(crate) allocating: bool,
    pub(crate) cpu: CpuClock,
    pub(crate) log: log::GuestLog,
    pub(crate) memory_limit: MemoryLimit,
}

/// Where an instance lives: its plugin, its worker, its place there, and which instance of that
/// place it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Home {
    pub(crate) plugin: Weak<Plugin>,
    pub(crate) worker: usize,
    pub(crate) seat: usize,
    pub(crate) life: u64,
}

impl Host {
    pub(crate) fn new(spec: Arc<Spec>, services: Services, abi: AbiVersion, home: Home) -> Self {
        let limits = &spec.limits;
        Self {
            log: log::GuestLog::new(spec.name.clone(), limits.log_rate),
            plugin: spec.name.clone(),
            shared: services.shared.scope(spec.scope()),
            metrics: services.metrics.instance(&spec.name, limits.metrics),
            expressions: Expressions::default(),
            declared: Declared::default(),
            services,
            abi,
            home,
            met: Met::default(),
            stream: None,
            contexts: Contexts::new(spec.configurations.len()),
            callback: Callback::Start,
            current: 0,
            effective: 0,
            open: Open::NOTHING,
            own: None,
            resumed: false,
            end_of_stream: false,
            delivery: Delivery::default(),
            calls: Calls::default(),
            memory: None,
            allocate: None,
            allocating: false,
            cpu: CpuClock::new(limits.cpu),
            memory_limit: MemoryLimit::new(limits.memory, limits.table),
            spec,
        }
    }

    /// A callback begins, for a context whose stream it is lent.
    pub(crate) fn begin(
        &mut self,
        callback: Callback,
        context: i32,
        stream: Option<Box<Stream>>,
        end_of_stream: bool,
    ) {
        (self.callback, self.current, self.effective) = (callback, context, context);
        (self.stream, self.end_of_stream, self.resumed) = (stream, end_of_stream, false);
        self.contexts.call(context);
        self.open = match callback {
            Callback::ContextCreate | Callback::Log | Callback::Done | Callback::Delete => {
                Open::NOTHING
            }
            _ => self.contexts.open(context).with(callback.opens()),
        };
    }

    /// The next callback of the same bracket: a stream is created right before its first callback.
    pub(crate) fn go_on(&mut self, callback: Callback) {
        self.switch(self.current);
        self.callback = callback;
        self.open = self.open.with(callback.opens());
    }

    /// The callback has ended: gives its stream back. True if it has resumed its own direction.
    pub(crate) fn finish(&mut self) -> (Option<Box<Stream>>, bool) {
        self.switch(self.current);
        self.contexts.set_open(self.current, self.open);
        (self.callback, self.current, self.effective) = (Callback::None, 0, 0);
        (self.stream.take(), self.resumed)
    }

    /// What `proxy_set_effective_context` asks for. 0 is nobody's id: back to the callback's own.
    pub(crate) fn make_effective(&mut self, context: i32) -> Result<(), Status> {
        let context = if context == 0 { self.current } else { context };
        if !self.contexts.knows(context) {
            return Err(Status::BadArgument);
        }
        self.switch(context);
        Ok(())
    }

    /// Puts the effective context's stream back where it came from, and takes another's.
    fn switch(&mut self, context: i32) {
        if context == self.effective {
            return;
        }
        self.contexts.set_open(self.effective, self.open);
        let stream = self.stream.take();
        if self.effective == self.current {
            self.own = stream;
        } else if let Some(stream) = stream {
            self.contexts.put_back(self.effective, stream);
        }
        self.effective = context;
        self.open = self.contexts.open(context);
        self.stream =
            if context == self.current { self.own.take() } else { self.contexts.borrow(context) };
    }

    /// The callback failed: whatever it wanted done to its request, nobody must find it later and
    /// take it for the wish of the next filter.
    pub(crate) fn forget_answer(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.local_response = None;
            stream.invalid = None;
            stream.close = false;
        }
    }

    /// The root context that the effective context belongs to.
    pub(crate) fn root(&self) -> i32 {
        self.contexts.root(self.effective)
    }

    /// Who asks the outside for something, on behalf of the effective context's root.
    pub(crate) fn origin(&self, token: u32) -> Origin {
        self.origin_of(self.root(), token)
    }

    pub(crate) fn origin_of(&self, root: i32, token: u32) -> Origin {
        let Home { plugin, worker, seat, life } = self.home.clone();
        Origin { plugin, name: self.plugin.clone(), worker, seat, life, root, token }
    }

    /// A limit was met: counts it, for the answer to the guest.
    pub(crate) fn refuse(&mut self, limit: Limit, status: Status) -> Status {
        self.met.count(limit);
        status
    }

    /// The configuration that may be read now: that of the root context which is being configured.
    pub(crate) fn configuration(&self) -> Option<&Arc<[u8]>> {
        match self.callback {
            Callback::Configure => self.spec.configurations.get(place(self.current)?),
            // On Envoy, only the first root context is created while its plugin is known.
            Callback::ContextCreate if self.current == 1 => self.spec.configurations.first(),
            _ => None,
        }
    }

    /// A direction of the effective stream goes on.
    pub(crate) fn resume(&mut self, direction: Direction) {
        // As on Envoy, whichever direction goes on: from here the request is out of reach.
        self.open = self.open.without(Open::REQUEST);
        if self.effective == self.current && self.callback.direction() == Some(direction) {
            self.resumed = true;
        } else {
            self.contexts.resume(self.effective, direction);
        }
    }

    /// The body that the effective context may see of a direction.
    pub(crate) fn body(&mut self, direction: Direction) -> Option<&mut BytesMut> {
        let (open, running) = match direction {
            Direction::Request => (Open::REQUEST_BODY, Callback::RequestBody),
            Direction::Response => (Open::RESPONSE_BODY, Callback::ResponseBody),
        };
        if !self.open.has(open) {
            return None;
        }
        if self.effective == self.current && self.callback == running {
            return self.stream.as_deref_mut().map(|stream| &mut stream.body);
        }
        self.contexts.held(self.effective, direction)
    }

    /// The running callback changed a body.
    pub(crate) fn body_changed(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.body_changed = true;
        }
    }

    /// An answer in place of the service's; only the first of several counts.
    pub(crate) fn answer(&mut self, answer: LocalResponse) {
        if let Some(stream) = &mut self.stream {
            stream.local_response.get_or_insert(answer);
        }
    }

    /// From now on callbacks that make this context the effective one find its stream in the
    /// locker.
    pub(crate) fn park(&mut self, context: i32, locker: &Locker) {
        self.contexts.park(context, locker);
    }
}

/// The place of a root context's configuration; `None` for what is no root context.
fn place(root: i32) -> Option<usize> {
    usize::try_from(root).ok()?.checked_sub(1)
}
