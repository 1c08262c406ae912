//! The world outside of a filter that is tried: call-outs have written answers, ticks and queues
//! are counted, and everything happens when the trial says so.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use portico_wasm::{
    GrpcCall, GrpcEvent, GrpcRunning, HttpCall, HttpCallResponse, Origin, Outside, Running,
    Unreachable,
};
use serde::Serialize;

use super::message::Response;
use super::report::{Pair, pairs};

/// What the filter asked of the world.
#[derive(Default)]
pub(super) struct World(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    answers: Vec<(String, Response)>,
    waiting: VecDeque<(Origin, Event)>,
    calls: Vec<Call>,
    tick: Option<(Origin, Duration)>,
}

/// Something that will reach the filter.
enum Event {
    Grpc(GrpcEvent),
    Http(HttpCallResponse),
    Queue(u32),
}

/// A call-out.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    pub kind: &'static str,
    pub upstream: String,
    pub headers: Vec<Pair>,
    pub body: String,
    pub timeout_ms: Option<u128>,
    /// The status that it was answered with.
    pub answered: String,
}

/// gRPC's `UNAVAILABLE`: no service answers here.
const UNAVAILABLE: i32 = 14;

impl World {
    pub(super) fn new(answers: Vec<(String, Response)>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Inside { answers, ..Inside::default() })))
    }

    /// Lets the next thing happen that the filter waits for. False: there is none.
    pub(super) fn step(&self) -> bool {
        let next = self.inside().waiting.pop_front();
        let Some((origin, event)) = next else { return false };
        match event {
            Event::Grpc(event) => {
                origin.grpc(event);
            }
            Event::Http(response) => origin.http_response(Some(response)),
            Event::Queue(queue) => origin.queue_ready(queue),
        }
        true
    }

    /// Lets the period of ticks pass. False: the filter wants none.
    pub(super) fn tick(&self) -> bool {
        let ticking = self.inside().tick.as_ref().map(|(origin, _)| origin.clone());
        ticking.is_some_and(|origin| origin.tick())
    }

    pub(super) fn period(&self) -> Option<Duration> {
        self.inside().tick.as_ref().map(|(_, period)| *period)
    }

    /// The calls since the last time.
    pub(super) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.inside().calls)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outside for World {
    fn http(&self, origin: Origin, call: HttpCall) -> Result<Running, Unreachable> {
        let mut inside = self.inside();
        let written = inside.answers.iter().find(|(name, _)| **name == *call.upstream);
        let answer = written.map_or_else(Response::unavailable, |(_, answer)| answer.clone());
        inside.calls.push(Call {
            kind: "http",
            upstream: call.upstream.into(),
            headers: pairs(&call.headers),
            body: shown(&call.body),
            timeout_ms: Some(call.timeout.as_millis()),
            answered: answer.status.as_str().to_owned(),
        });
        let response = HttpCallResponse {
            headers: answer.pairs(),
            body: answer.message.body,
            trailers: Vec::new(),
        };
        inside.waiting.push_back((origin, Event::Http(response)));
        Ok(Running::new(|| ()))
    }

    fn grpc(&self, origin: Origin, call: GrpcCall) -> Result<Box<dyn GrpcRunning>, Unreachable> {
        let mut inside = self.inside();
        inside.calls.push(Call {
            kind: "grpc",
            upstream: format!("{} /{}/{}", call.upstream, call.service, call.method),
            headers: pairs(&call.metadata),
            body: call.first.as_ref().map(shown).unwrap_or_default(),
            timeout_ms: call.timeout.map(|timeout| timeout.as_millis()),
            answered: format!("{UNAVAILABLE} (unavailable)"),
        });
        let message = "no gRPC service answers in a trial".to_owned();
        let closed = GrpcEvent::Closed { status: UNAVAILABLE, message };
        inside.waiting.push_back((origin, Event::Grpc(closed)));
        Ok(Box::new(Unanswered))
    }

    fn tick(&self, origin: Origin, period: Option<Duration>) {
        self.inside().tick = period.map(|period| (origin, period));
    }

    fn queue(&self, origin: Origin, queue: u32) {
        self.inside().waiting.push_back((origin, Event::Queue(queue)));
    }

    fn background(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}

/// A gRPC stream that nobody reads.
struct Unanswered;

impl GrpcRunning for Unanswered {
    fn send(&self, _: Bytes, _: bool) {}

    fn close(&self) {}
}

fn shown(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
