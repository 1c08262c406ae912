//! What a plugin may use, and how requests of one plugin are kept apart.

use std::{
    task::{Context as Task, Waker},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use portico_wasm::{
    Capabilities, Capability, Fault, Isolation, Limit, Limits, LoadError, Locker, Plugin, Services,
    Spec,
};

use crate::{
    fake::Fake,
    guest::{ENGINE, Guest},
    transcript::{leave, request},
};

fn bad(deed: &str) -> Option<Box<portico_wasm::Stream>> {
    request(&[("x-do", deed), ("x-when", "q")])
}

#[test]
fn a_trap_costs_one_stream_where_each_has_an_instance() -> Result<()> {
    let guest = Guest::read("misbehave")?;
    let limits = Limits { instances: 3, ..Limits::default() };
    let spec = Spec { isolation: Isolation::Stream, ..guest.spec("misbehave", limits) };
    let plugin = Plugin::start(guest.compile()?, spec, 1, Services::silent())?;
    let (mut one, mut two) = (request(&[]), request(&[]));
    let (first, _) = plugin.enter(0, 0, &mut one, false)?;
    let (second, _) = plugin.enter(0, 0, &mut two, false)?;
    ensure!(plugin.stats().instances == 2 && plugin.stats().contexts == 2);
    ensure!(matches!(plugin.enter(0, 0, &mut bad("u"), true), Err(Fault::Trap { .. })));
    ensure!(plugin.respond(0, &first, &mut one, true).is_ok(), "it is in another instance");
    leave(&plugin, &first, &mut one)?;
    // The instance that is free again comes next; then there are three, and no fourth.
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut stream = request(&[]);
        others.push((plugin.enter(0, 0, &mut stream, true)?.0, stream));
    }
    ensure!(plugin.enter(0, 0, &mut request(&[]), true).err() == Some(Fault::Full { limit: 3 }));
    ensure!(plugin.stats().met.of(Limit::Instances) == 1);
    leave(&plugin, &second, &mut two)?;
    ensure!(plugin.enter(0, 0, &mut request(&[]), true).is_ok(), "one has left");
    ensure!(plugin.stats().instances == 3 && plugin.stats().replaced == 1);
    Ok(())
}

/// Nobody's request is running when a tick fails; who waits for the instance is told.
#[test]
fn a_tick_that_traps_wakes_who_waits() -> Result<()> {
    let wasm = wat::parse_str(
        r#"(module
        (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_100"))
        (func (export "malloc") (param i32) (result i32) (i32.const 16))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (i32.eqz (call $tick (i32.const 50))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))
        (func (export "proxy_on_tick") (param i32) unreachable))"#,
    )?;
    let outside = Fake::default();
    let module = ENGINE.compile(&wasm)?;
    let plugin = Plugin::start(module, Spec::new("ticks"), 1, outside.services())?;
    let mut stream = request(&[]);
    let (visit, _) = plugin.enter(0, 0, &mut stream, true)?;
    let locker = Locker::new();
    plugin.park(0, &visit, &locker);
    locker.put(stream.take().context("the stream comes back")?);
    let origin = outside.asked().ticks[0].clone();
    ensure!(origin.lives() && !origin.tick() && !origin.lives(), "it is over for that instance");
    let mut task = Task::from_waker(Waker::noop());
    ensure!(locker.poll_woken(&mut task).is_ready() && locker.take().is_some());
    ensure!(plugin.resumed(0, &visit) == Err(Fault::Lost));
    ensure!(outside.asked().ticks.len() == 2, "the new instance ticks");
    ensure!(plugin.stats().traps == 1 && plugin.stats().replaced == 1);
    Ok(())
}

#[test]
fn a_request_may_not_use_its_callbacks_time_again_and_again() -> Result<()> {
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 16))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
          (local $left i32)
          (local.set $left (i32.const 20000000))
          (loop $busy
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $busy (local.get $left)))
          (i32.const 0)))"#,
    )?;
    let limit = Duration::from_millis(40);
    let limits = Limits { cpu: Duration::from_secs(5), request_cpu: limit, ..Limits::default() };
    let spec = Spec { limits, ..Spec::new("busy") };
    let plugin = Plugin::start(ENGINE.compile(&wasm)?, spec, 1, Services::silent())?;
    let mut stream = request(&[]);
    let (visit, _) = plugin.enter(0, 0, &mut stream, false)?;
    let end = Instant::now() + Duration::from_secs(60);
    let fault = loop {
        ensure!(Instant::now() < end, "it goes on for ever");
        if let Err(fault) = plugin.request_body(0, &visit, &mut stream, false) {
            break fault;
        }
    };
    ensure!(fault == Fault::Spent { callback: "proxy_on_request_body", limit }, "{fault:?}");
    ensure!(plugin.stats().deadlines == 1);
    Ok(())
}

#[test]
fn so_many_streams_are_inside_and_no_more() -> Result<()> {
    let limits = Limits { contexts: 2, ..Limits::default() };
    let plugin = Guest::read("nothing")?.start("nothing", limits)?;
    let mut streams = [request(&[]), request(&[]), request(&[])];
    let (first, _) = plugin.enter(0, 0, &mut streams[0], true)?;
    plugin.enter(0, 0, &mut streams[1], true)?;
    ensure!(plugin.enter(0, 0, &mut streams[2], true).err() == Some(Fault::Full { limit: 2 }));
    ensure!(streams[2].is_some(), "the stream comes back");
    leave(&plugin, &first, &mut streams[0])?;
    ensure!(plugin.enter(0, 0, &mut streams[2], true).is_ok());
    ensure!(plugin.stats().met.of(Limit::Contexts) == 1);
    Ok(())
}

#[test]
fn imports_that_are_not_granted_are_named() -> Result<()> {
    let guest = Guest::read("http_call")?;
    let denied = |capabilities| {
        let spec = Spec { capabilities, ..guest.spec("http_call", Limits::default()) };
        let started = Plugin::start(guest.compile()?, spec, 1, Services::silent());
        anyhow::Ok(started.err().map(|error| error.to_string()))
    };
    ensure!(denied(Capabilities::default())?.is_none());
    let without = Capabilities::default().without(Capability::Calls).without(Capability::Random);
    let said = denied(without)?.context("it imports both")?;
    ensure!(
        said == "it imports what it is not granted: `proxy_http_call` (calls), `random_get` (random); \
                 add `calls`, `random` to its `capabilities`",
        "{said}"
    );
    ensure!(denied(Capabilities::NONE.with(Capability::Calls))?.is_some());
    Ok(())
}

#[test]
fn what_would_take_too_long_to_compile_is_not_tried() -> Result<()> {
    const END: u8 = 0x0b;
    const NOP: u8 = 0x01;
    let empty = || vec![0, END];
    let many_locals = || [&[1][..], &number(50_000), &[0x7f, END]].concat();
    let large = [&[0][..], &vec![NOP; 5 << 20], &[END]].concat();
    for (bodies, what) in [
        (vec![empty(); 200_001], "functions"),
        (vec![large], "bytes of one function"),
        (vec![many_locals(); 201], "local variables"),
    ] {
        let refused = ENGINE.compile(&of_bodies(&bodies)).err().context(what)?;
        ensure!(matches!(refused, LoadError::Bounds { what: of, .. } if of == what), "{refused}");
    }
    Ok(())
}

/// A module of functions with these bodies, in the binary format's words.
fn of_bodies(bodies: &[Vec<u8>]) -> Vec<u8> {
    let section = |id: u8, content: Vec<u8>| [&[id][..], &number(content.len()), &content].concat();
    let types = section(1, vec![1, 0x60, 0, 0]);
    let functions = section(3, [number(bodies.len()), vec![0; bodies.len()]].concat());
    let coded = bodies.iter().map(|body| [number(body.len()), body.clone()].concat());
    let code = section(10, [number(bodies.len())].into_iter().chain(coded).flatten().collect());
    [b"\0asm\x01\0\0\0".to_vec(), types, functions, code].concat()
}

/// A number in groups of seven bits, the lowest first.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        bytes.push(low | if value > 0 { 0x80 } else { 0 });
        if value == 0 {
            return bytes;
        }
    }
}

/// A call that was made while an instance was configured can be answered before it is in its place.
#[test]
fn answers_that_come_early_are_kept() -> Result<()> {
    let wasm = wat::parse_str(
        r#"(module
        (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 64) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00:method\00GET\00:path\00/\00:authority\00a\00")
        (data (i32.const 128) "x-answers") (data (i32.const 144) "0")
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 1024))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (i32.eqz (call $call (i32.const 128) (i32.const 1) (i32.const 64) (i32.const 61)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8))))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
          (i32.store8 (i32.const 144) (i32.add (i32.load8_u (i32.const 144)) (i32.const 1))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $add (i32.const 0) (i32.const 128) (i32.const 9) (i32.const 144) (i32.const 1))))"#,
    )?;
    /// Answers on another thread as soon as it is called, as a worker that has nothing else to do.
    struct Prompt(Fake);
    impl portico_wasm::Outside for Prompt {
        fn http(
            &self,
            origin: portico_wasm::Origin,
            call: portico_wasm::HttpCall,
        ) -> Result<portico_wasm::Running, portico_wasm::Unreachable> {
            let running = self.0.http(origin.clone(), call);
            std::thread::spawn(move || origin.http_response(None)).join().expect("it returns");
            running
        }

        fn grpc(
            &self,
            origin: portico_wasm::Origin,
            call: portico_wasm::GrpcCall,
        ) -> Result<Box<dyn portico_wasm::GrpcRunning>, portico_wasm::Unreachable> {
            self.0.grpc(origin, call)
        }

        fn tick(&self, origin: portico_wasm::Origin, period: Option<Duration>) {
            self.0.tick(origin, period);
        }

        fn queue(&self, origin: portico_wasm::Origin, queue: u32) {
            self.0.queue(origin, queue);
        }

        fn background(&self, work: Box<dyn FnOnce() + Send>) {
            self.0.background(work);
        }
    }
    let outside = std::sync::Arc::new(Prompt(Fake::default()));
    let services = Services { outside, ..Services::silent() };
    let plugin = Plugin::start(ENGINE.compile(&wasm)?, Spec::new("early"), 1, services)?;
    let mut stream = request(&[]);
    plugin.enter(0, 0, &mut stream, true)?;
    let stream = stream.context("the stream comes back")?;
    ensure!(stream.request.first(b"x-answers").context("no header")? == "1");
    Ok(())
}
