//! Canaries: a second module of a plugin that takes a share of its requests, until somebody
//! promotes it, or it is rolled back: by a call, or by itself when too many of its requests fail.
//!
//! A decision holds as long as the configuration names the same module and the same share, over
//! every reload. So a canary that failed does not come back because another line of the file was
//! changed.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use portico_config::config;
use portico_wasm::{Digest, Plugin};

/// A canary in a snapshot: its instances, and what has been decided about it.
#[derive(Clone)]
pub struct Canary {
    /// With as many configurations as the plugin beside it, in the same order.
    pub plugin: Arc<Plugin>,
    pub trial: Arc<Trial>,
    pub threshold: Threshold,
}

/// What is known and decided about one module as the canary of one plugin.
pub struct Trial {
    name: Arc<str>,
    digest: Digest,
    /// What is configured.
    share: AtomicU8,
    /// Its share of the requests, in percent: what is configured, or what was decided.
    percent: AtomicU8,
    requests: AtomicU64,
    failures: AtomicU64,
    decided: Mutex<Decided>,
}

/// How a trial stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Decided {
    /// It takes every request, by a call.
    Promoted,
    /// It takes none.
    RolledBack(Why),
    /// It takes the share that is configured.
    #[default]
    Running,
}

/// Why a canary was rolled back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// Somebody said so.
    Asked,
    /// So many of so many requests failed.
    Failed { failures: u64, requests: u64 },
}

/// When a canary is rolled back by itself.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// More than this many percent; 100 is never.
    pub percent: u8,
    /// Not before this many requests.
    pub of: u64,
}

/// All trials that the running configuration knows.
#[derive(Default)]
pub struct Trials(HashMap<Arc<str>, Arc<Trial>>);

impl Trials {
    /// The trial of a module, with the share that is configured now. Another module is another
    /// trial.
    pub fn begin(
        &mut self,
        name: &Arc<str>,
        digest: Digest,
        canary: &config::Canary,
    ) -> Arc<Trial> {
        let known = self.0.get(name).filter(|trial| trial.digest == digest);
        // Who writes another share wants to see it tried, whatever was decided before.
        let stands = |trial: &Trial| {
            trial.share.load(Relaxed) == canary.percent || *trial.decided() == Decided::Running
        };
        if let Some(trial) = known.filter(|trial| stands(trial)) {
            trial.configure(canary.percent);
            return trial.clone();
        }
        let trial = Arc::new(Trial {
            name: name.clone(),
            digest,
            share: AtomicU8::new(canary.percent),
            percent: AtomicU8::new(canary.percent),
            requests: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            decided: Mutex::default(),
        });
        self.0.insert(name.clone(), trial.clone());
        trial
    }

    /// Forgets those of plugins that have no canary any more.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// The trial of a plugin.
    pub fn get(&self, plugin: &str) -> Option<&Arc<Trial>> {
        self.0.get(plugin)
    }
}

impl Trial {
    /// Whether the next request is the canary's.
    pub fn takes(&self) -> bool {
        match self.percent.load(Relaxed) {
            0 => false,
            100.. => true,
            percent => fastrand::u8(..100) < percent,
        }
    }

    /// A request has entered it.
    pub fn entered(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    /// It failed on a request. Past the threshold this takes it out.
    pub fn failed(&self, threshold: Threshold) {
        let failures = self.failures.fetch_add(1, Relaxed) + 1;
        let requests = self.requests.load(Relaxed).max(failures);
        let too_many =
            failures.saturating_mul(100) > requests.saturating_mul(threshold.percent.into());
        if requests < threshold.of || !too_many {
            return;
        }
        let why = Why::Failed { failures, requests };
        if self.decide(Decided::Running, Decided::RolledBack(why), 0) {
            tracing::error!(target: "portico::plugin", plugin = &*self.name, digest = %self.digest,
                "the canary is rolled back: {why}");
        }
    }

    /// It takes every request from now on.
    pub fn promote(&self) {
        *self.decided() = Decided::Promoted;
        self.percent.store(100, Relaxed);
    }

    /// It takes no request from now on. Those inside of it end there.
    pub fn roll_back(&self) {
        *self.decided() = Decided::RolledBack(Why::Asked);
        self.percent.store(0, Relaxed);
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub fn percent(&self) -> u8 {
        self.percent.load(Relaxed)
    }

    /// Requests that entered it, and how many of them failed in it.
    pub fn counts(&self) -> (u64, u64) {
        (self.requests.load(Relaxed), self.failures.load(Relaxed))
    }

    pub fn stands(&self) -> Decided {
        self.decided().clone()
    }

    fn configure(&self, percent: u8) {
        if *self.decided() == Decided::Running {
            self.share.store(percent, Relaxed);
            self.percent.store(percent, Relaxed);
        }
    }

    /// Decides, if nobody has decided otherwise meanwhile.
    fn decide(&self, from: Decided, to: Decided, percent: u8) -> bool {
        let mut decided = self.decided();
        if *decided != from {
            return false;
        }
        *decided = to;
        self.percent.store(percent, Relaxed);
        true
    }

    /// A decision is one assignment; a panic leaves nothing half done.
    fn decided(&self) -> std::sync::MutexGuard<'_, Decided> {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&config::Canary> for Threshold {
    fn from(canary: &config::Canary) -> Self {
        Self { percent: canary.max_failure_percent, of: canary.max_failure_of.into() }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("by a call"),
            Self::Failed { failures, requests } => {
                write!(f, "{failures} of its {requests} requests failed")
            }
        }
    }
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promoted => f.write_str("promoted"),
            Self::RolledBack(why) => write!(f, "rolled back: {why}"),
            Self::Running => f.write_str("running"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(percent: u8) -> config::Canary {
        config::Canary {
            source: config::PluginSource::Bundled("auth".into()),
            percent,
            max_failure_percent: 5,
            max_failure_of: 20,
            configuration: config::PluginConfiguration::default(),
        }
    }

    fn trial(trials: &mut Trials, module: &[u8], percent: u8) -> Arc<Trial> {
        trials.begin(&"guard".into(), Digest::of(module), &canary(percent))
    }

    const THRESHOLD: Threshold = Threshold { percent: 5, of: 20 };

    #[test]
    fn it_takes_its_share() {
        let trial = trial(&mut Trials::default(), b"new", 10);
        fastrand::seed(3);
        let taken = (0..10_000).filter(|_| trial.takes()).count();
        assert!((900..1_100).contains(&taken), "{taken}");
    }

    #[test]
    fn too_many_failures_take_it_out_and_few_do_not() {
        let mut trials = Trials::default();
        let trial = trial(&mut trials, b"new", 50);
        for _ in 0..19 {
            trial.entered();
        }
        trial.failed(THRESHOLD);
        assert_eq!(trial.percent(), 50, "19 requests are too few to judge");
        trial.entered();
        trial.failed(THRESHOLD);
        assert_eq!(trial.percent(), 0);
        let why = Why::Failed { failures: 2, requests: 20 };
        assert_eq!(trial.stands(), Decided::RolledBack(why));
    }

    #[test]
    fn a_decision_outlives_reloads_and_ends_with_the_module_or_its_share() {
        let mut trials = Trials::default();
        trial(&mut trials, b"new", 5);
        trial(&mut trials, b"new", 10).roll_back();
        assert_eq!(trial(&mut trials, b"new", 10).percent(), 0);
        assert_eq!(trial(&mut trials, b"new", 20).percent(), 20, "it is tried again");
        assert_eq!(trial(&mut trials, b"newer", 20).percent(), 20);
        trial(&mut trials, b"newer", 20).promote();
        assert_eq!(trial(&mut trials, b"newer", 20).percent(), 100);
    }

    #[test]
    fn a_promoted_one_is_not_rolled_back_by_itself() {
        let trial = trial(&mut Trials::default(), b"new", 10);
        trial.promote();
        (0..100).for_each(|_| trial.entered());
        (0..100).for_each(|_| trial.failed(THRESHOLD));
        assert_eq!(trial.stands(), Decided::Promoted);
    }
}
