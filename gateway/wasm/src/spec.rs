//! What a plugin is: its words, its limits, and what it may use.

use std::{fmt, sync::Arc};

use crate::limits::Limits;

/// What makes two plugins the same: one that is the same is kept across a swap, with whatever its
/// instances remember.
#[derive(Clone, Eq, PartialEq)]
pub struct Spec {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Property `plugin_root_id`; empty by default.
    pub root_id: Arc<str>,
    /// Property `plugin_vm_id`; empty by default. Plugins with the same one share data and queues;
    /// a plugin without one shares them with nobody (see [`Spec::scope`]).
    pub vm_id: Arc<str>,
    /// What `proxy_on_vm_start` may read; empty by default.
    pub vm_configuration: Arc<[u8]>,
    /// Each distinct configuration that some route gives it; never empty. Each has a root context
    /// in every instance, and is named by its place in this list.
    pub configurations: Vec<Arc<[u8]>>,
    /// What WASI's `environ_get` answers, with [`Capability::Environment`].
    pub environment: Vec<(Arc<str>, Arc<str>)>,
    pub capabilities: Capabilities,
    pub isolation: Isolation,
    pub header_pause: HeaderPause,
    pub limits: Limits,
}

impl Spec {
    /// A plugin of this name with one empty configuration and every default.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            root_id: "".into(),
            vm_id: "".into(),
            vm_configuration: Arc::from([]),
            configurations: vec![Arc::from([])],
            environment: Vec::new(),
            capabilities: Capabilities::default(),
            isolation: Isolation::default(),
            header_pause: HeaderPause::default(),
            limits: Limits::default(),
        }
    }

    /// Whose shared data and queues it uses: those of its `vm_id`, or its own.
    pub fn scope(&self) -> &Arc<str> {
        if self.vm_id.is_empty() { &self.name } else { &self.vm_id }
    }
}

/// Without what may be secret: configurations and values of the environment.
impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("name", &self.name)
            .field("configurations", &self.configurations.len())
            .field("capabilities", &self.capabilities)
            .field("isolation", &self.isolation)
            .field("header_pause", &self.header_pause)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A group of host functions that a plugin may be denied.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Capability {
    /// HTTP and gRPC call-outs.
    Calls,
    /// Reading clocks.
    Clock,
    /// Reading the environment of the configuration; never that of the process.
    Environment,
    /// `proxy_call_foreign_function`.
    Foreign,
    /// Defining metrics.
    Metrics,
    /// Shared queues.
    Queues,
    /// Random numbers.
    Random,
    /// Shared data.
    SharedData,
    /// Being called periodically.
    Ticks,
}

impl Capability {
    pub const ALL: [Self; 9] = [
        Self::Calls,
        Self::Clock,
        Self::Environment,
        Self::Foreign,
        Self::Metrics,
        Self::Queues,
        Self::Random,
        Self::SharedData,
        Self::Ticks,
    ];

    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Clock => "clock",
            Self::Environment => "environment",
            Self::Foreign => "foreign_functions",
            Self::Metrics => "metrics",
            Self::Queues => "queues",
            Self::Random => "random",
            Self::SharedData => "shared_data",
            Self::Ticks => "ticks",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A set of capabilities. By default all but [`Capability::Environment`].
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Capabilities(u16);

impl Capabilities {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability as u16)
    }

    #[must_use]
    pub fn without(self, capability: Capability) -> Self {
        Self(self.0 & !(1 << capability as u16))
    }

    pub fn has(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u16 != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |capability| self.has(*capability))
    }
}

impl Default for Capabilities {
    fn default() -> Self {
        Capability::ALL.into_iter().collect::<Self>().without(Capability::Environment)
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        capabilities.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// How far requests of one plugin are kept apart.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Isolation {
    /// An instance for each worker, as on Envoy: requests share what the filter remembers, and a
    /// failure loses all that are inside.
    #[default]
    Worker,
    /// An instance for each request while it lasts, taken from those that are idle. A failure costs
    /// one request.
    Stream,
}

/// What a pause from a headers callback stops.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum HeaderPause {
    /// Everything: body callbacks wait too. Envoy's default.
    #[default]
    All,
    /// Only the head; body callbacks go on. Envoy's `allow_on_headers_stop_iteration`, and what the
    /// specification says.
    Headers,
}
