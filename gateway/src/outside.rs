//! What plugins reach through the gateway: HTTP and gRPC calls, ticks, wakes of queues.
//!
//! One for the process. Everything runs on the worker whose instance asked: its event loop, its
//! connections. So an answer is delivered between two callbacks of the instance and never inside
//! one, and no lock is held while a guest runs.
//!
//! A plugin may call the services of the configuration, and the addresses it was granted: see
//! [`targets`].

mod counts;
mod dial;
mod grpc;
mod http;
pub mod targets;
mod tick;
mod tls;
mod wake;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use portico_wasm::{GrpcCall, GrpcRunning, HttpCall, Origin, Running, Unreachable};
use tokio::runtime::Handle;

use self::targets::Upstream;
pub use self::{
    counts::CallCounts,
    targets::{Grant, Targets},
};
use self::{
    counts::Ledger,
    dial::Dialer,
    grpc::Channels,
    http::{Ending, Request},
    tick::Ticks,
    tls::Trust,
    wake::Wakes,
};

/// The gateway's side of call-outs.
pub struct Outside {
    /// By number of the worker.
    lanes: Box<[OnceLock<Lane>]>,
    targets: ArcSwap<Targets>,
    /// Those of a configuration whose plugins are being started; they may call while they start.
    coming: ArcSwapOption<Targets>,
    ledger: Ledger,
    ticks: Arc<Ticks>,
    wakes: Arc<Wakes>,
    trust: Arc<Trust>,
}

/// What one worker has for its plugins.
struct Lane {
    handle: Handle,
    dialer: Arc<Dialer>,
    channels: Arc<Channels>,
}

impl Outside {
    /// For this many workers; each is attached when it runs, and before plugins start.
    pub fn new(workers: usize) -> Self {
        Self {
            lanes: (0..workers).map(|_| OnceLock::new()).collect(),
            targets: ArcSwap::default(),
            coming: ArcSwapOption::empty(),
            ledger: Ledger::default(),
            ticks: Arc::default(),
            wakes: Arc::default(),
            trust: Arc::default(),
        }
    }

    /// Runs what plugins of this worker ask for on its event loop.
    pub fn attach(&self, worker: usize, handle: Handle) {
        if let Some(lane) = self.lanes.get(worker) {
            // A second one would be the same worker's.
            let (dialer, channels) = (Arc::new(Dialer::new(self.trust.clone())), Arc::default());
            let _attached = lane.set(Lane { handle, dialer, channels });
        }
    }

    /// Calls may go to these too, until the next [`Outside::replace`] or [`Outside::withdraw`].
    pub fn offer(&self, targets: Arc<Targets>) {
        self.coming.store(Some(targets));
    }

    /// The configuration of what was offered was refused.
    pub fn withdraw(&self) {
        self.coming.store(None);
    }

    /// From now on calls go to these.
    pub fn replace(&self, targets: Arc<Targets>) {
        self.targets.store(targets);
        self.coming.store(None);
    }

    /// Where a plugin's call goes, and how large its answer may be.
    fn find(&self, plugin: &str, upstream: &str) -> Option<(Upstream, usize)> {
        let found = |targets: &Targets| {
            Some((targets.find(plugin, upstream)?, targets.answer_bytes(plugin)))
        };
        found(&self.targets.load()).or_else(|| found(self.coming.load().as_deref()?))
    }

    /// What the calls of every plugin came to, since the process began.
    pub fn counts(&self) -> Vec<(Arc<str>, CallCounts)> {
        self.ledger.all()
    }

    fn lane(&self, origin: &Origin) -> Option<&Lane> {
        self.lanes.get(origin.worker())?.get()
    }
}

impl portico_wasm::Outside for Outside {
    fn http(&self, origin: Origin, call: HttpCall) -> Result<Running, Unreachable> {
        let plugin = origin.plugin();
        let (to, most) = self.find(&plugin, &call.upstream).ok_or(Unreachable)?;
        let request = Request::new(call, most).ok_or(Unreachable)?;
        let lane = self.lane(&origin).ok_or(Unreachable)?;
        let entry = self.ledger.open(&plugin);
        let dialer = lane.dialer.clone();
        let task = lane.handle.spawn(async move {
            let ending = http::perform(&dialer, &to, request).await;
            let response = match ending {
                Ending::Answered(response) => Some(response),
                Ending::Failed(response) => {
                    entry.failed();
                    response
                }
                Ending::TimedOut(response) => {
                    entry.timed_out();
                    response
                }
            };
            // Closed before the guest hears of it: it may look at the counters, or call again.
            drop(entry);
            origin.http_response(response);
        });
        let task = task.abort_handle();
        Ok(Running::new(move || task.abort()))
    }

    fn grpc(&self, origin: Origin, call: GrpcCall) -> Result<Box<dyn GrpcRunning>, Unreachable> {
        let plugin = origin.plugin();
        let targets = self.targets.load();
        let to = targets.find(&plugin, &call.upstream).ok_or(Unreachable)?;
        let message_bytes = targets.answer_bytes(&plugin);
        let request = grpc::Request::new(call, &to, message_bytes).ok_or(Unreachable)?;
        let lane = self.lane(&origin).ok_or(Unreachable)?;
        let entry = self.ledger.open(&plugin);
        let (dialer, channels) = (lane.dialer.clone(), lane.channels.clone());
        let (open, outbox) = grpc::outbox();
        let task = lane.handle.spawn(async move {
            let line = grpc::Line { dialer, channels, to };
            let deliver = |event| origin.grpc(event);
            if grpc::perform(line, request, outbox, deliver).await.is_some_and(|s| s != 0) {
                entry.failed();
            }
        });
        Ok(Box::new(open(task.abort_handle())))
    }

    fn tick(&self, origin: Origin, period: Option<Duration>) {
        if let Some(lane) = self.lane(&origin) {
            self.ticks.set(&lane.handle, origin, period);
        }
    }

    fn queue(&self, origin: Origin, queue: u32) {
        if let Some(lane) = self.lane(&origin) {
            self.wakes.add(&lane.handle, origin, queue);
        }
    }

    /// On a thread of the first worker's pool for work that blocks.
    fn background(&self, work: Box<dyn FnOnce() + Send>) {
        match self.lanes.iter().find_map(OnceLock::get) {
            Some(lane) => drop(lane.handle.spawn_blocking(work)),
            None => work(),
        }
    }
}
