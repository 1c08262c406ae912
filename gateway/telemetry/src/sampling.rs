//! Which traces are exported.
//!
//! At the start (head) a trace is sampled because its caller said so, or by its id, and the
//! decision travels on to the services. At the end (tail) what went wrong or was slow is kept even
//! if the head said no; of such a trace only the gateway's own spans exist, since the services
//! were told not to record theirs.

mod limit;
mod randomness;

use std::{sync::Arc, time::Duration};

use self::limit::Limit;
use crate::{
    context::{Decision, Incoming},
    record::{Origin, Outcome, Record},
};

/// What is sampled.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What the decision of a caller means. Default: it counts.
    pub parents: Parents,
    /// The share of traces without a caller's decision that is sampled, 0 to 1. Default 1: with
    /// `per_second` beside it, whoever tries a request sees its trace, and load does not cost
    /// more for it.
    pub rate: f64,
    /// At most so many of those a second, in the whole gateway. Default 100: at about 10 µs a
    /// trace that is 0.1 % of one core, whatever the load is. None: no limit.
    pub per_second: Option<f64>,
    /// At most so many traces a second that callers want sampled; what is beyond goes on as not
    /// sampled. Default 1,000, so that strangers cannot make the gateway spend more than 1 % of a
    /// core on their traces.
    pub inherited_per_second: Option<f64>,
    /// Failed requests are kept whatever the head said. Default: yes.
    pub errors: bool,
    /// Slower requests are kept whatever the head said: longer until the head of the answer was
    /// sent, so that a long download is not slow. Default 1 s. None: slow ones are as others.
    pub slow: Option<Duration>,
    /// At most so many a second are kept for `errors` and `slow`. Default 1,000, for the day when
    /// everything fails.
    pub tail_per_second: Option<f64>,
    /// What is different for some routes.
    pub rules: Vec<RuleSettings>,
}

/// What is different for a route or for one of its rules. What is missing is as for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSettings {
    /// `route`, or `route/rule`, which goes before it.
    pub rule: String,
    pub rate: Option<f64>,
    pub slow: Option<Duration>,
}

/// What the decision of a caller means.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Parents {
    /// Nothing: each trace is decided by its id. For an edge that faces strangers.
    Ignore,
    /// It counts, within `inherited_per_second`.
    #[default]
    Respect,
}

/// Settings that mean nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    #[error("a limit per second is 0 or more, not `{0}`")]
    PerSecond(String),
    #[error("a rate is between 0 and 1, not `{0}`")]
    Rate(String),
}

/// Decides for a whole gateway. Its limits are divided among the workers, so that they share
/// nothing; a worker that serves alone gets its share only.
#[derive(Debug)]
pub struct Sampler {
    settings: Settings,
    limits: Arc<Limits>,
}

/// Decides for one rule. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RuleSampler {
    parents: Parents,
    /// Traces whose randomness is at least this are sampled.
    threshold: u64,
    errors: bool,
    slow: Duration,
    limits: Arc<Limits>,
}

/// Why the spans of a trace are exported.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kept {
    /// The request failed.
    Error,
    /// It was sampled when it began.
    Head,
    /// A plugin trapped or used too much time.
    Plugin,
    /// It was slow.
    Slow,
}

/// What the decision at the end depends on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The head said yes.
    pub sampled: bool,
    /// The gateway or a service failed.
    pub failed: bool,
    /// A plugin did.
    pub plugin_failed: bool,
    /// Until the head of the answer was sent, or until the end if none was.
    pub answered: Duration,
}

#[derive(Debug)]
struct Limits {
    fresh: Limit,
    inherited: Limit,
    tail: Limit,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parents: Parents::Respect,
            rate: 1.0,
            per_second: Some(100.0),
            inherited_per_second: Some(1000.0),
            errors: true,
            slow: Some(Duration::from_secs(1)),
            tail_per_second: Some(1000.0),
            rules: Vec::new(),
        }
    }
}

impl Sampler {
    /// `workers` is how many threads will ask.
    ///
    /// # Errors
    /// A rate or a limit that is no such number.
    pub fn new(settings: Settings, workers: usize) -> Result<Self, SettingsError> {
        let rates = settings.rules.iter().filter_map(|rule| rule.rate);
        for rate in rates.chain([settings.rate]) {
            if !(0.0..=1.0).contains(&rate) {
                return Err(SettingsError::Rate(rate.to_string()));
            }
        }
        let limits = Limits {
            fresh: Limit::new(settings.per_second, workers)?,
            inherited: Limit::new(settings.inherited_per_second, workers)?,
            tail: Limit::new(settings.tail_per_second, workers)?,
        };
        Ok(Self { settings, limits: Arc::new(limits) })
    }

    /// The sampler of a rule (`route/rule`), or of requests that meet none. To be asked when a
    /// configuration is compiled, not for each request.
    pub fn rule(&self, rule: Option<&str>) -> RuleSampler {
        let settings = &self.settings;
        let route = rule.map(|rule| rule.split('/').next().unwrap_or(rule));
        let named =
            |name: Option<&str>| settings.rules.iter().find(|own| Some(own.rule.as_str()) == name);
        let (own, of_route) = (named(rule), named(route));
        let first = |of: fn(&RuleSettings) -> Option<f64>| {
            own.and_then(of).or_else(|| of_route.and_then(of))
        };
        let slow = own.and_then(|own| own.slow).or_else(|| of_route.and_then(|own| own.slow));
        let slow = slow.or(settings.slow);
        RuleSampler {
            parents: settings.parents,
            threshold: randomness::threshold(first(|own| own.rate).unwrap_or(settings.rate)),
            errors: settings.errors,
            slow: slow.unwrap_or(Duration::MAX),
            limits: Arc::clone(&self.limits),
        }
    }

    /// How many traces were not kept because of a limit per second, since the start.
    pub fn limited(&self) -> u64 {
        let Limits { fresh, inherited, tail } = &*self.limits;
        fresh.refused() + inherited.refused() + tail.refused()
    }
}

impl RuleSampler {
    /// At the start: whether the trace is sampled. `now` counts from any fixed moment. To be asked
    /// once for a request, by the worker that serves it.
    pub fn head(
        &self,
        worker: usize,
        incoming: &Incoming,
        trace_id: &[u8; 16],
        now: Duration,
    ) -> bool {
        let decision = match self.parents {
            Parents::Ignore => Decision::Deferred,
            Parents::Respect => incoming.decision,
        };
        match decision {
            Decision::No => false,
            Decision::Debug | Decision::Yes => self.limits.inherited.admit(worker, now),
            Decision::Deferred => {
                randomness::of(trace_id, incoming.state.text()) >= self.threshold
                    && self.limits.fresh.admit(worker, now)
            }
        }
    }

    /// At the end: whether, and why, the spans are exported. Once for a request, by the worker
    /// that served it.
    pub fn tail(&self, worker: usize, facts: Facts, now: Duration) -> Option<Kept> {
        let kept = self.reason(facts)?;
        (kept == Kept::Head || self.limits.tail.admit(worker, now)).then_some(kept)
    }

    /// The same without the limit.
    pub fn reason(&self, facts: Facts) -> Option<Kept> {
        match facts {
            Facts { sampled: true, .. } => Some(Kept::Head),
            Facts { plugin_failed: true, .. } if self.errors => Some(Kept::Plugin),
            Facts { failed: true, .. } if self.errors => Some(Kept::Error),
            Facts { answered, .. } if answered > self.slow => Some(Kept::Slow),
            _ => None,
        }
    }
}

impl Kept {
    /// The word for it: `error`, `head`, `plugin`, `slow`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Head => "head",
            Self::Plugin => "plugin",
            Self::Slow => "slow",
        }
    }
}

impl From<&Record> for Facts {
    fn from(record: &Record) -> Self {
        Self {
            sampled: record.trace.sampled,
            failed: has_failed(record),
            plugin_failed: record.filters.iter().any(|filter| filter.failed.is_some()),
            answered: record.phases.answered.unwrap_or(record.took),
        }
    }
}

/// The gateway or a service failed. A client that was refused or went away is no failure, or else
/// a scanner would fill the exporter.
pub fn has_failed(record: &Record) -> bool {
    let broken = record.attempts.last().is_some_and(|attempt| {
        matches!(
            attempt.outcome,
            Outcome::Refused(_) | Outcome::Reset(_) | Outcome::Protocol(_) | Outcome::TimedOut
        )
    });
    match &record.response.origin {
        _ if record.response.status >= 500 => true,
        Origin::Nobody(failed) => broken && failed.reason != "client_gone",
        Origin::Service => broken,
        Origin::Filter(_) | Origin::Gateway(_) => false,
    }
}

#[cfg(test)]
mod tests;
