//! Everything that is counted and measured, as families: what `/metrics` shows, and what exporters
//! of metrics send. Both get the same.
//!
//! Units are in the names: `_seconds`, `_bytes`; what only grows ends in `_total`. For OTLP names
//! have dots in place of the first underscores, and neither unit nor `_total`. What requests,
//! services and endpoints count is listed in [`portico_telemetry::expose`], and what the process
//! uses in [`portico_telemetry::process`].
//!
//! A counter of a plugin begins at 0 when its instances start: with the process, and with each new
//! module or configuration. Series of the same plugin and module are added up while the old
//! instances drain.
//!
//! | name | labels | what |
//! |---|---|---|
//! | `portico_build_info` | `version` | always 1 |
//! | `portico_generation` | | number of the configuration that serves |
//! | `portico_swaps_total` | | configurations that were swapped in |
//! | `portico_swaps_rejected_total` | | configurations that were refused |
//! | `portico_swap_rejected` | | 1 if the last one was refused, and what ran before runs on |
//! | `portico_swap_seconds` | | from reading to serving, of the one that serves |
//! | `portico_swap_timestamp_seconds` | | when it began to serve, in seconds since 1970 |
//! | `portico_snapshots` | | configurations that some request may be using |
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
//! | `portico_telemetry_records_dropped_total` | | records of requests that nobody had time for |
//! | `portico_exporter_items_total` | `exporter`, `signal`, `outcome` | `sent`, or why not |
//! | `portico_exporter_requests_total` | `exporter`, `signal`, `outcome` | `ok` or `failed` |
//! | `portico_exporter_queued` | `exporter`, `signal` | items that wait |
//! | `portico_exporter_queued_size_bytes` | `exporter`, `signal` | their bytes |
//! | `portico_exporter_failing` | `exporter`, `signal` | 1 if the last request failed |
//! | `portico_access_log_lines_total` | `target`, `outcome` | `written`, or why not |
//! | `portico_access_log_queued_size_bytes` | `target` | bytes that wait to be written |
//! | `portico_access_log_reopened_total` | `target` | how often the file was opened again |
//! | `portico_access_log_failing` | `target` | 1 if the last write failed |
//! | `portico_receiver_up` | | 0 if its address could not be had |
//! | `portico_receiver_connections_total` | | connections of services |
//! | `portico_receiver_requests_total` | `outcome` | `taken`, or why not |
//! | `portico_receiver_spans_total` | `outcome` | `taken` or `rejected` |
//! | `portico_store_records` | `interest` | requests that are kept, by why |
//! | `portico_store_records_size_bytes` | | their bytes |
//! | `portico_store_records_evicted_total` | | that made room for newer ones |
//! | `portico_store_spans` | | received spans that are kept |
//! | `portico_store_spans_size_bytes` | | their bytes |
//! | `portico_store_spans_lost_total` | `reason` | `evicted` for newer ones, or `trace_full` |
//!
//! Labels are names of the configuration: plugins, exporters, paths of logs. Nothing that a client
//! sends becomes one. A guest can define at most as many series as its limit says.

mod gateway;
mod guests;
mod plugins;
mod telling;

use std::{sync::Arc, time::Duration};

use portico_telemetry::{export::Exporter, expose::Family};
use portico_wasm::MetricStore;
use tokio::{
    task::block_in_place,
    time::{MissedTickBehavior, interval, timeout},
};

pub use self::guests::of_guests;
use crate::{control::Control, outside::Outside, telemetry::Live};

/// How long to wait for fresh numbers of plugins. The control loop may be starting some, and last
/// known numbers are better than none.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked whether an exporter wants metrics; their intervals are seconds.
const LOOK: Duration = Duration::from_secs(1);

/// Where the numbers are.
#[derive(Clone)]
pub struct Measures {
    pub control: Control,
    pub telemetry: Arc<Live>,
    pub outside: Arc<Outside>,
    pub guests: Arc<MetricStore>,
}

impl Measures {
    /// Everything, as it is now. Each family has a name of its own.
    pub async fn families(&self) -> Vec<Family> {
        let _late = timeout(PATIENCE, self.control.refresh()).await;
        // Adding up the series of a large configuration takes milliseconds.
        block_in_place(|| self.last_known())
    }

    fn last_known(&self) -> Vec<Family> {
        let (status, snapshot) = (self.control.status.load(), self.control.snapshot.load());
        let mut families = gateway::families(&status);
        families.extend(plugins::families(&status.plugins, &self.outside.counts(), &snapshot));
        if snapshot.telemetry.is_some() {
            families.extend(self.telemetry.requests());
            families.extend(telling::families(&self.telemetry));
        }
        families.extend(self.telemetry.process());
        families.extend(of_guests(&self.guests));
        families
    }

    /// Sends them to exporters whenever it is time, until the process ends.
    pub async fn export(self) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.send(self.telemetry.due()).await;
        }
    }

    /// Sends them once more, because nothing will be counted any more.
    pub async fn export_last(&self) {
        self.send(self.telemetry.takers_of_metrics()).await;
    }

    async fn send(&self, takers: Vec<Exporter>) {
        if !takers.is_empty() {
            let families = self.families().await;
            block_in_place(|| self.telemetry.send(&families, &takers));
        }
    }
}
