//! The callbacks that a filter exports.

use wasmtime::{AsContextMut, Store, TypedFunc, WasmParams, WasmResults};

use crate::{abi::AbiVersion, host::Host, module::LoadError};

/// What a filter leaves out is `None`, and skipped.
pub(super) struct Exports {
    pub(super) on_context_create: Option<TypedFunc<(i32, i32), ()>>,
    pub(super) on_vm_start: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) on_configure: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) on_request_headers: Option<TypedFunc<(i32, i32, i32), i32>>,
    pub(super) on_response_headers: Option<TypedFunc<(i32, i32, i32), i32>>,
    /// The same two with the signature of ABI 0.1.0, which knows no end of stream.
    pub(super) on_request_headers_0_1: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) on_response_headers_0_1: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) on_request_body: Option<TypedFunc<(i32, i32, i32), i32>>,
    pub(super) on_response_body: Option<TypedFunc<(i32, i32, i32), i32>>,
    pub(super) on_request_trailers: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) on_response_trailers: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) on_done: Option<TypedFunc<i32, i32>>,
    pub(super) on_log: Option<TypedFunc<i32, ()>>,
    pub(super) on_delete: Option<TypedFunc<i32, ()>>,
    pub(super) on_tick: Option<TypedFunc<i32, ()>>,
    pub(super) on_queue_ready: Option<TypedFunc<(i32, i32), ()>>,
    pub(super) on_http_call_response: Option<TypedFunc<Five, ()>>,
    pub(super) on_grpc_initial_metadata: Option<TypedFunc<(i32, i32, i32), ()>>,
    pub(super) on_grpc_receive: Option<TypedFunc<(i32, i32, i32), ()>>,
    pub(super) on_grpc_trailing_metadata: Option<TypedFunc<(i32, i32, i32), ()>>,
    pub(super) on_grpc_close: Option<TypedFunc<(i32, i32, i32), ()>>,
}

impl Exports {
    pub(super) fn find(
        store: &mut Store<Host>,
        instance: &wasmtime::Instance,
        abi: AbiVersion,
    ) -> Result<Self, LoadError> {
        let (on_request_headers, on_request_headers_0_1) =
            headers(store, instance, abi, "proxy_on_request_headers")?;
        let (on_response_headers, on_response_headers_0_1) =
            headers(store, instance, abi, "proxy_on_response_headers")?;
        Ok(Self {
            on_request_headers,
            on_request_headers_0_1,
            on_response_headers,
            on_response_headers_0_1,
            on_context_create: optional(store, instance, "proxy_on_context_create")?,
            on_vm_start: optional(store, instance, "proxy_on_vm_start")?,
            on_configure: optional(store, instance, "proxy_on_configure")?,
            on_request_body: optional(store, instance, "proxy_on_request_body")?,
            on_response_body: optional(store, instance, "proxy_on_response_body")?,
            on_request_trailers: optional(store, instance, "proxy_on_request_trailers")?,
            on_response_trailers: optional(store, instance, "proxy_on_response_trailers")?,
            on_done: optional(store, instance, "proxy_on_done")?,
            on_log: optional(store, instance, "proxy_on_log")?,
            on_delete: optional(store, instance, "proxy_on_delete")?,
            on_tick: optional(store, instance, "proxy_on_tick")?,
            on_queue_ready: optional(store, instance, "proxy_on_queue_ready")?,
            on_http_call_response: optional(store, instance, "proxy_on_http_call_response")?,
            on_grpc_initial_metadata: optional(
                store,
                instance,
                "proxy_on_grpc_receive_initial_metadata",
            )?,
            on_grpc_receive: optional(store, instance, "proxy_on_grpc_receive")?,
            on_grpc_trailing_metadata: optional(
                store,
                instance,
                "proxy_on_grpc_receive_trailing_metadata",
            )?,
            on_grpc_close: optional(store, instance, "proxy_on_grpc_close")?,
        })
    }
}

/// Context, call, and how much there is of headers, body and trailers.
pub(super) type Five = (i32, i32, i32, i32, i32);

type Headers = Option<TypedFunc<(i32, i32, i32), i32>>;
type Headers01 = Option<TypedFunc<(i32, i32), i32>>;

/// A headers callback with either signature. Modules for ABI 0.1.0 exist with both: their SDKs
/// learned the third parameter before the version number did.
fn headers(
    store: &mut Store<Host>,
    instance: &wasmtime::Instance,
    abi: AbiVersion,
    name: &'static str,
) -> Result<(Headers, Headers01), LoadError> {
    match optional(store, instance, name) {
        Ok(headers) => Ok((headers, None)),
        Err(_) if abi == AbiVersion::V0_1_0 => Ok((None, optional(store, instance, name)?)),
        Err(error) => Err(error),
    }
}

pub(super) fn optional<P: WasmParams, R: WasmResults>(
    store: &mut Store<Host>,
    instance: &wasmtime::Instance,
    name: &'static str,
) -> Result<Option<TypedFunc<P, R>>, LoadError> {
    let Some(function) = instance.get_func(store.as_context_mut(), name) else { return Ok(None) };
    function.typed(store).map(Some).map_err(|_| LoadError::Signature { name })
}
