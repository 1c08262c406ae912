//! What an exchange notes of itself while it runs, for the record that is made when it ends.
//!
//! Noting must be cheap: a clock is read where something happens, and what only a record needs is
//! worked out when somebody wants one. While telemetry is off nothing is noted.

mod capture;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Method, Version, header};
use pingora::http::RequestHeader;
use portico_telemetry::{
    context::{Incoming, Outgoing, span_id},
    record::{Failed, Outcome},
};
use portico_wasm::{CallNote, Fault, Plugin, Stream};
use tokio::time::Instant;

pub(crate) use self::capture::{Capture, Held, Room};
use crate::{chain::Visited, failure::Failure};

/// The notes of one exchange.
pub struct Notes {
    /// False: nothing is noted.
    pub(crate) on: bool,
    /// When the first byte of the head came; offsets count from here.
    pub(crate) began: Instant,
    pub(crate) asked: Option<Asked>,
    /// Its place in a trace, if traces are passed on.
    pub(crate) trace: Option<Place>,
    pub(crate) matched: Option<Instant>,
    pub(crate) filtered: Option<Instant>,
    /// The head of the answer was handed to the socket.
    pub(crate) answered: Option<Instant>,
    /// The last byte was.
    pub(crate) done: Option<Instant>,
    /// The status that was sent, 0 before.
    pub(crate) status: u16,
    pub(crate) attempts: Vec<Attempt>,
    /// Why the gateway answered itself, or nobody did.
    pub(crate) failed: Option<Failed>,
    /// That came to light when an answer was on its way already.
    pub(crate) is_late: bool,
    /// A filter answered.
    pub(crate) answered_by: Option<Arc<str>>,
    /// What went wrong in filters, by step.
    pub(crate) faults: Vec<(usize, Arc<str>)>,
    /// What filters have cost, by step; filled when they have logged.
    pub(crate) spent: Vec<Spent>,
    /// The beginnings of the bodies, if somebody tapped them when it began.
    pub(crate) bodies: Option<Box<Capture>>,
}

/// The request as it came.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) authority: Option<HeaderValue>,
    pub(crate) target: Box<str>,
    pub(crate) version: Version,
}

/// Where a request stands in a trace.
pub(crate) struct Place {
    /// As it goes to the service: filters may have changed what the client said.
    pub(crate) incoming: Incoming,
    /// The client's span.
    pub(crate) parent_id: Option<[u8; 8]>,
    /// All zero until it is settled.
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) sampled: bool,
}

/// One try to get a request to an endpoint.
pub(crate) struct Attempt {
    pub(crate) span_id: [u8; 8],
    pub(crate) endpoint: SocketAddr,
    /// The endpoint's place in its service, if it is written as an address.
    pub(crate) index: Option<usize>,
    pub(crate) reused: bool,
    pub(crate) began: Instant,
    pub(crate) connected: Option<Instant>,
    pub(crate) sent: Option<Instant>,
    pub(crate) first_byte: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    pub(crate) status: u16,
    pub(crate) outcome: Option<Outcome>,
}

/// What a filter has cost.
pub(crate) struct Spent {
    pub(crate) step: usize,
    pub(crate) is_canary: bool,
    pub(crate) callbacks: u64,
    pub(crate) took: Duration,
    /// When the request came to it, and the response.
    pub(crate) on_request: Option<Instant>,
    pub(crate) on_response: Option<Instant>,
    /// How long it kept the exchange waiting.
    pub(crate) waited: Duration,
    pub(crate) calls: Vec<Arc<CallNote>>,
}

impl Place {
    pub(crate) fn new(incoming: Incoming) -> Self {
        let parent_id = incoming.parent.map(|parent| parent.span_id);
        Self { incoming, parent_id, trace_id: [0; 16], span_id: [0; 8], sampled: false }
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.trace_id != [0; 16]
    }

    /// Takes its ids, and asks whether the trace is sampled.
    pub(crate) fn settle(&mut self, head: impl FnOnce(&Incoming, &[u8; 16]) -> bool) {
        self.trace_id = self.incoming.trace_id();
        self.span_id = span_id();
        self.sampled = head(&self.incoming, &self.trace_id);
    }
}

impl Spent {
    /// What a filter has cost, once it has logged.
    pub(crate) fn of(
        step: usize,
        visited: &Visited,
        (callbacks, took): (u64, Duration),
        stream: &Option<Box<Stream>>,
        plugin: &Plugin,
    ) -> Self {
        let name = &plugin.spec().name;
        let calls = stream.iter().flat_map(|stream| &stream.calls);
        Self {
            step,
            is_canary: visited.is_canary,
            callbacks,
            took,
            on_request: visited.entered,
            on_response: visited.responded,
            waited: visited.waited,
            calls: calls.filter(|call| call.plugin == *name).cloned().collect(),
        }
    }
}

impl Notes {
    pub(crate) fn new(on: bool, began: Instant, bodies: Option<Box<Capture>>) -> Self {
        Self {
            on,
            began,
            asked: None,
            trace: None,
            matched: None,
            filtered: None,
            answered: None,
            done: None,
            status: 0,
            attempts: Vec::new(),
            failed: None,
            is_late: false,
            answered_by: None,
            faults: Vec::new(),
            spent: Vec::new(),
            bodies,
        }
    }

    /// The request, before anything changes it.
    pub(crate) fn asked(&mut self, head: &RequestHeader) {
        if !self.on {
            return;
        }
        self.asked = Some(Asked {
            method: head.method.clone(),
            authority: head.headers.get(header::HOST).cloned(),
            target: String::from_utf8_lossy(head.raw_path()).into(),
            version: head.version,
        });
    }

    /// The head of an answer was handed to the socket.
    pub(crate) fn answered(&mut self, status: u16) {
        self.status = status;
        self.answered = self.now();
    }

    /// A piece of the request's body has come from the client.
    pub(crate) fn came(&mut self, piece: &[u8]) {
        if let Some(bodies) = &mut self.bodies {
            bodies.request(piece);
        }
    }

    /// A piece of the response's body goes to the client.
    pub(crate) fn goes(&mut self, piece: &[u8]) {
        if let Some(bodies) = &mut self.bodies {
            bodies.response(piece);
        }
    }

    /// A moment, if moments are noted.
    pub(crate) fn now(&self) -> Option<Instant> {
        self.on.then(Instant::now)
    }

    /// A try begins.
    pub(crate) fn attempt(&mut self, endpoint: SocketAddr, index: Option<usize>, began: Instant) {
        if self.on {
            self.attempts.push(Attempt {
                span_id: span_id(),
                endpoint,
                index,
                reused: false,
                began,
                connected: None,
                sent: None,
                first_byte: None,
                ended: None,
                status: 0,
                outcome: None,
            });
        }
    }

    /// The running try.
    pub(crate) fn current(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut().filter(|attempt| attempt.ended.is_none())
    }

    /// The running try is over.
    pub(crate) fn attempt_ended(&mut self, outcome: Outcome) {
        if let Some(attempt) = self.current() {
            attempt.ended = Some(Instant::now());
            attempt.outcome = Some(outcome);
        }
    }

    /// A filter has closed the stream.
    pub(crate) fn closed(&mut self) {
        if let Some(filter) = self.answered_by.take() {
            self.failed = Some(Failed {
                reason: "filter_closed",
                message: format!("the filter `{filter}` closed the connection").into(),
                detail: "".into(),
            });
        }
    }

    /// This has become of it; a part of an answer may have gone out before.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        if self.on {
            self.is_late = self.answered.is_some();
            self.failed = Some(Failed {
                reason: failure.code(),
                message: failure.public().into(),
                detail: failure.detail().into(),
            });
        }
    }

    /// A filter failed.
    pub(crate) fn fault(&mut self, step: usize, fault: &Fault) {
        if self.on {
            self.faults.push((step, fault.to_string().into()));
        }
    }

    /// What the running try tells the service of its place in the trace.
    pub(crate) fn outgoing(&self) -> Option<(&Incoming, Outgoing)> {
        let place = self.trace.as_ref()?;
        let attempt = self.attempts.last()?;
        let outgoing = Outgoing {
            trace_id: place.trace_id,
            span_id: attempt.span_id,
            parent_id: place.span_id,
            sampled: place.sampled,
        };
        Some((&place.incoming, outgoing))
    }
}
