//! Guests that fail while they serve. Whatever they do, the callback ends within its time, the
//! request meets a fault that says why, and the next request finds a fresh instance.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use portico_wasm::{Fault, Limits, Plugin, Stream};
use rustix::time::{ClockId, clock_gettime};

use crate::{
    guest::Guest,
    said::listen,
    transcript::{connection, leave, request, response},
};

/// Each callback of a request, with the letter that `misbehave.wat` knows it by.
const CALLBACKS: [(&str, &str); 8] = [
    ("create", "proxy_on_context_create"),
    ("q", "proxy_on_request_headers"),
    ("b", "proxy_on_request_body"),
    ("s", "proxy_on_response_headers"),
    ("p", "proxy_on_response_body"),
    ("log", "proxy_on_log"),
    ("done", "proxy_on_done"),
    ("x", "proxy_on_delete"),
];

const CPU: Duration = Duration::from_millis(10);

/// Epochs are 2 ms apart: one to begin the measurement, one to notice. The rest is what starting
/// a new instance takes on a busy machine.
const MARGIN: Duration = Duration::from_millis(60);

#[test]
fn endless_loops_end_in_every_callback() -> Result<()> {
    for (when, callback) in CALLBACKS {
        fails(("loop", when), &Fault::Deadline { callback, limit: CPU })?;
    }
    Ok(())
}

#[test]
fn loops_that_call_the_host_end_in_every_callback() -> Result<()> {
    for (when, callback) in CALLBACKS {
        fails(("host", when), &Fault::Deadline { callback, limit: CPU })?;
    }
    Ok(())
}

#[test]
fn traps_are_faults_in_every_callback() -> Result<()> {
    let deeds = [
        ("unreachable", "wasm `unreachable` instruction executed", false),
        ("divide", "wasm trap: integer divide by zero", false),
        ("outside", "wasm trap: out of bounds memory access", false),
        ("recurse", "wasm trap: call stack exhausted", false),
        ("indirect", "wasm trap: uninitialized element", false),
        ("grow", "wasm `unreachable` instruction executed", true),
        ("table", "wasm `unreachable` instruction executed", false),
        ("xit", "it called `proc_exit` with code 0", false),
        ("spoil", "wasm `unreachable` instruction executed", false),
    ];
    for (deed, message, out_of_memory) in deeds {
        for (when, callback) in CALLBACKS {
            let message = message.replace("wasm `u", "wasm trap: wasm `u");
            fails((deed, when), &trap(callback, &message, out_of_memory))?;
        }
    }
    Ok(())
}

fn trap(callback: &'static str, message: &str, out_of_memory: bool) -> Fault {
    Fault::Trap { callback, message: message.into(), out_of_memory, trace: Vec::new() }
}

/// Where in the guest it was is the subject of another test.
fn without_trace(mut fault: Fault) -> Fault {
    if let Fault::Trap { trace, .. } = &mut fault {
        trace.clear();
    }
    fault
}

/// One bad request, and a good one after it.
fn fails(deed: (&str, &str), expected: &Fault) -> Result<()> {
    let plugin = Guest::read("misbehave")?.start("misbehave", limits())?;
    listen(|_| {
        ensure!(contexts(&plugin)? == "1");
        ensure!(contexts(&plugin)? == "2", "state is kept between requests");
        let before = cpu();
        let mut stream = request(&[("x-do", deed.0), ("x-when", deed.1)]);
        if let (Some(stream), "create") = (&mut stream, deed.1) {
            let letter = |text: &str| u64::from(text.as_bytes()[0]);
            stream.facts.connection = connection(letter(deed.1) | letter(deed.0) << 8);
        }
        let fault = all_phases(&plugin, &mut stream).err().context("it succeeded")?;
        let fault = without_trace(fault);
        let took = cpu() - before;
        ensure!(fault == *expected, "{deed:?}: {fault:?} instead of {expected:?}");
        ensure!(took < CPU + MARGIN, "{deed:?} took {took:?}");
        let stream = stream.context("the stream is lost")?;
        ensure!(stream.local_response.is_none(), "{deed:?} leaves an answer behind");
        ensure!(stream.invalid.is_none(), "{deed:?} leaves a broken head behind");
        ensure!(contexts(&plugin)? == "1", "{deed:?}: the state is not fresh");
        let stats = plugin.stats();
        ensure!(stats.replaced == 1 && stats.traps + stats.deadlines == 1, "{stats:?}");
        ensure!(stats.requests == 4, "{stats:?}");
        Ok(())
    })
    .with_context(|| format!("{deed:?}"))
}

/// A good request: how many contexts its instance has had.
fn contexts(plugin: &Plugin) -> Result<String> {
    let mut stream = request(&[]);
    all_phases(plugin, &mut stream)?;
    let stream = stream.context("the stream is lost")?;
    Ok(stream.request.first(b"x-contexts").context("no header")?.to_str()?.to_owned())
}

fn all_phases(plugin: &Plugin, stream: &mut Option<Box<Stream>>) -> Result<(), Fault> {
    let (visit, _) = plugin.enter(0, 0, stream, false)?;
    plugin.request_body(0, &visit, stream, true)?;
    if let Some(stream) = stream {
        stream.response = response();
    }
    plugin.respond(0, &visit, stream, false)?;
    plugin.response_body(0, &visit, stream, true)?;
    leave(plugin, &visit, stream)
}

#[test]
fn an_allocator_that_lies_is_told_so() -> Result<()> {
    for lie in ["null", "past the end", "minus one"] {
        let (fault, said) = ask_liar(lie)?;
        ensure!(fault.is_none(), "{lie}: {fault:?}");
        ensure!(said == ["INFO the guest went on with status 6"], "{lie}: {said:?}");
    }
    Ok(())
}

/// The guest must not go on with an allocator that was stopped in the middle.
#[test]
fn an_allocator_that_fails_ends_the_callback() -> Result<()> {
    let callback = "proxy_on_request_headers";
    let trap = |message: &str| trap(callback, message, false);
    for (lie, expected) in [
        ("unreachable", trap("wasm trap: wasm `unreachable` instruction executed")),
        ("loop", Fault::Deadline { callback, limit: CPU }),
        ("recurse through the host", trap("its allocator asked the host for what it allocates")),
    ] {
        let (fault, said) = ask_liar(lie)?;
        ensure!(fault.map(without_trace) == Some(expected), "{lie}");
        ensure!(said.iter().all(|line| !line.contains("went on")), "{lie}: {said:?}");
    }
    Ok(())
}

fn ask_liar(lie: &str) -> Result<(Option<Fault>, Vec<String>)> {
    let plugin = Guest::read("lying_allocator")?.start("lying_allocator", limits())?;
    listen(|said| {
        said.take();
        let fault = plugin.enter(0, 0, &mut request(&[("x-do", lie)]), true).err();
        let said = said.take();
        ensure!(plugin.enter(0, 0, &mut request(&[]), true).is_ok(), "{lie}: the next one fails");
        Ok((fault, said.into_iter().filter(|line| line.starts_with("INFO")).collect()))
    })
}

fn limits() -> Limits {
    Limits { cpu: CPU, ..Limits::default() }
}

/// CPU time of this thread: what a neighbour on the same worker waits for.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
