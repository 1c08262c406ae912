//! Which host functions need a capability.

use crate::spec::Capability;

/// The imports of a module that need one.
pub(super) fn needs(module: &wasmtime::Module) -> Vec<(String, Capability)> {
    let imports = module.imports();
    let needs = imports.filter_map(|import| Some((import.name(), capability(&import)?)));
    let mut needs = needs.map(|(name, need)| (name.to_owned(), need)).collect::<Vec<_>>();
    needs.sort();
    needs.dedup();
    needs
}

/// The environment is missing here: without the capability it is empty, because language runtimes
/// ask for it whether a filter does or not.
pub(super) fn capability(import: &wasmtime::ImportType<'_>) -> Option<Capability> {
    Some(match (import.module(), import.name()) {
        (
            "env",
            "proxy_http_call" | "proxy_grpc_call" | "proxy_grpc_stream" | "proxy_grpc_send"
            | "proxy_grpc_cancel" | "proxy_grpc_close",
        ) => Capability::Calls,
        ("env", "proxy_get_current_time_nanoseconds")
        | ("wasi_snapshot_preview1" | "wasi_unstable", "clock_time_get" | "clock_res_get") => {
            Capability::Clock
        }
        ("env", "proxy_call_foreign_function") => Capability::Foreign,
        (
            "env",
            "proxy_define_metric"
            | "proxy_increment_metric"
            | "proxy_record_metric"
            | "proxy_get_metric",
        ) => Capability::Metrics,
        (
            "env",
            "proxy_register_shared_queue"
            | "proxy_resolve_shared_queue"
            | "proxy_enqueue_shared_queue"
            | "proxy_dequeue_shared_queue",
        ) => Capability::Queues,
        ("wasi_snapshot_preview1" | "wasi_unstable", "random_get") => Capability::Random,
        ("env", "proxy_get_shared_data" | "proxy_set_shared_data") => Capability::SharedData,
        ("env", "proxy_set_tick_period_milliseconds") => Capability::Ticks,
        _ => return None,
    })
}

/// A sentence about imports that are not granted.
pub(super) fn denied(imports: &[(String, Capability)]) -> String {
    let names = imports.iter().map(|(name, need)| format!("`{name}` ({need})"));
    let names = names.collect::<Vec<_>>().join(", ");
    let mut groups = imports.iter().map(|(_, need)| need.word()).collect::<Vec<_>>();
    groups.sort_unstable();
    groups.dedup();
    let groups = groups.join("`, `");
    format!("it imports what it is not granted: {names}; add `{groups}` to its `capabilities`")
}
