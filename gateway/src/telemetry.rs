//! What the running gateway tells about the requests it serves: live state that outlives
//! configurations, and who gets what under the current one.
//!
//! Workers count, and hand records of what is interesting to the collector, a thread of its own.
//! It puts each where it is wanted: store, logs, exporters, taps, doctor.

mod check;
mod collector;
mod leaves;
mod outputs;
mod own;
pub(crate) mod plan;
pub(crate) mod record;
mod recorder;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use portico_config::config::{self, Config};
use portico_telemetry::{
    doctor::{self, Doctor},
    export::Exporter,
    expose::{Detail, Exemplars, Family, requests},
    far::{self, Behind, Call},
    graph::{self, Graph},
    otlp,
    process::Process,
    receiver::{self, Receiver},
    series::{self, BadBounds, Registry},
    store::{self, Keeper, Rates, Store},
    tap::Tap,
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};
use tracing::field::display;

pub use self::{
    check::{Failed, check},
    outputs::LogStatus,
    own::{Own, Watched},
    plan::Plan,
    recorder::Recorder,
};
use self::{collector::Collector, outputs::Outputs};

/// The telemetry of a process.
pub struct Live {
    workers: usize,
    started: SystemTime,
    /// Replaced when something else is slow.
    keeper: ArcSwap<Keeping>,
    doctor: Arc<Doctor>,
    /// Services are given trace contexts.
    propagates: AtomicBool,
    pub tap: Tap,
    /// Requests that the gateway sends to itself.
    pub own: Own,
    /// Replaced when a configuration wants other buckets.
    meters: Arc<ArcSwap<Meters>>,
    /// Replaced when a configuration wants to keep more, or less.
    shelf: Arc<ArcSwap<Shelf>>,
    outputs: Arc<Mutex<Outputs>>,
    receiver: Mutex<Option<Receiving>>,
    counts: Arc<collector::Counts>,
    /// Told when the collector has taken everything that was there when it was asked.
    last_round: Mutex<Option<oneshot::Sender<()>>>,
}

/// Numbers, and what is drawn from them.
pub struct Meters {
    pub registry: Arc<Registry>,
    pub graph: Graph,
    pub exemplars: Exemplars,
    buckets: Vec<Duration>,
    keep: Duration,
}

/// Who decides what is kept.
struct Keeping {
    keeper: Keeper,
    slow: Duration,
}

/// What is kept.
pub struct Shelf {
    pub store: Arc<Store>,
    pub behind: Arc<Behind>,
    kept: config::Store,
}

/// A receiver that runs, or why it does not.
struct Receiving {
    wanted: config::Receiver,
    handle: Result<receiver::Handle, String>,
}

/// What a receiver has taken, and where it listens.
#[derive(Clone, Debug)]
pub struct ReceiverStatus {
    pub received: receiver::Received,
    pub grpc: Option<SocketAddr>,
    pub http: Option<SocketAddr>,
}

/// What a configuration wants, made before anything changes.
pub struct Prepared {
    outputs: Outputs,
    keeping: Arc<Keeping>,
    meters: Arc<Meters>,
    shelf: Arc<Shelf>,
    plan: Option<Arc<Plan>>,
}

impl Live {
    /// Starts the collector. The second part is one end for each worker.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(workers: usize) -> std::io::Result<(Arc<Self>, Vec<Recorder>)> {
        let (tap, own) = (Tap::default(), Own::default());
        let (mut recorders, mut queues) = (Vec::new(), Vec::new());
        for worker in 0..workers {
            let (recorder, entries, level) = Recorder::new(worker, tap.clone(), own.clone());
            recorders.push(recorder);
            queues.push((entries, level));
        }
        let defaults = config::Telemetry::default();
        let now = SystemTime::now();
        let meters = meters(&defaults, workers, now).map_err(std::io::Error::other)?;
        let meters = Arc::new(ArcSwap::from_pointee(meters));
        let doctor = Arc::new(Doctor::new(doctor::Settings::default()));
        let live = Arc::new(Self {
            workers,
            started: now,
            keeper: ArcSwap::from_pointee(keeping(defaults.tracing.slow, workers)),
            shelf: Arc::new(ArcSwap::from_pointee(shelf(defaults.store, &doctor, &meters))),
            meters,
            doctor,
            propagates: AtomicBool::new(false),
            tap,
            own,
            outputs: Arc::default(),
            receiver: Mutex::default(),
            counts: Arc::default(),
            last_round: Mutex::default(),
        });
        Collector::start(&live, queues)?;
        Ok((live, recorders))
    }

    /// Makes what a configuration wants. What it had already is kept.
    ///
    /// # Errors
    /// Every log that cannot be opened and every exporter that cannot start.
    pub fn prepare(&self, config: &Config) -> Result<Prepared, Vec<Failed>> {
        let telemetry = &config.telemetry;
        let outputs = match telemetry.enabled {
            true => self.outputs().prepare(config)?,
            false => Outputs::default(),
        };
        let meters = match self.meters.load_full() {
            same if same.buckets == telemetry.buckets && same.keep == telemetry.store.keep => same,
            _ => match meters(telemetry, self.workers, SystemTime::now()) {
                Ok(meters) => Arc::new(meters),
                Err(error) => return Err(vec![Failed::new("buckets", error.to_string())]),
            },
        };
        let shelf = match self.shelf.load_full() {
            same if same.kept == telemetry.store => same,
            _ => Arc::new(shelf(telemetry.store, &self.doctor, &self.meters)),
        };
        let keeping = match self.keeper.load_full() {
            same if same.slow == telemetry.tracing.slow => same,
            _ => Arc::new(keeping(telemetry.tracing.slow, self.workers)),
        };
        let plan = telemetry
            .enabled
            .then(|| Plan::new(config, &meters.registry, &keeping.keeper, self.workers))
            .transpose()
            .map_err(|error| vec![Failed::new("tracing", error.to_string())])?;
        Ok(Prepared { outputs, keeping, meters, shelf, plan: plan.map(Arc::new) })
    }

    /// From here on it is as this generation's configuration wants it.
    pub fn commit(&self, prepared: Prepared, generation: u64) {
        let Prepared { outputs, keeping, meters, shelf, plan } = prepared;
        let propagates = plan.is_some_and(|plan| plan.propagation.is_some());
        if !self.propagates.swap(propagates, Relaxed) && propagates {
            self.doctor.forget_before(generation);
        }
        self.keeper.store(keeping);
        self.meters.store(meters);
        self.shelf.store(shelf);
        // What is replaced ends here: out of the lock, because a log may have to be closed.
        let _replaced = std::mem::replace(&mut *self.outputs(), outputs);
    }

    /// Listens for spans as the configuration wants it. An address that is taken is reported, and
    /// everything else goes on.
    pub async fn receive(&self, wanted: Option<config::Receiver>) {
        let is_same =
            |running: &Receiving| Some(running.wanted) == wanted && running.handle.is_ok();
        if self.receiver().as_ref().is_some_and(is_same) {
            return;
        }
        drop(self.receiver().take());
        let Some(wanted) = wanted else { return };
        let most = usize::try_from(wanted.message).unwrap_or(usize::MAX);
        let mut limits = receiver::Limits::default();
        limits.decode.message = most;
        let settings = receiver::Settings { grpc: wanted.grpc, http: wanted.http, limits };
        let sink = Arc::new(ToShelf(self.shelf.clone()));
        let handle = Receiver::start(settings, sink).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("{error}: {}", cause.unwrap_or_default());
            tracing::warn!("{text}; spans of services are not received until the next reload");
            text
        });
        if let Ok(handle) = &handle {
            let [grpc, http] = [handle.grpc(), handle.http()].map(|own| own.map(display));
            tracing::info!(grpc, http, "spans are received");
        }
        *self.receiver() = Some(Receiving { wanted, handle });
    }

    /// What is counted of requests.
    pub fn requests(&self) -> Vec<Family> {
        let (meters, now) = (self.meters(), SystemTime::now());
        requests(&meters.registry, Some(&meters.exemplars), Detail::Explicit, now)
    }

    /// What the process uses.
    pub fn process(&self) -> Vec<Family> {
        Process::default().usage().families(SystemTime::now())
    }

    /// Exporters for whom it is time to get metrics. Each is named once per interval.
    pub fn due(&self) -> Vec<Exporter> {
        self.outputs().due()
    }

    /// Exporters that get metrics.
    pub fn takers_of_metrics(&self) -> Vec<Exporter> {
        self.outputs().takers_of_metrics()
    }

    /// Sends metrics.
    pub fn send(&self, families: &[Family], to: &[Exporter]) {
        let resource = otlp::resource::resource(&[]);
        let metrics = otlp::metrics::metrics(families, resource, self.started, SystemTime::now());
        to.iter().for_each(|exporter| exporter.metrics(metrics.clone()));
    }

    /// When the process began to count.
    pub fn started(&self) -> SystemTime {
        self.started
    }

    pub fn meters(&self) -> Arc<Meters> {
        self.meters.load_full()
    }

    pub fn shelf(&self) -> Arc<Shelf> {
        self.shelf.load_full()
    }

    pub fn doctor(&self) -> &Doctor {
        &self.doctor
    }

    /// How the exporters are doing, by name.
    pub fn exporters(&self) -> Vec<(Arc<str>, portico_telemetry::export::Status)> {
        self.outputs().exporter_status()
    }

    /// How the access logs are doing.
    pub fn access_logs(&self) -> Vec<LogStatus> {
        self.outputs().log_status()
    }

    /// Opens the files of access logs again, for tools that have moved them away.
    pub fn reopen_logs(&self) {
        self.outputs().reopen();
    }

    /// What the receiver has taken, and where it listens; or why it does not.
    pub fn received(&self) -> Option<Result<ReceiverStatus, String>> {
        let running = self.receiver();
        let told = |handle: &receiver::Handle| ReceiverStatus {
            received: handle.received(),
            grpc: handle.grpc(),
            http: handle.http(),
        };
        Some(running.as_ref()?.handle.as_ref().map(told).map_err(Clone::clone))
    }

    /// Records that were dropped because the collector did not keep up.
    pub fn dropped(&self) -> u64 {
        self.counts.dropped()
    }

    /// Sends and writes what is left, no longer than `limit`. Called when nothing is served any
    /// more.
    pub async fn end(&self, limit: Duration) {
        let began = Instant::now();
        let (done, is_done) = oneshot::channel();
        *self.last_round.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        if timeout(limit, is_done).await.is_err() {
            tracing::warn!("the last records of requests could not be taken in time");
        }
        let outputs = std::mem::take(&mut *self.outputs());
        outputs.end(limit.saturating_sub(began.elapsed())).await;
    }

    fn outputs(&self) -> MutexGuard<'_, Outputs> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn receiver(&self) -> MutexGuard<'_, Option<Receiving>> {
        self.receiver.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prepared {
    /// For the snapshot; nothing if telemetry is off.
    pub fn plan(&self) -> Option<Arc<Plan>> {
        self.plan.clone()
    }

    /// The numbers that the plan counts with.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.meters.registry
    }
}

/// Where spans that are received go.
struct ToShelf(Arc<ArcSwap<Shelf>>);

impl receiver::Sink for ToShelf {
    fn receive(&self, spans: Vec<far::Span>) {
        self.0.load().behind.receive(spans);
    }
}

fn keeping(slow: Duration, workers: usize) -> Keeping {
    Keeping { keeper: Keeper::new(Rates { workers, slow_from: slow, ..Rates::default() }), slow }
}

fn meters(
    telemetry: &config::Telemetry,
    workers: usize,
    now: SystemTime,
) -> Result<Meters, BadBounds> {
    let mut settings = series::Settings::default();
    if !telemetry.buckets.is_empty() {
        settings.duration_bounds = telemetry.buckets.iter().map(Duration::as_secs_f64).collect();
    }
    settings.keep = telemetry.store.keep;
    let registry = Arc::new(Registry::new(&settings, workers, now)?);
    let wanted = graph::Settings { keep: telemetry.store.keep, ..graph::Settings::default() };
    Ok(Meters {
        graph: Graph::new(registry.clone(), wanted, now),
        exemplars: Exemplars::new(&registry),
        registry,
        buckets: telemetry.buckets.clone(),
        keep: telemetry.store.keep,
    })
}

/// Calls that spans tell of are drawn in the graph that counts at the time.
fn shelf(kept: config::Store, doctor: &Arc<Doctor>, meters: &Arc<ArcSwap<Meters>>) -> Shelf {
    let memory = usize::try_from(kept.memory).unwrap_or(usize::MAX);
    // A quarter is for the spans of services.
    let spans =
        far::Limits { joined: memory / 16 * 3, orphans: memory / 16, ..far::Limits::default() };
    let settings = store::Settings { records: memory - memory / 4, age: kept.keep, spans };
    let store = Arc::new(Store::new(settings));
    let meters = meters.clone();
    let on_call = move |call: &Call| {
        let at = SystemTime::UNIX_EPOCH + call.at;
        meters.load().graph.add_far(&call.from, &call.to, call.took, call.failed, at);
    };
    let behind = Behind::new(store.clone(), doctor.clone(), Box::new(on_call));
    Shelf { store, behind: Arc::new(behind), kept }
}
