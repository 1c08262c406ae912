//! A report, for people.

use std::fmt::Write;

use portico::trial::{Body, Call, Change, Changed, Local, Report, Step};

use crate::cli::plugin::size;

/// Lines that are shown of a body; the rest is counted.
const BODY_LINES: usize = 40;

pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    for step in &report.steps {
        self::step(&mut text, step);
    }
    if let Some(local) = &report.local_response {
        self::local(&mut text, local);
    }
    if let Some(changed) = &report.request {
        self::changed(&mut text, "request to the service", changed);
    }
    if let Some(changed) = &report.response {
        self::changed(&mut text, "response to the client", changed);
    }
    if report.reroute {
        line(&mut text, "\nit wants the route chosen again");
    }
    if !report.properties.is_empty() {
        line(&mut text, "\nproperties that it set");
        for property in &report.properties {
            line(&mut text, &format!("  {} = {}", property.name, property.value));
        }
    }
    if !report.metrics.is_empty() {
        line(&mut text, "\nmetrics");
        for metric in report.metrics.lines().filter(|line| !line.starts_with('#')) {
            line(&mut text, &format!("  {metric}"));
        }
    }
    if let Some(period) = report.tick_ms {
        line(&mut text, &format!("\nit wants to be called every {period} ms (`--ticks N` does)"));
    }
    line(&mut text, &format!("\nmemory {}", size(report.memory_bytes as u64)));
    if report.repeated > 1 {
        line(&mut text, &format!("times are the middle ones of {} runs", report.repeated));
    }
    if let Some(failure) = &report.failure {
        line(&mut text, &format!("failed: {failure}"));
    }
    text
}

fn step(text: &mut String, step: &Step) {
    let Step { phase, verdict, microseconds, calls, log, .. } = step;
    line(text, &format!("{phase:18}{verdict:20}{microseconds:>10.1} µs"));
    for said in log {
        line(text, &format!("    {:5} {}", said.level, said.text));
    }
    for call in calls {
        self::call(text, call);
    }
}

fn call(text: &mut String, call: &Call) {
    let Call { kind, upstream, headers, body, timeout_ms, answered } = call;
    let timeout = timeout_ms.map(|timeout| format!(", within {timeout} ms")).unwrap_or_default();
    line(text, &format!("    {kind} call to {upstream}{timeout}: answered with {answered}"));
    for header in headers {
        line(text, &format!("        {}: {}", header.name, header.value));
    }
    for part in body.lines().take(BODY_LINES) {
        line(text, &format!("        | {part}"));
    }
}

fn local(text: &mut String, local: &Local) {
    let Local { status, details, headers, body, grpc_status } = local;
    let details = if details.is_empty() { String::new() } else { format!(" ({details})") };
    line(text, &format!("\nits own answer: {status}{details}"));
    for header in headers {
        line(text, &format!("  {}: {}", header.name, header.value));
    }
    for part in body.lines().take(BODY_LINES) {
        line(text, &format!("  | {part}"));
    }
    if let Some(status) = grpc_status {
        line(text, &format!("  gRPC status {status}"));
    }
}

fn changed(text: &mut String, what: &str, changed: &Changed) {
    line(text, &format!("\n{what}"));
    for difference in &changed.headers {
        let sign = sign(difference.change);
        line(text, &format!("{sign} {}: {}", difference.header.name, difference.header.value));
    }
    match &changed.body {
        Some(Body { before, after }) => {
            line(text, &format!("  body: {} → {}", bytes(before), bytes(after)));
            show(text, Change::Removed, before);
            show(text, Change::Added, after);
        }
        None => line(text, "  body: as it was"),
    }
}

fn bytes(body: &str) -> String {
    size(body.len() as u64)
}

fn show(text: &mut String, change: Change, body: &str) {
    let sign = sign(change);
    for part in body.lines().take(BODY_LINES) {
        line(text, &format!("{sign} | {part}"));
    }
    let more = body.lines().count().saturating_sub(BODY_LINES);
    if more > 0 {
        line(text, &format!("{sign} | … {more} lines more"));
    }
}

fn sign(change: Change) -> char {
    match change {
        Change::Added => '+',
        Change::Kept => ' ',
        Change::Removed => '-',
    }
}

fn line(text: &mut String, content: &str) {
    let _never_fails = writeln!(text, "{content}");
}
