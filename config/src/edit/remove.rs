//! Taking a key or an item away.

use std::ops::Range;

use super::{
    insert::are_spaced,
    layout::{Kind, Layout, Node},
    scan,
    splice::Splice,
};

/// The node keeps at least one other child, or is the whole document. `None` if it is written in a
/// way that is not understood.
pub(super) fn splices(
    layout: &Layout<'_>,
    path: &[usize],
    place: usize,
    short: bool,
) -> Option<Vec<Splice>> {
    let node = layout.node(path)?;
    let extents = node.extents();
    let gone = extents.get(place)?.clone();
    if node.is_block() {
        return Some(vec![in_block(layout, &extents, place)]);
    }
    if short && let Some(splice) = made_short(layout, node, place) {
        return Some(vec![splice]);
    }
    if extents.len() == 1 {
        return Some(vec![Splice::new(gone, "")]);
    }
    Some(in_flow(layout, node, &extents, place))
}

/// `{ service: staff, weight: 3 }` without its weight is `staff`.
fn made_short(layout: &Layout<'_>, node: &Node, place: usize) -> Option<Splice> {
    let Kind::Map { entries, .. } = &node.kind else { return None };
    let left = &entries.get(1_usize.checked_sub(place)?)?.value;
    let text = layout.text.get(left.outer..left.end)?;
    let plain = matches!(left.kind, Kind::Text) && !text.contains('\n');
    let simple = plain && !layout.is_rich(node.start..node.end);
    simple.then(|| Splice::new(node.start..node.end, text))
}

fn in_block(layout: &Layout<'_>, extents: &[Range<usize>], place: usize) -> Splice {
    let text = layout.text;
    let gone = &extents[place];
    let column = scan::column(text, gone.start);
    if !scan::is_first(text, gone.start) {
        return behind_dash(layout, extents, place, column);
    }
    let line = scan::line_start(text, gone.start);
    let mut start = layout.comments_above(line, column);
    if text[start..line].lines().any(|line| layout.is_commented_out(line)) {
        start = line;
    }
    let last = layout.end_of_block(gone.end, column);
    let mut end = scan::next_line(text, last);
    // Blank lines on both sides would be twice as many as before.
    let above = text[..start].trim_end_matches([' ', '\t', '\r', '\n']).len();
    let above = if above == 0 { start } else { scan::next_line(text, above) };
    let next = text[end..].trim_start_matches([' ', '\t', '\r', '\n']);
    let below = scan::line_start(text, text.len() - next.len());
    let blank_below = below > end || next.is_empty();
    let others: Vec<Range<usize>> =
        extents.iter().filter(|extent| *extent != gone).cloned().collect();
    let last_of_spaced = place == others.len() && are_spaced(layout, &others, column);
    if above < start && (blank_below || last_of_spaced) {
        start = above;
    } else if place == 0 && extents.len() > 1 && blank_below && below > end {
        end = below;
    }
    // The last line of a text without an end of line: the one before is the last then.
    if end == text.len() && !text.ends_with('\n') {
        start = text[..start].strip_suffix('\n').map_or(start, str::len);
        start = text[..start].strip_suffix('\r').map_or(start, str::len);
    }
    Splice::new(start..end, "")
}

/// The first of several behind a dash: the next takes its place, unless there is a comment between.
fn behind_dash(
    layout: &Layout<'_>,
    extents: &[Range<usize>],
    place: usize,
    column: usize,
) -> Splice {
    let text = layout.text;
    let gone = &extents[place];
    let next = extents.get(place + 1).map_or(gone.end, |next| next.start);
    let last = layout.end_of_block(gone.end, column);
    match text[last.min(next)..next].contains('#') {
        false => Splice::new(gone.start..next, ""),
        true => {
            let dash = text[..gone.start].trim_end_matches([' ', '\t']).len();
            Splice::new(dash..last, "")
        }
    }
}

fn in_flow(
    layout: &Layout<'_>,
    node: &Node,
    extents: &[Range<usize>],
    place: usize,
) -> Vec<Splice> {
    let text = layout.text;
    let gone = &extents[place];
    let comma = scan::content(text, gone.end);
    let has_comma = text[comma..].starts_with(',');
    let end = if has_comma { comma + 1 } else { gone.end };
    let rest = &text[end..scan::line_end(text, end)];
    let own_lines = scan::is_first(text, gone.start)
        && (rest.trim().is_empty() || rest.trim_start().starts_with('#'));
    let before = place.checked_sub(1).and_then(|place| extents.get(place));
    if own_lines && scan::next_line(text, end) < node.end {
        let mut splices =
            vec![Splice::new(scan::line_start(text, gone.start)..scan::next_line(text, end), "")];
        if !has_comma && let Some(before) = before {
            let comma = scan::content(text, before.end);
            splices.push(Splice::new(comma..comma + 1, ""));
        }
        return splices;
    }
    vec![match (before, extents.get(place + 1)) {
        (Some(before), _) => Splice::new(before.end..gone.end, ""),
        (None, Some(next)) => Splice::new(gone.start..next.start, ""),
        (None, None) => Splice::new(gone.clone(), ""),
    }]
}
