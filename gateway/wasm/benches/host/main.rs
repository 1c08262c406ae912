//! What filters cost: an instance, a request through one that does nothing, a piece of a body, each
//! call of a hot host function, and the bundled `auth`. `make bench-host`
//!
//! CPU time of this thread, not wall-clock time: what else runs on the machine does not count.
#![expect(clippy::print_stderr, reason = "what is left out is said where the rest is said")]

mod cpu;
mod guest;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use bytes::BytesMut;
use criterion::{BatchSize, Criterion};
use portico_wasm::{Engine, Limits, Plugin, Services, Spec, Stream};

use self::{
    cpu::{CpuTime, now},
    guest::{Phase, filter, head, stream},
};

/// Calls in one callback of a guest: so many that the callback itself does not count.
const CALLS: u32 = 1_000;

/// Instances that are made at once: each reserves some gigabytes of addresses.
const INSTANCES: u64 = 500;

/// Host functions, as the guest calls them, and where it may. Each answers 0, or the guest stops.
#[rustfmt::skip]
const FUNCTIONS: [(&str, Phase, &str); 18] = [
    ("get a header", Phase::Head, "(call $get (i32.const 0) (i32.const 64) (i32.const 10) (i32.const 0) (i32.const 4))"),
    ("get an absent header", Phase::Head, "(i32.eqz (call $get (i32.const 0) (i32.const 64) (i32.const 9) (i32.const 0) (i32.const 4)))"),
    ("get all headers", Phase::Head, "(call $pairs (i32.const 0) (i32.const 0) (i32.const 4))"),
    ("replace a header", Phase::Head, "(call $replace (i32.const 0) (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5))"),
    ("add and remove a header", Phase::Head, "(i32.add (call $add (i32.const 0) (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5))
        (call $remove (i32.const 0) (i32.const 80) (i32.const 7)))"),
    ("get a property", Phase::Head, "(call $property (i32.const 112) (i32.const 12) (i32.const 0) (i32.const 4))"),
    ("set a property", Phase::Head, "(call $set_property (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5))"),
    ("get no body", Phase::Head, "(call $buffer (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4))"),
    ("get a body", Phase::Body, "(call $buffer (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4))"),
    ("change the start of a body", Phase::Body, "(call $set_buffer (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 96) (i32.const 5))"),
    ("log what nobody reads", Phase::Head, "(call $log (i32.const 0) (i32.const 64) (i32.const 10))"),
    ("get shared data", Phase::Head, "(call $shared (i32.const 80) (i32.const 7) (i32.const 0) (i32.const 4) (i32.const 8))"),
    ("set shared data", Phase::Head, "(call $share (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5) (i32.const 0))"),
    ("increment a metric", Phase::Head, "(call $increment (i32.load (i32.const 16)) (i64.const 1))"),
    ("read a metric", Phase::Head, "(call $metric (i32.load (i32.const 16)) (i32.const 8))"),
    ("answer in the service's place", Phase::Head, "(call $respond (i32.const 403) (i32.const 80) (i32.const 7) (i32.const 96) (i32.const 5)
        (i32.const 0) (i32.const 0) (i32.const -1))"),
    ("change the context", Phase::Head, "(call $effective (i32.const 1))"),
    ("get the time", Phase::Head, "(call $now (i32.const 8))"),
];

fn main() -> Result<()> {
    let mut criterion = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let engine = Engine::new(None)?;
    plugins(&mut criterion, &engine)?;
    functions(&mut criterion, &engine)?;
    auth(&mut criterion, &engine)?;
    criterion.final_summary();
    Ok(())
}

/// Starts a module with this configuration and the time to make many calls.
fn start(engine: &Engine, wasm: &[u8], configuration: &str) -> Result<Arc<Plugin>> {
    let limits = Limits {
        cpu: Duration::from_secs(100),
        request_cpu: Duration::from_secs(1_000_000),
        ..Limits::default()
    };
    let configurations = vec![Arc::from(configuration.as_bytes())];
    let spec = Spec { limits, configurations, ..Spec::new("bench") };
    Ok(Plugin::start(engine.compile(wasm)?, spec, 1, Services::silent())?)
}

/// A filter that does nothing in any callback. The proxy's own work on heads is not in it.
fn plugins(criterion: &mut Criterion<CpuTime>, engine: &Engine) -> Result<()> {
    let plugin = start(engine, &filter(Phase::Head, "(i32.const 0)", 0)?, "")?;
    let mut group = criterion.benchmark_group("plugin");
    group.bench_function("an instance, configured", |bencher| {
        bencher.iter_custom(|iterations| instances(&plugin, iterations));
    });
    let mut lent = Some(stream(head([])));
    group.bench_function("a request", |bencher| {
        bencher.iter(|| request(&plugin, &mut lent).expect("it does nothing"));
    });
    group.bench_function("a request with bodies", |bencher| {
        bencher.iter(|| request_with_bodies(&plugin, &mut lent).expect("it does nothing"));
    });
    let (visit, _) = plugin.enter(0, 0, &mut lent, false)?;
    group.bench_function("a piece of a body", |bencher| {
        bencher.iter(|| plugin.request_body(0, &visit, &mut lent, false).expect("it does nothing"));
    });
    plugin.leave(0, &visit, &mut lent)?;
    group.finish();
    Ok(())
}

/// Instances of a module that is compiled already, for as many workers as no machine has.
fn instances(plugin: &Plugin, iterations: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = iterations;
    while left > 0 {
        let workers = left.min(INSTANCES);
        let (module, spec) = (plugin.shared_module(), plugin.spec().clone());
        let workers_here = usize::try_from(workers).expect("it is small");
        let began = now();
        let started = Plugin::start(module, spec, workers_here, Services::silent());
        let took = now() - began;
        // One more was made, for a canary request.
        let share = u32::try_from(workers + 1).expect("it is small");
        spent += took / share * (share - 1);
        started.expect("it has started before");
        left -= workers;
    }
    spent
}

fn request(plugin: &Plugin, stream: &mut Option<Box<Stream>>) -> Result<()> {
    let (visit, _) = plugin.enter(0, 0, stream, true)?;
    plugin.respond(0, &visit, stream, true)?;
    plugin.leave(0, &visit, stream)?;
    Ok(())
}

fn request_with_bodies(plugin: &Plugin, stream: &mut Option<Box<Stream>>) -> Result<()> {
    let (visit, _) = plugin.enter(0, 0, stream, false)?;
    plugin.request_body(0, &visit, stream, true)?;
    plugin.respond(0, &visit, stream, false)?;
    plugin.response_body(0, &visit, stream, true)?;
    plugin.leave(0, &visit, stream)?;
    Ok(())
}

fn functions(criterion: &mut Criterion<CpuTime>, engine: &Engine) -> Result<()> {
    let mut group = criterion.benchmark_group("function");
    let nothing = ("call nothing", Phase::Head, "(i32.const 0)");
    for (name, phase, call) in [nothing].into_iter().chain(FUNCTIONS) {
        let plugin = start(engine, &filter(phase, call, CALLS)?, "")?;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| calls(&plugin, iterations).expect("it continues"));
        });
    }
    group.finish();
    Ok(())
}

/// What so many calls take, of which each callback makes many.
fn calls(plugin: &Plugin, iterations: u64) -> Result<Duration> {
    let mut stream = stream(head([]));
    stream.body = BytesMut::from("what a client may send in a form");
    let mut lent = Some(stream);
    let rounds = iterations.div_ceil(CALLS.into());
    let began = now();
    for _ in 0..rounds {
        let (visit, _) = plugin.enter(0, 0, &mut lent, false)?;
        plugin.request_body(0, &visit, &mut lent, true)?;
        plugin.leave(0, &visit, &mut lent)?;
    }
    let share = iterations as f64 / (rounds * u64::from(CALLS)) as f64;
    Ok((now() - began).mul_f64(share))
}

/// The bundled filter, with an API key: the same request again and again, and one that it changes.
fn auth(criterion: &mut Criterion<CpuTime>, engine: &Engine) -> Result<()> {
    let program = std::env::current_exe()?;
    let built = program.ancestors().nth(2).context("a program lies in `deps`")?;
    let path = built.join("plugins/auth.wasm");
    let Ok(wasm) = std::fs::read(&path) else {
        eprintln!("skipped: `auth`, because {} is not built (`make plugins`)", path.display());
        return Ok(());
    };
    let settings = |keys: u32, more: &str| {
        let keys = (0..keys).map(|n| format!(r#"{{"id":"user-{n}","key":"secret-of-user-{n}"}}"#));
        let keys = keys.collect::<Vec<_>>().join(",");
        format!(
            r#"{{"providers":[{{"name":"keys","api_key":{{"header":"x-api-key"}},"keys":[{keys}]}}]{more}}}"#
        )
    };
    let carrying = |key: &'static str| stream(head([("x-api-key", key)]));
    let mut group = criterion.benchmark_group("auth");
    for (name, keys, key, passes) in [
        ("an API key", 10, "secret-of-user-7", true),
        ("an API key of a thousand", 1_000, "secret-of-user-7", true),
        ("a wrong API key", 10, "secret-of-nobody", false),
    ] {
        let plugin = start(engine, &wasm, &settings(keys, ""))?;
        let mut lent = Some(carrying(key));
        request(&plugin, &mut lent)?;
        let answer = lent.as_deref_mut().context("it comes back")?.local_response.take();
        anyhow::ensure!(answer.is_none() == passes, "{answer:?}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| request(&plugin, &mut lent).expect("it decides"));
        });
    }
    let more = r#","strip":true,"identity_header":"x-user""#;
    let plugin = start(engine, &wasm, &settings(10, more))?;
    group.bench_function("an API key, taken out, and the user told", |bencher| {
        bencher.iter_batched(
            || Some(carrying("secret-of-user-7")),
            |mut lent| {
                request(&plugin, &mut lent).expect("it decides");
                lent
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
    Ok(())
}
