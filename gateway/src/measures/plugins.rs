//! Plugins: what they did, what they called, and how their canaries fare.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use portico_telemetry::expose::{Family, Kind, Number, Sample, Unit};
use portico_wasm::{Limit, Phase};

use crate::{
    canary::Trial,
    control::PluginStatus,
    outside::CallCounts,
    snapshot::{Snapshot, Step},
};

pub(super) fn families(
    plugins: &[PluginStatus],
    calls: &[(Arc<str>, CallCounts)],
    snapshot: &Snapshot,
) -> Vec<Family> {
    let modules = Modules::new(plugins);
    let mut families = modules.plain();
    families.extend(modules.phases());
    families.push(modules.limits());
    families.extend(of_calls(calls));
    families.extend(of_canaries(&trials(snapshot)));
    families
}

/// Plugins by name and module: all instances of one, current and draining.
struct Modules<'a>(BTreeMap<(&'a str, &'a str), Vec<&'a PluginStatus>>);

impl<'a> Modules<'a> {
    fn new(plugins: &'a [PluginStatus]) -> Self {
        let mut modules = BTreeMap::<_, Vec<_>>::new();
        for plugin in plugins {
            modules.entry((&*plugin.name, &*plugin.digest)).or_default().push(plugin);
        }
        Self(modules)
    }

    fn plain(&self) -> Vec<Family> {
        let mut families = Vec::new();
        let mut add = |name, kind, unit, help, value: fn(&PluginStatus) -> u64| {
            let sum = |all: &[&PluginStatus]| all.iter().map(|plugin| value(plugin)).sum::<u64>();
            let samples = self.0.iter().map(|(key, all)| labelled(*key, sum(all)));
            families.push(Family::new(name, kind, help).unit(unit).with(samples));
        };
        let (counter, up_down, of) = (Kind::Counter, Kind::UpDown, Unit::Count);
        let help = "Whether new requests enter it.";
        add("portico.plugin.serving", Kind::Gauge, Unit::None, help, |own| own.current.into());
        let help = "Streams that have entered.";
        add("portico.plugin.requests", counter, of("request"), help, |own| own.stats.requests);
        let help = "Guests that trapped.";
        add("portico.plugin.traps", counter, of("trap"), help, |own| own.stats.traps);
        let help = "Callbacks and requests that used more CPU time than they may.";
        add("portico.plugin.deadlines", counter, of("deadline"), help, |own| own.stats.deadlines);
        let help = "Instances that took the place of a failed one.";
        let name = "portico.plugin.instances_replaced";
        add(name, counter, of("instance"), help, |own| own.stats.replaced);
        let help = "Instances there are.";
        add("portico.plugin.instances", up_down, of("instance"), help, |own| own.stats.instances);
        let help = "Streams inside of instances.";
        add("portico.plugin.contexts", up_down, of("context"), help, |own| own.stats.contexts);
        let help = "Linear memory of all instances.";
        add("portico.plugin.memory", up_down, Unit::Bytes, help, |own| own.memory_bytes as u64);
        families
    }

    fn phases(&self) -> [Family; 2] {
        let help = "Calls into the guest.";
        let calls = Family::new("portico.plugin.callbacks", Kind::Counter, help);
        let calls = calls.unit(Unit::Count("call")).with(self.by(
            ("phase", &Phase::ALL, Phase::word),
            |plugin, phase| plugin.stats.phase(phase).calls,
            Number::from,
        ));
        let help = "Time inside of the guest, by the wall clock.";
        let time = Family::new("portico.plugin.callback", Kind::Counter, help);
        let time = time.unit(Unit::Seconds).with(self.by(
            ("phase", &Phase::ALL, Phase::word),
            |plugin, phase| plugin.stats.phase(phase).nanoseconds,
            |nanos| Duration::from_nanos(nanos).as_secs_f64().into(),
        ));
        [calls, time]
    }

    fn limits(&self) -> Family {
        let help = "What a limit has refused.";
        let met = Family::new("portico.plugin.limits_met", Kind::Counter, help);
        met.with(self.by(
            ("limit", &Limit::ALL, Limit::word),
            |plugin, limit| plugin.stats.met.of(limit),
            Number::from,
        ))
    }

    /// A sample for each module and each of some words.
    fn by<W: Copy>(
        &self,
        (label, words, word): (&'static str, &[W], fn(W) -> &'static str),
        value: impl Fn(&PluginStatus, W) -> u64,
        shown: impl Fn(u64) -> Number,
    ) -> Vec<Sample> {
        let samples = words.iter().flat_map(|own| {
            let (value, shown) = (&value, &shown);
            self.0.iter().map(move |(key, all)| {
                let sum: u64 = all.iter().map(|plugin| value(plugin, *own)).sum();
                labelled(*key, shown(sum)).label(label, word(*own))
            })
        });
        samples.collect()
    }
}

fn labelled((plugin, digest): (&str, &str), value: impl Into<Number>) -> Sample {
    Sample::new(value).label("plugin", plugin.to_owned()).label("digest", digest.to_owned())
}

fn of_calls(counts: &[(Arc<str>, CallCounts)]) -> Vec<Family> {
    let mut families = Vec::new();
    let mut add = |name, kind, help, value: fn(&CallCounts) -> u64| {
        let samples = counts
            .iter()
            .map(|(plugin, counts)| Sample::new(value(counts)).label("plugin", plugin.to_string()));
        let family = Family::new(name, kind, help).unit(Unit::Count("call"));
        families.push(family.with(samples));
    };
    let counter = Kind::Counter;
    add("portico.plugin.calls", counter, "HTTP and gRPC call-outs started.", |c| c.started);
    let help = "Call-outs without a usable answer.";
    add("portico.plugin.calls_failed", counter, help, |c| c.failed);
    let help = "Call-outs without an answer in time.";
    add("portico.plugin.calls_timed_out", counter, help, |c| c.timed_out);
    add("portico.plugin.calls_open", Kind::UpDown, "Call-outs on their way.", |c| c.open);
    families
}

/// The canaries that some rule sends requests to, by plugin.
fn trials(snapshot: &Snapshot) -> BTreeMap<Arc<str>, Arc<Trial>> {
    let steps = snapshot.rules.iter().flat_map(|rule| &rule.steps);
    let canaries = steps.filter_map(|step| match step {
        Step::Plugin(step) => step.canary.as_ref(),
        _ => None,
    });
    canaries.map(|canary| (canary.plugin.spec().name.clone(), canary.trial.clone())).collect()
}

fn of_canaries(trials: &BTreeMap<Arc<str>, Arc<Trial>>) -> Vec<Family> {
    let mut families = Vec::new();
    let mut add = |name, kind, help, value: fn(&Trial) -> u64| {
        let samples = trials
            .iter()
            .map(|(plugin, trial)| labelled((plugin, &trial.digest().to_string()), value(trial)));
        families.push(Family::new(name, kind, help).with(samples));
    };
    let help = "Share of requests that a canary takes.";
    add("portico.plugin.canary_percent", Kind::Gauge, help, |trial| trial.percent().into());
    let help = "Requests that entered a canary.";
    add("portico.plugin.canary_requests", Kind::Counter, help, |trial| trial.counts().0);
    let help = "Requests that failed in a canary.";
    add("portico.plugin.canary_failures", Kind::Counter, help, |trial| trial.counts().1);
    families
}
