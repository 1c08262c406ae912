//! What a filter costs: nanoseconds of CPU time for each request through one that does nothing, for
//! each piece of a body, for an instance, and for each call of a host function. `cargo run --release -p portico-wasm --example cost`
//!
//! CPU time of this thread, not wall-clock time, and the least of several rounds: what else runs on
//! the machine does not count.
#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use http::HeaderValue;
use portico_wasm::{
    ConnectionFacts, Engine, Facts, FieldName, Fields, Limits, Plugin, Progress, RouteFacts,
    Services, Spec, Stream,
};
use rustix::time::{ClockId, clock_gettime};

/// Requests of one round, calls of one request, and rounds.
const REQUESTS: u32 = 20_000;
const CALLS: u32 = 1_000;
const ROUNDS: u32 = 7;

/// Host functions, as the guest calls them.
const FUNCTIONS: [(&str, &str); 9] = [
    ("get a header", "(call $get (i32.const 0) (i32.const 64) (i32.const 10) (i32.const 0) (i32.const 4))"),
    ("get an absent header", "(call $get (i32.const 0) (i32.const 64) (i32.const 9) (i32.const 0) (i32.const 4))"),
    ("get all headers", "(call $pairs (i32.const 0) (i32.const 0) (i32.const 4))"),
    ("replace a header", "(call $replace (i32.const 0) (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5))"),
    ("add and remove a header", "(i32.add (call $add (i32.const 0) (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5))
        (call $remove (i32.const 0) (i32.const 80) (i32.const 7)))"),
    ("get a property", "(call $property (i32.const 112) (i32.const 12) (i32.const 0) (i32.const 4))"),
    ("get no body", "(call $buffer (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4))"),
    ("change the context", "(call $effective (i32.const 1))"),
    ("get the time", "(call $now (i32.const 8))"),
];

fn main() -> Result<()> {
    let engine = Engine::new(None)?;
    println!("{:<28}{:>12}", "", "ns");
    let none = start(&engine, "(i32.const 0)", 0)?;
    println!("{:<28}{:>12.0}", "a request, filter of nothing", request_cost(&none)?);
    println!("{:<28}{:>12.0}", "a piece of a body", body_cost(&none)?);
    println!("{:<28}{:>12.0}", "an instance, configured", instance_cost(&none)?);
    let empty = start(&engine, "(i32.const 0)", CALLS)?;
    let base = loop_cost(&empty)?;
    for (name, call) in FUNCTIONS {
        let plugin = start(&engine, call, CALLS)?;
        let cost = (loop_cost(&plugin)? - base) / f64::from(CALLS);
        println!("{name:<28}{cost:>12.0}");
    }
    Ok(())
}

/// A filter that makes a call a number of times in its request phase, and has all callbacks.
fn start(engine: &Engine, call: &str, times: u32) -> Result<Arc<Plugin>> {
    let text = format!(
        r#"(module
        (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
        (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
        (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
        (import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 64) "user-agent") (data (i32.const 80) "x-added") (data (i32.const 96) "value")
        (data (i32.const 112) "request\00path")
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
        (func (export "proxy_on_context_create") (param i32 i32))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (local $left i32)
          (local.set $left (i32.const {times}))
          (loop $more
            (if (local.get $left) (then
              (drop {call})
              (local.set $left (i32.sub (local.get $left) (i32.const 1)))
              (br $more))))
          (i32.const 0))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 0))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))
        (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
        (func (export "proxy_on_log") (param i32))
        (func (export "proxy_on_delete") (param i32)))"#
    );
    let module = engine.compile(&wat::parse_str(text)?)?;
    let limits = Limits { cpu: Duration::from_secs(10), ..Limits::default() };
    let spec = Spec { limits, ..Spec::new("cost") };
    Ok(Plugin::start(module, spec, 1, Services::silent())?)
}

/// All phases, as the proxy calls them; the proxy's own work on heads is not in it.
fn request_cost(plugin: &Plugin) -> Result<f64> {
    let mut stream = Some(stream());
    measure(REQUESTS, || {
        let (visit, _) = plugin.enter(0, 0, &mut stream, true)?;
        plugin.respond(0, &visit, &mut stream, true)?;
        plugin.leave(0, &visit, &mut stream)?;
        Ok(())
    })
}

fn body_cost(plugin: &Plugin) -> Result<f64> {
    let mut stream = Some(stream());
    let (visit, _) = plugin.enter(0, 0, &mut stream, false)?;
    let cost = measure(REQUESTS, || {
        plugin.request_body(0, &visit, &mut stream, false)?;
        Ok(())
    })?;
    plugin.leave(0, &visit, &mut stream)?;
    Ok(cost)
}

/// Instances of a module that is compiled already, for as many workers as no machine has.
fn instance_cost(plugin: &Plugin) -> Result<f64> {
    let module = plugin.shared_module();
    let times = 500;
    let cost = measure(1, || {
        Plugin::start(module.clone(), plugin.spec().clone(), times, Services::silent())?;
        Ok(())
    })?;
    Ok(cost / times as f64)
}

fn loop_cost(plugin: &Plugin) -> Result<f64> {
    let mut stream = Some(stream());
    measure(REQUESTS / CALLS, || {
        let (visit, _) = plugin.enter(0, 0, &mut stream, true)?;
        plugin.leave(0, &visit, &mut stream)?;
        Ok(())
    })
}

/// Nanoseconds of one, in the best round.
fn measure(times: u32, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let rounds = (0..ROUNDS).map(|_| {
        let began = cpu();
        (0..times).try_for_each(|_| work())?;
        Ok((cpu() - began).as_secs_f64() * 1e9 / f64::from(times))
    });
    let rounds = rounds.collect::<Result<Vec<_>>>()?;
    rounds.into_iter().reduce(f64::min).context("no round")
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What a browser sends, more or less.
fn stream() -> Box<Stream> {
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
    ] {
        let name = http::HeaderName::from_static(name);
        request.push(FieldName::Header(name), HeaderValue::from_static(value));
    }
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
