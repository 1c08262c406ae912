//! The control loop: the only writer. It turns sources into a snapshot and swaps it in, or
//! refuses them and leaves everything as it was.
//!
//! read → parse → bind and start plugins → compile → swap → report

mod apply;
mod change;
mod handle;
mod seen;
mod status;

use std::{path::PathBuf, sync::Arc, time::Instant};

use arc_swap::ArcSwap;
use portico_config::{Diagnostic, Source};
use tokio::{
    sync::{mpsc, oneshot},
    task::block_in_place,
};

pub use self::handle::Control;
use self::seen::{Difference, Seen};
pub use self::status::{
    CanaryStatus, ListenerStatus, ModuleStatus, PluginStatus, SourceStatus, Status,
};
use crate::{
    change::{self as changes, Change, ChangeError},
    generation::{Author, Held, History, Origin},
    listen::Sockets,
    outside::Outside,
    plugins::PluginStore,
    remote::Missing,
    resolve::Names,
    snapshot::Snapshot,
    sources::{self, Write},
    telemetry::Live,
    worker::Workers,
};

/// Commands that may wait. Each is answered; more than these at once is a loop gone wild.
const QUEUE: usize = 64;

enum Command {
    Apply(Proposed, Reply),
    Change(Change, Author, Reply),
    /// Read the sources again. An unchanged text is only applied if a plugin's file has changed.
    Reload(Origin, Reply),
    /// The same, if any file looks different from outside.
    Poll(Reply),
    Rollback(Option<u64>, Author, Reply),
    /// What is waited for is there, or has failed once.
    Settled(Proposed, Reply),
    /// A module has arrived, or has become another one.
    Modules(Reply),
    /// Promote or roll back the canary of a plugin.
    Decide(String, Decision, oneshot::Sender<bool>),
    /// Take new counters into the status.
    Refresh(oneshot::Sender<()>),
    Drain(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

type Reply = Option<oneshot::Sender<Outcome>>;

/// A configuration that shall serve.
#[derive(Clone)]
struct Proposed {
    origin: Origin,
    author: Option<Author>,
    sources: Arc<[Source]>,
    held: Arc<[Held]>,
    /// Files that get these texts just before it serves.
    writes: Vec<Write>,
}

/// What becomes of a canary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    Promote,
    RollBack,
}

/// What came of a command.
#[derive(Clone, Debug)]
pub enum Outcome {
    Applied {
        generation: u64,
        warnings: Vec<Diagnostic>,
    },
    /// Nothing has changed since the running generation.
    Unchanged {
        generation: u64,
    },
    Rejected(Vec<Diagnostic>),
    /// A change that makes no sense, or not for what runs now.
    Unfit(Arc<ChangeError>),
    /// The source cannot be written, so a change must be made there, or held here.
    ReadOnly {
        why: String,
        writes: Vec<Write>,
    },
    /// Its files could not be written, so nothing has changed.
    Unwritten(String),
    /// There is no such generation.
    Unknown,
    /// The gateway is ending.
    Ended,
}

/// What the loop owns.
pub struct Loop {
    commands: mpsc::Receiver<Command>,
    /// To itself, for what is done later.
    later: mpsc::WeakSender<Command>,
    path: PathBuf,
    workers: Workers,
    sockets: Sockets,
    store: PluginStore,
    names: Names,
    outside: Arc<Outside>,
    telemetry: Arc<Live>,
    history: History,
    status: Arc<ArcSwap<Status>>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    seen: Seen,
    /// Snapshots that some request may still be using.
    retired: Vec<Arc<Snapshot>>,
    /// Listeners are closed for good.
    drained: bool,
    /// A configuration whose modules are being fetched for the first time.
    deferred: Option<Deferred>,
    /// A configuration that was refused because a module could not be had. It is tried again when
    /// one arrives.
    waiting: Option<Proposed>,
    /// Looked at when the sources are.
    source: SourceStatus,
}

struct Deferred {
    proposed: Proposed,
    missing: Missing,
}

impl Control {
    /// The loop and a handle on it. `path` is the configuration's file or folder.
    pub fn new(
        path: PathBuf,
        workers: Workers,
        store: PluginStore,
        names: Names,
        outside: Arc<Outside>,
        telemetry: Arc<Live>,
        snapshot: Arc<ArcSwap<Snapshot>>,
    ) -> (Self, Loop) {
        let (sender, commands) = mpsc::channel(QUEUE);
        let status = Arc::new(ArcSwap::from_pointee(Status::default()));
        let control = Self {
            commands: sender,
            status: status.clone(),
            snapshot: snapshot.clone(),
            ending: Arc::default(),
        };
        let sockets = Sockets::default();
        let history = History::default();
        let (seen, retired) = (Seen::default(), Vec::new());
        let drained = false;
        let later = control.commands.downgrade();
        (
            control,
            Loop {
                commands,
                later,
                path,
                workers,
                sockets,
                store,
                names,
                outside,
                telemetry,
                history,
                status,
                snapshot,
                seen,
                retired,
                drained,
                deferred: None,
                waiting: None,
                source: SourceStatus::default(),
            },
        )
    }
}

impl Loop {
    /// Serves commands until it is told to stop.
    pub async fn run(mut self) {
        while let Some(command) = self.commands.recv().await {
            let (outcome, reply) = match command {
                // Listeners are gone; a new configuration would open them again.
                Command::Apply(_, reply)
                | Command::Change(_, _, reply)
                | Command::Reload(_, reply)
                | Command::Poll(reply)
                | Command::Rollback(_, _, reply)
                | Command::Settled(_, reply)
                | Command::Modules(reply)
                    if self.drained =>
                {
                    (Outcome::Ended, reply)
                }
                Command::Apply(proposed, reply) => {
                    (self.apply(proposed, Instant::now()).await, reply)
                }
                Command::Change(change, author, reply) => {
                    (self.change(&change, author).await, reply)
                }
                Command::Settled(proposed, reply) => {
                    (self.apply_now(proposed, Instant::now()).await, reply)
                }
                Command::Modules(reply) => (self.modules().await, reply),
                Command::Decide(plugin, decision, done) => {
                    let _not_waiting = done.send(self.decide(&plugin, decision));
                    continue;
                }
                Command::Reload(origin, reply) => (self.reload(origin).await, reply),
                Command::Poll(reply) => (self.poll().await, reply),
                Command::Rollback(to, author, reply) => (self.rollback(to, author).await, reply),
                Command::Refresh(done) => {
                    self.release();
                    self.publish();
                    let _not_waiting = done.send(());
                    continue;
                }
                Command::Drain(done) => {
                    self.drained = true;
                    // Workers have taken what was in the queues when the last copy is dropped here.
                    for socket in self.sockets.take() {
                        self.workers.close(socket, &self.snapshot.load_full()).await;
                    }
                    let _not_waiting = done.send(());
                    continue;
                }
                Command::Stop(done) => {
                    let workers = self.workers;
                    block_in_place(|| workers.stop());
                    let _not_waiting = done.send(());
                    return;
                }
            };
            if let Some(deferred) = self.deferred.take() {
                self.wait_for(deferred, reply);
            } else if let Some(reply) = reply {
                let _not_waiting = reply.send(outcome);
            }
        }
    }

    /// Comes back to a configuration when its modules are there. Others are served meanwhile.
    fn wait_for(&self, deferred: Deferred, reply: Reply) {
        let Deferred { proposed, missing } = deferred;
        let later = self.later.clone();
        tokio::spawn(async move {
            missing.settled().await;
            if let Some(later) = later.upgrade() {
                let _ended = later.send(Command::Settled(proposed, reply)).await;
            }
        });
    }

    async fn modules(&mut self) -> Outcome {
        if let Some(proposed) = self.waiting.take() {
            return self.apply_now(proposed, Instant::now()).await;
        }
        let Some(running) = self.history.running() else { return self.unchanged() };
        let sources = running.sources.clone();
        if block_in_place(|| self.is_running(&sources)) {
            return self.unchanged();
        }
        let proposed = self.proposed(Origin::Module, None, sources);
        self.apply_now(proposed, Instant::now()).await
    }

    fn decide(&mut self, plugin: &str, decision: Decision) -> bool {
        let Some(trial) = self.store.trial(plugin) else { return false };
        match decision {
            Decision::Promote => trial.promote(),
            Decision::RollBack => trial.roll_back(),
        }
        tracing::info!(target: "portico::plugin", plugin, digest = %trial.digest(),
            "canary {}", trial.stands());
        self.publish();
        true
    }

    async fn poll(&mut self) -> Outcome {
        self.release();
        let source = block_in_place(|| SourceStatus::of(&self.path));
        if source != self.source {
            self.source = source;
            self.publish();
        }
        match block_in_place(|| self.seen.has_settled_into_another(&self.path)) {
            true => self.reload(Origin::File).await,
            false => self.unchanged(),
        }
    }

    async fn reload(&mut self, origin: Origin) -> Outcome {
        if origin == Origin::Signal || origin == Origin::Admin {
            self.store.remote.look_again();
        }
        let began = Instant::now();
        self.source = block_in_place(|| SourceStatus::of(&self.path));
        self.seen.look(&self.path);
        let sources: Arc<[Source]> = match block_in_place(|| sources::read(&self.path)) {
            Ok(sources) => sources.into(),
            Err(problems) => {
                self.seen.no_texts();
                return self.reject(origin, None, problems);
            }
        };
        let forced = origin != Origin::File;
        let sources = match self.seen.compare(&sources) {
            Difference::Nothing if !forced => return self.unchanged(),
            // The file of a plugin has changed, perhaps under a configuration that came from
            // somewhere else than the files.
            Difference::Plugins if self.history.rejected.is_none() => {
                let running = self.history.running();
                running.map_or(sources, |running| running.sources.clone())
            }
            _ => {
                self.seen.texts(&sources);
                let (sources, held) = changes::hold(sources.to_vec(), &self.history.held());
                self.history.hold(held.into());
                sources.into()
            }
        };
        if block_in_place(|| self.is_running(&sources)) {
            self.history.rejected = None;
            self.publish();
            return self.unchanged();
        }
        let proposed = self.proposed(origin, None, sources);
        self.apply(proposed, began).await
    }

    /// Texts, with the edits in them that the gateway holds at the moment.
    fn proposed(&self, origin: Origin, author: Option<Author>, sources: Arc<[Source]>) -> Proposed {
        Proposed { origin, author, sources, held: self.history.held(), writes: Vec::new() }
    }

    /// Frees old snapshots that no request uses any more. Done here, because a large one takes
    /// milliseconds that no worker should spend.
    fn release(&mut self) {
        self.retired.retain(|old| Arc::strong_count(old) > 1);
    }

    fn unchanged(&self) -> Outcome {
        Outcome::Unchanged { generation: self.history.running().map_or(0, |own| own.number) }
    }

    async fn rollback(&mut self, to: Option<u64>, author: Author) -> Outcome {
        let Some(generation) = self.history.find(to) else { return Outcome::Unknown };
        let proposed = Proposed {
            origin: Origin::Rollback(generation.number),
            author: Some(author),
            sources: generation.sources.clone(),
            held: generation.held.clone(),
            writes: Vec::new(),
        };
        self.apply(proposed, Instant::now()).await
    }

    /// Whether the running generation is made of just these texts, and of plugins whose files are
    /// still what they were.
    fn is_running(&mut self, sources: &[Source]) -> bool {
        let Some(running) = self.history.running() else { return false };
        let same = running.sources.len() == sources.len()
            && running
                .sources
                .iter()
                .zip(sources)
                .all(|(running, new)| running.name == new.name && running.text == new.text);
        let snapshot = self.snapshot.load_full();
        let plugins = snapshot.config.plugins.iter().zip(&snapshot.plugins);
        let mut plugins = plugins.zip(&snapshot.canaries);
        same && plugins.all(|((plugin, running), canary)| {
            let running = [Some(running), canary.as_ref().map(|canary| &canary.plugin)];
            plugin.sources().zip(running.into_iter().flatten()).all(|(source, running)| {
                self.store.digest(source).is_ok_and(|digest| digest == running.digest())
            })
        })
    }

    fn publish(&mut self) {
        let snapshot = self.snapshot.load_full();
        let listeners = snapshot.config.listeners.iter().map(|listener| ListenerStatus {
            name: listener.name.to_string(),
            address: self.sockets.local(listener.address).unwrap_or(listener.address),
        });
        let status = Status {
            history: self.history.clone(),
            listeners: listeners.collect(),
            plugins: status::plugins(&mut self.store, &snapshot),
            modules: status::modules(&self.store, &snapshot),
            plugin_files: self.seen.paths(),
            connections: self.workers.connections(),
            workers: self.workers.count(),
            snapshots: self.retired.len() + 1,
            waiting: self.waiting.is_some(),
            source: self.source.clone(),
        };
        self.status.store(Arc::new(status));
    }
}
