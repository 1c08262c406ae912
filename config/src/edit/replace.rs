//! Writing something else in place of a value.

use crate::{
    shape::{Record, Shape},
    tree::Tree,
};

use super::{
    layout::{Kind, Layout, Node},
    plan::Change,
    scan,
    splice::Splice,
    write::{self, Behind, Manner, Quotes, Written},
};

/// Writes a whole node anew; only if nothing is lost that values do not tell.
pub(super) fn whole(layout: &Layout<'_>, change: &Change) -> Option<Vec<Splice>> {
    let Change::Replace { path, value, shape } = change else { return None };
    let node = layout.node(path)?;
    match layout.is_rich(node.outer..node.end) {
        true => None,
        false => splices(layout, &Tree::Null, path, value, shape.as_ref()),
    }
}

pub(super) fn splices(
    layout: &Layout<'_>,
    tree: &Tree,
    path: &[usize],
    value: &Tree,
    shape: Option<&Shape>,
) -> Option<Vec<Splice>> {
    let node = layout.node(path)?;
    if let Some(text) = long_form(layout, node, value, shape) {
        return Some(vec![Splice::new(node.start..node.end, text)]);
    }
    if layout.in_flow(path) || node.is_flow() && is_leaf(value) {
        return in_line(layout, node, &leaf(layout, node, value, tree, path, true));
    }
    let Some((last, way)) = path.split_last() else { return root(layout, value) };
    let parent = layout.node(way)?;
    let behind = match &parent.kind {
        Kind::Map { entries, .. } => {
            Behind::Key(scan::column(layout.text, entries.get(*last)?.start))
        }
        _ => Behind::Dash(scan::column(layout.text, node.from - 1)),
    };
    let manner = Manner { list_offset: layout.list_offset, braces: node.is_flow() };
    let mut written = write::value(value, shape, behind, manner);
    if is_leaf(value) && written.below.is_empty() {
        written.head = leaf(layout, node, value, tree, path, false);
    }
    Some(in_block(layout, node, behind, written))
}

fn is_leaf(tree: &Tree) -> bool {
    !matches!(tree, Tree::List(_) | Tree::Map(_))
}

/// A value in one line, in the quotes that the old one had by choice.
fn leaf(
    layout: &Layout<'_>,
    node: &Node,
    value: &Tree,
    tree: &Tree,
    path: &[usize],
    flow: bool,
) -> String {
    let old = path.iter().try_fold(tree, |node, place| match node {
        Tree::List(items) => items.get(*place),
        Tree::Map(entries) => entries.get(*place).map(|(_, value)| value),
        _ => None,
    });
    let needed = match old {
        Some(Tree::Text(text)) => !write::is_plain(text, flow),
        _ => false,
    };
    if !is_leaf(value) {
        return write::inline(value, flow);
    }
    // What became quoted by an edit is in single quotes, so that the next edit can undo it.
    let quotes = match (layout.text.as_bytes().get(node.start), needed) {
        (Some(b'"'), _) => Quotes::DoubleAlways,
        (Some(b'\''), false) => Quotes::SingleAlways,
        _ if matches!(node.kind, Kind::Text) => Quotes::Single,
        _ => Quotes::Double,
    };
    write::scalar(value, flow, quotes)
}

/// In place of what is short: `staff` becomes `{ service: staff, weight: 3 }`, with the text as it
/// was. `None` if it would be too much for a line.
fn long_form(
    layout: &Layout<'_>,
    node: &Node,
    value: &Tree,
    shape: Option<&Shape>,
) -> Option<String> {
    let (Kind::Text, Tree::Map(entries)) = (&node.kind, value) else { return None };
    let (Shape::Record(Record { short, .. }) | Shape::Choice(Record { short, .. })) = shape? else {
        return None;
    };
    let old = &layout.text[node.start..node.end];
    let keeps = old.starts_with(['"', '\'']) || write::is_plain(old, true);
    let long = |value: &Tree| match value {
        Tree::List(_) | Tree::Map(_) => true,
        Tree::Text(text) => text.contains('\n'),
        _ => false,
    };
    if !keeps || old.contains('\n') || entries.iter().any(|(_, value)| long(value)) {
        return None;
    }
    let short = (*short)?;
    let entry = |(key, value): &(Tree, Tree)| match key {
        Tree::Text(key) if **key == *short => format!("{key}: {old}"),
        key => format!("{}: {}", write::inline(key, true), write::inline(value, true)),
    };
    let entries: Vec<String> = entries.iter().map(entry).collect();
    Some(format!("{{ {} }}", entries.join(", ")))
}

/// In brackets, or where old and new are in one line.
fn in_line(layout: &Layout<'_>, node: &Node, text: &str) -> Option<Vec<Splice>> {
    Some(vec![match node.kind {
        Kind::Nothing { colon } => {
            let before = layout.text[..node.start].chars().next_back();
            let blank = if before.is_some_and(char::is_whitespace) { "" } else { " " };
            let colon = if colon { "" } else { ":" };
            Splice::at(node.start, format!("{colon}{blank}{text}"))
        }
        _ => Splice::new(node.start..node.end, text),
    }])
}

/// Behind a key or dash that begins a line, or behind another dash.
fn in_block(layout: &Layout<'_>, node: &Node, behind: Behind, written: Written) -> Vec<Splice> {
    let Written { head, below } = written;
    let (text, eol) = (layout.text, layout.newline);
    let below: String = below.iter().map(|line| format!("{eol}{line}")).collect();
    let has_properties = node.outer != node.start;
    let (head, below) = match behind {
        // A map behind a dash and an anchor: the anchor would be its first key's.
        Behind::Dash(column) if has_properties && !below.is_empty() && !head.starts_with('|') => {
            (String::new(), format!("{eol}{}{head}{below}", " ".repeat(column + 2)))
        }
        _ => (head, below),
    };
    let introduced = match has_properties {
        true => scan::properties_end(text, node.outer),
        false => node.from,
    };
    let end_of_line = scan::line_end(text, introduced);
    let spaced = |head: &str| if head.is_empty() { String::new() } else { format!(" {head}") };
    if node.is_block() && node.start > end_of_line {
        // Comments between stay, unless they would become text.
        let start = match head.ends_with(['|', '-']) {
            true => end_of_line,
            false => scan::line_end(text, scan::line_start(text, node.start) - 1),
        };
        let start = if text[..start].ends_with('\r') { start - 1 } else { start };
        let end = scan::line_end(text, node.end);
        return vec![
            Splice::at(introduced, spaced(&head)),
            Splice::new(start.max(introduced)..end, below),
        ];
    }
    let start = match node.kind {
        Kind::Nothing { .. } => introduced,
        _ if text[..node.start].ends_with([' ', '\t']) => {
            text[..node.start].trim_end_matches([' ', '\t']).len()
        }
        _ => node.start,
    };
    let own_line = scan::is_first(text, node.start) && node.start > end_of_line;
    let first = match own_line {
        true if head.is_empty() => (end_of_line, head),
        true => (node.start, head),
        false => (start, spaced(&head)),
    };
    let mut splices = vec![Splice::new(first.0..node.end.max(first.0), first.1)];
    if !below.is_empty() {
        splices.push(Splice::at(scan::line_end(text, node.end), below));
    }
    splices
}

/// The whole document.
fn root(layout: &Layout<'_>, value: &Tree) -> Option<Vec<Splice>> {
    let manner = Manner { list_offset: layout.list_offset, braces: false };
    let shape = Shape::Record(crate::document::root());
    let lines = match value {
        Tree::Map(entries) if entries.is_empty() => Vec::new(),
        value => write::lines(value, Some(&shape), 0, manner),
    };
    let (text, eol) = (layout.text, layout.newline);
    Some(vec![match layout.root.kind {
        Kind::Nothing { .. } => {
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { eol };
            Splice::at(text.len(), format!("{gap}{}{eol}", lines.join(eol)))
        }
        _ => Splice::new(layout.root.outer..layout.root.end, lines.join(eol)),
    }])
}
