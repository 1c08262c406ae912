//! What is measured: guests that make one call again and again, and the request they see.

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use anyhow::Result;
use http::{HeaderName, HeaderValue};
use portico_wasm::{ConnectionFacts, Facts, FieldName, Fields, Progress, RouteFacts, Stream};

/// The callback in which the calls are made.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Phase {
    Head,
    Body,
}

/// A filter that has all callbacks, and makes a call a number of times in one of them. The call
/// must answer 0.
pub(crate) fn filter(phase: Phase, call: &str, times: u32) -> Result<Vec<u8>> {
    let times = |here| if phase == here { times } else { 0 };
    let (head, body) = (times(Phase::Head), times(Phase::Body));
    Ok(wat::parse_str(format!(
        r#"(module
        (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
        (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
        (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_shared_data" (func $shared (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
        (import "env" "proxy_get_metric" (func $metric (param i32 i32) (result i32)))
        (import "env" "proxy_send_local_response" (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
        (import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 64) "user-agent") (data (i32.const 80) "x-added") (data (i32.const 96) "value")
        (data (i32.const 112) "request\00path")
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
        (func $again (param $left i32)
          (loop $more
            (if (local.get $left) (then
              (if {call} (then unreachable))
              (local.set $left (i32.sub (local.get $left) (i32.const 1)))
              (br $more)))))
        (func (export "proxy_on_context_create") (param i32 i32))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (i32.eqz (i32.or
            (call $define (i32.const 0) (i32.const 80) (i32.const 7) (i32.const 16))
            (call $share (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5) (i32.const 0)))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $again (i32.const {head})) (i32.const 0))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
          (call $again (i32.const {body})) (i32.const 0))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (i32.const 0))
        (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
        (func (export "proxy_on_log") (param i32))
        (func (export "proxy_on_delete") (param i32)))"#
    ))?)
}

/// What a browser sends, more or less, and these lines.
pub(crate) fn head<const N: usize>(more: [(&'static str, &'static str); N]) -> Fields {
    let mut request = Fields::with_capacity(12);
    for (name, value) in [
        (":authority", "fleet.local"),
        (":path", "/api/staff?id=7"),
        (":method", "GET"),
        (":scheme", "http"),
    ] {
        request.push(FieldName::Pseudo(name), HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("accept", "text/html,application/xhtml+xml"),
        ("accept-encoding", "gzip, deflate, br"),
        ("accept-language", "en"),
        ("cookie", "session=0123456789abcdef"),
        ("user-agent", "Mozilla/5.0"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-request-id", "0123456789abcdef"),
    ]
    .into_iter()
    .chain(more)
    {
        let name = FieldName::Header(HeaderName::from_static(name));
        request.push(name, HeaderValue::from_static(value));
    }
    request
}

pub(crate) fn stream(request: Fields) -> Box<Stream> {
    let nobody = SocketAddr::from(([192, 0, 2, 1], 80));
    let facts = Facts {
        connection: Arc::new(ConnectionFacts { id: 1, source: nobody, destination: nobody }),
        route: Arc::new(RouteFacts {
            route: "staff".into(),
            service: "staff".into(),
            host: "".into(),
        }),
        listener: "web".into(),
        time: SystemTime::now(),
        protocol: "HTTP/1.1",
        request_headers_bytes: 200,
        upstream: None,
        end: None,
        progress: Progress::default(),
    };
    Stream::new(request, facts)
}
