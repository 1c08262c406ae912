//! What a trace's duration is made of.

use std::time::Duration;

use super::{Segment, microseconds};

/// From the end of the first span back to its beginning: each moment belongs to the deepest
/// span without which the trace would have been shorter. At any moment that is the child that
/// ended last before it; what no child covers is the span's own.
///
/// The result is in the order of time.
pub(super) fn path(
    places: &[(Duration, Duration)],
    children: &[Vec<usize>],
    began: Duration,
) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut visit = |span: usize, from: Duration, to: Duration| {
        if to > from {
            let (from_us, to_us) = (microseconds(from - began), microseconds(to - began));
            segments.push(Segment { span, from_us, to_us });
        }
    };
    // A span, its beginning, and the moment up to which it has been explained, from the end.
    let Some((first, end)) = places.first() else { return Vec::new() };
    let mut stack = vec![(0, *first, *end)];
    while let Some((span, start, cursor)) = stack.pop() {
        let (_, end) = places[span];
        let last = children[span]
            .iter()
            // What lies outside of the parent is no part of it: clocks differ.
            .map(|child| (*child, places[*child].0.max(start), places[*child].1.min(end)))
            // Not one that merely overlaps: the span did not wait for it. One of no duration
            // would be found again and again.
            .filter(|(_, from, to)| *to <= cursor && from < to)
            .max_by_key(|(_, _, to)| *to);
        match last {
            Some((child, from, to)) => {
                visit(span, to, cursor);
                stack.push((span, start, from));
                stack.push((child, from, to));
            }
            None => visit(span, start, cursor),
        }
    }
    segments.reverse();
    segments
}

/// Stretches of at least `least` in a span with children in which none of them ran.
pub(super) fn gaps(
    places: &[(Duration, Duration)],
    children: &[Vec<usize>],
    began: Duration,
    least: Duration,
) -> Vec<Segment> {
    let mut gaps = Vec::new();
    for (span, (start, end)) in places.iter().enumerate() {
        if children[span].is_empty() {
            continue;
        }
        let mut inside: Vec<(Duration, Duration)> =
            children[span].iter().map(|child| places[*child]).collect();
        inside.sort();
        inside.push((*end, *end));
        let mut covered = *start;
        for (from, to) in inside {
            let from = from.min(*end);
            if from.saturating_sub(covered) >= least {
                let (from_us, to_us) = (microseconds(covered - began), microseconds(from - began));
                gaps.push(Segment { span, from_us, to_us });
            }
            covered = covered.max(to);
        }
    }
    gaps
}
