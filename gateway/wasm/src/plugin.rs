//! A plugin that runs: a module, its configurations, and one instance for each worker thread.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::BytesMut;

use crate::{
    abi::Action,
    host::{Home, monotonic},
    instance::{Instance, StopCause, Stopped},
    locker::Locker,
    module::{Digest, LoadError, Module},
    origin::Origin,
    outside::{GrpcEvent, HttpCallResponse, Services},
    spec::Spec,
    stream::{ConnectionFacts, Facts, FieldName, Fields, RouteFacts, Stream},
};

/// A running plugin.
pub struct Plugin {
    module: Arc<Module>,
    spec: Arc<Spec>,
    services: Services,
    // A worker only ever locks its own slot, so no lock is waited for while requests are served.
    slots: Box<[Mutex<Slot>]>,
    stats: Counters,
}

/// The instance of one worker.
struct Slot {
    instance: Option<Instance>,
    /// Which instance this is, counted from 1: a context belongs to one life.
    life: u64,
    /// Streams that have entered. Counted here, where no other worker writes.
    requests: u64,
    /// After a replacement failed, or took long: when the next one may be made.
    retry_at: Duration,
}

/// How long to wait after a replacement failed. It succeeded once with the same bytes, so a
/// failure means that the machine lacks something; trying for each request would not help it.
const RETRY: Duration = Duration::from_millis(100);

/// A replacement is made at once, on the thread that serves, because almost all take less than this.
const QUICK: Duration = Duration::from_millis(5);

/// One that takes longer would stall the worker whenever a client makes it trap. So these may use
/// one part in this many of the worker's time.
const SHARE: u32 = 10;

/// A filter's context for one stream.
#[derive(Debug)]
pub struct Visit {
    life: u64,
    context: i32,
    configuration: usize,
}

/// Why a filter could not do its work on a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// It used more CPU time than one callback may.
    Deadline { callback: &'static str, limit: Duration },
    /// Its instance was replaced since the stream began, because another stream made it fail.
    Lost,
    /// It trapped.
    Trap { callback: &'static str, message: String, out_of_memory: bool },
    /// Its instance failed and is not replaced yet: that failed too, or it starts so slowly that it
    /// may not be replaced more often.
    Unavailable,
}

/// Half of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    Request,
    Response,
}

/// Directions of a stream that were resumed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Resumed {
    pub request: bool,
    pub response: bool,
}

/// Counters since the plugin started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    pub requests: u64,
    pub traps: u64,
    pub deadlines: u64,
    /// Instances that took the place of a failed one.
    pub replaced: u64,
}

#[derive(Default)]
struct Counters {
    traps: AtomicU64,
    deadlines: AtomicU64,
    replaced: AtomicU64,
}

impl Plugin {
    /// Makes an instance for each of `workers` threads, configures it, and sends a canary request
    /// through one of its own for each configuration. Not for a thread that serves.
    ///
    /// # Errors
    /// If any instance fails to start, refuses a configuration, or fails on the canary.
    pub fn start(
        module: Arc<Module>,
        spec: Spec,
        workers: usize,
        services: Services,
    ) -> Result<Arc<Self>, LoadError> {
        let spec = Arc::new(spec);
        let silence = Services::silent();
        let mut canary = Instance::start(&module, &spec, &silence, Home::default())?;
        for configuration in spec.configurations.iter().enumerate() {
            try_canary(&mut canary, configuration)?;
        }
        drop(canary);
        let slots = (0..workers.max(1)).map(|_| {
            let instance = Some(serving(&module, &spec, &services)?);
            Ok(Mutex::new(Slot { instance, life: 1, requests: 0, retry_at: Duration::ZERO }))
        });
        let slots = slots.collect::<Result<_, LoadError>>()?;
        Ok(Arc::new(Self { module, spec, services, slots, stats: Counters::default() }))
    }

    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    pub fn digest(&self) -> Digest {
        self.module.digest()
    }

    pub fn module(&self) -> &Module {
        &self.module
    }

    pub fn stats(&self) -> Stats {
        Stats {
            requests: self.slots.iter().map(|slot| lock(slot).requests).sum(),
            traps: self.stats.traps.load(Ordering::Relaxed),
            deadlines: self.stats.deadlines.load(Ordering::Relaxed),
            replaced: self.stats.replaced.load(Ordering::Relaxed),
        }
    }

    /// Linear memory of all instances, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let slots = self.slots.iter().map(lock);
        slots.map(|slot| slot.instance.as_ref().map_or(0, Instance::memory_bytes)).sum()
    }

    /// A stream enters the filter: its context is created and the request phase runs. `worker` is
    /// the calling thread's number, `configuration` a place in [`Spec::configurations`].
    ///
    /// # Errors
    /// [`Fault`]; the stream is untouched by what the guest did after its last complete change.
    pub fn enter(
        &self,
        worker: usize,
        configuration: usize,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<(Visit, Action), Fault> {
        let mut slot = self.slot(worker)?;
        slot.requests += 1;
        let Some(instance) = &mut slot.instance else { return Err(Fault::Unavailable) };
        let own = (configuration, &self.spec.configurations[configuration]);
        match instance.request_headers(own, stream, end_of_stream) {
            Ok((context, action)) => {
                Ok((Visit { life: slot.life, context, configuration }, action))
            }
            Err(stopped) => Err(self.replace(&mut slot, stopped)),
        }
    }

    /// The response phase of a stream that has entered.
    ///
    /// # Errors
    /// [`Fault`], among them [`Fault::Lost`].
    pub fn respond(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Fault> {
        let mut slot = self.locked(worker);
        if slot.life != visit.life {
            return Err(Fault::Lost);
        }
        let Some(instance) = &mut slot.instance else { return Err(Fault::Unavailable) };
        let own = &self.spec.configurations[visit.configuration];
        instance
            .response_headers(visit.context, own, stream, end_of_stream)
            .map_err(|stopped| self.replace(&mut slot, stopped))
    }

    /// A stream leaves: the guest logs and forgets it.
    ///
    /// # Errors
    /// [`Fault`] for the log; the stream itself is over.
    pub fn leave(
        &self,
        worker: usize,
        visit: &Visit,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Fault> {
        let mut slot = self.locked(worker);
        if slot.life != visit.life {
            return Ok(());
        }
        let Some(instance) = &mut slot.instance else { return Err(Fault::Unavailable) };
        let own = &self.spec.configurations[visit.configuration];
        instance.end(visit.context, own, stream).map_err(|stopped| self.replace(&mut slot, stopped))
    }

    /// A piece of the request's body: [`Stream::body`] holds it, behind what was held back.
    ///
    /// # Errors
    /// [`Fault`]
    pub fn request_body(
        &self,
        _worker: usize,
        _visit: &Visit,
        _stream: &mut Option<Box<Stream>>,
        _end_of_stream: bool,
    ) -> Result<Action, Fault> {
        Ok(Action::Continue)
    }

    /// The request's trailers, in [`Stream::request_trailers`].
    ///
    /// # Errors
    /// [`Fault`]
    pub fn request_trailers(
        &self,
        _worker: usize,
        _visit: &Visit,
        _stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Fault> {
        Ok(Action::Continue)
    }

    /// A piece of the response's body, as [`Plugin::request_body`].
    ///
    /// # Errors
    /// [`Fault`]
    pub fn response_body(
        &self,
        _worker: usize,
        _visit: &Visit,
        _stream: &mut Option<Box<Stream>>,
        _end_of_stream: bool,
    ) -> Result<Action, Fault> {
        Ok(Action::Continue)
    }

    /// The response's trailers, in [`Stream::response_trailers`].
    ///
    /// # Errors
    /// [`Fault`]
    pub fn response_trailers(
        &self,
        _worker: usize,
        _visit: &Visit,
        _stream: &mut Option<Box<Stream>>,
    ) -> Result<Action, Fault> {
        Ok(Action::Continue)
    }

    /// Keeps what a paused body callback left in [`Stream::body`], where other callbacks of the
    /// plugin can reach it.
    pub fn hold(&self, _worker: usize, _visit: &Visit, _direction: Direction, _bytes: BytesMut) {}

    /// Takes what was held back.
    pub fn held(&self, _worker: usize, _visit: &Visit, _direction: Direction) -> BytesMut {
        BytesMut::new()
    }

    /// The context paused: from now on, whenever the stream is in the locker, callbacks that make
    /// this context the effective one see it.
    pub fn park(&self, _worker: usize, _visit: &Visit, _locker: &Locker) {}

    /// What was resumed since it parked, taken.
    ///
    /// # Errors
    /// [`Fault::Lost`] if its instance was replaced.
    pub fn resumed(&self, _worker: usize, _visit: &Visit) -> Result<Resumed, Fault> {
        Ok(Resumed::default())
    }

    /// No direction of it is paused any more.
    pub fn unpark(&self, _worker: usize, _visit: &Visit) {}

    pub(crate) fn deliver_http(&self, _origin: &Origin, _response: Option<HttpCallResponse>) {
        let _ = &self.services;
    }

    pub(crate) fn deliver_grpc(&self, _origin: &Origin, _event: GrpcEvent) -> bool {
        false
    }

    pub(crate) fn deliver_tick(&self, _origin: &Origin) -> bool {
        false
    }

    pub(crate) fn deliver_queue(&self, _origin: &Origin, _queue: u32) {}

    pub(crate) fn has(&self, _origin: &Origin) -> bool {
        false
    }

    fn locked(&self, worker: usize) -> MutexGuard<'_, Slot> {
        lock(&self.slots[worker % self.slots.len()])
    }

    /// The slot of a worker, with an instance in it.
    fn slot(&self, worker: usize) -> Result<MutexGuard<'_, Slot>, Fault> {
        let mut slot = self.locked(worker);
        if slot.instance.is_none() && monotonic() >= slot.retry_at {
            self.revive(&mut slot);
        }
        if slot.instance.is_none() { Err(Fault::Unavailable) } else { Ok(slot) }
    }

    /// Drops an instance that failed and puts a new one in its place.
    fn replace(&self, slot: &mut Slot, stopped: Stopped) -> Fault {
        let counter = match stopped.cause {
            StopCause::Deadline(_) => &self.stats.deadlines,
            StopCause::Trap { .. } => &self.stats.traps,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        slot.instance = None;
        if monotonic() >= slot.retry_at {
            self.revive(slot);
        }
        Fault::from(stopped)
    }

    fn revive(&self, slot: &mut Slot) {
        slot.life += 1;
        let began = monotonic();
        match serving(&self.module, &self.spec, &self.services) {
            Ok(instance) => {
                self.stats.replaced.fetch_add(1, Ordering::Relaxed);
                slot.instance = Some(instance);
                let took = monotonic().saturating_sub(began);
                if took > QUICK {
                    slot.retry_at = began + took * SHARE;
                }
            }
            Err(error) => {
                let now = monotonic();
                slot.retry_at = now + RETRY.max(now.saturating_sub(began) * SHARE);
                tracing::error!(target: "portico::plugin", plugin = &*self.spec.name,
                    "the instance that failed could not be replaced: {error}");
            }
        }
    }
}

impl From<Stopped> for Fault {
    fn from(stopped: Stopped) -> Self {
        let callback = stopped.callback;
        match stopped.cause {
            StopCause::Deadline(limit) => Self::Deadline { callback, limit },
            StopCause::Trap { message, out_of_memory } => {
                Self::Trap { callback, message, out_of_memory }
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline { callback, limit } => {
                write!(f, "used more than its {limit:?} of CPU time in `{callback}`")
            }
            Self::Lost => f.write_str("lost its instance to the failure of another request"),
            Self::Trap { callback, message, out_of_memory } => {
                write!(f, "trapped in `{callback}`: {message}")?;
                if *out_of_memory { f.write_str(" (its memory limit was reached)") } else { Ok(()) }
            }
            Self::Unavailable => f.write_str("has no instance: the failed one is not replaced yet"),
        }
    }
}

impl std::error::Error for Fault {}

/// A panic of the host inside a callback leaves a slot whose instance is replaced on its next
/// failure; the lock itself protects nothing that could be half done.
fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An instance for a worker: what it says from now on is about requests.
fn serving(module: &Module, spec: &Arc<Spec>, services: &Services) -> Result<Instance, LoadError> {
    let mut instance = Instance::start(module, spec, services, Home::default())?;
    instance.take_log();
    Ok(instance)
}

/// Sends a request through that no client made. What the filter answers does not matter; that it
/// returns does.
fn try_canary(
    instance: &mut Instance,
    configuration: (usize, &Arc<[u8]>),
) -> Result<(), LoadError> {
    let mut stream = Some(canary());
    let result = instance.request_headers(configuration, &mut stream, true);
    let result = result.and_then(|(context, _)| {
        if let Some(stream) = &mut stream {
            stream.response = canary_response();
        }
        instance.response_headers(context, configuration.1, &mut stream, true)?;
        instance.end(context, configuration.1, &mut stream)
    });
    result.map_err(|stopped| LoadError::Canary {
        callback: stopped.callback,
        cause: Fault::from(stopped).to_string(),
        log: instance.take_log(),
    })
}

fn canary() -> Box<Stream> {
    let mut request = Fields::default();
    let pseudo = [(":authority", "canary.invalid"), (":path", "/"), (":method", "GET")];
    for (name, value) in pseudo.into_iter().chain([(":scheme", "http")]) {
        request.push(FieldName::Pseudo(name), http::HeaderValue::from_static(value));
    }
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let connection = ConnectionFacts { id: 0, source: nowhere, destination: nowhere };
    let route = RouteFacts { route: "canary".into(), service: "".into() };
    Stream::new(
        request,
        Facts {
            connection: Arc::new(connection),
            route: Arc::new(route),
            listener: "canary".into(),
            time: SystemTime::now(),
            protocol: "HTTP/1.1",
            request_headers_bytes: 0,
            upstream: None,
            end: None,
        },
    )
}

fn canary_response() -> Fields {
    let mut response = Fields::default();
    response.push(FieldName::Pseudo(":status"), http::HeaderValue::from_static("200"));
    response
}
