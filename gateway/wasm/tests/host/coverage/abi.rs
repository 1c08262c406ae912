//! What the ABI has, by version: what Envoy's host gives to modules of each
//! (<https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/main/src/wasm.cc>).

/// A function or callback, and the versions that have it.
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) versions: &'static str,
}

const fn named(name: &'static str, versions: &'static str) -> Named {
    Named { name, versions }
}

const ALL: &str = "all";
const SECOND: &str = "0.2.0, 0.2.1";
/// Not of the ABI: what Emscripten's runtime imports.
const EMSCRIPTEN: &str = "Emscripten";

pub(super) const FUNCTIONS: [Named; 45] = [
    named("emscripten_notify_memory_growth", EMSCRIPTEN),
    named("proxy_add_header_map_value", ALL),
    named("proxy_call_foreign_function", ALL),
    named("proxy_clear_route_cache", "0.1.0"),
    named("proxy_close_stream", SECOND),
    named("proxy_continue_request", "0.1.0"),
    named("proxy_continue_response", "0.1.0"),
    named("proxy_continue_stream", SECOND),
    named("proxy_define_metric", ALL),
    named("proxy_dequeue_shared_queue", ALL),
    named("proxy_done", ALL),
    named("proxy_enqueue_shared_queue", ALL),
    named("proxy_get_buffer_bytes", ALL),
    named("proxy_get_buffer_status", ALL),
    named("proxy_get_configuration", "0.1.0"),
    named("proxy_get_current_time_nanoseconds", ALL),
    named("proxy_get_header_map_pairs", ALL),
    named("proxy_get_header_map_size", ALL),
    named("proxy_get_header_map_value", ALL),
    named("proxy_get_log_level", "0.2.1"),
    named("proxy_get_metric", ALL),
    named("proxy_get_property", ALL),
    named("proxy_get_shared_data", ALL),
    named("proxy_get_status", ALL),
    named("proxy_grpc_call", ALL),
    named("proxy_grpc_cancel", ALL),
    named("proxy_grpc_close", ALL),
    named("proxy_grpc_send", ALL),
    named("proxy_grpc_stream", ALL),
    named("proxy_http_call", ALL),
    named("proxy_increment_metric", ALL),
    named("proxy_log", ALL),
    named("proxy_record_metric", ALL),
    named("proxy_register_shared_queue", ALL),
    named("proxy_remove_header_map_value", ALL),
    named("proxy_replace_header_map_value", ALL),
    named("proxy_resolve_shared_queue", ALL),
    named("proxy_send_local_response", ALL),
    named("proxy_set_buffer_bytes", ALL),
    named("proxy_set_effective_context", ALL),
    named("proxy_set_header_map_pairs", ALL),
    named("proxy_set_property", ALL),
    named("proxy_set_shared_data", ALL),
    named("proxy_set_tick_period_milliseconds", ALL),
    named("pthread_equal", EMSCRIPTEN),
];

/// In the order in which a guest meets them. `start` is everything before the first: start section,
/// `_initialize` and `main`, or `_start`.
pub(super) const CALLBACKS: [Named; 20] = [
    named("start", ALL),
    named("proxy_on_context_create", ALL),
    named("proxy_on_vm_start", ALL),
    named("proxy_on_configure", ALL),
    named("proxy_on_request_headers", ALL),
    named("proxy_on_request_body", ALL),
    named("proxy_on_request_trailers", ALL),
    named("proxy_on_response_headers", ALL),
    named("proxy_on_response_body", ALL),
    named("proxy_on_response_trailers", ALL),
    named("proxy_on_http_call_response", ALL),
    named("proxy_on_grpc_receive_initial_metadata", ALL),
    named("proxy_on_grpc_receive", ALL),
    named("proxy_on_grpc_receive_trailing_metadata", ALL),
    named("proxy_on_grpc_close", ALL),
    named("proxy_on_queue_ready", ALL),
    named("proxy_on_tick", ALL),
    named("proxy_on_done", ALL),
    named("proxy_on_log", ALL),
    named("proxy_on_delete", ALL),
];

const TCP: &str = "this data path has no TCP filters";
const FRAMES: &str = "METADATA frames are Envoy's own, between Envoys";

/// Callbacks that this host never calls, and those that only tests can bring about.
pub(super) const NOT_REACHED: [(&str, &str, &str); 11] = [
    ("proxy_on_request_trailers", ALL, "only in tests: the gateway brings no trailers"),
    ("proxy_on_response_trailers", ALL, "only in tests: the gateway brings no trailers"),
    ("proxy_on_new_connection", ALL, TCP),
    ("proxy_on_downstream_data", ALL, TCP),
    ("proxy_on_upstream_data", ALL, TCP),
    ("proxy_on_downstream_connection_close", ALL, TCP),
    ("proxy_on_upstream_connection_close", ALL, TCP),
    ("proxy_on_request_metadata", ALL, FRAMES),
    ("proxy_on_response_metadata", ALL, FRAMES),
    ("proxy_on_foreign_function", SECOND, "no foreign function of this host calls back"),
    ("proxy_validate_configuration", ALL, "deprecated by Envoy"),
];

const FILES: &str = "there are no files";
const SOCKETS: &str = "there are no sockets";

/// Functions that never succeed, and why.
pub(super) const NEVER: [(&str, &str); 24] = [
    ("fd_fdstat_set_flags", FILES),
    ("fd_filestat_get", FILES),
    ("fd_pread", FILES),
    ("fd_prestat_dir_name", FILES),
    ("fd_prestat_get", FILES),
    ("fd_read", FILES),
    ("fd_readdir", FILES),
    ("fd_renumber", FILES),
    ("path_create_directory", FILES),
    ("path_filestat_get", FILES),
    ("path_filestat_set_times", FILES),
    ("path_link", FILES),
    ("path_open", FILES),
    ("path_readlink", FILES),
    ("path_remove_directory", FILES),
    ("path_rename", FILES),
    ("path_symlink", FILES),
    ("path_unlink_file", FILES),
    ("proc_exit", "it ends the instance"),
    ("proxy_done", "a context is deleted without waiting for it"),
    ("sock_accept", SOCKETS),
    ("sock_recv", SOCKETS),
    ("sock_send", SOCKETS),
    ("sock_shutdown", SOCKETS),
];

const STATUS: &str = "it answers no status";

/// Functions that never fail, and why.
pub(super) const ALWAYS: [(&str, &str); 11] = [
    ("args_get", "there are no arguments to write"),
    ("emscripten_notify_memory_growth", STATUS),
    ("fd_advise", FILES),
    ("fd_close", FILES),
    ("fd_seek", FILES),
    ("proxy_clear_route_cache", "without a request it does nothing"),
    ("proxy_continue_request", "without a request it does nothing"),
    ("proxy_continue_response", "without a request it does nothing"),
    ("proxy_set_tick_period_milliseconds", "a period that is too short is lengthened"),
    ("pthread_equal", STATUS),
    ("sched_yield", "there is nobody to yield to"),
];
