//! What comes between the phases of a request: bodies, pauses, call-outs, ticks. Each guest is driven
//! by a test of the same name, and the transcript recorded beside it. `UPDATE=1` records anew.

use std::{
    fmt::Debug,
    sync::Arc,
    task::{Context as Task, Poll, Waker},
};

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use portico_wasm::{
    Action, Direction, Fault, Fields, GrpcEvent, HeaderPause, HttpCallResponse, Limits, Locker,
    Origin, Plugin, Spec, Stream, Visit,
};

use crate::{
    fake::Fake,
    guest::{Guest, compare},
    said::{Said, listen},
    transcript::{fields, lines, request, response},
};

/// A plugin, its outside, and what was written down.
struct World<'a> {
    plugin: Arc<Plugin>,
    outside: Fake,
    said: &'a Said,
    text: String,
}

impl World<'_> {
    fn note(&mut self, what: &str, outcome: impl Debug) {
        self.text.push_str(&format!("# {what}\n"));
        self.flush();
        self.text.push_str(&format!("= {outcome:?}\n"));
    }

    fn flush(&mut self) {
        lines(&mut self.text, self.said);
        for line in self.outside.take_lines() {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// A stream enters.
    fn enter(&mut self, what: &str, end: bool) -> Result<(Visit, Box<Stream>)> {
        let mut stream = request(&[]);
        let (visit, action) = self.plugin.enter(0, 0, &mut stream, end)?;
        self.note(what, action);
        Ok((visit, stream.context("the stream comes back")?))
    }

    /// The proxy's part of a body callback: bytes that were held back, a new piece, and what the
    /// guest makes of it.
    fn body(
        &mut self,
        visit: &Visit,
        stream: Box<Stream>,
        direction: Direction,
        piece: &str,
        end: bool,
    ) -> Result<Box<Stream>> {
        let mut stream = stream;
        stream.body = self.plugin.held(0, visit, direction);
        stream.body.extend_from_slice(piece.as_bytes());
        let mut lent = Some(stream);
        let action = match direction {
            Direction::Request => self.plugin.request_body(0, visit, &mut lent, end)?,
            Direction::Response => self.plugin.response_body(0, visit, &mut lent, end)?,
        };
        let mut stream = lent.context("the stream comes back")?;
        let body = std::mem::take(&mut stream.body);
        self.note(
            &format!("{direction:?} {piece:?} {end}"),
            (action, &body, std::mem::take(&mut stream.body_changed)),
        );
        if action == Action::Pause {
            self.plugin.hold(0, visit, direction, body);
        }
        Ok(stream)
    }

    fn leave(&mut self, visit: &Visit, stream: Box<Stream>) {
        let left = self.plugin.leave(0, visit, &mut Some(stream));
        self.note("leave", left);
    }

    /// The origin of the call-out with this number, as the guest knows it.
    fn call(&self, token: u32) -> Result<Origin> {
        let asked = self.outside.asked();
        let call = asked.calls.iter().find(|call| call.token() == token);
        call.cloned().with_context(|| format!("there was no call {token}"))
    }
}

/// Runs a scenario on a guest and compares with what was recorded.
fn record(
    name: &str,
    change: impl FnOnce(&mut Spec),
    scenario: impl FnOnce(&mut World<'_>) -> Result<()>,
) -> Result<()> {
    let guest = Guest::read(name)?;
    let limits = Limits {
        cpu: std::time::Duration::from_secs(10),
        request_cpu: std::time::Duration::from_secs(10),
        ..Limits::default()
    };
    let mut spec = guest.spec(name, limits);
    change(&mut spec);
    let module = guest.compile()?;
    let text = listen(|said| {
        let outside = Fake::default();
        let plugin = Plugin::start(module, spec, 1, outside.services())?;
        let mut world = World { plugin, outside, said, text: String::new() };
        said.take();
        world.note("start", world.plugin.stats().instances);
        scenario(&mut world)?;
        let World { plugin, outside, said, mut text } = world;
        drop(plugin);
        text.push_str("# the plugin ends\n");
        lines(&mut text, said);
        outside.take_lines().iter().for_each(|line| text.push_str(&format!("{line}\n")));
        anyhow::Ok(text)
    })?;
    let text = text.replace(|letter: char| letter.is_control() && letter != '\n', "·");
    match compare(&format!("{name}.txt"), &text)? {
        Some(difference) => anyhow::bail!("{difference}"),
        None => Ok(()),
    }
}

/// The scenarios, one after the other.
pub(crate) fn all() -> Result<()> {
    bodies()?;
    effective_context()?;
    endings()?;
    grpc()?;
    header_pause()?;
    http_call()?;
    queue_ready()?;
    trailers()
}

fn woken(locker: &Locker) -> bool {
    locker.poll_woken(&mut Task::from_waker(Waker::noop())) == Poll::Ready(())
}

fn pair(name: &'static str, value: &'static str) -> (Bytes, Bytes) {
    (Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes()))
}

#[test]
fn bodies() -> Result<()> {
    record(
        "bodies",
        |_| {},
        |world| {
            let (visit, mut stream) = world.enter("request", false)?;
            for (piece, end) in [("one", false), ("two", false), ("", true)] {
                stream = world.body(&visit, stream, Direction::Request, piece, end)?;
            }
            stream.response = response();
            let mut lent = Some(stream);
            let action = world.plugin.respond(0, &visit, &mut lent, false)?;
            world.note("response", action);
            let mut stream = lent.context("the stream comes back")?;
            for (piece, end) in [("pause", false), ("pause", false), ("go", true)] {
                stream = world.body(&visit, stream, Direction::Response, piece, end)?;
            }
            world.leave(&visit, stream);
            Ok(())
        },
    )
}

/// What a paused stream looks like from a tick, and from a callback of another stream.
fn paused(world: &mut World<'_>) -> Result<()> {
    let (visit, stream) = world.enter("a request that pauses", false)?;
    let locker = Locker::new();
    world.plugin.park(0, &visit, &locker);
    locker.put(stream);
    let tick = world.outside.asked().ticks.first().context("it ticks")?.clone();
    let ticked = tick.tick();
    world.note("a tick that looks", (ticked, woken(&locker)));
    let ticked = tick.tick();
    world.note("a tick that resumes", (ticked, woken(&locker), woken(&locker)));
    let mut stream = locker.take().context("the stream is back in its locker")?;
    let resumed = world.plugin.resumed(0, &visit)?;
    let path = stream.request.first(b"x-ticked").cloned();
    world.note("resumed", (resumed, world.plugin.resumed(0, &visit)?, path));
    world.plugin.unpark(0, &visit);
    stream = world.body(&visit, stream, Direction::Request, "a", false)?;
    stream = world.body(&visit, stream, Direction::Request, "b", true)?;
    locker.put(stream);
    world.plugin.park(0, &visit, &locker);
    let ticked = tick.tick();
    world.note("a tick that changes the held body", (ticked, woken(&locker)));
    let held = world.plugin.held(0, &visit, Direction::Request);
    let resumed = world.plugin.resumed(0, &visit)?;
    world.note("held", (held, resumed));
    let ticked = tick.tick();
    world.note("a tick that answers", (ticked, woken(&locker)));
    let mut stream = locker.take().context("the stream is back in its locker")?;
    let answer = stream.local_response.take();
    world.note("answer", answer);
    world.leave(&visit, stream);
    let ticked = tick.tick();
    world.note("a tick after its end", ticked);
    world.plugin.retire();
    let ticked = tick.tick();
    world.note("a tick after the plugin's", ticked);
    Ok(())
}

#[test]
fn effective_context() -> Result<()> {
    record("effective_context", |_| {}, paused)
}

#[test]
fn header_pause() -> Result<()> {
    record(
        "header_pause",
        |spec| spec.header_pause = HeaderPause::Headers,
        |world| {
            let (visit, stream) = world.enter("a request whose head is held", false)?;
            let stream = world.body(&visit, stream, Direction::Request, "a", false)?;
            let stream = world.body(&visit, stream, Direction::Request, "b", true)?;
            world.leave(&visit, stream);
            Ok(())
        },
    )
}

#[test]
fn http_call() -> Result<()> {
    record(
        "http_call",
        |spec| spec.limits.calls = 2,
        |world| {
            let (visit, stream) = world.enter("a request that calls", true)?;
            let locker = Locker::new();
            world.plugin.park(0, &visit, &locker);
            locker.put(stream);
            let answer = HttpCallResponse {
                headers: vec![pair(":status", "200"), pair("x-a", "1"), pair("x-a", "2")],
                body: Bytes::from_static(b"an answer"),
                trailers: vec![pair("x-tail", "t")],
            };
            world.call(4)?.http_response(Some(answer.clone()));
            let stream = locker.take().context("the stream is back in its locker")?;
            world.note("an answer", (woken(&locker), &stream.local_response));
            world.call(4)?.http_response(Some(answer));
            world.note("the same again", ());
            world.call(8)?.http_response(None);
            world.note("no answer", world.plugin.stats().calls_open);
            world.leave(&visit, stream);
            let (visit, stream) = world.enter("another one", true)?;
            world.leave(&visit, stream);
            world.note(
                "met",
                world.plugin.stats().met.iter().filter(|(_, n)| *n > 0).collect::<Vec<_>>(),
            );
            Ok(())
        },
    )
}

#[test]
fn grpc() -> Result<()> {
    record(
        "grpc",
        |_| {},
        |world| {
            let (visit, stream) = world.enter("a request that calls", true)?;
            let metadata = || GrpcEvent::InitialMetadata(vec![pair("x-a", "1")]);
            let trailing = || GrpcEvent::TrailingMetadata(vec![pair("x-z", "26")]);
            let message = || GrpcEvent::Message(Bytes::from_static(b"a message"));
            let closed = |status| GrpcEvent::Closed { status, message: "because".to_owned() };
            for (what, token, event) in [
                ("a call's metadata", 5, metadata()),
                ("a call's message", 5, message()),
                ("a call's end, which nobody hears", 5, closed(0)),
                ("another call's failure", 9, closed(14)),
                ("a stream's metadata", 6, metadata()),
                ("a stream's message", 6, message()),
                ("a stream's trailers", 6, trailing()),
                ("a stream's end", 6, closed(0)),
                ("what comes after it", 6, message()),
                ("a stream that was cancelled", 10, message()),
            ] {
                let listens = world.call(token)?.grpc(event);
                world.note(what, listens);
            }
            world.leave(&visit, stream);
            world.note("calls open", world.plugin.stats().calls_open);
            Ok(())
        },
    )
}

#[test]
fn queue_ready() -> Result<()> {
    record(
        "queue_ready",
        |_| {},
        |world| {
            let (visit, stream) = world.enter("a request that has a job", true)?;
            let wakes = world.outside.asked().wakes.clone();
            let [(origin, queue)] = &wakes[..] else { anyhow::bail!("one is told: {wakes:?}") };
            origin.queue_ready(*queue);
            world.note("told", ());
            origin.queue_ready(*queue);
            world.note("told again", ());
            world.leave(&visit, stream);
            Ok(())
        },
    )
}

#[test]
fn trailers() -> Result<()> {
    record(
        "trailers",
        |_| {},
        |world| {
            let (visit, mut stream) = world.enter("request", false)?;
            stream = world.body(&visit, stream, Direction::Request, "body", false)?;
            stream.request_trailers = fields([("x-sum", "1"), ("x-gone", "2")].iter());
            let mut lent = Some(stream);
            let action = world.plugin.request_trailers(0, &visit, &mut lent)?;
            let mut stream = lent.context("the stream comes back")?;
            world.note("request's trailers", (action, shown(&stream.request_trailers)));
            stream.response = response();
            stream.response_trailers = fields([("x-sum", "3")].iter());
            let mut lent = Some(stream);
            let action = world.plugin.respond(0, &visit, &mut lent, false)?;
            world.note("response", action);
            let action = world.plugin.response_trailers(0, &visit, &mut lent)?;
            let stream = lent.context("the stream comes back")?;
            world.note("response's trailers", (action, shown(&stream.response_trailers)));
            world.leave(&visit, stream);
            Ok(())
        },
    )
}

fn shown(fields: &Fields) -> Vec<(&str, &HeaderValue)> {
    fields.iter().map(|field| (field.name.as_str(), &field.value)).collect()
}

/// A stream that never reached the filter, and the order in which filters of a chain end.
#[test]
fn endings() -> Result<()> {
    record(
        "endings",
        |_| {},
        |world| {
            let mut stream = request(&[]);
            let (first, action) = world.plugin.enter(0, 0, &mut stream, true)?;
            world.note("enter", action);
            let second = world.plugin.create(0, 0, &mut stream)?;
            world.note("create", ());
            for visit in [&first, &second] {
                let logged = world.plugin.log(0, visit, &mut stream);
                world.note("log", logged);
            }
            for visit in [&first, &second] {
                let ended = world.plugin.end(0, visit, &mut stream);
                world.note("end", ended);
            }
            let again = world.plugin.end(0, &first, &mut stream);
            let spent = first.spent().0;
            world.note("contexts left", (world.plugin.stats().contexts, again, spent));
            Ok(())
        },
    )
}

/// What was asked while an instance starts can be answered before it is in its place.
#[test]
fn held_bytes_are_taken_once() -> Result<()> {
    let plugin = Guest::read("nothing")?.start("nothing", Limits::default())?;
    let (visit, _) = plugin.enter(0, 0, &mut request(&[]), false)?;
    plugin.hold(0, &visit, Direction::Response, BytesMut::from("kept"));
    anyhow::ensure!(plugin.held(0, &visit, Direction::Request).is_empty());
    anyhow::ensure!(plugin.held(0, &visit, Direction::Response) == "kept");
    anyhow::ensure!(plugin.held(0, &visit, Direction::Response).is_empty());
    Ok(())
}

/// A fault says where in the guest it was, in the words of its source.
#[test]
fn a_trap_shows_where_it_was() -> Result<()> {
    let wasm = wat::parse_str(
        r#"(module $demo (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 16))
        (func $"_ZN4demo5inner17h0123456789abcdefE" unreachable)
        (func $"_ZN4demo5outerEv" (call $"_ZN4demo5inner17h0123456789abcdefE"))
        (func $on_body (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
          (call $"_ZN4demo5outerEv") (i32.const 0)))"#,
    )?;
    let module = crate::guest::ENGINE.compile(&wasm)?;
    let plugin = Plugin::start(module, Spec::new("demo"), 1, Fake::default().services())?;
    let mut stream = request(&[]);
    let (visit, _) = plugin.enter(0, 0, &mut stream, false)?;
    let fault = plugin.request_body(0, &visit, &mut stream, true).err().context("it traps")?;
    let Fault::Trap { trace, .. } = &fault else { anyhow::bail!("{fault:?}") };
    anyhow::ensure!(trace[..] == ["demo::inner", "demo::outer()", "on_body"], "{trace:?}");
    anyhow::ensure!(fault.to_string().ends_with(", at demo::inner < demo::outer() < on_body"));
    Ok(())
}
