//! A plugin of the configuration in the plugin host's words.

use std::sync::Arc;

use portico_config::config;
use portico_wasm::{Capability, HeaderPause, Isolation, Limits, Spec};

/// What the host needs to know of a plugin, with these configurations.
pub(super) fn spec(plugin: &config::Plugin, configurations: Vec<Arc<[u8]>>) -> Spec {
    let environment = plugin.environment.iter();
    Spec {
        name: plugin.name.clone(),
        root_id: plugin.root_id.clone(),
        vm_id: plugin.vm_id.clone(),
        vm_configuration: plugin.vm_configuration.0.clone(),
        configurations,
        environment: environment.map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        capabilities: plugin.capabilities.iter().copied().map(capability).collect(),
        isolation: match plugin.isolation {
            config::Isolation::Stream => Isolation::Stream,
            config::Isolation::Worker => Isolation::Worker,
        },
        header_pause: match plugin.header_pause {
            config::HeaderPause::All => HeaderPause::All,
            config::HeaderPause::Headers => HeaderPause::Headers,
        },
        limits: limits(&plugin.limits),
    }
}

fn capability(capability: config::Capability) -> Capability {
    match capability {
        config::Capability::Calls => Capability::Calls,
        config::Capability::Clock => Capability::Clock,
        config::Capability::Environment => Capability::Environment,
        config::Capability::ForeignFunctions => Capability::Foreign,
        config::Capability::Metrics => Capability::Metrics,
        config::Capability::Queues => Capability::Queues,
        config::Capability::Random => Capability::Random,
        config::Capability::SharedData => Capability::SharedData,
        config::Capability::Ticks => Capability::Ticks,
    }
}

fn limits(limits: &config::PluginLimits) -> Limits {
    let config::PluginLimits {
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
    Limits {
        memory: bytes(memory),
        cpu,
        request_cpu,
        start_cpu,
        table: count(table),
        headers: count(headers),
        header_bytes: bytes(header_bytes),
        body: bytes(body),
        local_body: bytes(local_body),
        calls: count(calls),
        call_body: bytes(call_body),
        call_timeout,
        log_rate,
        properties: count(properties),
        metrics: count(metrics),
        queues: count(queues),
        queue_length: count(queue_length),
        shared_data: bytes(shared_data),
        instances: count(instances),
        contexts: count(contexts),
        tick,
    }
}

fn bytes(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn count(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
