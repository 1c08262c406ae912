//! Two traces side by side: what only one has, and what took longer.
//!
//! Spans are matched from the roots down: under matched parents, the first `GET x` of a service
//! stands against the first `GET x` of the same service in the other trace, the second against
//! the second.

use std::{collections::HashMap, sync::Arc};

use serde::Serialize;

use crate::{
    far::Kind,
    trace::{Node, Trace},
};

/// The difference of two traces.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Microseconds by which the second took longer; negative if it took less.
    pub delta_us: i64,
    /// The spans of both, depth first.
    pub spans: Vec<Pair>,
    pub only_first: usize,
    pub only_second: usize,
    /// In a sentence: what makes the difference.
    pub words: String,
}

/// A span in both traces or in one.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    pub depth: usize,
    pub service: Arc<str>,
    pub name: Box<str>,
    pub kind: Kind,
    pub first: Option<Side>,
    pub second: Option<Side>,
    /// Microseconds by which it took longer in the second; missing if one has no such span.
    pub delta_us: Option<i64>,
    /// Of that, what its children do not account for.
    pub own_delta_us: Option<i64>,
}

/// A span of one of the traces.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Index in [`Trace::spans`].
    pub span: usize,
    pub took_us: u64,
    pub failed: bool,
}

/// Compares two traces.
pub fn compare(first: &Trace, second: &Trace) -> Comparison {
    let (below_first, below_second) = (children(first), children(second));
    let mut pairs = Vec::new();
    // Index of a span in each trace, and its depth; the last is the next to be looked at.
    let mut stack = matched(first, second, &below_first.roots, &below_second.roots, 0);
    stack.reverse();
    while let Some((a, b, depth)) = stack.pop() {
        pairs.push(pair(first, second, (a, b), depth, (&below_first, &below_second)));
        let of = |below: &Children, at: Option<usize>| at.map(|at| below.below[at].clone());
        let left = of(&below_first, a).unwrap_or_default();
        let right = of(&below_second, b).unwrap_or_default();
        let mut inner = matched(first, second, &left, &right, depth + 1);
        inner.reverse();
        stack.extend(inner);
    }
    let delta_us = delta(first.took_us, second.took_us);
    Comparison {
        delta_us,
        only_first: pairs.iter().filter(|pair| pair.second.is_none()).count(),
        only_second: pairs.iter().filter(|pair| pair.first.is_none()).count(),
        words: in_words(delta_us, &pairs),
        spans: pairs,
    }
}

type Match = (Option<usize>, Option<usize>, usize);

/// Pairs siblings, first those of the first trace in their order, then what only the second has.
fn matched(
    first: &Trace,
    second: &Trace,
    left: &[usize],
    right: &[usize],
    depth: usize,
) -> Vec<Match> {
    let mut waiting: HashMap<_, Vec<usize>> = HashMap::new();
    for at in right.iter().rev() {
        waiting.entry(name(&second.spans[*at])).or_default().push(*at);
    }
    let mut matches: Vec<Match> = Vec::with_capacity(left.len().max(right.len()));
    for at in left {
        let same = waiting.get_mut(&name(&first.spans[*at])).and_then(Vec::pop);
        matches.push((Some(*at), same, depth));
    }
    let mut rest: Vec<usize> = waiting.into_values().flatten().collect();
    rest.sort_unstable();
    matches.extend(rest.into_iter().map(|at| (None, Some(at), depth)));
    matches
}

fn name(node: &Node) -> (&str, &str, Kind) {
    (&node.service, &node.name, node.kind)
}

fn pair(
    first: &Trace,
    second: &Trace,
    (a, b): (Option<usize>, Option<usize>),
    depth: usize,
    (below_first, below_second): (&Children, &Children),
) -> Pair {
    let side = |trace: &Trace, at: usize| Side {
        span: at,
        took_us: trace.spans[at].took_us,
        failed: trace.spans[at].failed,
    };
    let (one, other) = (a.map(|at| side(first, at)), b.map(|at| side(second, at)));
    let node = a.map(|at| &first.spans[at]).or_else(|| b.map(|at| &second.spans[at]));
    let inner = |trace: &Trace, below: &Children, at: usize| -> u64 {
        below.below[at].iter().map(|child| trace.spans[*child].took_us).sum()
    };
    let delta_us =
        one.as_ref().zip(other.as_ref()).map(|(one, other)| delta(one.took_us, other.took_us));
    let inner_delta =
        a.zip(b).map(|(a, b)| delta(inner(first, below_first, a), inner(second, below_second, b)));
    Pair {
        depth,
        service: node.map_or_else(|| "".into(), |node| Arc::clone(&node.service)),
        name: node.map(|node| node.name.clone()).unwrap_or_default(),
        kind: node.map_or(Kind::Internal, |node| node.kind),
        first: one,
        second: other,
        delta_us,
        own_delta_us: delta_us.zip(inner_delta).map(|(all, inner)| all.saturating_sub(inner)),
    }
}

#[derive(Debug)]
struct Children {
    roots: Vec<usize>,
    below: Vec<Vec<usize>>,
}

/// Who is below whom, told from order and depth.
fn children(trace: &Trace) -> Children {
    let mut children = Children { roots: Vec::new(), below: vec![Vec::new(); trace.spans.len()] };
    let mut above: Vec<usize> = Vec::new();
    for (at, node) in trace.spans.iter().enumerate() {
        above.truncate(node.depth);
        match above.last() {
            Some(parent) => children.below[*parent].push(at),
            None => children.roots.push(at),
        }
        above.push(at);
    }
    children
}

fn in_words(delta_us: i64, pairs: &[Pair]) -> String {
    let total = match delta_us {
        0 => "Both took the same time.".to_owned(),
        more if more > 0 => format!("The second took {} longer.", time(more)),
        less => format!("The second took {} less.", time(less)),
    };
    // The span that accounts for most of the difference, in the same direction.
    let cause = pairs
        .iter()
        .filter_map(|pair| Some((pair, pair.own_delta_us?)))
        .filter(|(_, own)| own.signum() == delta_us.signum() && *own != 0)
        .max_by_key(|(_, own)| own.unsigned_abs());
    let cause = cause.map_or_else(String::new, |(pair, own)| {
        format!(" Most of it is in `{}` of `{}`: {}.", pair.name, pair.service, signed(own))
    });
    let only = |of: fn(&Pair) -> bool, which: &str| {
        let pair = pairs.iter().find(|pair| of(pair));
        pair.map_or_else(String::new, |pair| {
            format!(" Only the {which} has `{}` of `{}`.", pair.name, pair.service)
        })
    };
    let first = only(|pair| pair.second.is_none(), "first");
    let second = only(|pair| pair.first.is_none(), "second");
    format!("{total}{cause}{first}{second}")
}

fn delta(first: u64, second: u64) -> i64 {
    let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    signed(second) - signed(first)
}

fn signed(microseconds: i64) -> String {
    let sign = if microseconds < 0 { '-' } else { '+' };
    format!("{sign}{}", time(microseconds))
}

fn time(microseconds: i64) -> String {
    crate::story::time(std::time::Duration::from_micros(microseconds.unsigned_abs()))
}

#[cfg(test)]
mod tests;
