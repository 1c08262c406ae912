//! Spans as bars, one a line, under each other in time.

use std::time::Duration;

use portico_telemetry::story::time;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::plain::{cut, plain};

/// A trace, as far as it is drawn.
#[derive(Deserialize)]
pub(super) struct Trace {
    trace_id: String,
    took_us: u64,
    spans: Vec<Span>,
    notes: Vec<String>,
}

#[derive(Deserialize)]
struct Span {
    depth: usize,
    service: String,
    name: String,
    at_us: u64,
    took_us: u64,
    failed: bool,
    #[serde(default)]
    attributes: Vec<(String, Value)>,
}

/// Columns of names, and of bars.
const NAMES: usize = 44;
const BARS: u64 = 40;

/// Spans that are drawn. More is for the console.
const SPANS: usize = 200;

pub(super) fn draw(trace: &Trace) -> String {
    let took = time(Duration::from_micros(trace.took_us));
    let mut text = format!("trace {}, {took}\n\n", plain(&trace.trace_id));
    trace.spans.iter().take(SPANS).for_each(|span| text += &line(span, trace.took_us.max(1)));
    if let Some(more) = trace.spans.len().checked_sub(SPANS).filter(|more| *more > 0) {
        text += &format!("  and {more} spans more: see `--json`\n");
    }
    for note in &trace.notes {
        text += &format!("\n  {}\n", plain(note));
    }
    text
}

fn line(span: &Span, whole: u64) -> String {
    // Deep traces would leave no room for names.
    let indent = 2 * span.depth.min(10);
    let peer = span.attributes.iter().find(|(name, _)| name == "service.peer.name");
    let peer = peer.and_then(|(_, peer)| peer.as_str()).map(|peer| format!(" → {peer}"));
    let name = format!("{}  {}{}", span.service, span.name, peer.unwrap_or_default());
    let name = cut(&name, NAMES - indent);
    let name = format!("{:indent$}{name}", "");
    let column = |at: u64| at.saturating_mul(BARS) / whole;
    let from = column(span.at_us).min(BARS - 1);
    let to = column(span.at_us.saturating_add(span.took_us)).clamp(from + 1, BARS);
    let bar: String =
        (0..BARS).map(|at| if (from..to).contains(&at) { '█' } else { '·' }).collect();
    let failed = if span.failed { "  failed" } else { "" };
    let took = time(Duration::from_micros(span.took_us));
    format!("  {name:<NAMES$}  {bar}  {took}{failed}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_lie_where_their_spans_do() {
        let span = |depth, at_us, took_us| Span {
            depth,
            service: "portico".into(),
            name: "GET /\u{1b}".into(),
            at_us,
            took_us,
            failed: depth > 0,
            attributes: vec![("service.peer.name".into(), "web".into())],
        };
        let spans = vec![span(0, 0, 1_000), span(1, 500, 250), span(1, 1_000, 0)];
        let trace = Trace { trace_id: "1".into(), took_us: 1_000, spans, notes: Vec::new() };
        let drawn = draw(&trace);
        let bars: Vec<_> = drawn
            .lines()
            .map(|line| line.chars().filter(|c| ['█', '·'].contains(c)).collect::<String>())
            .filter(|bar| !bar.is_empty())
            .collect();
        assert_eq!(bars[0], "█".repeat(40));
        assert_eq!(bars[1], format!("{}{}{}", "·".repeat(20), "█".repeat(10), "·".repeat(10)));
        assert_eq!(bars[2], format!("{}█", "·".repeat(39)));
        assert!(
            !drawn.contains('\u{1b}')
                && drawn.contains("GET /\\u{1b} → web")
                && drawn.contains("250 µs  failed"),
            "{drawn}"
        );
    }
}
