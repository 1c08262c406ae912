//! What a module asks the host for, by what it needs it for: the groups that an operator grants.

use serde::Serialize;

use super::module::Import;

/// A group of functions that the module imports.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(super) struct Need {
    pub(super) group: Group,
    pub(super) functions: Vec<String>,
}

/// What a function is for. The names of groups that must be granted are those of `capabilities`
/// in the configuration.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Group {
    /// Log, headers, bodies, properties, responses, contexts: every filter has these.
    Always,
    Calls,
    Clock,
    Environment,
    ForeignFunctions,
    Metrics,
    Queues,
    Random,
    SharedData,
    Ticks,
    /// Linked because a language's library imports it; there are no files, sockets, processes.
    Library,
    /// Nothing here offers it: it links, and answers "unimplemented".
    Unknown,
}

impl Group {
    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Always => "always there",
            Self::Calls => "calls",
            Self::Clock => "clock",
            Self::Environment => "environment (empty where it is not granted)",
            Self::ForeignFunctions => "foreign_functions",
            Self::Library => "languages' library, without effect",
            Self::Metrics => "metrics",
            Self::Queues => "queues",
            Self::Random => "random",
            Self::SharedData => "shared_data",
            Self::Ticks => "ticks",
            Self::Unknown => "unknown here, answers \"unimplemented\"",
        }
    }

    fn of(module: &str, name: &str) -> Self {
        match module {
            "env" => name.strip_prefix("proxy_").map_or_else(|| Self::of_env(name), Self::of_abi),
            "wasi_snapshot_preview1" | "wasi_unstable" => Self::of_wasi(name),
            _ => Self::Unknown,
        }
    }

    fn of_abi(name: &str) -> Self {
        match name {
            "grpc_call" | "grpc_cancel" | "grpc_close" | "grpc_send" | "grpc_stream"
            | "http_call" => Self::Calls,
            "get_current_time_nanoseconds" => Self::Clock,
            "call_foreign_function" => Self::ForeignFunctions,
            "define_metric" | "get_metric" | "increment_metric" | "record_metric" => Self::Metrics,
            "dequeue_shared_queue"
            | "enqueue_shared_queue"
            | "register_shared_queue"
            | "resolve_shared_queue" => Self::Queues,
            "get_shared_data" | "set_shared_data" => Self::SharedData,
            "set_tick_period_milliseconds" => Self::Ticks,
            "add_header_map_value"
            | "clear_route_cache"
            | "close_stream"
            | "continue_request"
            | "continue_response"
            | "continue_stream"
            | "done"
            | "get_buffer_bytes"
            | "get_buffer_status"
            | "get_configuration"
            | "get_header_map_pairs"
            | "get_header_map_size"
            | "get_header_map_value"
            | "get_log_level"
            | "get_property"
            | "get_status"
            | "log"
            | "remove_header_map_value"
            | "replace_header_map_value"
            | "send_local_response"
            | "set_buffer_bytes"
            | "set_effective_context"
            | "set_header_map_pairs"
            | "set_property" => Self::Always,
            _ => Self::Unknown,
        }
    }

    fn of_env(name: &str) -> Self {
        match name {
            "emscripten_notify_memory_growth" => Self::Library,
            _ => Self::Unknown,
        }
    }

    fn of_wasi(name: &str) -> Self {
        match name {
            "clock_res_get" | "clock_time_get" => Self::Clock,
            "environ_get" | "environ_sizes_get" => Self::Environment,
            "random_get" => Self::Random,
            "fd_write" | "proc_exit" => Self::Always,
            _ => Self::Library,
        }
    }
}

pub(super) fn needs(imports: &[Import]) -> Vec<Need> {
    let functions = imports.iter().filter(|import| import.kind.is_none());
    let mut all: Vec<(Group, String)> = functions
        .map(|import| {
            let Import { module, name, kind: _ } = import;
            let shown = if module == "env" { name.clone() } else { format!("{module}.{name}") };
            (Group::of(module, name), shown)
        })
        .collect();
    all.sort();
    all.dedup();
    let groups = all.chunk_by(|(one, _), (other, _)| one == other);
    let need = |group: &[(Group, String)]| {
        let functions = group.iter().map(|(_, function)| function.clone()).collect();
        group.first().map(|(group, _)| Need { group: *group, functions })
    };
    groups.filter_map(need).collect()
}
