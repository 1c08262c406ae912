//! What others hold of the control loop: a way to ask it, and what it shows.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use portico_config::Source;
use tokio::sync::{mpsc, oneshot};

use super::{Command, Decision, Outcome, Proposed, Reply, Status};
use crate::{
    change::Change,
    generation::{Author, Origin},
    snapshot::Snapshot,
};

/// Asks the control loop for something.
#[derive(Clone)]
pub struct Control {
    pub(super) commands: mpsc::Sender<Command>,
    pub status: Arc<ArcSwap<Status>>,
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) ending: Arc<AtomicBool>,
}

impl Control {
    pub async fn apply(&self, sources: Vec<Source>, author: Author) -> Outcome {
        let proposed = Proposed {
            origin: Origin::Admin,
            author: Some(author),
            sources: sources.into(),
            held: Arc::default(),
            writes: Vec::new(),
        };
        self.ask(|reply| Command::Apply(proposed, reply)).await
    }

    /// Changes what runs, and the files that it came from.
    pub async fn change(&self, change: Change, author: Author) -> Outcome {
        self.ask(|reply| Command::Change(change, author, reply)).await
    }

    pub async fn reload(&self, origin: Origin) -> Outcome {
        self.ask(|reply| Command::Reload(origin, reply)).await
    }

    /// A cheap look whether anything has changed without an event.
    pub async fn poll(&self) -> Outcome {
        self.ask(Command::Poll).await
    }

    pub async fn rollback(&self, to: Option<u64>, author: Author) -> Outcome {
        self.ask(|reply| Command::Rollback(to, author, reply)).await
    }

    /// Something has come over the network.
    pub async fn modules(&self) -> Outcome {
        self.ask(Command::Modules).await
    }

    /// Decides about the canary of a plugin. False if it has none.
    pub async fn decide(&self, plugin: String, decision: Decision) -> bool {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(Command::Decide(plugin, decision, reply)).await;
        sent.is_ok() && answer.await.unwrap_or(false)
    }

    pub async fn refresh(&self) {
        let (done, wait) = oneshot::channel();
        if self.commands.send(Command::Refresh(done)).await.is_ok() {
            let _ended = wait.await;
        }
    }

    /// Says that the gateway is going to end, while it serves on.
    pub fn announce_end(&self) {
        // Not by a command: one that takes long may be running.
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Whether the gateway is going to end.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Stops accepting, and closes what is idle.
    pub async fn drain(&self) {
        let (done, wait) = oneshot::channel();
        if self.commands.send(Command::Drain(done)).await.is_ok() {
            let _ended = wait.await;
        }
    }

    /// Ends all workers.
    pub async fn stop(&self) {
        let (done, wait) = oneshot::channel();
        if self.commands.send(Command::Stop(done)).await.is_ok() {
            let _ended = wait.await;
        }
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Outcome {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(command(Some(reply))).await.is_err() {
            return Outcome::Ended;
        }
        answer.await.unwrap_or(Outcome::Ended)
    }
}
