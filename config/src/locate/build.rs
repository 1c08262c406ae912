//! The places of a text, from the events of its parser.

use std::{collections::HashMap, rc::Rc};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::excerpt::{self, Region};

use super::{Content, Entry, Mark, Spanned};

/// Documents nest at most 128 deep (`serde_yaml` refuses more); nodes are dropped recursively.
const MAX_DEPTH: usize = 160;

/// Parses as much as can be parsed. Without the regions, the text ended early.
pub(super) fn build(text: &str) -> (Option<Rc<Spanned>>, Option<Vec<Region>>) {
    let mut builder = Builder::default();
    let mut complete = false;
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
            complete = true;
            break;
        }
        if builder.take(event, span).is_none() {
            break;
        }
    }
    while let Some(frame) = builder.open.pop() {
        let last = frame.start.line;
        builder.close(frame, last);
    }
    (builder.root, complete.then_some(builder.hidden))
}

#[derive(Default)]
struct Builder {
    open: Vec<Frame>,
    anchors: HashMap<usize, Rc<Spanned>>,
    hidden: Vec<Region>,
    root: Option<Rc<Spanned>>,
}

/// A list or map that is not yet closed.
struct Frame {
    start: Mark,
    anchor: usize,
    content: Content,
    /// A key that waits for its value.
    key: Option<(String, Mark)>,
}

fn mark(marker: &saphyr_parser::Marker) -> Mark {
    Mark { line: marker.line(), column: marker.col() + 1 }
}

/// What to hide of a secret. Nothing of its own line if it is missing there, but that there is
/// one counts.
fn hidden(node: &Spanned, key: Mark) -> Region {
    match node.content {
        Content::Leaf { written: false } => {
            Region { start: Mark { column: usize::MAX, ..key }, last_line: key.line }
        }
        _ => Region { start: node.start, last_line: node.last_line },
    }
}

impl Builder {
    /// `None` if the document is nested too deeply to go on.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let start = mark(&span.start);
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let written = !value.is_empty() || style != ScalarStyle::Plain;
                let last_line = span.end.line().max(start.line);
                let leaf =
                    Spanned { start, last_line, depth: 1, content: Content::Leaf { written } };
                self.finish(leaf, anchor, Some(&value));
            }
            Event::SequenceStart(anchor, _) => self.begin(start, anchor, Content::List(vec![])),
            Event::MappingStart(anchor, _) => self.begin(start, anchor, Content::Map(vec![])),
            Event::SequenceEnd | Event::MappingEnd => {
                let frame = self.open.pop()?;
                let flow_end = span.end.line();
                self.close(frame, if span.is_empty() { 0 } else { flow_end });
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor)?.clone();
                self.add(node, start, None);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        let deep = |frame: &Frame| frame.content.depth() >= MAX_DEPTH;
        (self.open.len() < MAX_DEPTH && !self.open.last().is_some_and(deep)).then_some(())
    }

    fn begin(&mut self, start: Mark, anchor: usize, content: Content) {
        self.open.push(Frame { start, anchor, content, key: None });
    }

    fn close(&mut self, frame: Frame, flow_end: usize) {
        let Frame { start, anchor, content, .. } = frame;
        let last_line = content.last_line().max(start.line).max(flow_end);
        let depth = content.depth() + 1;
        self.finish(Spanned { start, last_line, depth, content }, anchor, None);
    }

    fn finish(&mut self, node: Spanned, anchor: usize, text: Option<&str>) {
        let start = node.start;
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node, start, text);
    }

    /// Puts a node where it belongs: at the top, into a list, or into a map as key or value.
    fn add(&mut self, node: Rc<Spanned>, start: Mark, text: Option<&str>) {
        let Some(parent) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut parent.content {
            Content::Leaf { .. } => {}
            Content::List(items) => {
                if text.is_some_and(excerpt::holds_login) {
                    self.hidden.push(hidden(&node, start));
                }
                items.push(node);
            }
            Content::Map(entries) => match parent.key.take() {
                None => parent.key = Some((text.unwrap_or_default().to_owned(), start)),
                Some((name, key)) => {
                    if excerpt::may_be_secret(&name) || text.is_some_and(excerpt::holds_login) {
                        self.hidden.push(hidden(&node, key));
                    }
                    entries.push(Entry { name, key, value: node });
                }
            },
        }
    }
}

impl Content {
    fn last_line(&self) -> usize {
        match self {
            Self::Leaf { .. } => 0,
            Self::List(items) => items.iter().map(|item| item.last_line).max().unwrap_or(0),
            Self::Map(entries) => {
                let lines = |entry: &Entry| entry.value.last_line.max(entry.key.line);
                entries.iter().map(lines).max().unwrap_or(0)
            }
        }
    }

    /// The depth of what is inside; constant time would need a field, and lists are short.
    fn depth(&self) -> usize {
        match self {
            Self::Leaf { .. } => 0,
            Self::List(items) => items.last().map_or(0, |item| item.depth),
            Self::Map(entries) => entries.last().map_or(0, |entry| entry.value.depth),
        }
    }
}
