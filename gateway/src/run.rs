//! `portico run`: everything put together, from the first configuration to the last connection.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use arc_swap::ArcSwap;
use portico_wasm::Services;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep},
};

use crate::{
    admin, banner,
    control::{Control, Outcome},
    generation::Origin,
    logging::PluginLog,
    measures::Measures,
    outside::Outside,
    plugins::PluginStore,
    remote::Remote,
    resolve::Names,
    snapshot::Snapshot,
    telemetry::Live,
    watch,
    worker::{Settings, Workers},
};

/// What `portico run` is told.
#[derive(Clone, Debug)]
pub struct Options {
    pub config: PathBuf,
    /// `None` switches the admin API off.
    pub admin: Option<admin::Options>,
    pub workers: usize,
    pub cache: Option<PathBuf>,
    pub bundled: PathBuf,
    pub drain_delay: Duration,
    pub drain_timeout: Duration,
    pub show_generation: bool,
    /// What plugins said last, for the admin API.
    pub plugin_log: PluginLog,
}

/// How often the last connections are looked at while draining.
const DRAIN_POLL: Duration = Duration::from_millis(20);

/// How long exporters and access logs may take for what is left when nothing is served any more.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How the run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// The first configuration cannot be used; the problems have been reported.
    BadConfiguration,
    Drained,
    /// Some connections were still busy when time was up.
    TimedOut,
}

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// If it cannot even start: no threads, or the admin API's port is taken.
pub async fn run(options: Options) -> anyhow::Result<Ended> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (hangup, rotated) = (signal(SignalKind::hangup())?, signal(SignalKind::user_defined1())?);
    let snapshot = Arc::new(ArcSwap::from_pointee(nothing()));
    let settings =
        Settings { snapshot: snapshot.clone(), show_generation: options.show_generation };
    let (telemetry, recorders) =
        Live::start(options.workers.max(1)).context("cannot start telemetry")?;
    let workers = Workers::start(recorders, &settings).context("cannot start workers")?;
    let names = Names::default();
    let outside = Arc::new(Outside::new(workers.count()));
    for (worker, handle) in workers.handles().enumerate() {
        outside.attach(worker, handle.clone());
    }
    let services =
        Services { outside: outside.clone(), shared: Arc::default(), metrics: Arc::default() };
    let guests = services.metrics.clone();
    let (cache, bundled) = (options.cache.clone(), options.bundled.clone());
    let remote = Remote::new(cache.as_deref().map(|folder| folder.join("modules")));
    let news = remote.news();
    let store = PluginStore::new(cache, bundled, workers.count(), services, remote);
    let (control, control_loop) = Control::new(
        options.config.clone(),
        workers,
        store,
        names.clone(),
        outside.clone(),
        telemetry.clone(),
        snapshot,
    );
    let measures =
        Measures { control: control.clone(), telemetry: telemetry.clone(), outside, guests };
    tokio::spawn(control_loop.run());
    tokio::spawn(apply_news(news, control.clone()));
    let admin = match options.admin.clone() {
        Some(own) => Some(admin::start(own, measures.clone(), options.plugin_log.clone()).await?),
        None => None,
    };
    let first = tokio::select! {
        outcome = control.reload(Origin::Start) => outcome,
        _ = interrupt.recv() => return Ok(Ended::TimedOut),
        _ = terminate.recv() => return Ok(Ended::TimedOut),
    };
    if let Outcome::Rejected(problems) = first
        && !control.status.load().waiting
    {
        control.stop().await;
        tracing::debug!("{} problems", problems.len());
        return Ok(Ended::BadConfiguration);
    }
    banner::print(&control, &options.config, admin.as_ref());
    tokio::spawn(names.refresh());
    tokio::spawn(watch::watch(options.config.clone(), control.clone()));
    tokio::spawn(reload_on(hangup, control.clone(), admin.clone()));
    tokio::spawn(reopen_on(rotated, telemetry.clone(), admin));
    tokio::spawn(measures.clone().export());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let end = async {
        let ended = drain(&control, &options).await;
        measures.export_last().await;
        telemetry.end(LAST_WORDS).await;
        ended
    };
    tokio::select! {
        ended = end => Ok(ended),
        // Who asks twice does not want to wait.
        _ = interrupt.recv() => Ok(Ended::TimedOut),
        _ = terminate.recv() => Ok(Ended::TimedOut),
    }
}

/// A snapshot that answers nothing, until the first one is there.
fn nothing() -> Snapshot {
    Snapshot {
        generation: 0,
        generation_header: http::HeaderValue::from_static("0"),
        config: portico_config::config::Config::default(),
        sites: Vec::new(),
        listeners: Vec::new(),
        rules: Vec::new(),
        services: Vec::new(),
        plugins: Vec::new(),
        canaries: Vec::new(),
        telemetry: None,
    }
}

/// Modules that come over the network come when they come.
async fn apply_news(news: Arc<tokio::sync::Notify>, control: Control) {
    loop {
        news.notified().await;
        control.modules().await;
    }
}

async fn reload_on(mut hangup: Signal, control: Control, admin: Option<admin::Endpoint>) {
    while hangup.recv().await.is_some() {
        if let Some(admin) = &admin {
            admin.look();
        }
        control.reload(Origin::Signal).await;
    }
}

/// Tools that have moved logs away say so.
async fn reopen_on(mut rotated: Signal, telemetry: Arc<Live>, admin: Option<admin::Endpoint>) {
    while rotated.recv().await.is_some() {
        if let Some(admin) = &admin {
            admin.reopen_log();
        }
        telemetry.reopen_logs();
    }
}

/// First readiness goes, so that nobody sends more; then listeners and idle connections; then the
/// last busy ones are waited for.
async fn drain(control: &Control, options: &Options) -> Ended {
    control.announce_end();
    tracing::info!(delay = ?options.drain_delay, timeout = ?options.drain_timeout, "draining");
    sleep(options.drain_delay).await;
    control.drain().await;
    let end = Instant::now() + options.drain_timeout;
    loop {
        control.refresh().await;
        let left = control.status.load().connections;
        if left == 0 {
            control.stop().await;
            return Ended::Drained;
        }
        if Instant::now() >= end {
            tracing::warn!(left, "connections were still busy when the drain timeout was over");
            control.stop().await;
            return Ended::TimedOut;
        }
        sleep(DRAIN_POLL).await;
    }
}
