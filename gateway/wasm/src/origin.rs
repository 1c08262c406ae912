//! Who asked: the address that answers of the outside are delivered to.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, Weak},
};

use crate::{
    outside::{GrpcEvent, HttpCallResponse},
    plugin::Plugin,
};

/// Which instance and root context something belongs to. When the plugin has ended, or its instance
/// was replaced since, deliveries do nothing.
///
/// Deliveries run the guest: call them only on the thread of [`Origin::worker`], and never while
/// [`crate::Outside`] is being called.
#[derive(Clone)]
pub struct Origin {
    pub(crate) plugin: Weak<Plugin>,
    pub(crate) name: Arc<str>,
    pub(crate) worker: usize,
    /// The instance's place on its worker, and which instance of that place it is.
    pub(crate) seat: usize,
    pub(crate) life: u64,
    pub(crate) root: i32,
    pub(crate) token: u32,
}

impl Origin {
    /// The number of the worker that asked.
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// The plugin's name.
    pub fn plugin(&self) -> Arc<str> {
        self.name.clone()
    }

    /// The root context that asked.
    pub fn root(&self) -> i32 {
        self.root
    }

    /// What is the same for everything that comes from one root context of one instance.
    pub fn root_key(&self) -> RootKey {
        let Self { plugin, name: _, worker, seat, life, root, token: _ } = self;
        RootKey { plugin: plugin.clone(), place: (*worker, *seat, *life, *root) }
    }

    /// The number by which the guest knows its call; 0 where nothing was called.
    pub fn token(&self) -> u32 {
        self.token
    }

    /// The answer to an HTTP call; `None` if there is none.
    pub fn http_response(&self, response: Option<HttpCallResponse>) {
        if let Some(plugin) = self.plugin.upgrade() {
            plugin.deliver_http(self, response);
        }
    }

    /// An event of a gRPC call or stream. False: nobody listens any more.
    pub fn grpc(&self, event: GrpcEvent) -> bool {
        self.plugin.upgrade().is_some_and(|plugin| plugin.deliver_grpc(self, event))
    }

    /// The period has passed. False: it is over, stop ticking.
    pub fn tick(&self) -> bool {
        self.plugin.upgrade().is_some_and(|plugin| plugin.deliver_tick(self))
    }

    /// There is something in a queue.
    pub fn queue_ready(&self, queue: u32) {
        if let Some(plugin) = self.plugin.upgrade() {
            plugin.deliver_queue(self, queue);
        }
    }

    /// Whether the instance that asked is still there.
    pub fn lives(&self) -> bool {
        self.plugin.upgrade().is_some_and(|plugin| plugin.has(self))
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("plugin", &self.name)
            .field("worker", &self.worker)
            .field("seat", &self.seat)
            .field("life", &self.life)
            .field("root", &self.root)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// One root context of one instance, as a key.
#[derive(Clone)]
pub struct RootKey {
    /// Held, so that no other plugin can come to have the same address.
    plugin: Weak<Plugin>,
    place: (usize, usize, u64, i32),
}

impl PartialEq for RootKey {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place && self.plugin.ptr_eq(&other.plugin)
    }
}

impl Eq for RootKey {}

impl Hash for RootKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.place, self.plugin.as_ptr()).hash(state);
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RootKey").field(&self.place).finish()
    }
}
