//! Sends spans, metrics and logs to an OTLP receiver, over gRPC or HTTP
//! (<https://opentelemetry.io/docs/specs/otlp/>).
//!
//! Nothing here delays who hands something in: what does not fit in the queue is dropped and
//! counted. Each signal has a queue and a task of its own, so that a flood of one cannot push out
//! another. What waits is already encoded, which makes its size known and a retry free.

mod encode;
mod grpc;
mod http;
mod queue;
mod retry;
mod sender;
mod settings;
mod status;
mod tls;

use std::{sync::Arc, thread, time::Duration};

use opentelemetry_proto::tonic::{
    logs::v1::LogRecord, metrics::v1::ResourceMetrics, resource::v1::Resource, trace::v1::Span,
};
use tokio::{runtime, sync::watch, time::Instant};

use self::{
    encode::Chunk,
    queue::{Full, Queue},
    sender::{Sender, Transport},
    status::Counters,
};
pub use self::{
    settings::{
        BatchSettings, ClientCertificate, Protocol, QueueSettings, RetrySettings, Settings,
        StartError, TlsSettings,
    },
    status::{LastError, SignalStatus, Status},
};

/// A signal of OTLP.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    Logs,
    Metrics,
    Traces,
}

/// The way to a receiver. Clones share it; when the last one goes, so does what is still queued.
#[derive(Clone, Debug)]
pub struct Exporter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    endpoint: String,
    protocol: Protocol,
    resource: Resource,
    lanes: Vec<Lane>,
    /// Until when senders may still send; nothing while the exporter runs.
    end: watch::Sender<Option<Instant>>,
    /// Closed when all senders have ended.
    running: watch::Receiver<()>,
}

/// One signal's part.
#[derive(Clone, Debug)]
struct Lane {
    signal: Signal,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
}

impl Exporter {
    /// Starts the senders: on `runtime`, or else on a thread of their own. Nothing is connected
    /// before there is something to send; a receiver that is not there is no error.
    ///
    /// # Errors
    /// Settings that cannot work: an endpoint that is no address, a header that is none,
    /// certificates that cannot be read; or no thread could be started.
    pub fn start(
        settings: Settings,
        runtime: Option<&runtime::Handle>,
    ) -> Result<Self, StartError> {
        let transport = Transport::new(&settings)?;
        let lanes: Vec<Lane> =
            settings.signals.iter().map(|&signal| lane(signal, &settings)).collect();
        let (end, until) = watch::channel(None);
        let (held, running) = watch::channel(());
        let senders: Vec<Sender> = lanes
            .iter()
            .map(|lane| Sender::new(lane.clone(), transport.clone(), &settings, until.clone()))
            .collect();
        let run = async move {
            let tasks: Vec<_> =
                senders.into_iter().map(|sender| tokio::spawn(sender.run())).collect();
            for task in tasks {
                // A task that panicked has said so, and the others go on.
                let _ = task.await;
            }
            drop(held);
        };
        match runtime {
            Some(runtime) => drop(runtime.spawn(run)),
            None => on_own_thread(run)?,
        }
        let Settings { endpoint, protocol, resource, .. } = settings;
        let endpoint = http::place(&endpoint);
        let shared = Shared { endpoint, protocol, resource, lanes, end, running };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Queues spans, usually those of one record; all of them or none.
    pub fn spans(&self, spans: &[Span]) {
        self.push(Signal::Traces, spans.len(), || encode::items(spans));
    }

    /// Queues log records; all of them or none.
    pub fn logs(&self, logs: &[LogRecord]) {
        self.push(Signal::Logs, logs.len(), || encode::items(logs));
    }

    /// Queues the state of all metrics. If it does not fit, an older state goes: sums are
    /// cumulative. A missing resource becomes that of the settings.
    pub fn metrics(&self, mut metrics: ResourceMetrics) {
        metrics.resource.get_or_insert_with(|| self.shared.resource.clone());
        self.push(Signal::Metrics, 1, || encode::metrics(&metrics));
    }

    /// Somebody wants this signal, and there is room for more of it. Who would have to work for
    /// it may ask first; [`Exporter::dropped`] then counts what was not made.
    pub fn has_room(&self, signal: Signal) -> bool {
        self.lane(signal).is_some_and(|lane| lane.queue.has_room())
    }

    /// Counts what was dropped before it was handed in.
    pub fn dropped(&self, signal: Signal, items: usize) {
        if let Some(lane) = self.lane(signal) {
            lane.counters.add_dropped_full(items);
        }
    }

    /// How it goes. Contains no secret.
    pub fn status(&self) -> Status {
        let Shared { endpoint, protocol, lanes, .. } = &*self.shared;
        let signals = lanes.iter().map(|lane| {
            let (queued, queued_bytes) = lane.queue.length();
            lane.counters.status(lane.signal, queued, queued_bytes)
        });
        Status { endpoint: endpoint.clone(), protocol: *protocol, signals: signals.collect() }
    }

    /// Sends what is queued, for at most `limit`, and ends. What is left is dropped and counted
    /// ([`SignalStatus::dropped_at_end`]). What is handed in later is dropped, too.
    pub async fn shutdown(&self, limit: Duration) {
        self.shared.end.send_replace(Some(Instant::now() + limit));
        // The senders keep to the limit themselves. Nothing is ever sent: this waits for the end
        // of the other side, be it that the senders are done or that their runtime is gone.
        let _ = self.shared.running.clone().changed().await;
        for lane in &self.shared.lanes {
            lane.counters.add_dropped_at_end(lane.queue.close());
        }
    }

    fn push(&self, signal: Signal, items: usize, encode: impl FnOnce() -> Chunk) {
        let Some(lane) = self.lane(signal).filter(|_| items > 0) else { return };
        let dropped = if lane.queue.has_room() { lane.queue.push(encode()) } else { items };
        lane.counters.add_dropped_full(dropped);
    }

    fn lane(&self, signal: Signal) -> Option<&Lane> {
        self.shared.lanes.iter().find(|lane| lane.signal == signal)
    }
}

fn lane(signal: Signal, settings: &Settings) -> Lane {
    let QueueSettings { items, bytes } = settings.queue;
    let (items, full) = match signal {
        Signal::Logs | Signal::Traces => (items, Full::DropNew),
        // More than a few states of the same sums say nothing more.
        Signal::Metrics => (settings::METRICS_QUEUED, Full::DropOld),
    };
    let queue = Arc::new(Queue::new(items, bytes, full));
    Lane { signal, queue, counters: Arc::default() }
}

fn on_own_thread(run: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
    let thread = thread::Builder::new().name("otlp-export".to_owned());
    thread.spawn(move || runtime.block_on(run)).map_err(StartError::Thread)?;
    Ok(())
}

#[cfg(test)]
mod tests;
