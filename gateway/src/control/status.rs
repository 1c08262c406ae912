//! What anybody may know of the gateway at the moment, made once and read by all.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use portico_wasm::{Plugin, Stats};
use serde::Serialize;

use crate::{
    generation::History, plugins::PluginStore, remote::State, snapshot::Snapshot, sources,
};

/// The state of the gateway.
#[derive(Clone, Debug, Default)]
pub struct Status {
    pub history: History,
    pub listeners: Vec<ListenerStatus>,
    pub plugins: Vec<PluginStatus>,
    /// Modules that come over the network.
    pub modules: Vec<ModuleStatus>,
    /// Files that a change of would change the gateway.
    pub plugin_files: Vec<PathBuf>,
    /// Open downstream connections.
    pub connections: usize,
    pub workers: usize,
    /// Configurations that some request may be using, with the one that serves.
    pub snapshots: usize,
    /// A configuration is tried again when its modules have arrived.
    pub waiting: bool,
    pub source: SourceStatus,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct SourceStatus {
    /// File or folder.
    pub path: PathBuf,
    pub writable: bool,
    /// Why changes cannot be written there.
    pub why_not: Option<String>,
}

impl SourceStatus {
    pub(super) fn of(path: &Path) -> Self {
        let why_not = sources::writable(path).err();
        Self { path: path.to_owned(), writable: why_not.is_none(), why_not }
    }
}

/// A listener and where it really is.
#[derive(Clone, Debug)]
pub struct ListenerStatus {
    pub name: String,
    pub address: SocketAddr,
}

/// A plugin that some request may be inside of.
#[derive(Clone, Debug)]
pub struct PluginStatus {
    pub name: String,
    pub digest: String,
    /// False for one that only finishes the requests it has begun.
    pub current: bool,
    /// How its canary stands, or how it stands as a canary.
    pub canary: Option<CanaryStatus>,
    pub configurations: usize,
    pub memory_bytes: usize,
    /// Functions it imports that this version does not offer.
    pub stubs: Vec<String>,
    pub stats: Stats,
}

/// A module that comes over the network.
#[derive(Clone, Debug)]
pub struct ModuleStatus {
    pub plugin: String,
    /// As in the configuration, without secrets.
    pub source: String,
    /// What its tag stands for, by digest.
    pub resolved: Option<String>,
    /// Of the module itself.
    pub digest: Option<String>,
    /// Who signed it, or why it is not trusted, where signatures are looked at.
    pub signature: Option<Result<String, String>>,
    /// Why the last attempt to fetch it failed.
    pub trouble: Option<String>,
}

/// How a canary stands.
#[derive(Clone, Debug)]
pub struct CanaryStatus {
    /// The plugin of this status is the canary itself.
    pub is_itself: bool,
    /// Its share of the requests.
    pub percent: u8,
    pub requests: u64,
    pub failures: u64,
    /// `running`, `promoted`, or why it was rolled back.
    pub stands: String,
}

/// The plugins that are alive.
pub(super) fn plugins(store: &mut PluginStore, snapshot: &Snapshot) -> Vec<PluginStatus> {
    let status = |plugin: &Arc<Plugin>| PluginStatus {
        name: plugin.spec().name.to_string(),
        digest: plugin.digest().to_string(),
        current: snapshot.plugins.iter().any(|current| Arc::ptr_eq(current, plugin))
            || snapshot.canaries().any(|canary| Arc::ptr_eq(&canary.plugin, plugin)),
        canary: canary(snapshot, plugin),
        configurations: plugin.spec().configurations.len(),
        memory_bytes: plugin.memory_bytes(),
        stubs: plugin.module().stubs().to_vec(),
        stats: plugin.stats(),
    };
    store.alive().iter().map(status).collect()
}

fn canary(snapshot: &Snapshot, plugin: &Arc<Plugin>) -> Option<CanaryStatus> {
    let name = &plugin.spec().name;
    let canary = snapshot.canaries().find(|canary| canary.plugin.spec().name == *name)?;
    let (requests, failures) = canary.trial.counts();
    Some(CanaryStatus {
        is_itself: Arc::ptr_eq(&canary.plugin, plugin),
        percent: canary.trial.percent(),
        requests,
        failures,
        stands: canary.trial.stands().to_string(),
    })
}

/// The modules that the running configuration wants from elsewhere.
pub(super) fn modules(store: &PluginStore, snapshot: &Snapshot) -> Vec<ModuleStatus> {
    let sources =
        snapshot.config.plugins.iter().flat_map(|plugin| {
            plugin.sources().map(move |source| (plugin.name.to_string(), source))
        });
    let status = |(plugin, source)| {
        let State { arrived, trouble } = store.remote.state(source)?;
        let source = store.place(source);
        Some(ModuleStatus {
            plugin,
            source,
            resolved: arrived.as_ref().map(|arrived| arrived.resolved.clone()),
            digest: arrived.as_ref().map(|arrived| arrived.digest.to_string()),
            signature: arrived.and_then(|arrived| arrived.signature),
            trouble,
        })
    };
    sources.filter_map(status).collect()
}
