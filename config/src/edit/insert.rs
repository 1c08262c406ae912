//! New keys and items.

use std::ops::Range;

use crate::{shape::Shape, tree::Tree};

use super::{
    layout::{Kind, Layout, Node},
    plan::Change,
    scan,
    splice::Splice,
    write::{self, Manner, Quotes},
};

/// `None` if the node is written in a way that is not understood.
pub(super) fn splices(layout: &Layout<'_>, change: &Change) -> Option<Vec<Splice>> {
    let node = layout.node(change.path())?;
    let extents = node.extents();
    let (place, flow_text) = match change {
        Change::AddKey { place, key, value, .. } => {
            let key = write::inline(&Tree::Text(key.as_str().into()), true);
            (*place, format!("{key}: {}", write::inline(value, true)))
        }
        Change::AddItem { place, value, .. } => (*place, flow_item(layout, node, value)),
        _ => return None,
    };
    match node.kind {
        Kind::List { flow: true, .. } if extents.is_empty() => empty(layout, change),
        Kind::Map { flow: true, .. } if extents.is_empty() => empty(layout, change),
        Kind::List { flow: true, .. } | Kind::Map { flow: true, .. } => {
            in_flow(layout, &extents, place, &flow_text)
        }
        Kind::List { .. } | Kind::Map { .. } => {
            let column = scan::column(layout.text, extents.first()?.start);
            let lines = lines(layout, node, change, column);
            Some(vec![in_block(layout, &extents, place, column, lines)])
        }
        _ => None,
    }
}

/// `{}` and `[]` become what they would be if the first part had been there from the beginning.
fn empty(layout: &Layout<'_>, change: &Change) -> Option<Vec<Splice>> {
    let (path, value, shape) = match change {
        Change::AddKey { path, key, value, .. } => {
            let key = Tree::Text(key.as_str().into());
            (path, Tree::Map(vec![(key, value.clone())]), None)
        }
        Change::AddItem { path, value, shape, .. } => {
            let item = shape.clone().unwrap_or(Shape::Any);
            let shape = Shape::List { item: Box::new(item), min: 0, max: None };
            (path, Tree::List(vec![value.clone()]), Some(shape))
        }
        _ => return None,
    };
    super::replace::splices(layout, &Tree::Null, path, &value, shape.as_ref())
}

/// In quotes if the neighbours are.
fn flow_item(layout: &Layout<'_>, node: &Node, value: &Tree) -> String {
    match value {
        Tree::Text(_) => write::scalar(value, true, neighbours(layout, node)),
        _ => write::inline(value, true),
    }
}

fn neighbours(layout: &Layout<'_>, node: &Node) -> Quotes {
    let Kind::List { items, .. } = &node.kind else { return Quotes::Double };
    let quoted = |quote| {
        let text = |item: &Node| layout.text[item.start..].starts_with(quote);
        !items.is_empty() && items.iter().all(text)
    };
    match (quoted('"'), quoted('\'')) {
        (true, _) => Quotes::DoubleAlways,
        (_, true) => Quotes::SingleAlways,
        _ => Quotes::Double,
    }
}

/// The new lines, at a column.
fn lines(layout: &Layout<'_>, node: &Node, change: &Change, column: usize) -> Vec<String> {
    let mut manner = Manner { list_offset: layout.list_offset, braces: false };
    match change {
        Change::AddKey { key, value, shape, .. } => {
            let key = Tree::Text(key.as_str().into());
            write::entry(&key, value, shape.as_ref(), column, manner)
        }
        Change::AddItem { value: value @ Tree::Text(text), .. } if !text.contains('\n') => {
            let text = write::scalar(value, false, neighbours(layout, node));
            vec![format!("{}- {text}", " ".repeat(column))]
        }
        Change::AddItem { value, shape, .. } => {
            if let Kind::List { items, .. } = &node.kind {
                manner.braces = !items.is_empty() && items.iter().all(Node::is_flow);
            }
            write::item(value, shape.as_ref(), column, manner)
        }
        _ => Vec::new(),
    }
}

fn in_block(
    layout: &Layout<'_>,
    extents: &[Range<usize>],
    place: usize,
    column: usize,
    lines: Vec<String>,
) -> Splice {
    let (text, eol) = (layout.text, layout.newline);
    let gap = if are_spaced(layout, extents, column) { eol } else { "" };
    if let Some(before) = place.checked_sub(1).and_then(|place| extents.get(place)) {
        let lines: String = lines.iter().map(|line| format!("{eol}{line}")).collect();
        return Splice::at(layout.end_of_block(before.end, column), format!("{gap}{lines}"));
    }
    let first = extents.first().map_or(0, |extent| extent.start);
    if scan::is_first(text, first) {
        let line = layout.comments_above(scan::line_start(text, first), column);
        let lines: String = lines.iter().map(|line| format!("{line}{eol}")).collect();
        return Splice::at(line, format!("{lines}{gap}"));
    }
    // Behind a dash: the first line takes the place of what stood there.
    let lines = lines.join(eol);
    Splice::at(first, format!("{}{eol}{gap}{}", lines.trim_start(), " ".repeat(column)))
}

/// Whether there is a blank line between all of several neighbours.
pub(super) fn are_spaced(layout: &Layout<'_>, extents: &[Range<usize>], column: usize) -> bool {
    let spaced = |pair: &[Range<usize>]| {
        let [before, after] = pair else { return false };
        let line = layout.comments_above(scan::line_start(layout.text, after.start), column);
        line > before.end
            && layout.text[before.end..line].lines().skip(1).any(|line| line.trim().is_empty())
    };
    extents.len() > 1 && extents.windows(2).all(spaced)
}

/// In brackets, in one line or over several.
fn in_flow(
    layout: &Layout<'_>,
    extents: &[Range<usize>],
    place: usize,
    new: &str,
) -> Option<Vec<Splice>> {
    let (text, eol) = (layout.text, layout.newline);
    let Some(before) = place.checked_sub(1).and_then(|place| extents.get(place)) else {
        let first = extents.first()?.start;
        let after = match scan::is_first(text, first) {
            true => format!("{eol}{}", &text[scan::line_start(text, first)..first]),
            false => " ".to_owned(),
        };
        return Some(vec![Splice::at(first, format!("{new},{after}"))]);
    };
    if !scan::is_first(text, before.start) {
        return Some(vec![Splice::at(before.end, format!(", {new}"))]);
    }
    // A line of its own, behind the comma and the comment of the one before.
    let indent = &text[scan::line_start(text, before.start)..before.start];
    let next = scan::content(text, before.end);
    let has_comma = text[next..].starts_with(',');
    let rest = &text[next + 1..scan::line_end(text, next + 1)];
    let alone = rest.trim().is_empty() || rest.trim_start().starts_with('#');
    Some(match (has_comma, alone) {
        (true, true) => {
            vec![Splice::at(scan::line_end(text, next), format!("{eol}{indent}{new},"))]
        }
        (true, false) => vec![Splice::at(before.end, format!(", {new}"))],
        (false, _) if next > scan::line_end(text, before.end) => vec![
            Splice::at(before.end, ","),
            Splice::at(scan::line_end(text, before.end), format!("{eol}{indent}{new}")),
        ],
        (false, _) => vec![Splice::at(before.end, format!(", {new}"))],
    })
}
