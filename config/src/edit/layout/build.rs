//! Nodes of a text, from the events of its parser.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Entry, Kind, Layout, Node, scan};

/// `serde_yaml` reads nothing that is nested deeper than 128.
const MAX_DEPTH: usize = 160;

/// `None` if the text is not understood.
pub(super) fn build(text: &str) -> Option<Layout<'_>> {
    let mut builder = Builder { text, events: events(text)?, next: 0, aliases: Vec::new() };
    let mut from = 0;
    while let Some(Parsed { event, start, end }) = builder.events.get(builder.next) {
        match event {
            Event::DocumentStart(true) => from = (*end).max(*start + 3),
            Event::StreamStart | Event::DocumentStart(false) | Event::Nothing => {}
            _ => break,
        }
        builder.next += 1;
    }
    let event = &builder.events.get(builder.next)?.event;
    let empty = matches!(event, Event::StreamEnd | Event::DocumentEnd);
    let root = if empty { nothing(text.len(), true) } else { builder.node(from, true, 0)? };
    let newline = match text.find('\n') {
        Some(end) if text[..end].ends_with('\r') => "\r\n",
        _ => "\n",
    };
    let list_offset = list_offset(text, &root).unwrap_or(2);
    Some(Layout { text, root, newline, list_offset, aliases: builder.aliases })
}

struct Parsed<'t> {
    event: Event<'t>,
    start: usize,
    end: usize,
}

/// Events with places in bytes instead of characters.
fn events(text: &str) -> Option<Vec<Parsed<'_>>> {
    let mut events = Vec::new();
    let mut marks = Vec::new();
    for (place, parsed) in Parser::new_from_str(text).enumerate() {
        let (event, span) = parsed.ok()?;
        marks.extend([(span.start.index(), place, true), (span.end.index(), place, false)]);
        events.push(Parsed { event, start: 0, end: 0 });
    }
    marks.sort_unstable();
    let mut characters = text.char_indices().map(|(byte, _)| byte).enumerate().peekable();
    for (index, place, is_start) in marks {
        while characters.next_if(|(character, _)| *character < index).is_some() {}
        let byte = characters.peek().map_or(text.len(), |(_, byte)| *byte);
        let parsed = events.get_mut(place)?;
        *(if is_start { &mut parsed.start } else { &mut parsed.end }) = byte;
    }
    Some(events)
}

struct Builder<'t> {
    text: &'t str,
    events: Vec<Parsed<'t>>,
    next: usize,
    aliases: Vec<(usize, usize)>,
}

fn nothing(from: usize, colon: bool) -> Node {
    let kind = Kind::Nothing { colon };
    Node { from, outer: from, start: from, end: from, anchor: 0, kind }
}

impl Builder<'_> {
    /// The node that follows a place.
    fn node(&mut self, from: usize, colon: bool, depth: usize) -> Option<Node> {
        let Parsed { event, end: span_end, .. } = self.events.get(self.next)?;
        let (event, span_end) = (event.clone(), *span_end);
        self.next += 1;
        if depth > MAX_DEPTH {
            return None;
        }
        let outer = scan::content(self.text, from);
        let properties = scan::properties_end(self.text, outer);
        let start = if properties == outer { outer } else { scan::content(self.text, properties) };
        let node = |anchor, end, kind| Node { from, outer, start, end, anchor, kind };
        Some(match event {
            Event::Alias(anchor) => {
                self.aliases.push((anchor, outer));
                node(0, span_end, Kind::Alias)
            }
            Event::Scalar(value, ScalarStyle::Plain, anchor, _) if value.is_empty() => {
                let kind = Kind::Nothing { colon };
                match properties == outer {
                    true => nothing(from, colon),
                    false => Node { from, outer, start: properties, end: properties, anchor, kind },
                }
            }
            Event::Scalar(_, ScalarStyle::Plain, anchor, _) => node(anchor, span_end, Kind::Text),
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, anchor, _) => {
                node(anchor, self.block_text_end(start, span_end), Kind::BlockText)
            }
            Event::Scalar(_, _, anchor, _) => {
                node(anchor, scan::quoted_end(self.text, start)?, Kind::Text)
            }
            Event::SequenceStart(anchor, _) => {
                let (end, kind) = self.list(start, depth)?;
                node(anchor, end, kind)
            }
            Event::MappingStart(anchor, _) => {
                let (end, kind) = self.map(start, depth)?;
                // `[a: b]`: the braces are missing, and the list's bracket is in front.
                let in_list = self.text[..start].trim_end().ends_with(['[', ',']);
                let odd = in_list && !self.text[start..].starts_with('{');
                node(anchor, end, if odd { Kind::Odd } else { kind })
            }
            _ => return None,
        })
    }

    /// The end of the last line with content; with `+`, of the last line at all.
    fn block_text_end(&self, start: usize, end: usize) -> usize {
        let header = scan::line_end(self.text, start);
        let indicators = self.text[start..header].split(' ').next().unwrap_or_default();
        let content = &self.text[..end];
        let end = match indicators.contains('+') {
            true => content.strip_suffix('\n').unwrap_or(content).trim_end_matches('\r').len(),
            false => scan::line_end(self.text, content.trim_end().len()).min(end),
        };
        end.max(header)
    }

    fn list(&mut self, start: usize, depth: usize) -> Option<(usize, Kind)> {
        let flow = self.text[start..].starts_with('[');
        let mut items: Vec<Node> = Vec::new();
        let mut end = start + usize::from(flow);
        while !matches!(self.events.get(self.next)?.event, Event::SequenceEnd) {
            let mut from = scan::content(self.text, end);
            match (flow, self.text.as_bytes().get(from)?) {
                (false, b'-') => from += 1,
                (true, b',') if !items.is_empty() => from += 1,
                (true, _) if items.is_empty() => from = end,
                _ => return None,
            }
            let item = self.node(from, true, depth + 1)?;
            end = item.end;
            items.push(item);
        }
        self.next += 1;
        let end = if flow { self.closed(end, ']')? } else { end };
        Some((end, Kind::List { flow, items }))
    }

    fn map(&mut self, start: usize, depth: usize) -> Option<(usize, Kind)> {
        let flow = self.text[start..].starts_with('{');
        let mut entries: Vec<Entry> = Vec::new();
        let mut odd = false;
        let mut end = start + usize::from(flow);
        while !matches!(self.events.get(self.next)?.event, Event::MappingEnd) {
            let mut from = scan::content(self.text, end);
            if flow && !entries.is_empty() {
                from = scan::content(self.text, from + 1);
            }
            odd |= self.text[from..].starts_with("? ");
            let key = self.node(from, true, depth + 1)?;
            odd |= !matches!(key.kind, Kind::Text);
            let colon = scan::content(self.text, key.end);
            let has_colon = self.text[colon..].starts_with(':');
            let key_end = if has_colon { colon + 1 } else { key.end };
            let value = self.node(key_end, has_colon, depth + 1)?;
            end = value.end.max(key_end);
            entries.push(Entry { start: from, key_end, value });
        }
        self.next += 1;
        let end = if flow { self.closed(end, '}')? } else { end };
        Some((end, if odd { Kind::Odd } else { Kind::Map { flow, entries } }))
    }

    /// The end of a flow collection whose last child ends at a place.
    fn closed(&self, end: usize, bracket: char) -> Option<usize> {
        let mut at = scan::content(self.text, end);
        if self.text[at..].starts_with(',') {
            at = scan::content(self.text, at + 1);
        }
        self.text[at..].starts_with(bracket).then_some(at + 1)
    }
}

/// How far the first list of a text is indented under its key.
fn list_offset(text: &str, node: &Node) -> Option<usize> {
    if let Kind::Map { flow: false, entries } = &node.kind {
        for Entry { start, value, .. } in entries {
            if let Kind::List { flow: false, .. } = value.kind {
                return scan::column(text, value.start).checked_sub(scan::column(text, *start));
            }
        }
    }
    node.children().find_map(|child| list_offset(text, child))
}
