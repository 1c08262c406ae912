//! What the host keeps beside one instance: the store's data.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use tracing::Level;
use wasmtime::{Memory, ResourceLimiter, StoreLimits, StoreLimitsBuilder, TypedFunc};

use crate::{
    cpu::CpuClock,
    limits::{LOG_LINE, LOG_RATE, TABLE_ELEMENTS},
    met::Met,
    metrics::Metrics,
    origin::Origin,
    outside::Services,
    plugin::Plugin,
    shared::Scope,
    spec::Spec,
    stream::Stream,
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
    /// Where the instance lives.
    pub(crate) home: Home,
    /// Limits that this instance has met.
    pub(crate) met: Met,
    /// The configuration that the running callback may read.
    pub(crate) configuration: Arc<[u8]>,
    /// The request that the running callback is about; lent for its duration.
    pub(crate) stream: Option<Box<Stream>>,
    /// Set once the instance exists.
    pub(crate) memory: Option<Memory>,
    /// The guest's allocator; set once the instance exists.
    pub(crate) allocate: Option<TypedFunc<i32, i32>>,
    /// The guest's allocator runs, called by the host.
    pub(crate) allocating: bool,
    pub(crate) cpu: CpuClock,
    pub(crate) start_cpu: Duration,
    /// What was said while starting, so that an error can repeat it.
    pub(crate) log: GuestLog,
    pub(crate) memory_limit: MemoryLimit,
}

/// Where an instance lives: its plugin, its worker, its place there, and which instance of that
/// place it is.
#[derive(Clone, Default)]
pub(crate) struct Home {
    pub(crate) plugin: Weak<Plugin>,
    pub(crate) worker: usize,
    pub(crate) seat: usize,
    pub(crate) life: u64,
}

impl Host {
    pub(crate) fn new(spec: Arc<Spec>, services: Services, home: Home) -> Self {
        let limits = &spec.limits;
        Self {
            log: GuestLog::new(spec.name.clone()),
            plugin: spec.name.clone(),
            shared: services.shared.scope(spec.scope()),
            metrics: services.metrics.instance(&spec.name, limits.metrics),
            services,
            home,
            met: Met::default(),
            configuration: Arc::from([]),
            stream: None,
            memory: None,
            allocate: None,
            allocating: false,
            cpu: CpuClock::new(limits.cpu),
            start_cpu: limits.start_cpu,
            memory_limit: MemoryLimit::new(limits.memory),
            spec,
        }
    }

    /// The root context that the effective context belongs to.
    pub(crate) fn root(&self) -> i32 {
        1
    }

    /// Who asks the outside for something, on behalf of the effective context's root.
    pub(crate) fn origin(&self, token: u32) -> Origin {
        let Home { plugin, worker, seat, life } = self.home.clone();
        let (name, root) = (self.plugin.clone(), self.root());
        Origin { plugin, name, worker, seat, life, root, token }
    }

    /// The callback failed: whatever it wanted done to its request, nobody must find it later and
    /// take it for the wish of the next filter.
    pub(crate) fn forget_answer(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.local_response = None;
            stream.invalid = None;
        }
    }
}

/// Keeps memory and tables of an instance within limits, and remembers that it had to.
pub(crate) struct MemoryLimit {
    inner: StoreLimits,
    bytes: usize,
    pub(crate) reached: bool,
}

impl MemoryLimit {
    fn new(bytes: usize) -> Self {
        let inner = StoreLimitsBuilder::new()
            .memory_size(bytes)
            .table_elements(TABLE_ELEMENTS)
            .instances(1)
            .memories(1)
            .tables(4)
            .build();
        Self { inner, bytes, reached: false }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = self.inner.memory_growing(current, desired, maximum)?;
        self.reached |= !granted;
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.inner.table_growing(current, desired, maximum)
    }

    fn instances(&self) -> usize {
        self.inner.instances()
    }

    fn tables(&self) -> usize {
        self.inner.tables()
    }

    fn memories(&self) -> usize {
        self.inner.memories()
    }
}

/// What an instance says, within a rate.
pub(crate) struct GuestLog {
    plugin: Arc<str>,
    second: u64,
    lines: u32,
    dropped: u64,
    /// `Some` while the instance starts.
    kept: Option<Vec<String>>,
}

/// Lines that an error about a start repeats: the last ones say why.
const KEPT: usize = 4;

impl GuestLog {
    fn new(plugin: Arc<str>) -> Self {
        Self { plugin, second: 0, lines: 0, dropped: 0, kept: Some(Vec::new()) }
    }

    /// One line. The levels are those of the ABI: trace 0 … critical 5.
    pub(crate) fn line(&mut self, level: i32, message: &[u8]) {
        // A line that nobody reads costs nothing, and takes no other line's place.
        let kept = self.kept.is_some() && level >= 3;
        if !(kept || is_read(level)) || !self.admit() {
            return;
        }
        let cut = message.len() > LOG_LINE;
        let mut text =
            String::from_utf8_lossy(&message[..message.len().min(LOG_LINE)]).into_owned();
        if text.contains(char::is_control) {
            text = escape_control(&text);
        }
        if cut {
            text.push_str(" [cut]");
        }
        let plugin = &*self.plugin;
        match level {
            0 => tracing::event!(target: "portico::plugin", Level::TRACE, plugin, "{text}"),
            1 => tracing::event!(target: "portico::plugin", Level::DEBUG, plugin, "{text}"),
            2 => tracing::event!(target: "portico::plugin", Level::INFO, plugin, "{text}"),
            3 => tracing::event!(target: "portico::plugin", Level::WARN, plugin, "{text}"),
            _ => tracing::event!(target: "portico::plugin", Level::ERROR, plugin, "{text}"),
        }
        if let Some(kept) = &mut self.kept
            && level >= 3
        {
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(text);
        }
    }

    /// Takes what was kept, and keeps no more: from now on the guest speaks of requests.
    pub(crate) fn take_kept(&mut self) -> Vec<String> {
        self.kept.take().unwrap_or_default()
    }

    fn admit(&mut self) -> bool {
        let second = monotonic().as_secs();
        if second != self.second {
            if self.dropped > 0 {
                tracing::warn!(target: "portico::plugin", plugin = &*self.plugin,
                    "{} log lines were dropped: more than {LOG_RATE} in a second", self.dropped);
            }
            (self.second, self.lines, self.dropped) = (second, 0, 0);
        }
        self.lines = self.lines.saturating_add(1);
        let admitted = self.lines <= LOG_RATE;
        self.dropped += u64::from(!admitted);
        admitted
    }
}

/// A line stays one line: a guest that repeats a header cannot forge another entry with it.
fn escape_control(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if letter.is_control() && letter != '\t' {
            escaped.extend(letter.escape_default());
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

pub(crate) fn monotonic() -> Duration {
    clock(ClockId::Monotonic)
}

pub(crate) fn realtime() -> Duration {
    clock(ClockId::Realtime)
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn is_read(level: i32) -> bool {
    match level {
        0 => tracing::enabled!(target: "portico::plugin", Level::TRACE),
        1 => tracing::enabled!(target: "portico::plugin", Level::DEBUG),
        2 => tracing::enabled!(target: "portico::plugin", Level::INFO),
        3 => tracing::enabled!(target: "portico::plugin", Level::WARN),
        _ => tracing::enabled!(target: "portico::plugin", Level::ERROR),
    }
}
