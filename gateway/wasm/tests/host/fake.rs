//! An outside that writes down what guests ask of it, and brings what the test wants.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use portico_wasm::{
    GrpcCall, GrpcRunning, HttpCall, Origin, Outside, Running, Services, Unreachable,
};

/// What was asked, as lines of a transcript, and by whom.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<Asked>>);

#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) lines: Vec<String>,
    /// The origins of call-outs, in order.
    pub(crate) calls: Vec<Origin>,
    /// The origin of each period that was set.
    pub(crate) ticks: Vec<Origin>,
    /// Who is told of a message in a queue, and the queue.
    pub(crate) wakes: Vec<(Origin, u32)>,
}

impl Fake {
    pub(crate) fn services(&self) -> Services {
        Services { outside: Arc::new(self.clone()), ..Services::silent() }
    }

    pub(crate) fn asked(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().expect("no test panics while it looks")
    }

    pub(crate) fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.asked().lines)
    }

    fn say(&self, line: String) {
        self.asked().lines.push(line);
    }
}

impl Outside for Fake {
    fn http(&self, origin: Origin, call: HttpCall) -> Result<Running, Unreachable> {
        let HttpCall { upstream, headers, body, trailers, timeout } = call;
        let token = origin.token();
        self.say(format!(
            "@ call {token} of root {} to {upstream} within {timeout:?}",
            origin.root()
        ));
        let lines =
            headers.iter().chain(&trailers).map(|(name, value)| format!("@   {name:?}: {value:?}"));
        lines.chain([format!("@   {body:?}")]).for_each(|line| self.say(line));
        if &*upstream == "nowhere" {
            return Err(Unreachable);
        }
        self.asked().calls.push(origin);
        let fake = self.clone();
        Ok(Running::new(move || fake.say(format!("@ call {token} is cancelled"))))
    }

    fn grpc(&self, origin: Origin, call: GrpcCall) -> Result<Box<dyn GrpcRunning>, Unreachable> {
        let token = origin.token();
        self.say(format!("@ {token} is {call:?}"));
        if &*call.upstream == "nowhere" {
            return Err(Unreachable);
        }
        self.asked().calls.push(origin);
        Ok(Box::new(Stream { fake: self.clone(), token }))
    }

    fn tick(&self, origin: Origin, period: Option<Duration>) {
        self.say(format!("@ tick of root {}: {period:?}", origin.root()));
        self.asked().ticks.push(origin);
    }

    fn queue(&self, origin: Origin, queue: u32) {
        self.say(format!("@ wake queue {queue}"));
        self.asked().wakes.push((origin, queue));
    }

    fn background(&self, work: Box<dyn FnOnce() + Send>) {
        std::thread::spawn(work);
    }
}

struct Stream {
    fake: Fake,
    token: u32,
}

impl GrpcRunning for Stream {
    fn send(&self, message: Bytes, end_stream: bool) {
        self.fake.say(format!("@ {} sends {message:?}, end {end_stream}", self.token));
    }

    fn close(&self) {
        self.fake.say(format!("@ {} is closed", self.token));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.fake.say(format!("@ {} is dropped", self.token));
    }
}
