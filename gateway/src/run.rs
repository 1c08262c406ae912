//! `portico run`: everything put together, from the first configuration to the last connection.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use portico_wasm::Services;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep},
};

use crate::{
    admin::{self, Access, Token},
    banner,
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
    pub admin: Option<SocketAddr>,
    pub admin_token: Option<Token>,
    pub workers: usize,
    pub cache: Option<PathBuf>,
    pub bundled: PathBuf,
    pub drain_delay: Duration,
    pub drain_timeout: Duration,
    pub show_generation: bool,
    /// What plugins said last, for the admin API.
    pub plugin_log: PluginLog,
    /// Where a token is written if none is given.
    pub state: Option<PathBuf>,
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
    let admin = match options.admin {
        Some(address) => Some(start_admin(address, &options, measures.clone()).await?),
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
    tokio::spawn(reload_on(hangup, control.clone()));
    tokio::spawn(reopen_on(rotated, telemetry.clone()));
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

/// Where the admin API is and how to change something there.
#[derive(Clone, Debug)]
pub struct AdminEndpoint {
    pub address: SocketAddr,
    pub token_file: Option<PathBuf>,
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
        plugins: Vec::new(),
        canaries: Vec::new(),
        telemetry: None,
    }
}

async fn start_admin(
    address: SocketAddr,
    options: &Options,
    measures: Measures,
) -> anyhow::Result<AdminEndpoint> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("the admin API cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let (token, token_file) = match (&options.admin_token, &options.state) {
        (Some(token), _) => (Some(token.clone()), None),
        (None, Some(state)) if admin::is_private(address) => {
            let (token, file) = new_token(state, address)
                .with_context(|| format!("no token can be kept in `{}`", state.display()))?;
            (Some(token), Some(file))
        }
        _ => (None, None),
    };
    let access = Access::new(address, token);
    let plugin_log = options.plugin_log.clone();
    tokio::spawn(async move {
        if let Err(error) = admin::serve(listener, access, measures, plugin_log).await {
            tracing::error!(%error, "the admin API has ended");
        }
    });
    Ok(AdminEndpoint { address, token_file })
}

/// A token for this run, in a file that only this user can read.
fn new_token(state: &Path, address: SocketAddr) -> anyhow::Result<(Token, PathBuf)> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut random = [0; 32];
    let filled = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    if filled != random.len() {
        bail!("the system gave too little randomness");
    }
    let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(state)?;
    // One per port, so that two gateways of one user keep theirs apart.
    let file = state.join(format!("admin-token-{}", address.port()));
    let beside = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&beside)?.write_all(secret.as_bytes())?;
    std::fs::rename(&beside, &file)?;
    Ok((Token::new(&secret), file))
}

/// Modules that come over the network come when they come.
async fn apply_news(news: Arc<tokio::sync::Notify>, control: Control) {
    loop {
        news.notified().await;
        control.modules().await;
    }
}

async fn reload_on(mut hangup: Signal, control: Control) {
    while hangup.recv().await.is_some() {
        control.reload(Origin::Signal).await;
    }
}

/// Tools that have moved access logs away say so.
async fn reopen_on(mut rotated: Signal, telemetry: Arc<Live>) {
    while rotated.recv().await.is_some() {
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
