//! Takes one exchange through a filter, as the gateway does, and writes down what happens.

mod body;
mod notes;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use portico_telemetry::expose::{Format, render};
use portico_wasm::{
    Action, ConnectionFacts, Direction, End, Facts, LoadError, MetricStore, Module, Plugin,
    Progress, RouteFacts, Services, Stream, Visit,
};

use super::{
    Trial,
    message::Response,
    outside::World,
    report::{Changed, Pair, Report, Step},
    said::Said,
};
use crate::measures::of_guests;

/// The only worker, and its only configuration.
const WORKER: usize = 0;
const CONFIGURATION: usize = 0;

/// Things that may happen while one pause lasts. A filter that calls out again with each answer
/// would never end.
const MOST_EVENTS: u32 = 1_000;

/// Starts what `module` loads and takes the trial's exchange through it, as often as it asks. All of
/// it happens on this thread, and takes as long as the limits of the trial's [`Spec`] allow.
///
/// [`Spec`]: portico_wasm::Spec
pub fn drive(trial: &Trial, module: impl FnOnce() -> Result<Arc<Module>, LoadError>) -> Report {
    let said = Said::default();
    let mut report = Report { repeated: trial.repeat, ..Report::default() };
    let world = World::new(trial.calls.clone());
    let began = Instant::now();
    let started = said.listen(|| start(trial, module, world.clone()));
    let mut first = Step { phase: "start", ..Step::default() };
    first.took.push(microseconds(began.elapsed()));
    first.log = said.take();
    let (plugin, metrics) = match started {
        Ok(started) => started,
        Err(why) => {
            "refused".clone_into(&mut first.verdict);
            report.steps.push(first);
            report.fail(why.to_string());
            report.settle();
            return report;
        }
    };
    "ready, after canary".clone_into(&mut first.verdict);
    first.calls = world.take_calls();
    report.steps.push(first);
    said.listen(|| {
        let (plugin, world, said, report) = (&plugin, &*world, &said, &mut report);
        let mut run = Run { trial, plugin, world, said, report, stream: None, writes: true };
        run.ticks();
        run.exchange();
        run.repeat();
    });
    report.tick_ms = world.period().map(|period| period.as_millis());
    report.metrics = render(&of_guests(&metrics), Format::Prometheus);
    report.memory_bytes = plugin.memory_bytes();
    report.settle();
    report
}

fn start(
    trial: &Trial,
    module: impl FnOnce() -> Result<Arc<Module>, LoadError>,
    world: Arc<World>,
) -> Result<(Arc<Plugin>, Arc<MetricStore>), LoadError> {
    let module = module()?;
    let services = Services { outside: world, ..Services::silent() };
    let metrics = services.metrics.clone();
    Ok((Plugin::start(module, trial.spec.clone(), 1, services)?, metrics))
}

/// An exchange on its way.
struct Run<'a> {
    trial: &'a Trial,
    plugin: &'a Arc<Plugin>,
    world: &'a World,
    said: &'a Said,
    report: &'a mut Report,
    stream: Option<Box<Stream>>,
    /// Only the first of several runs is written down; of the others, what they took.
    writes: bool,
}

/// Why an exchange went no further.
enum Over {
    /// The filter answered itself.
    Answered,
    /// It wanted the stream ended.
    Closed,
    /// It failed; the report says how.
    Failed,
}

impl Run<'_> {
    fn ticks(&mut self) {
        for _ in 0..self.trial.ticks {
            let began = Instant::now();
            let ticked = self.world.tick();
            let verdict = if ticked { "done" } else { "it asked for no ticks" };
            self.step("tick", verdict, began.elapsed());
            if !ticked {
                return;
            }
            self.rest();
        }
    }

    /// The same again, for its time.
    fn repeat(&mut self) {
        self.writes = false;
        for _ in 1..self.trial.repeat {
            if self.report.failure.is_some() {
                return;
            }
            self.exchange();
        }
    }

    fn exchange(&mut self) {
        self.stream = Some(Stream::new(self.trial.request.fields(), facts(self.trial)));
        let ends = self.trial.request.message.body.is_empty();
        let began = Instant::now();
        let entered = self.plugin.enter(WORKER, CONFIGURATION, &mut self.stream, ends);
        let took = began.elapsed();
        let (visit, action) = match entered {
            Ok(entered) => entered,
            Err(fault) => {
                self.fault("request headers", &fault, took);
                return;
            }
        };
        let action = self.judge("request headers", Ok(action), took);
        let done = match action.and_then(|action| self.request(&visit, action)) {
            Ok(()) => self.response(&visit, &self.trial.response),
            Err(Over::Answered) => self.answered(&visit),
            Err(over) => Err(over),
        };
        if !matches!(done, Err(Over::Failed)) {
            self.leave(&visit);
        }
        self.rest();
    }

    /// What the service would get.
    fn request(&mut self, visit: &Visit, action: Action) -> Result<(), Over> {
        let body = self.trial.request.message.body.clone();
        let sent = self.body(visit, Direction::Request, action, &body)?;
        if let Some(stream) = self.stream.as_ref().filter(|_| self.writes) {
            let mut changed = Changed::between(&self.trial.request.fields(), &stream.request);
            changed.set_body(&body, &sent);
            self.report.request = Some(changed);
            self.report.reroute |= stream.reroute;
        }
        Ok(())
    }

    /// What the client would get.
    fn response(&mut self, visit: &Visit, response: &Response) -> Result<(), Over> {
        let fields = response.fields();
        if let Some(stream) = &mut self.stream {
            stream.response = fields.clone();
        }
        let body = response.message.body.clone();
        let ends = body.is_empty();
        let action = self.call("response headers", |plugin, stream| {
            plugin.respond(WORKER, visit, stream, ends)
        })?;
        let sent = self.body(visit, Direction::Response, action, &body)?;
        if let Some(stream) = self.stream.as_ref().filter(|_| self.writes) {
            let mut changed = Changed::between(&fields, &stream.response);
            changed.set_body(&body, &sent);
            self.report.response = Some(changed);
        }
        Ok(())
    }

    /// The filter's own answer goes back through it, as on Envoy.
    fn answered(&mut self, visit: &Visit) -> Result<(), Over> {
        let local = self.stream.as_mut().and_then(|stream| stream.local_response.take());
        let Some(local) = local else { return Err(Over::Failed) };
        if self.writes {
            self.report.local_response = Some((&local).into());
        }
        let response = Response::local(&local);
        match self.response(visit, &response) {
            // The answer to its own answer is not asked about again.
            Err(Over::Answered) => Ok(()),
            other => other,
        }
    }

    fn leave(&mut self, visit: &Visit) {
        if let Some(stream) = &mut self.stream {
            let elapsed = stream.facts.time.elapsed().unwrap_or_default();
            let length = |bytes: &Bytes| bytes.len() as u64;
            stream.facts.end = Some(End {
                duration: elapsed,
                request_body: length(&self.trial.request.message.body),
                response_body: length(&self.trial.response.message.body),
            });
        }
        if let Some(stream) = self.stream.as_ref().filter(|_| self.writes) {
            self.report.properties = properties(stream);
        }
        let _done = self.call("end", |plugin, stream| {
            plugin.leave(WORKER, visit, stream).map(|()| Action::Continue)
        });
    }

    /// What is still under way when nobody waits for it.
    fn rest(&mut self) {
        let began = Instant::now();
        let happened = (0..MOST_EVENTS).take_while(|_| self.world.step()).count();
        if happened > 0 {
            self.step("afterwards", "done", began.elapsed());
        }
    }
}

fn facts(trial: &Trial) -> Facts {
    let head = trial.request.fields();
    let bytes = head.iter().map(|field| field.name.as_str().len() + field.value.len() + 4);
    Facts {
        connection: Arc::new(ConnectionFacts {
            id: 1,
            source: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
            destination: SocketAddr::from((Ipv4Addr::LOCALHOST, 80)),
        }),
        route: Arc::new(RouteFacts {
            route: "trial/0".into(),
            service: "trial".into(),
            host: "*".into(),
        }),
        listener: "trial".into(),
        time: SystemTime::now(),
        protocol: "HTTP/1.1",
        request_headers_bytes: bytes.sum::<usize>() as u64,
        upstream: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        progress: Progress::default(),
        end: None,
    }
}

/// As they are named in the configuration's words: `a.b`, where the guest writes `a\0b`.
fn properties(stream: &Stream) -> Vec<Pair> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', ".");
    let set = stream.set_properties();
    set.map(|(path, value)| Pair { name: text(path), value: text(value) }).collect()
}

fn microseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}
