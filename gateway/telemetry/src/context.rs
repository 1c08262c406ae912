//! The trace context that requests carry: read from the client, written to the services.
//!
//! Reading is one pass over the headers; a request that carries W3C Trace Context alone costs no
//! allocation but for the header value that is written. Formats: W3C Trace Context level 2
//! (`traceparent`, `tracestate`), W3C Baggage, B3 (one header or many) and Jaeger
//! (`uber-trace-id`, `uberctx-*`).

mod b3;
mod baggage;
mod formats;
mod ids;
mod jaeger;
mod w3c;

use http::{HeaderMap, HeaderName, HeaderValue};

pub use self::{
    formats::Formats,
    ids::{span_id, trace_id},
};
use crate::record::Trace;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");
const B3: HeaderName = HeaderName::from_static("b3");
const B3_TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
const B3_SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
const B3_PARENT_ID: HeaderName = HeaderName::from_static("x-b3-parentspanid");
const B3_SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const B3_FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");
const UBER_TRACE_ID: HeaderName = HeaderName::from_static("uber-trace-id");

/// What is read and what is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Propagation {
    /// What is believed when it comes. What is not, is taken off the request, so that services do
    /// not join a stranger's trace. Default: everything. An edge that faces strangers may want
    /// [`Formats::NONE`].
    pub accept: Formats,
    /// What every request to a service carries. Default: W3C. [`Formats::BAGGAGE`] means nothing
    /// here: baggage that came and is accepted goes on.
    pub write: Formats,
    /// In addition, a request leaves in the formats in which it came. Default: yes.
    pub echo: bool,
    /// Traces that begin here carry the random flag of Trace Context level 2. Default: no, because
    /// OpenTelemetry for Go refuses `03` up to its version 1.37, and such a service would begin a
    /// trace of its own. A flag that came is passed on.
    pub random_flag: bool,
}

/// What a request brought.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// The span that called us, if there is one.
    pub parent: Option<Parent>,
    /// What was decided about the trace so far.
    pub decision: Decision,
    /// The format that `parent` and `decision` were taken from; none if nothing was usable.
    pub source: Formats,
    /// The formats whose headers were there, usable or not, accepted or not.
    pub present: Formats,
    /// At least the lower 56 bits of the trace id are random (level 2 of Trace Context).
    pub random: bool,
    /// `tracestate`
    pub state: Carried,
    /// `baggage`, or what `uberctx-` headers said in its place.
    pub baggage: Carried,
    /// The `uberctx-` headers that have to be taken off.
    unwanted: Vec<HeaderName>,
}

/// The caller's place in its trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parent {
    /// Never all zero. A 64-bit id is padded on the left.
    pub trace_id: [u8; 16],
    /// Never all zero.
    pub span_id: [u8; 8],
}

/// Whether the callers before us had the trace sampled.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Decision {
    /// Sampled, and whoever comes later shall keep it too (B3's and Jaeger's debug flag).
    Debug,
    /// Nobody decided yet.
    #[default]
    Deferred,
    /// Not sampled.
    No,
    /// Sampled.
    Yes,
}

/// A header that goes on as it came, unless a limit says otherwise.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Carried {
    value: Option<HeaderValue>,
    /// The request's own headers say something else than `value`.
    differs: bool,
}

/// What a request to a service shall carry.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    pub trace_id: [u8; 16],
    /// The span of the attempt: the parent of what the service does.
    pub span_id: [u8; 8],
    /// The gateway's own span, the parent of the attempt. B3 names it.
    pub parent_id: [u8; 8],
    pub sampled: bool,
}

/// Headers that can be written. The gateway implements it for its own kind of head.
pub trait Carrier {
    /// Replaces all values of a header.
    fn set(&mut self, name: HeaderName, value: HeaderValue);
    /// Takes all values of a header away.
    fn remove(&mut self, name: &HeaderName);
}

impl Default for Propagation {
    fn default() -> Self {
        Self { accept: Formats::ALL, write: Formats::W3C, echo: true, random_flag: false }
    }
}

impl Propagation {
    /// Reads what a request brought. Where several formats came, the first usable one counts: W3C,
    /// B3 in one header, B3 in many, Jaeger.
    pub fn extract(&self, headers: &HeaderMap) -> Incoming {
        let found = Found::look(headers);
        let mut incoming = Incoming { present: found.present, ..Incoming::default() };
        if found.present.is_empty() {
            return incoming;
        }
        let usable = found.present & self.accept;
        if usable.contains(Formats::W3C) {
            w3c::extract(&found, headers, &mut incoming);
        }
        if incoming.source.is_empty() && usable.contains(Formats::B3) {
            b3::extract(found.b3, &mut incoming);
        }
        if incoming.source.is_empty() && usable.contains(Formats::B3_MULTI) {
            b3::extract_multi(headers, &mut incoming);
        }
        if incoming.source.is_empty() && usable.contains(Formats::JAEGER) {
            jaeger::extract(found.jaeger, &mut incoming);
        }
        // The members belong to the trace that `traceparent` names, and to no other.
        if incoming.source != Formats::W3C {
            incoming.state = Carried { value: None, differs: found.tracestate.is_some() };
        }
        baggage::extract(&found, headers, self.accept, &mut incoming);
        incoming
    }

    /// Writes the place in the trace into a request to a service. Can be repeated for the next
    /// attempt.
    pub fn inject(&self, carrier: &mut impl Carrier, incoming: &Incoming, outgoing: &Outgoing) {
        let echo = if self.echo { incoming.present & self.accept } else { Formats::NONE };
        let write = self.write | echo;
        let debug = incoming.decision == Decision::Debug && outgoing.sampled;
        if write.contains(Formats::W3C) {
            let random = if incoming.parent.is_some() { incoming.random } else { self.random_flag };
            carrier.set(TRACEPARENT, w3c::traceparent(outgoing, random));
        }
        if write.contains(Formats::B3) {
            carrier.set(B3, b3::single(outgoing, debug));
        }
        if write.contains(Formats::B3_MULTI) {
            b3::inject_multi(carrier, outgoing, debug);
        }
        if write.contains(Formats::JAEGER) {
            carrier.set(UBER_TRACE_ID, jaeger::uber_trace_id(outgoing, debug));
        }
        incoming.state.write(carrier, TRACESTATE);
        incoming.baggage.write(carrier, BAGGAGE);
        let stale = incoming.present - write;
        if !(stale & Formats::CONTEXT).is_empty() {
            remove(carrier, stale);
        }
        for name in &incoming.unwanted {
            carrier.remove(name);
        }
    }
}

impl Incoming {
    /// The record's side of it. `trace_id` is the parent's or, without one, a new one.
    pub fn trace(&self, trace_id: [u8; 16], span_id: [u8; 8], sampled: bool) -> Trace {
        let text = |carried: &Carried| carried.text().map(Into::into);
        Trace {
            trace_id,
            span_id,
            parent_id: self.parent.map(|parent| parent.span_id),
            sampled,
            state: text(&self.state),
            baggage: text(&self.baggage),
        }
    }

    /// The id of the trace that goes on, or of a new one.
    pub fn trace_id(&self) -> [u8; 16] {
        self.parent.map_or_else(trace_id, |parent| parent.trace_id)
    }
}

impl Carried {
    /// What goes on, if anything does and it is text.
    pub fn text(&self) -> Option<&str> {
        self.value.as_ref()?.to_str().ok()
    }

    fn as_it_came(value: HeaderValue) -> Self {
        Self { value: Some(value), differs: false }
    }

    /// Nothing goes on, but something came.
    fn dropped() -> Self {
        Self { value: None, differs: true }
    }

    fn rewritten(bytes: &[u8]) -> Self {
        Self { value: HeaderValue::from_bytes(bytes).ok(), differs: true }
    }

    fn write(&self, carrier: &mut impl Carrier, name: HeaderName) {
        match &self.value {
            _ if !self.differs => {}
            Some(value) => carrier.set(name, value.clone()),
            None => carrier.remove(&name),
        }
    }
}

impl Carrier for HeaderMap {
    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.insert(name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        Self::remove(self, name);
    }
}

/// The headers that matter, found in one pass: a map look-up for each of ten names would cost
/// more than walking over the twenty headers that a request has.
#[derive(Default)]
struct Found<'a> {
    present: Formats,
    traceparent: Option<&'a HeaderValue>,
    /// More than one `traceparent` is none.
    ambiguous: bool,
    tracestate: Option<&'a HeaderValue>,
    /// `tracestate` is spread over several headers; the same for `baggage`.
    more_state: bool,
    baggage: Option<&'a HeaderValue>,
    more_baggage: bool,
    b3: Option<&'a HeaderValue>,
    jaeger: Option<&'a HeaderValue>,
    uberctx: bool,
}

impl<'a> Found<'a> {
    fn look(headers: &'a HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            let name = name.as_str();
            // Every name of ours begins with one of these, and few others do.
            if matches!(name.as_bytes().first(), Some(b't' | b'b' | b'x' | b'u')) {
                found.note(name, value);
            }
        }
        found
    }

    fn note(&mut self, name: &str, value: &'a HeaderValue) {
        let format = match name {
            "traceparent" => {
                self.ambiguous = self.traceparent.replace(value).is_some();
                Formats::W3C
            }
            "tracestate" => {
                self.more_state |= self.tracestate.replace(value).is_some();
                Formats::W3C
            }
            "baggage" => {
                self.more_baggage |= self.baggage.replace(value).is_some();
                Formats::BAGGAGE
            }
            "b3" => {
                self.b3 = Some(value);
                Formats::B3
            }
            "x-b3-traceid" | "x-b3-spanid" | "x-b3-sampled" | "x-b3-flags"
            | "x-b3-parentspanid" => Formats::B3_MULTI,
            "uber-trace-id" => {
                self.jaeger = Some(value);
                Formats::JAEGER
            }
            _ if name.starts_with(jaeger::BAGGAGE_PREFIX) => {
                self.uberctx = true;
                Formats::BAGGAGE
            }
            _ => return,
        };
        self.present |= format;
    }
}

fn remove(carrier: &mut impl Carrier, formats: Formats) {
    let names: [(Formats, &[HeaderName]); 4] = [
        (Formats::W3C, &[TRACEPARENT, TRACESTATE]),
        (Formats::B3, &[B3]),
        (Formats::B3_MULTI, &[B3_TRACE_ID, B3_SPAN_ID, B3_PARENT_ID, B3_SAMPLED, B3_FLAGS]),
        (Formats::JAEGER, &[UBER_TRACE_ID]),
    ];
    for (_, names) in names.iter().filter(|(format, _)| formats.contains(*format)) {
        names.iter().for_each(|name| carrier.remove(name));
    }
}

#[cfg(test)]
mod tests;
