//! What plugins share beyond their instances: values with versions, and queues.
//!
//! Both belong to a *scope*: all instances of a plugin, or of all plugins with the same VM id. A
//! scope is held by the plugins that use it, and is gone with the last of them. Versions and
//! odd cases follow Envoy's host. Locks are held for a look-up or a move, never for a copy and
//! never while something else is called.

mod data;
mod queues;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicUsize},
};

pub(crate) use self::{
    data::SetError,
    queues::{Identity, Listener, QueueError, Registrar},
};
use self::{
    data::{Data, Versions},
    queues::{Names, Queues},
};
use crate::limits::Limits;

/// The values and queues of a process. Cloning shares it.
#[derive(Clone, Default)]
pub struct SharedStore {
    registry: Arc<Registry>,
}

#[derive(Default)]
struct Registry {
    scopes: Mutex<HashMap<Arc<str>, Weak<Scope>>>,
    queues: Queues,
    versions: Versions,
}

/// What an entry or a message costs beside its bytes, so that a million empty ones are not free.
const ENTRY: usize = 64;

/// The values and queues that plugins of one name see.
pub(crate) struct Scope {
    name: Arc<str>,
    registry: Arc<Registry>,
    /// What all values and waiting messages cost.
    used: Arc<AtomicUsize>,
    data: Mutex<Data>,
    queues: Mutex<Names>,
}

impl SharedStore {
    /// The scope of that name; made if nobody holds it.
    pub(crate) fn scope(&self, name: &str) -> Arc<Scope> {
        let mut scopes = lock(&self.registry.scopes);
        if let Some(scope) = scopes.get(name).and_then(Weak::upgrade) {
            return scope;
        }
        let name = Arc::<str>::from(name);
        let scope = Arc::new(Scope {
            name: name.clone(),
            registry: self.registry.clone(),
            used: Arc::default(),
            data: Mutex::default(),
            queues: Mutex::default(),
        });
        scopes.insert(name, Arc::downgrade(&scope));
        scope
    }

    /// Scopes that some plugin holds.
    #[cfg(test)]
    fn len(&self) -> usize {
        lock(&self.registry.scopes).len()
    }
}

impl std::fmt::Debug for SharedStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SharedStore").finish_non_exhaustive()
    }
}

impl Scope {
    /// A value and its version.
    pub(crate) fn get(&self, key: &[u8]) -> Option<(bytes::Bytes, u32)> {
        lock(&self.data).get(key)
    }

    /// Sets a value, if its version is `version` or that is 0. A key that is not there yet takes
    /// any version, as in Envoy.
    ///
    /// # Errors
    /// If the version is another one, or the scope is full.
    pub(crate) fn set(
        &self,
        key: &[u8],
        value: &[u8],
        version: u32,
        limits: &Limits,
    ) -> Result<(), SetError> {
        let (key, value) = (key.to_vec(), bytes::Bytes::copy_from_slice(value));
        let counters = (&*self.used, &self.registry.versions);
        let replaced = lock(&self.data).set(key, value, version, counters, limits)?;
        drop(replaced);
        Ok(())
    }

    /// The number of the queue of that name; made if there is none. From now on `registrar` is
    /// told of its messages.
    ///
    /// # Errors
    /// If the scope has as many queues as it may.
    pub(crate) fn register_queue(
        &self,
        name: &[u8],
        registrar: Registrar,
        limits: &Limits,
    ) -> Result<u32, QueueError> {
        let queues = &self.registry.queues;
        lock(&self.queues).register(queues, name, registrar, &self.used, limits)
    }

    /// The number of a queue of this scope, or of another one that some plugin holds.
    ///
    /// # Errors
    /// If there is no such queue.
    pub(crate) fn resolve_queue(&self, scope: &[u8], name: &[u8]) -> Result<u32, QueueError> {
        if scope.is_empty() || scope == self.name.as_bytes() {
            return lock(&self.queues).resolve(name);
        }
        let scope = std::str::from_utf8(scope).map_err(|_| QueueError::NotFound)?;
        let scope = lock(&self.registry.scopes).get(scope).and_then(Weak::upgrade);
        scope.ok_or(QueueError::NotFound).and_then(|scope| lock(&scope.queues).resolve(name))
    }

    /// Puts a message into a queue of any scope, and wakes who registered it last.
    ///
    /// # Errors
    /// If there is no such queue, or it is full.
    pub(crate) fn enqueue(
        &self,
        queue: u32,
        message: &[u8],
        limits: &Limits,
    ) -> Result<(), QueueError> {
        self.registry.queues.enqueue(queue, message, limits)
    }

    /// Takes the first message.
    ///
    /// # Errors
    /// If there is no such queue, or nothing in it.
    pub(crate) fn dequeue(&self, queue: u32) -> Result<bytes::Bytes, QueueError> {
        self.registry.queues.dequeue(queue)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let names = self.queues.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.registry.queues.forget(names);
        let mut scopes = lock(&self.registry.scopes);
        // A new scope of this name may have been made since the last holder let go.
        if scopes.get(&self.name).is_some_and(|scope| scope.strong_count() == 0) {
            scopes.remove(&self.name);
        }
    }
}

/// Nothing panics while it holds one of these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
