//! What a configuration wants to be told, compiled: a request finds everything it is counted and
//! judged by without looking for a name.

use std::sync::Arc;

use portico_config::config::{self, Config};
use portico_telemetry::{
    context::{Formats, Propagation},
    sampling::{self, Parents, RuleSampler, RuleSettings, Sampler, SettingsError},
    series::{Edge, Registry, Series},
    store::{Keeper, Watch},
};

/// What is told while a configuration serves.
pub struct Plan {
    /// How contexts are passed on; nothing if nobody would get our spans, so that the traces of
    /// others stay whole.
    pub(crate) propagation: Option<Propagation>,
    /// Somebody wants the record of every request.
    pub(super) every: bool,
    /// Somebody wants spans.
    pub(super) exports: bool,
    /// By rule.
    rules: Box<[RuleMeters]>,
    /// By listener: requests that meet no rule of it.
    unmatched: Box<[Arc<Series>]>,
    /// Requests that no listener takes.
    nowhere: Arc<Series>,
    unrouted: Arc<Watch>,
    sampler: RuleSampler,
    /// For endpoints that become known while it serves.
    pub(super) registry: Arc<Registry>,
}

/// What the requests of a rule are counted and judged by.
struct RuleMeters {
    /// By listener.
    entries: Box<[Arc<Series>]>,
    /// By service.
    branches: Box<[(Arc<str>, Arc<Series>)]>,
    watch: Arc<Watch>,
    sampler: RuleSampler,
}

/// What a request is counted by.
pub(crate) struct Counted<'a> {
    pub(crate) entry: &'a Arc<Series>,
    pub(crate) watch: &'a Watch,
    pub(crate) sampler: &'a RuleSampler,
}

impl Plan {
    /// # Errors
    /// If the numbers of the sampler mean nothing.
    pub(super) fn new(
        config: &Config,
        registry: &Arc<Registry>,
        keeper: &Keeper,
        workers: usize,
    ) -> Result<Self, SettingsError> {
        let telemetry = &config.telemetry;
        let sampler = Sampler::new(sampler_settings(config), workers)?;
        let listeners = || config.listeners.iter().map(|listener| &listener.name);
        let rules = config.routes.iter().flat_map(|route| {
            let (sampler, registry) = (&sampler, &registry);
            route.rules.iter().map(move |rule| {
                let name: Arc<str> = format!("{}/{}", route.name, rule.name).into();
                let entry = |listener| registry.series(Edge::entry(listener, &route.name, &name));
                let branch = |backend: &config::Backend| {
                    let service = &config.services[backend.service.0].name;
                    (service.clone(), registry.series(Edge::branch(&route.name, &name, service)))
                };
                RuleMeters {
                    entries: listeners().map(entry).collect(),
                    branches: rule.backends.iter().map(branch).collect(),
                    watch: keeper.route(&route.name),
                    sampler: sampler.rule(Some(&name)),
                }
            })
        });
        let exports = telemetry
            .exporters
            .iter()
            .any(|exporter| exporter.signals.contains(&config::Signal::Traces));
        let nowhere: Arc<str> = "-".into();
        Ok(Self {
            propagation: (exports || telemetry.receiver.is_some())
                .then(|| propagation(&telemetry.tracing.propagation)),
            every: !telemetry.access_logs.is_empty(),
            exports,
            rules: rules.collect(),
            unmatched: listeners().map(|name| registry.series(Edge::unmatched(name))).collect(),
            nowhere: registry.series(Edge::unmatched(&nowhere)),
            unrouted: keeper.unrouted(),
            sampler: sampler.rule(None),
            registry: registry.clone(),
        })
    }

    /// What a request is counted by: one of a rule, of a listener without a rule, or of neither.
    pub(crate) fn counted(&self, listener: Option<usize>, rule: Option<usize>) -> Counted<'_> {
        if let (Some(listener), Some(rule)) = (listener, rule.and_then(|rule| self.rules.get(rule)))
            && let Some(entry) = rule.entries.get(listener)
        {
            return Counted { entry, watch: &rule.watch, sampler: &rule.sampler };
        }
        let entry = listener.and_then(|listener| self.unmatched.get(listener));
        Counted {
            entry: entry.unwrap_or(&self.nowhere),
            watch: &self.unrouted,
            sampler: &self.sampler,
        }
    }

    /// What the requests from a rule to a service are counted by.
    pub(super) fn branch(&self, rule: usize, service: &Arc<str>) -> Option<&Series> {
        let branches = &self.rules.get(rule)?.branches;
        branches.iter().find(|(name, _)| name == service).map(|(_, series)| &**series)
    }
}

fn sampler_settings(config: &Config) -> sampling::Settings {
    let tracing = &config.telemetry.tracing;
    let rules = tracing.routes.iter().map(|(route, share)| RuleSettings {
        rule: config.routes[route.0].name.to_string(),
        rate: Some(share.ratio()),
        slow: None,
    });
    sampling::Settings {
        parents: match tracing.parent {
            config::ParentDecision::Ignore => Parents::Ignore,
            config::ParentDecision::Respect => Parents::Respect,
        },
        rate: tracing.sample.ratio(),
        per_second: Some(tracing.max_per_second.into()),
        slow: Some(tracing.slow),
        rules: rules.collect(),
        ..sampling::Settings::default()
    }
}

fn propagation(written: &[config::Propagation]) -> Propagation {
    let format = |form: &config::Propagation| match form {
        config::Propagation::B3 => Formats::B3,
        config::Propagation::B3Multi => Formats::B3_MULTI,
        config::Propagation::Jaeger => Formats::JAEGER,
        config::Propagation::W3c => Formats::W3C,
    };
    let write = written.iter().map(format).fold(Formats::NONE, |all, own| all | own);
    Propagation { write, ..Propagation::default() }
}
