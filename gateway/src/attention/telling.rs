//! What is told does not arrive: exporters, logs, spans, records; and contexts that get lost.

use super::{
    Action, Attention, Kind, Severity,
    situation::{Finding, Situation, Telling},
    words::{capital, count},
};

pub(super) fn say(situation: &Situation, all: &mut Vec<Attention>) {
    let Telling { exporters, logs, receiver, dropped } = &situation.telling;
    let mut trouble = |what: &str, severity, name: &str, sentence: String, why: Option<String>| {
        let found = Attention::new(what, severity, Kind::Telemetry, name, sentence).why(why);
        all.push(found.action(Action::page("Open telemetry", "/telemetry")));
    };
    for (name, why) in exporters {
        let sentence = format!("The exporter `{name}` cannot deliver: {why}.");
        let then = "What it cannot send waits in its queue, and is dropped when that is full.";
        trouble("exporter", Severity::Warning, name, sentence, Some(then.to_owned()));
    }
    for target in logs {
        let sentence = format!("The access log `{target}` cannot be written.");
        trouble("log", Severity::Warning, target, sentence, None);
    }
    if let Some(why) = receiver {
        let sentence = format!("Spans of services are not received: {why}.");
        let then = "The gateway's own spans are not affected. The next reload tries again.";
        trouble("receiver", Severity::Notice, "receiver", sentence, Some(then.to_owned()));
    }
    if *dropped > 0 {
        let records = capital(&count(*dropped, "record", "records"));
        let sentence = format!("{records} of requests were dropped in the last minute.");
        let why = "More were wanted than the telemetry thread can take. Numbers are not affected; \
                   access logs and exported traces have gaps.";
        trouble("dropped", Severity::Warning, "records", sentence, Some(why.to_owned()));
    }
    for Finding { service, words, trace_id, dropped } in &situation.findings {
        let sentence = format!("`{service}` drops the trace context, so its traces break apart.");
        let found = Attention::new("doctor", Severity::Notice, Kind::Service, service, sentence);
        let found = found.why(Some(words.clone())).weight(*dropped);
        all.push(found.action(Action::page("Show a trace", format!("/traces/{trace_id}"))));
    }
}
