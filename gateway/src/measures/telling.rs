//! How telling fares: what exporters, access logs, the receiver and the store took, and lost.

use std::collections::BTreeMap;

use portico_telemetry::{
    access_log,
    export::SignalStatus,
    expose::{Family, Kind, Number, Sample, Unit},
    store::Interest,
};

use crate::telemetry::{Live, LogStatus, ReceiverStatus};

pub(super) fn families(live: &Live) -> Vec<Family> {
    let help = "Records of requests that were dropped: the collector did not keep up.";
    let dropped = Family::new("portico.telemetry.records_dropped", Kind::Counter, help);
    let mut families =
        vec![dropped.unit(Unit::Count("record")).with([Sample::new(live.dropped())])];
    families.extend(exporters(live));
    families.extend(access_logs(&live.access_logs()));
    families.extend(receiver(live));
    families.extend(store(live));
    families
}

fn exporters(live: &Live) -> Vec<Family> {
    let exporters = live.exporters();
    let signals = || {
        exporters.iter().flat_map(|(name, status)| {
            status.signals.iter().map(move |signal| (name.to_string(), signal))
        })
    };
    let labelled = |name: &str, signal: &SignalStatus, value: Number| {
        let word = format!("{:?}", signal.signal).to_lowercase();
        Sample::new(value).label("exporter", name.to_owned()).label("signal", word)
    };
    let outcomes = |outcomes: fn(&SignalStatus) -> Vec<(&'static str, u64)>| {
        let of = |(name, signal): (String, &SignalStatus)| {
            let all = outcomes(signal).into_iter();
            let all = all.map(|(outcome, count)| {
                labelled(&name, signal, count.into()).label("outcome", outcome)
            });
            all.collect::<Vec<_>>()
        };
        signals().flat_map(of).collect::<Vec<_>>()
    };
    let now = |value: fn(&SignalStatus) -> Number| {
        signals().map(|(name, signal)| labelled(&name, signal, value(signal))).collect::<Vec<_>>()
    };
    let items = Unit::Count("item");
    let help = "Spans, log records and states of metrics, by what became of them.";
    let all = Family::new("portico.exporter.items", Kind::Counter, help).unit(items);
    let help = "Requests to the receiver.";
    let requests = Family::new("portico.exporter.requests", Kind::Counter, help);
    let help = "Items that wait to be sent.";
    let queued = Family::new("portico.exporter.queued", Kind::UpDown, help).unit(items);
    let help = "Bytes that wait to be sent.";
    let bytes = Family::new("portico.exporter.queued.size", Kind::UpDown, help);
    let help = "Whether the last request to the receiver failed.";
    let failing = Family::new("portico.exporter.failing", Kind::Gauge, help);
    vec![
        all.with(outcomes(items_of)),
        requests.unit(Unit::Count("request")).with(outcomes(requests_of)),
        queued.with(now(|signal| signal.queued.into())),
        bytes.unit(Unit::Bytes).with(now(|signal| signal.queued_bytes.into())),
        failing.with(now(|signal| signal.failing.into())),
    ]
}

fn items_of(signal: &SignalStatus) -> Vec<(&'static str, u64)> {
    vec![
        ("sent", signal.sent),
        ("rejected", signal.rejected),
        ("queue_full", signal.dropped_full),
        ("refused", signal.dropped_refused),
        ("gave_up", signal.dropped_gave_up),
    ]
}

fn requests_of(signal: &SignalStatus) -> Vec<(&'static str, u64)> {
    let failed = signal.failures;
    vec![("ok", signal.requests.saturating_sub(failed)), ("failed", failed)]
}

/// Logs with the same target are added up.
fn access_logs(logs: &[LogStatus]) -> Vec<Family> {
    let mut targets = BTreeMap::<&str, access_log::Status>::new();
    for LogStatus { target, status } in logs {
        let Some(status) = status else { continue };
        let sum = targets.entry(target).or_default();
        sum.written += status.written;
        sum.dropped_queue_full += status.dropped_queue_full;
        sum.dropped_write_failed += status.dropped_write_failed;
        sum.queued_bytes += status.queued_bytes;
        sum.reopened += status.reopened;
        sum.is_failing |= status.is_failing;
    }
    let of = |value: fn(&access_log::Status) -> Number| {
        let sample = |(target, status): (&&str, &access_log::Status)| {
            Sample::new(value(status)).label("target", (*target).to_owned())
        };
        targets.iter().map(sample).collect::<Vec<_>>()
    };
    let outcome = |outcome, value| {
        of(value).into_iter().map(move |sample: Sample| sample.label("outcome", outcome))
    };
    let help = "Lines, by what became of them.";
    let lines = Family::new("portico.access_log.lines", Kind::Counter, help);
    let help = "Bytes that wait to be written.";
    let queued =
        Family::new("portico.access_log.queued.size", Kind::UpDown, help).unit(Unit::Bytes);
    let help = "How often the file was opened again.";
    let reopened = Family::new("portico.access_log.reopened", Kind::Counter, help);
    let help = "Whether the last write, or the last attempt to open the file, failed.";
    let failing = Family::new("portico.access_log.failing", Kind::Gauge, help);
    vec![
        lines
            .unit(Unit::Count("line"))
            .with(outcome("written", |status| status.written.into()))
            .with(outcome("queue_full", |status| status.dropped_queue_full.into()))
            .with(outcome("write_failed", |status| status.dropped_write_failed.into())),
        queued.with(of(|status| status.queued_bytes.into())),
        reopened.with(of(|status| status.reopened.into())),
        failing.with(of(|status| status.is_failing.into())),
    ]
}

fn receiver(live: &Live) -> Vec<Family> {
    let Some(received) = live.received() else { return Vec::new() };
    let help = "Whether spans of services can be received.";
    let up = Family::new("portico.receiver.up", Kind::Gauge, help);
    let up = up.with([Sample::new(received.is_ok())]);
    let Ok(ReceiverStatus { received, .. }) = received else { return vec![up] };
    let by = |outcomes: &[(&'static str, u64)]| {
        let sample =
            |(outcome, count): &(&'static str, u64)| Sample::new(*count).label("outcome", *outcome);
        outcomes.iter().map(sample).collect::<Vec<_>>()
    };
    let help = "Connections of services.";
    let connections = Family::new("portico.receiver.connections", Kind::Counter, help);
    let help = "Requests of services, by what became of them.";
    let requests = Family::new("portico.receiver.requests", Kind::Counter, help);
    let help = "Spans of services, by what became of them.";
    let spans = Family::new("portico.receiver.spans", Kind::Counter, help);
    vec![
        up,
        connections.unit(Unit::Count("connection")).with([Sample::new(received.connections)]),
        requests.unit(Unit::Count("request")).with(by(&[
            ("taken", received.requests),
            ("bad", received.refused_bad),
            ("too_large", received.refused_large),
            ("not_offered", received.refused_other),
        ])),
        spans
            .unit(Unit::Count("span"))
            .with(by(&[("taken", received.spans), ("rejected", received.spans_rejected)])),
    ]
}

fn store(live: &Live) -> Vec<Family> {
    let held = live.shelf().store.held();
    let kept = Interest::ALL.into_iter().zip(held.records).map(|(interest, count)| {
        Sample::new(count).label("interest", format!("{interest:?}").to_lowercase())
    });
    let help = "Requests that are kept, by what is interesting about them.";
    let records = Family::new("portico.store.records", Kind::UpDown, help);
    let help = "Memory of the requests that are kept.";
    let size = Family::new("portico.store.records.size", Kind::UpDown, help);
    let help = "Requests that made room for newer ones.";
    let evicted = Family::new("portico.store.records_evicted", Kind::Counter, help);
    let help = "Received spans that are kept.";
    let spans = Family::new("portico.store.spans", Kind::UpDown, help);
    let help = "Memory of the received spans that are kept.";
    let spans_size = Family::new("portico.store.spans.size", Kind::UpDown, help);
    let help = "Received spans that are not kept any more, or never were.";
    let lost = Family::new("portico.store.spans_lost", Kind::Counter, help);
    let (records_unit, spans_unit) = (Unit::Count("record"), Unit::Count("span"));
    vec![
        records.unit(records_unit).with(kept),
        size.unit(Unit::Bytes).with([Sample::new(held.record_bytes)]),
        evicted.unit(records_unit).with([Sample::new(held.evicted)]),
        spans.unit(spans_unit).with([Sample::new(held.spans.spans)]),
        spans_size.unit(Unit::Bytes).with([Sample::new(held.spans.bytes)]),
        lost.unit(spans_unit).with([
            Sample::new(held.spans.evicted).label("reason", "evicted"),
            Sample::new(held.spans.dropped).label("reason", "trace_full"),
        ]),
    ]
}
