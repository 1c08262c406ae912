//! A trace context, and reading one out of a request's headers.
//!
//! The first format that a request speaks decides: `traceparent`, then `b3`, then `x-b3-…`.
//! Where that one is wrong the trace begins anew; what another format says is not believed
//! either, because the two cannot both be the caller's.

use crate::{b3, w3c};
use request::Headers;

/// Where a request stands in a trace. Neither id is zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TraceContext {
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
    /// The span of the caller, where there is one.
    pub(crate) parent_id: Option<u64>,
    pub(crate) sampled: bool,
    /// B3: sampled, and to be kept by everyone behind.
    pub(crate) debug: bool,
    /// W3C level 2: the lower seven bytes of the trace id are random.
    pub(crate) random: bool,
    /// B3: the caller's trace id has 64 bits, and is passed on in that form.
    pub(crate) short: bool,
}

/// What the caller says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Incoming {
    /// A trace to continue. `sampled` is `None` where the caller leaves the decision to us.
    Continue { trace_id: u128, span_id: u64, sampled: Option<Sampled>, random: bool, short: bool },
    /// No trace, but whether the new one is sampled.
    Decided(Sampled),
    /// A context that is not valid, or none.
    Restart,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sampled {
    Debug,
    No,
    Yes,
}

/// The headers of a request that concern a trace, found in one pass.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    values: [Option<&'a [u8]>; NAMES.len()],
    /// Bit by bit: more than one of them, which makes the context invalid.
    twice: u16,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Name {
    B3,
    Flags,
    ParentSpanId,
    RequestId,
    Sampled,
    SpanId,
    TraceId,
    TraceParent,
    TraceState,
}

/// In the order of [`Name`].
const NAMES: [&str; 9] = [
    "b3",
    "x-b3-flags",
    "x-b3-parentspanid",
    "x-request-id",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
    "traceparent",
    "tracestate",
];

impl Name {
    pub(crate) const ALL: [Self; 9] = [
        Self::B3,
        Self::Flags,
        Self::ParentSpanId,
        Self::RequestId,
        Self::Sampled,
        Self::SpanId,
        Self::TraceId,
        Self::TraceParent,
        Self::TraceState,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        NAMES[self as usize]
    }
}

impl<'a> Found<'a> {
    pub(crate) fn new(headers: &'a Headers) -> Self {
        let mut found = Self::default();
        for (name, value) in headers.iter() {
            // Few headers begin like one of these; the rest is one comparison each.
            if !matches!(name.first(), Some(b'b' | b't' | b'x')) {
                continue;
            }
            if let Some(index) = NAMES.iter().position(|own| own.as_bytes() == name) {
                if found.values[index].is_some() {
                    found.twice |= 1 << index;
                } else {
                    found.values[index] = Some(value);
                }
            }
        }
        found
    }

    pub(crate) fn has(&self, name: Name) -> bool {
        self.values[name as usize].is_some()
    }

    /// The value without the spaces around it.
    pub(crate) fn get(&self, name: Name) -> Option<&'a [u8]> {
        self.values[name as usize].map(<[u8]>::trim_ascii)
    }

    fn several(&self, names: &[Name]) -> bool {
        names.iter().any(|&name| self.twice & (1 << name as usize) != 0)
    }

    pub(crate) fn incoming(&self) -> Incoming {
        use Name::{B3, Flags, ParentSpanId, Sampled, SpanId, TraceId, TraceParent};
        let multi = [TraceId, SpanId, ParentSpanId, Sampled, Flags];
        let (names, context) = if let Some(value) = self.get(TraceParent) {
            (&[TraceParent][..], w3c::parse(value))
        } else if let Some(value) = self.get(B3) {
            (&[B3][..], b3::parse_single(value))
        } else {
            let [trace_id, span_id, parent_id, sampled, flags] = multi.map(|name| self.get(name));
            (&multi[..], b3::parse_multi(trace_id, span_id, parent_id, sampled, flags))
        };
        match context {
            Some(context) if !self.several(names) => context,
            _ => Incoming::Restart,
        }
    }
}

/// Exactly `digits` hexadecimal digits; B3 callers write either case, W3C only lower.
pub(crate) fn hex(text: &[u8], digits: usize) -> Option<u128> {
    if text.len() != digits {
        return None;
    }
    text.iter()
        .try_fold(0, |number, &byte| Some(number << 4 | u128::from(char::from(byte).to_digit(16)?)))
}

/// The 64 lower bits, where the number has no more.
pub(crate) fn narrow(number: u128) -> Option<u64> {
    u64::try_from(number).ok()
}
