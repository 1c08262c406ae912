//! Where every node of a text begins and ends, to the byte.
//!
//! The events of `saphyr-parser` say what there is; ends of quoted text, indicators and properties
//! are looked up in the text, because events do not tell them well enough.

mod build;

use std::ops::Range;

use super::scan;

/// A text and its nodes.
pub(super) struct Layout<'t> {
    pub(super) text: &'t str,
    pub(super) root: Node,
    /// The end of line that new lines get.
    pub(super) newline: &'static str,
    /// How far a list is indented under its key in this text.
    pub(super) list_offset: usize,
    /// Anchors that are used, and where they are used.
    aliases: Vec<(usize, usize)>,
}

/// A value.
#[derive(Debug)]
pub(super) struct Node {
    /// Right behind the `:`, `-`, `[`, `{` or `,` that introduces it.
    pub(super) from: usize,
    /// Where its anchor or tag begins, or itself if it has none; `from` if nothing is written.
    pub(super) outer: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// 0 is none.
    anchor: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Alias,
    /// `|` and `>`.
    BlockText,
    List {
        flow: bool,
        items: Vec<Node>,
    },
    Map {
        flow: bool,
        entries: Vec<Entry>,
    },
    /// Nothing is written. A key in braces may even lack its `:`.
    Nothing {
        colon: bool,
    },
    /// What is too rare to be edited: `[a: b]`.
    Odd,
    /// Plain or in quotes.
    Text,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) start: usize,
    /// Behind the `:`, or behind the key if there is none.
    pub(super) key_end: usize,
    pub(super) value: Node,
}

impl Entry {
    pub(super) fn end(&self) -> usize {
        self.value.end.max(self.key_end)
    }
}

impl Node {
    fn child(&self, place: usize) -> Option<&Self> {
        match &self.kind {
            Kind::List { items, .. } => items.get(place),
            Kind::Map { entries, .. } => entries.get(place).map(|entry| &entry.value),
            _ => None,
        }
    }

    fn children(&self) -> impl Iterator<Item = &Self> {
        (0..).map_while(|place| self.child(place))
    }

    /// Where its items or entries are, dashes and keys included.
    pub(super) fn extents(&self) -> Vec<Range<usize>> {
        match &self.kind {
            Kind::List { flow, items } => {
                let start = |item: &Self| if *flow { item.outer } else { item.from - 1 };
                items.iter().map(|item| start(item)..item.end).collect()
            }
            Kind::Map { entries, .. } => {
                entries.iter().map(|entry| entry.start..entry.end()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A list or map without brackets.
    pub(super) fn is_block(&self) -> bool {
        matches!(self.kind, Kind::List { flow: false, .. } | Kind::Map { flow: false, .. })
    }

    pub(super) fn is_flow(&self) -> bool {
        matches!(self.kind, Kind::List { flow: true, .. } | Kind::Map { flow: true, .. })
    }
}

impl<'t> Layout<'t> {
    /// `None` if the text is not understood.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        build::build(text)
    }

    /// Follows places of children.
    pub(super) fn node(&self, path: &[usize]) -> Option<&Node> {
        path.iter().try_fold(&self.root, |node, place| node.child(*place))
    }

    /// Whether anything that a node is in has brackets.
    pub(super) fn in_flow(&self, path: &[usize]) -> bool {
        (0..path.len()).any(|length| self.node(&path[..length]).is_some_and(Node::is_flow))
    }

    /// The line of the closest node on a way that is there.
    pub(super) fn line(&self, path: &[usize]) -> usize {
        let nodes = (0..=path.len()).rev().filter_map(|length| self.node(&path[..length]));
        let start = nodes.map(|node| node.start).next().unwrap_or(0);
        self.text[..start].matches('\n').count() + 1
    }

    /// The line of an alias, or of an anchor that is used elsewhere, on the way to a place; with
    /// `whole`, also in what is there.
    pub(super) fn shared(&self, path: &[usize], whole: bool) -> Option<usize> {
        let used = |node: &Node| self.aliases.iter().any(|(anchor, _)| *anchor == node.anchor);
        let shares = |node: &Node| matches!(node.kind, Kind::Alias) || used(node);
        let way = (0..=path.len()).filter_map(|length| self.node(&path[..length]));
        // An alias that is replaced as a whole is only itself.
        let mut way = way.filter(|node| shares(node));
        let target = self.node(path);
        let own = |node: &&Node| whole && target.is_some_and(|target| std::ptr::eq(target, *node));
        let found = way.find(|node| !(own(node) && matches!(node.kind, Kind::Alias)));
        let found = found.or_else(|| whole.then(|| self.used_outside(target?, target?)).flatten());
        let line = |node: &Node| self.text[..node.outer].matches('\n').count() + 1;
        found.map(line)
    }

    /// A node in `node` whose anchor is used outside of `all`.
    fn used_outside<'n>(&self, node: &'n Node, all: &Node) -> Option<&'n Node> {
        let inside = all.outer..all.end;
        let outside =
            |(anchor, at): &&(usize, usize)| *anchor == node.anchor && !inside.contains(at);
        if self.aliases.iter().find(outside).is_some() {
            return Some(node);
        }
        node.children().find_map(|child| self.used_outside(child, all))
    }

    /// Whether a part of the text says more than its values.
    pub(super) fn is_rich(&self, part: Range<usize>) -> bool {
        let text = &self.text[part];
        text.lines().any(|line| line.trim_start().starts_with('#') || line.contains(" #"))
            || text.contains(['&', '*', '!'])
    }

    /// Whether a line of comment holds a field that somebody took out for a while.
    pub(super) fn is_commented_out(&self, line: &str) -> bool {
        let content = line.trim_start_matches([' ', '\t', '#', '-']);
        let name = content.split(':').next().unwrap_or_default();
        content.contains(':')
            && crate::shape::records(crate::document::root())
                .iter()
                .any(|record| record.field(name).is_some())
    }

    /// Where the comments begin that stand right above a line and are indented as it is. Those at
    /// the top of a file belong to the file.
    pub(super) fn comments_above(&self, line: usize, column: usize) -> usize {
        let mut start = line;
        while start > 0 {
            let above = scan::line_start(self.text, start - 1);
            if above >= start || scan::comment_column(scan::line(self.text, above)) != Some(column)
            {
                return start;
            }
            start = above;
        }
        if start == line { start } else { line }
    }

    /// The end of the last line of a block that ends somewhere: comments behind it that are
    /// indented deeper than its column are its own.
    pub(super) fn end_of_block(&self, end: usize, column: usize) -> usize {
        let mut last = scan::line_end(self.text, end);
        let mut next = scan::next_line(self.text, end);
        while next < self.text.len() {
            let line = scan::line(self.text, next);
            match scan::comment_column(line) {
                Some(deeper) if deeper > column => last = scan::line_end(self.text, next),
                None if line.trim().is_empty() => {}
                _ => break,
            }
            next = scan::next_line(self.text, next);
        }
        last
    }
}
