//! The spans that are kept: those of traces that the store has, and for a while those of traces
//! it may still get.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::Span;

/// Limits for received spans.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes for spans of traces whose request is kept. Default 6 MiB, some ten thousand spans.
    pub joined: usize,
    /// Bytes for spans of traces whose request is not kept, or not yet: it may still run.
    /// Default 2 MiB.
    pub orphans: usize,
    /// Spans of one trace. Default 2,000: more cannot be read by anybody.
    pub per_trace: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { joined: 6 * 1024 * 1024, orphans: 2 * 1024 * 1024, per_trace: 2_000 }
    }
}

/// What is held, and what was not kept.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Held {
    pub traces: usize,
    pub spans: usize,
    /// As estimated.
    pub bytes: usize,
    /// Spans that had to make room for newer ones, since the process began.
    pub evicted: u64,
    /// Spans beyond the limit of their trace, since the process began.
    pub dropped: u64,
}

#[derive(Debug)]
pub(crate) struct Memory {
    limits: Limits,
    traces: HashMap<[u8; 16], Trace>,
    joined: Queue,
    orphans: Queue,
    held: Held,
}

#[derive(Debug, Default)]
struct Trace {
    is_known: bool,
    /// Tells a trace from an earlier one with the same id, and one queue's entry from another's.
    turn: u64,
    bytes: usize,
    spans: Vec<Arc<Span>>,
}

/// Traces in the order in which they came. May name traces that have left or moved.
#[derive(Debug, Default)]
struct Queue {
    bytes: usize,
    turns: VecDeque<(u64, [u8; 16])>,
}

/// What a trace weighs beside its spans.
const TRACE: usize = 128;

impl Memory {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            traces: HashMap::new(),
            joined: Queue::default(),
            orphans: Queue::default(),
            held: Held::default(),
        }
    }

    pub(crate) fn add(&mut self, span: Span, is_known: bool) {
        let trace_id = span.trace_id;
        if is_known {
            self.promote(&trace_id);
        }
        let trace = self.traces.entry(trace_id).or_insert_with(|| {
            self.held.traces += 1;
            let queue = if is_known { &mut self.joined } else { &mut self.orphans };
            Trace {
                is_known,
                turn: queue.join(trace_id),
                bytes: queue.charge(TRACE),
                spans: vec![],
            }
        });
        if trace.spans.len() >= self.limits.per_trace {
            self.held.dropped += 1;
            return;
        }
        let queue = if trace.is_known { &mut self.joined } else { &mut self.orphans };
        trace.bytes += queue.charge(span.weight());
        trace.spans.push(Arc::new(span));
        self.held.spans += 1;
        self.make_room();
    }

    /// The store has a request of this trace: its spans stay as long as there is room.
    pub(crate) fn promote(&mut self, trace_id: &[u8; 16]) {
        let Some(trace) = self.traces.get_mut(trace_id).filter(|trace| !trace.is_known) else {
            return;
        };
        trace.is_known = true;
        self.orphans.bytes -= trace.bytes;
        self.joined.charge(trace.bytes);
        trace.turn = self.joined.join(*trace_id);
        self.make_room();
    }

    pub(crate) fn expire(&mut self, oldest: SystemTime) {
        let oldest = oldest.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let is_over = |trace: &Trace| trace.spans.iter().all(|span| span.ended() < oldest);
        let over: Vec<[u8; 16]> =
            self.traces.iter().filter(|(_, trace)| is_over(trace)).map(|(id, _)| *id).collect();
        for trace_id in over {
            self.forget(&trace_id);
        }
    }

    pub(crate) fn trace(&self, trace_id: &[u8; 16]) -> Vec<Arc<Span>> {
        self.traces.get(trace_id).map(|trace| trace.spans.clone()).unwrap_or_default()
    }

    pub(crate) fn held(&self) -> Held {
        Held { bytes: self.joined.bytes + self.orphans.bytes, ..self.held.clone() }
    }

    fn make_room(&mut self) {
        while self.joined.bytes > self.limits.joined {
            let Some((turn, trace_id)) = self.joined.turns.pop_front() else { break };
            self.evict(turn, &trace_id, true);
        }
        while self.orphans.bytes > self.limits.orphans {
            let Some((turn, trace_id)) = self.orphans.turns.pop_front() else { break };
            self.evict(turn, &trace_id, false);
        }
    }

    fn evict(&mut self, turn: u64, trace_id: &[u8; 16], is_known: bool) {
        let is_it = |trace: &&Trace| trace.turn == turn && trace.is_known == is_known;
        if let Some(trace) = self.traces.get(trace_id).filter(is_it) {
            self.held.evicted += trace.spans.len() as u64;
            self.forget(trace_id);
        }
    }

    fn forget(&mut self, trace_id: &[u8; 16]) {
        let Some(trace) = self.traces.remove(trace_id) else { return };
        let queue = if trace.is_known { &mut self.joined } else { &mut self.orphans };
        queue.bytes -= trace.bytes;
        // Entries of traces that have gone must not pile up where room never runs out.
        while queue.turns.front().is_some_and(|(_, id)| !self.traces.contains_key(id)) {
            queue.turns.pop_front();
        }
        self.held.traces -= 1;
        self.held.spans -= trace.spans.len();
    }
}

impl Queue {
    fn join(&mut self, trace_id: [u8; 16]) -> u64 {
        let turn = self.turns.back().map_or(1, |(turn, _)| turn + 1);
        self.turns.push_back((turn, trace_id));
        turn
    }

    fn charge(&mut self, bytes: usize) -> usize {
        self.bytes += bytes;
        bytes
    }
}
