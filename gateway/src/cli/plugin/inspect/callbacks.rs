//! What the host calls, and what of it is never called here.

use serde::Serialize;

/// A callback that the module exports.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(super) struct Callback {
    pub(super) name: &'static str,
    /// Why nothing ever calls it here.
    pub(super) never: Option<&'static str>,
}

const TRAILERS: &str = "pingora reads no request trailers";
const RESPONSE_TRAILERS: &str = "services speak HTTP/1 here, and pingora drops its trailers";
const TCP: &str = "filters run on HTTP listeners";
const METADATA: &str = "HTTP/2 METADATA frames are Envoy's own";

/// Callbacks, in the order in which a request meets them.
const CALLBACKS: [(&str, Option<&str>); 30] = [
    ("proxy_validate_configuration", Some("no host calls it since ABI 0.2.0")),
    ("proxy_on_vm_start", None),
    ("proxy_on_configure", None),
    ("proxy_on_context_create", None),
    ("proxy_on_new_connection", Some(TCP)),
    ("proxy_on_downstream_data", Some(TCP)),
    ("proxy_on_downstream_connection_close", Some(TCP)),
    ("proxy_on_upstream_data", Some(TCP)),
    ("proxy_on_upstream_connection_close", Some(TCP)),
    ("proxy_on_request_headers", None),
    ("proxy_on_request_metadata", Some(METADATA)),
    ("proxy_on_request_body", None),
    ("proxy_on_request_trailers", Some(TRAILERS)),
    ("proxy_on_response_headers", None),
    ("proxy_on_response_metadata", Some(METADATA)),
    ("proxy_on_response_body", None),
    ("proxy_on_response_trailers", Some(RESPONSE_TRAILERS)),
    ("proxy_on_http_call_response", None),
    ("proxy_on_grpc_create_initial_metadata", Some("no host calls it since ABI 0.2.0")),
    ("proxy_on_grpc_receive_initial_metadata", None),
    ("proxy_on_grpc_receive", None),
    ("proxy_on_grpc_receive_trailing_metadata", None),
    ("proxy_on_grpc_trailing_metadata", Some("no host calls it since ABI 0.2.0")),
    ("proxy_on_grpc_close", None),
    ("proxy_on_tick", None),
    ("proxy_on_queue_ready", None),
    ("proxy_on_foreign_function", Some("no foreign function here calls back")),
    ("proxy_on_log", None),
    ("proxy_on_done", None),
    ("proxy_on_delete", None),
];

pub(super) fn found(exports: &[String]) -> Vec<Callback> {
    let is_exported = |name: &str| exports.iter().any(|export| export == name);
    let exported = CALLBACKS.into_iter().filter(|(name, _)| is_exported(name));
    exported.map(|(name, never)| Callback { name, never }).collect()
}
