//! `GET /metrics`: counters and gauges in the text format of Prometheus (0.0.4).
//!
//! Units are in the names: `_seconds`, `_bytes`; what only grows ends in `_total`. A counter of a
//! plugin begins at 0 when its instances start: with the process, and with each new module or
//! configuration. Series of the same plugin and module are added up while the old instances drain.
//!
//! | name | labels | what |
//! |---|---|---|
//! | `portico_build_info` | `version` | always 1 |
//! | `portico_generation` | | number of the configuration that serves |
//! | `portico_workers` | | worker threads |
//! | `portico_connections` | | open connections of clients |
//! | `portico_plugin_serving` | `plugin`, `digest` | 1 if new requests enter it, 0 while it drains |
//! | `portico_plugin_requests_total` | `plugin`, `digest` | streams that have entered |
//! | `portico_plugin_callbacks_total` | `plugin`, `digest`, `phase` | calls into the guest |
//! | `portico_plugin_callback_seconds_total` | `plugin`, `digest`, `phase` | their time, by the wall clock |
//! | `portico_plugin_traps_total` | `plugin`, `digest` | guests that trapped |
//! | `portico_plugin_deadlines_total` | `plugin`, `digest` | callbacks and requests that used too much CPU time |
//! | `portico_plugin_limits_met_total` | `plugin`, `digest`, `limit` | what was refused by a limit; `log_rate` is log lines dropped |
//! | `portico_plugin_instances_replaced_total` | `plugin`, `digest` | instances that took the place of a failed one |
//! | `portico_plugin_instances` | `plugin`, `digest` | instances there are |
//! | `portico_plugin_contexts` | `plugin`, `digest` | streams inside of them |
//! | `portico_plugin_memory_bytes` | `plugin`, `digest` | linear memory of all instances |
//! | `portico_plugin_calls_total` | `plugin` | HTTP and gRPC call-outs that were started |
//! | `portico_plugin_calls_failed_total` | `plugin` | of these, without a usable answer |
//! | `portico_plugin_calls_timed_out_total` | `plugin` | of these, without an answer in time |
//! | `portico_plugin_calls_open` | `plugin` | on their way |
//! | `portico_plugin_canary_percent` | `plugin`, `digest` | share of requests that a canary takes |
//! | `portico_plugin_canary_requests_total` | `plugin`, `digest` | requests that entered a canary |
//! | `portico_plugin_canary_failures_total` | `plugin`, `digest` | of these, the ones that failed in it |
//! | `portico_plugin_custom_…` | `plugin` | what guests define |

mod page;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use portico_wasm::{Limit, MetricStore, Phase};

use self::page::{Kind, Page, Sample};
use super::Admin;
use crate::{
    canary::Trial,
    control::{PluginStatus, Status},
    outside::{CallCounts, Outside},
    snapshot::{Snapshot, Step},
};

const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where the numbers are that the control loop does not have.
#[derive(Clone)]
pub struct Meters {
    pub outside: Arc<Outside>,
    pub guests: Arc<MetricStore>,
}

pub(super) async fn show(State(admin): State<Admin>) -> Response {
    admin.control.refresh().await;
    let status = admin.control.status.load();
    let mut page = Page::default();
    gateway(&mut page, &status);
    plugins(&mut page, &status.plugins);
    calls(&mut page, &admin.meters.outside.counts());
    canaries(&mut page, &trials(&admin.control.snapshot.load()));
    let text = page.finish() + &admin.meters.guests.render_prometheus();
    ([(header::CONTENT_TYPE, TYPE)], text).into_response()
}

fn gateway(page: &mut Page, status: &Status) {
    let generation = status.history.running().map_or(0, |running| running.number);
    let version = Sample::new(1).label("version", env!("CARGO_PKG_VERSION"));
    page.family("portico_build_info", Kind::Gauge, "The version of the gateway.", [version]);
    let mut gauge =
        |name, help, value: u64| page.family(name, Kind::Gauge, help, [Sample::new(value)]);
    gauge("portico_generation", "Number of the configuration that serves.", generation);
    gauge("portico_workers", "Worker threads.", status.workers as u64);
    gauge("portico_connections", "Open connections of clients.", status.connections as u64);
}

/// One module of one plugin: all its instances, current and draining.
#[derive(Default)]
struct Sum<'a> {
    of: Vec<&'a PluginStatus>,
}

impl Sum<'_> {
    fn add(&self, value: impl Fn(&PluginStatus) -> u64) -> u64 {
        self.of.iter().map(|status| value(status)).sum()
    }
}

fn plugins(page: &mut Page, plugins: &[PluginStatus]) {
    let mut sums = BTreeMap::<(&str, &str), Sum<'_>>::new();
    for plugin in plugins {
        sums.entry((&plugin.name, &plugin.digest)).or_default().of.push(plugin);
    }
    let sample = |((plugin, digest), value): ((&str, &str), u64)| {
        Sample::new(value).label("plugin", plugin).label("digest", digest)
    };
    let mut plain = |name, kind, help, value: fn(&PluginStatus) -> u64| {
        let samples = sums.iter().map(|(key, sum)| sample((*key, sum.add(value))));
        page.family(name, kind, help, samples);
    };
    let (counter, gauge) = (Kind::Counter, Kind::Gauge);
    plain("portico_plugin_serving", gauge, "Whether new requests enter it.", |p| p.current.into());
    plain("portico_plugin_requests", counter, "Streams that have entered.", |p| p.stats.requests);
    plain("portico_plugin_traps", counter, "Guests that trapped.", |p| p.stats.traps);
    let help = "Callbacks and requests that used more CPU time than they may.";
    plain("portico_plugin_deadlines", counter, help, |p| p.stats.deadlines);
    let help = "Instances that took the place of a failed one.";
    plain("portico_plugin_instances_replaced", counter, help, |p| p.stats.replaced);
    plain("portico_plugin_instances", gauge, "Instances there are.", |p| p.stats.instances);
    plain("portico_plugin_contexts", gauge, "Streams inside of instances.", |p| p.stats.contexts);
    let help = "Linear memory of all instances.";
    plain("portico_plugin_memory_bytes", gauge, help, |p| p.memory_bytes as u64);
    let by = |word: &'static str, label: &'static str, of: &dyn Fn(&PluginStatus) -> u64| {
        let samples = sums.iter().map(|(key, sum)| sample((*key, sum.add(of))).label(label, word));
        samples.collect::<Vec<_>>()
    };
    let calls = Phase::ALL
        .iter()
        .flat_map(|phase| by(phase.word(), "phase", &|plugin| plugin.stats.phase(*phase).calls));
    page.family("portico_plugin_callbacks", counter, "Calls into the guest.", calls);
    let times = Phase::ALL.iter().flat_map(|phase| {
        by(phase.word(), "phase", &|plugin| plugin.stats.phase(*phase).nanoseconds)
    });
    let times = times.map(|sample| sample.map(|nanos| Duration::from_nanos(nanos).as_secs_f64()));
    let help = "Time inside of the guest, by the wall clock.";
    page.family("portico_plugin_callback_seconds", counter, help, times);
    let met = Limit::ALL
        .iter()
        .flat_map(|limit| by(limit.word(), "limit", &|plugin| plugin.stats.met.of(*limit)));
    page.family("portico_plugin_limits_met", counter, "What a limit has refused.", met);
}

fn calls(page: &mut Page, counts: &[(Arc<str>, CallCounts)]) {
    let mut plain = |name, kind, help, value: fn(&CallCounts) -> u64| {
        let samples = counts.iter();
        let samples =
            samples.map(|(name, counts)| Sample::new(value(counts)).label("plugin", name));
        page.family(name, kind, help, samples);
    };
    let counter = Kind::Counter;
    plain("portico_plugin_calls", counter, "HTTP and gRPC call-outs started.", |c| c.started);
    let help = "Call-outs without a usable answer.";
    plain("portico_plugin_calls_failed", counter, help, |c| c.failed);
    let help = "Call-outs without an answer in time.";
    plain("portico_plugin_calls_timed_out", counter, help, |c| c.timed_out);
    plain("portico_plugin_calls_open", Kind::Gauge, "Call-outs on their way.", |c| c.open);
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

fn canaries(page: &mut Page, trials: &BTreeMap<Arc<str>, Arc<Trial>>) {
    let mut plain = |name, kind, help, value: fn(&Trial) -> u64| {
        let samples = trials.iter().map(|(name, trial)| {
            let digest = trial.digest().to_string();
            Sample::new(value(trial)).label("plugin", name).label("digest", &digest)
        });
        page.family(name, kind, help, samples);
    };
    let help = "Share of requests that a canary takes.";
    plain("portico_plugin_canary_percent", Kind::Gauge, help, |trial| trial.percent().into());
    let help = "Requests that entered a canary.";
    plain("portico_plugin_canary_requests", Kind::Counter, help, |trial| trial.counts().0);
    let help = "Requests that failed in a canary.";
    plain("portico_plugin_canary_failures", Kind::Counter, help, |trial| trial.counts().1);
}
