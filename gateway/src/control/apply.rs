//! From texts to a generation that serves, or to the problems for which nothing has changed.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Instant, SystemTime},
};

use portico_config::{
    Diagnostic, Loaded, Source,
    config::{self, Config, PluginSource},
};
use tokio::task::block_in_place;

use super::{Deferred, Loop, Outcome, Proposed};
use crate::{
    backend::Service,
    compile::{self, StartedPlugins},
    generation::{Author, Digest, Generation, Origin, Rejection},
    listen::Plan,
    outside::Targets,
    snapshot::Snapshot,
    sources,
    suspension::Suspension,
    telemetry,
};

impl Loop {
    /// Applies a configuration, or waits for its modules first.
    pub(super) async fn apply(&mut self, proposed: Proposed, began: Instant) -> Outcome {
        let loaded = block_in_place(|| portico_config::load(&proposed.sources));
        let plugins = loaded.config.iter().flat_map(|config| &config.plugins);
        let missing = self.store.remote.missing(plugins.flat_map(config::Plugin::sources));
        if let Some(missing) = missing {
            self.deferred = Some(Deferred { proposed, missing });
            return self.unchanged();
        }
        self.apply_loaded(proposed, loaded, began).await
    }

    /// Applies a configuration with the modules that are there.
    pub(super) async fn apply_now(&mut self, proposed: Proposed, began: Instant) -> Outcome {
        let loaded = block_in_place(|| portico_config::load(&proposed.sources));
        self.apply_loaded(proposed, loaded, began).await
    }

    async fn apply_loaded(
        &mut self,
        proposed: Proposed,
        loaded: Loaded,
        began: Instant,
    ) -> Outcome {
        self.waiting = None;
        let parsed = block_in_place(|| self.prepare(&proposed.sources, loaded));
        let Prepared { config, plan, plugins, services, targets, telemetry, warnings } =
            match parsed {
                Ok(prepared) => prepared,
                Err(Refused { problems, may_arrive }) => {
                    self.outside.withdraw();
                    let Proposed { origin, author, .. } = &proposed;
                    let rejected = (origin.clone(), author.clone());
                    // Files are not written an hour after somebody was told that they are not.
                    if may_arrive && proposed.writes.is_empty() {
                        self.waiting = Some(proposed);
                    }
                    return self.reject(rejected.0, rejected.1, problems);
                }
            };
        if let Err(error) = block_in_place(|| sources::write(&proposed.writes)) {
            self.outside.withdraw();
            return Outcome::Unwritten(error.to_string());
        }
        let Proposed { origin, author, sources, held, writes } = proposed;
        if !writes.is_empty() {
            // What the files say is no news to the watcher.
            self.seen.look(&self.path);
            self.seen.texts(&sources);
        }
        let number = self.history.next();
        let snapshot = block_in_place(|| {
            compile::snapshot(config, number, &plan, plugins, &services, telemetry.plan())
        });
        self.names.settle().await;
        self.outside.replace(targets);
        let wanted = &snapshot.config.telemetry;
        let receiver = wanted.receiver.filter(|_| wanted.enabled);
        block_in_place(|| self.telemetry.commit(telemetry, number));
        self.swap(snapshot, plan).await;
        self.telemetry.receive(receiver).await;
        let took = began.elapsed();
        tracing::info!(generation = number, %origin, author = author.as_ref().map(|own| &*own.name),
            ?took, "configuration is serving");
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        report_suspended(&self.snapshot.load().config);
        self.history.accept(Generation {
            number,
            origin,
            author,
            held,
            written: writes.into_iter().map(|write| write.path).collect(),
            digest: Digest::of_texts(&sources),
            sources,
            at: SystemTime::now(),
            took,
            warnings: warnings.clone(),
        });
        self.publish();
        Outcome::Applied { generation: number, warnings }
    }

    /// Everything that can fail, before anything changes.
    fn prepare(&mut self, sources: &[Source], loaded: Loaded) -> Result<Prepared, Refused> {
        let Loaded { config, diagnostics } = loaded;
        let Some(config) = config else {
            return Err(Refused { problems: diagnostics, may_arrive: false });
        };
        let mut may_arrive = true;
        let modules = config.plugins.iter().flat_map(config::Plugin::sources);
        self.seen.files(modules.filter_map(|source| self.store.path(source)));
        let mut problems = Vec::new();
        let addresses = config.listeners.iter().map(|listener| listener.address);
        let plan = self.sockets.plan(addresses, self.workers.count());
        let plan = plan.map_err(|failed| {
            for (address, error) in failed {
                let index = config.listeners.iter().position(|own| own.address == address);
                let message = cannot_listen(address, &error);
                problems.push(problem(sources, "listeners", index.unwrap_or(0), message));
            }
        });
        let telemetry = self.telemetry.prepare(&config).map_err(|failed| {
            problems.extend(failed.into_iter().map(|failed| failed.diagnostic(sources)));
        });
        // Before plugins start: they may call out while they do.
        let registry = telemetry.as_ref().ok().filter(|_| config.telemetry.enabled);
        let registry = registry.map(|prepared| &**prepared.registry());
        let services = compile::services(&config, &self.names, registry);
        let targets = Arc::new(compile::targets(&config, &services, &self.names));
        self.outside.offer(targets.clone());
        let plugins = compile::plugins(&config, &mut self.store).map_err(|failed| {
            for (plugin, error) in failed {
                may_arrive &= error.may_arrive();
                let name = &config.plugins[plugin.0].name;
                let message = format!("plugin `{name}` cannot be started: {error}");
                problems.push(problem(sources, "plugins", plugin.0, message));
            }
        });
        match (plan, telemetry, plugins) {
            (Ok(plan), Ok(telemetry), Ok(plugins)) => {
                let warnings = diagnostics;
                Ok(Prepared { config, plan, plugins, services, targets, telemetry, warnings })
            }
            (Ok(_), Ok(_), Err(())) => Err(Refused { problems, may_arrive }),
            _ => Err(Refused { problems, may_arrive: false }),
        }
    }

    /// From here on requests see the new configuration, and nothing can fail.
    async fn swap(&mut self, snapshot: Snapshot, plan: Plan) {
        let wanted = |source: &PluginSource| {
            snapshot
                .config
                .plugins
                .iter()
                .flat_map(config::Plugin::sources)
                .any(|own| own == source)
        };
        self.store.remote.retain(wanted);
        let change = self.sockets.commit(plan);
        let last = self.snapshot.swap(Arc::new(snapshot));
        for (socket, address) in &change.closed {
            self.workers.close(*socket, &last).await;
            tracing::info!(%address, "listener closed");
        }
        for (socket, address, listeners) in change.opened {
            self.workers.listen(socket, listeners);
            tracing::info!(%address, "listening");
        }
        self.retired.push(last);
        self.release();
    }

    pub(super) fn reject(
        &mut self,
        origin: Origin,
        author: Option<Author>,
        problems: Vec<Diagnostic>,
    ) -> Outcome {
        if self.history.rejected.as_ref().is_some_and(|last| last.problems == problems) {
            // Said already.
            return Outcome::Rejected(problems);
        }
        let running = self.history.running().map_or(0, |running| running.number);
        tracing::error!(%origin, running, "configuration refused, {} problems; what ran before \
            runs on", problems.len());
        for problem in &problems {
            tracing::error!("{problem}");
        }
        let at = SystemTime::now();
        self.history.reject(Rejection { origin, author, at, problems: problems.clone() });
        self.publish();
        Outcome::Rejected(problems)
    }
}

/// Why a configuration is not served.
struct Refused {
    problems: Vec<Diagnostic>,
    /// Nothing is wrong but that modules are not there.
    may_arrive: bool,
}

/// A configuration for which everything that can fail has succeeded.
struct Prepared {
    config: Config,
    plan: Plan,
    plugins: StartedPlugins,
    services: Vec<Arc<Service>>,
    targets: Arc<Targets>,
    telemetry: telemetry::Prepared,
    warnings: Vec<Diagnostic>,
}

/// What is out of use on purpose should not have to be found out.
fn report_suspended(config: &Config) {
    /// Lines for each configuration that is applied; a generated one may suspend thousands.
    const LINES: usize = 20;
    let mut suspended = Suspension::all(config);
    for line in suspended.by_ref().take(LINES) {
        tracing::info!("{line}");
    }
    let more = suspended.count();
    if more > 0 {
        tracing::info!("{more} more are suspended");
    }
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("cannot listen on {address}: another process listens there already")
        }
        std::io::ErrorKind::PermissionDenied => {
            format!("cannot listen on {address}: not permitted (ports below 1024 need a privilege)")
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}

/// A problem that only the running gateway can find.
fn problem(sources: &[Source], list: &str, index: usize, message: String) -> Diagnostic {
    sources::problem(sources::place(sources, list, index), message)
}
