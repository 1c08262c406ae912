//! How far a plugin may go, as the configuration would say it.

use std::time::Duration;

use portico_config::config::PluginLimits;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Limit {
    name: &'static str,
    value: String,
}

pub(super) fn of(limits: &PluginLimits) -> Vec<Limit> {
    let PluginLimits {
        memory,
        cpu,
        request_cpu,
        start_cpu,
        table,
        headers,
        header_bytes,
        body,
        local_body,
        calls,
        call_body,
        call_timeout,
        log_rate,
        properties,
        metrics,
        queues,
        queue_length,
        shared_data,
        instances,
        contexts,
        tick,
    } = *limits;
    let all = [
        ("memory", bytes(memory)),
        ("cpu", time(cpu)),
        ("request_cpu", time(request_cpu)),
        ("start_cpu", time(start_cpu)),
        ("table", table.to_string()),
        ("headers", headers.to_string()),
        ("header_bytes", bytes(header_bytes)),
        ("body", bytes(body)),
        ("local_body", bytes(local_body)),
        ("calls", calls.to_string()),
        ("call_body", bytes(call_body)),
        ("call_timeout", time(call_timeout)),
        ("log_rate", log_rate.to_string()),
        ("properties", properties.to_string()),
        ("metrics", metrics.to_string()),
        ("queues", queues.to_string()),
        ("queue_length", queue_length.to_string()),
        ("shared_data", bytes(shared_data)),
        ("instances", instances.to_string()),
        ("contexts", contexts.to_string()),
        ("tick", time(tick)),
    ];
    all.into_iter().map(|(name, value)| Limit { name, value }).collect()
}

fn bytes(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let fits = units.into_iter().find(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor));
    fits.map_or_else(|| bytes.to_string(), |(unit, factor)| format!("{}{unit}", bytes / factor))
}

/// `1m30s`: without the blanks that people like.
fn time(time: Duration) -> String {
    humantime::format_duration(time).to_string().replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_they_would_be_written() {
        assert_eq!(
            [bytes(0), bytes(1000), bytes(64 << 10), bytes(3 << 19), bytes(2 << 30)],
            ["0", "1000", "64KiB", "1536KiB", "2GiB"]
        );
        assert_eq!(
            [time(Duration::from_millis(10)), time(Duration::from_secs(90))],
            ["10ms", "1m30s"]
        );
    }
}
