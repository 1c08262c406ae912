//! One trace whole: the gateway's own spans and those that services reported, as a tree.
//!
//! Clocks of different machines differ; times are shown as they were reported, and a span that
//! lies outside of its parent is marked rather than moved.

mod critical;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use serde::Serialize;

use crate::{
    far::{Kind, Span, Value},
    otlp::spans,
    store::{Kept, Store},
};

/// The name under which the gateway's own spans appear.
pub const GATEWAY: &str = "portico";
/// A pause between children is worth a word from this share of the trace, in percent, ...
const GAP_SHARE: u32 = 5;
/// ... and from this time on.
const GAP: Duration = Duration::from_millis(1);

/// A trace as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// When its first span began, in milliseconds since 1970.
    pub at_ms: u64,
    /// From there until the last span ended, in microseconds.
    pub took_us: u64,
    /// Depth first; the children of a span in the order in which they began.
    pub spans: Vec<Node>,
    /// What the duration of the first root is made of, from its end back to its beginning.
    pub critical_path: Vec<Segment>,
    /// Times in a span when none of its children ran.
    pub gaps: Vec<Segment>,
    /// What a reader should know: parents that are missing, clocks that differ, services that
    /// report nothing.
    pub notes: Vec<String>,
}

/// A span and its place.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// 16 hexadecimal digits.
    pub span_id: String,
    pub parent_id: Option<String>,
    /// How many spans lie above it.
    pub depth: usize,
    pub service: Arc<str>,
    pub name: Box<str>,
    pub kind: Kind,
    /// From the beginning of the trace, in microseconds.
    pub at_us: u64,
    pub took_us: u64,
    pub failed: bool,
    pub message: Option<Box<str>>,
    /// A service reported it; otherwise the gateway's own.
    pub reported: bool,
    /// It names a parent that nobody reported.
    pub parent_missing: bool,
    /// It begins before its parent or ends after it: it went on alone, or the clocks differ.
    pub outside_parent: bool,
    /// How much of the critical path lies in it and in none of its children, in microseconds.
    pub critical_us: u64,
    pub attributes: Vec<(Box<str>, Value)>,
}

/// A stretch of time in a span.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Segment {
    /// Index in [`Trace::spans`].
    pub span: usize,
    /// From the beginning of the trace, in microseconds.
    pub from_us: u64,
    pub to_us: u64,
}

impl Trace {
    /// What the store has of a trace; `None` if nothing.
    pub fn find(store: &Store, trace_id: &[u8; 16]) -> Option<Self> {
        Self::assemble(*trace_id, &store.trace_records(trace_id), store.trace_spans(trace_id))
    }

    /// Puts together what is known of a trace; `None` if nothing is.
    pub fn assemble(
        trace_id: [u8; 16],
        records: &[Arc<Kept>],
        reported: Vec<Arc<Span>>,
    ) -> Option<Self> {
        let spans = merge(records, reported);
        let began = spans.iter().map(|(span, _)| span.began).min()?;
        let ended = spans.iter().map(|(span, _)| span.ended()).max()?;
        let tree = Tree::new(spans);
        let nodes = tree.order.iter().map(|(at, depth)| tree.node(*at, *depth, began)).collect();
        let mut trace = Self {
            trace_id: hex(&trace_id),
            at_ms: u64::try_from(began.as_millis()).unwrap_or(u64::MAX),
            took_us: microseconds(ended - began),
            spans: nodes,
            critical_path: Vec::new(),
            gaps: Vec::new(),
            notes: Vec::new(),
        };
        let (places, children) = (tree.places(), tree.children());
        trace.critical_path = critical::path(&places, &children, began);
        for segment in &trace.critical_path {
            trace.spans[segment.span].critical_us += segment.to_us - segment.from_us;
        }
        let least = GAP.max((ended - began) * GAP_SHARE / 100);
        trace.gaps = critical::gaps(&places, &children, began, least);
        trace.notes = notes(&trace, records);
        Some(trace)
    }
}

/// The gateway's own spans first; a reported span with the id of one of them is the same one,
/// sent back to us.
fn merge(records: &[Arc<Kept>], reported: Vec<Arc<Span>>) -> Vec<(Arc<Span>, bool)> {
    let gateway: Arc<str> = GATEWAY.into();
    let mut spans: Vec<(Arc<Span>, bool)> = Vec::new();
    let mut known = HashMap::new();
    for span in records.iter().flat_map(|kept| spans::spans(&kept.record, None)) {
        let Ok(span) = Span::of(&span, &gateway) else { continue };
        if known.insert(span.span_id, ()).is_none() {
            spans.push((Arc::new(span), false));
        }
    }
    for span in reported {
        if known.insert(span.span_id, ()).is_none() {
            spans.push((span, true));
        }
    }
    spans
}

struct Tree {
    spans: Vec<(Arc<Span>, bool)>,
    parents: Vec<Option<usize>>,
    below: Vec<Vec<usize>>,
    /// Depth first: index and depth.
    order: Vec<(usize, usize)>,
}

impl Tree {
    fn new(mut spans: Vec<(Arc<Span>, bool)>) -> Self {
        spans.sort_by_key(|(span, reported)| (span.began, *reported, span.span_id));
        let by_id: HashMap<[u8; 8], usize> =
            spans.iter().enumerate().map(|(at, (span, _))| (span.span_id, at)).collect();
        let parent = |span: &Span| by_id.get(&span.parent_id?).copied();
        let parents: Vec<Option<usize>> = spans.iter().map(|(span, _)| parent(span)).collect();
        let mut below = vec![Vec::new(); spans.len()];
        for (at, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                below[*parent].push(at);
            }
        }
        let mut tree = Self { spans, parents, below, order: Vec::new() };
        tree.order = tree.depth_first();
        tree
    }

    fn depth_first(&mut self) -> Vec<(usize, usize)> {
        let mut order = Vec::with_capacity(self.spans.len());
        let mut visited = vec![false; self.spans.len()];
        let roots = (0..self.spans.len()).filter(|at| self.parents[*at].is_none());
        // Strangers may report spans that are each other's parents; such circles have no root,
        // and any of them serves as one.
        let starts: Vec<usize> = roots.chain(0..self.spans.len()).collect();
        for start in starts {
            let mut stack = vec![(start, 0)];
            while let Some((at, depth)) = stack.pop() {
                if std::mem::replace(&mut visited[at], true) {
                    continue;
                }
                if depth == 0 {
                    self.parents[at] = None;
                }
                order.push((at, depth));
                stack.extend(self.below[at].iter().rev().map(|child| (*child, depth + 1)));
            }
        }
        order
    }

    fn node(&self, at: usize, depth: usize, began: Duration) -> Node {
        let (span, reported) = &self.spans[at];
        let outside = |parent: usize| {
            let (parent, _) = &self.spans[parent];
            span.began < parent.began || span.ended() > parent.ended()
        };
        Node {
            span_id: hex(&span.span_id),
            parent_id: span.parent_id.map(|id| hex(&id)),
            depth,
            service: Arc::clone(&span.service),
            name: span.name.clone(),
            kind: span.kind,
            at_us: microseconds(span.began - began),
            took_us: microseconds(span.took),
            failed: span.failed,
            message: span.message.clone(),
            reported: *reported,
            parent_missing: span.parent_id.is_some() && self.parents[at].is_none(),
            outside_parent: self.parents[at].is_some_and(outside),
            critical_us: 0,
            attributes: span.attributes.to_vec(),
        }
    }

    /// Beginning and end of each span, in the order in which they are shown.
    fn places(&self) -> Vec<(Duration, Duration)> {
        let times = |(at, _): &(usize, usize)| {
            let (span, _) = &self.spans[*at];
            (span.began, span.ended())
        };
        self.order.iter().map(times).collect()
    }

    /// The children of each span, both by the order in which they are shown.
    fn children(&self) -> Vec<Vec<usize>> {
        let mut shown = vec![0; self.spans.len()];
        for (place, (at, _)) in self.order.iter().enumerate() {
            shown[*at] = place;
        }
        let mut children = vec![Vec::new(); self.spans.len()];
        for (place, (at, _)) in self.order.iter().enumerate() {
            if let Some(parent) = self.parents[*at] {
                children[shown[parent]].push(place);
            }
        }
        children
    }
}

fn notes(trace: &Trace, records: &[Arc<Kept>]) -> Vec<String> {
    let mut notes = Vec::new();
    if records.is_empty() {
        notes.push(
            "the gateway kept no request of this trace; these are reported spans only".into(),
        );
    }
    for node in trace.spans.iter().filter(|node| node.parent_missing) {
        let parent = node.parent_id.as_deref().unwrap_or_default();
        notes.push(match node.reported {
            false => format!(
                "the caller of `{}` began this trace; its span {parent} was not reported here",
                node.name
            ),
            true => format!("the parent {parent} of `{}` ({}) is missing", node.name, node.service),
        });
    }
    if trace.spans.iter().any(|node| node.outside_parent && node.reported) {
        notes
            .push("some spans lie outside of their parents: clocks differ, or work went on".into());
    }
    for kept in records {
        let Some(service) = &kept.record.place.service else { continue };
        let reached = |id: &[u8; 8]| {
            let id = hex(id);
            trace.spans.iter().any(|node| node.parent_id.as_ref() == Some(&id))
        };
        let attempts = &kept.record.attempts;
        if !attempts.is_empty() && !attempts.iter().any(|attempt| reached(&attempt.span_id)) {
            notes.push(format!("sight ends at `{service}`: it reported no span of this trace"));
        }
    }
    notes.dedup();
    notes
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms(time: std::time::SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// An id as it is written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// An id as it was written, in either case.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        // `from_str_radix` would take a sign.
        if !text.as_bytes()[at].is_ascii_hexdigit() {
            return None;
        }
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
