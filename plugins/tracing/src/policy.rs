//! From the headers of a request to the trace context it goes on with. Pure but for the
//! generator of ids, which is handed in.

use crate::context::{Found, Incoming, Name, Sampled, TraceContext};
use crate::random::Random;
use crate::{b3, w3c};
use request::Headers;
use request::rule::{Head, Rule};
use serde::Deserialize;

/// The settings, checked.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) rate: Threshold,
    /// The first that matches wins over `rate`.
    pub(crate) rules: Vec<(Rule, Threshold)>,
    pub(crate) propagate: Vec<Format>,
    pub(crate) trust_incoming: bool,
    pub(crate) request_id: bool,
    /// In lower case.
    pub(crate) response_header: Option<String>,
}

/// How a trace context is written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    B3,
    B3Multi,
    W3c,
}

/// A sampling rate as the smallest of the 56 random bits of a trace id that is sampled, so
/// that everyone who samples by the same bits (W3C level 2 section 2.2.4, OpenTelemetry's
/// consistent sampling) keeps the same traces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Threshold(u64);

/// What is to be changed in the request.
pub(crate) struct Plan {
    pub(crate) context: TraceContext,
    /// Set to the value, or removed.
    pub(crate) changes: Vec<(Name, Option<String>)>,
}

struct Request<'a>(&'a Headers);

impl Head for Request<'_> {
    fn path(&self) -> &[u8] {
        self.0.first(":path").unwrap_or_default()
    }

    fn method_is(&self, method: &str) -> bool {
        self.0.first(":method") == Some(method.as_bytes())
    }

    fn has_header(&self, name: &str, value: Option<&str>) -> bool {
        self.0.all(name).any(|found| value.is_none_or(|value| found == value.as_bytes()))
    }
}

impl Policy {
    pub(crate) fn plan(&self, headers: &Headers, random: &mut Random) -> Plan {
        let found = Found::new(headers);
        let incoming = if self.trust_incoming { found.incoming() } else { Incoming::Restart };
        let context = self.context(incoming, headers, random);
        let mut changes = self.written(&context);
        if self.request_id && !(self.trust_incoming && found.has(Name::RequestId)) {
            changes.push((Name::RequestId, Some(random.uuid())));
        }
        let continued = matches!(incoming, Incoming::Continue { .. });
        for name in Name::ALL.into_iter().filter(|&name| found.has(name)) {
            let stale = match name {
                Name::RequestId => false,
                // It belongs to a valid traceparent: section 3.3.
                Name::TraceState => !(continued && found.has(Name::TraceParent)),
                // A format that is not written would tell of a span that is not the parent.
                _ => !changes.iter().any(|(written, _)| *written == name),
            };
            if stale {
                changes.push((name, None));
            }
        }
        changes.retain(|(name, value)| value.is_some() || found.has(*name));
        Plan { context, changes }
    }

    fn context(&self, incoming: Incoming, headers: &Headers, random: &mut Random) -> TraceContext {
        let span_id = random.span_id();
        let (trace_id, parent_id, decided, from_random, short) = match incoming {
            Incoming::Continue { trace_id, span_id, sampled, random, short } => {
                (trace_id, Some(span_id), sampled, random, short)
            }
            Incoming::Decided(sampled) => (random.trace_id(), None, Some(sampled), true, false),
            Incoming::Restart => (random.trace_id(), None, None, true, false),
        };
        TraceContext {
            trace_id,
            span_id,
            parent_id,
            sampled: decided.map_or_else(
                || self.threshold(headers).samples(trace_id),
                |decided| decided != Sampled::No,
            ),
            debug: decided == Some(Sampled::Debug),
            random: from_random,
            short,
        }
    }

    fn threshold(&self, headers: &Headers) -> Threshold {
        let rule = self.rules.iter().find(|(rule, _)| rule.matches(&Request(headers)));
        rule.map_or(self.rate, |(_, rate)| *rate)
    }

    fn written(&self, context: &TraceContext) -> Vec<(Name, Option<String>)> {
        let mut changes = Vec::with_capacity(2);
        for format in &self.propagate {
            match format {
                Format::B3 => changes.push((Name::B3, Some(b3::write_single(context)))),
                Format::B3Multi => changes.extend(b3::write_multi(context)),
                Format::W3c => changes.push((Name::TraceParent, Some(w3c::write(context)))),
            }
        }
        changes
    }
}

impl Threshold {
    const RANDOM_BITS: u64 = 1 << 56;

    /// `None` for what is no rate between 0 and 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "between 0 and 2 to the 56th, of which a double holds all but the last bits"
    )]
    pub(crate) fn new(rate: f64) -> Option<Self> {
        let rejected = (1.0 - rate) * Self::RANDOM_BITS as f64;
        (0.0..=1.0).contains(&rate).then_some(Self(rejected as u64))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are the random ones")]
    const fn samples(self, trace_id: u128) -> bool {
        trace_id as u64 % Self::RANDOM_BITS >= self.0
    }
}

#[cfg(test)]
mod tests;
