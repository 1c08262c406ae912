//! The paths of every host, as trees of segments that share their tables.
//!
//! `/a/b` is found by walking from the host's root over `a` to `b`. A node holds what is exactly
//! this path, what has it as a prefix, and the regular expressions that can only match below it.
//! A trailing slash is an empty last segment, so `/a/` is a node below `/a`, and a prefix `/a`
//! applies to it. The walk ends at the first segment that no route knows.

use std::collections::HashMap;

use portico_config::config::{PathMatch, Pattern};

use super::{
    Found,
    candidates::{Candidate, Candidates},
    facts::Facts,
    patterns::{self, Patterns},
    steps::step,
};

/// A node of some host's tree.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct NodeId(usize);

/// The trees of all hosts.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// Each segment's text once, however many hosts and routes have it.
    segments: HashMap<Box<str>, usize>,
    edges: HashMap<(NodeId, usize), NodeId>,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    /// A root is its own parent.
    parent: NodeId,
    /// Bytes from the start of the path to the end of this segment; 0 only for a root.
    length: usize,
    exact: Candidates,
    prefix: Candidates,
    patterns: Option<Box<Patterns>>,
}

impl Paths {
    /// The first rule, by precedence, of the tree below a root.
    pub(super) fn find(&self, root: NodeId, facts: &Facts<'_>) -> Option<Found> {
        let path = facts.request.path;
        let (deepest, whole) = self.walk(root, path);
        let found = |candidate: &Candidate, prefix: usize| Found {
            rule: candidate.rule,
            matched: candidate.matched,
            prefix: u32::try_from(prefix).unwrap_or(u32::MAX),
        };
        if whole && let Some(candidate) = self.node(deepest).exact.first(facts) {
            return Some(found(candidate, 0));
        }
        let patterns = self.upwards(deepest).filter_map(|node| node.patterns.as_deref());
        if let Some(candidate) = patterns::first(patterns, facts) {
            return Some(found(candidate, 0));
        }
        self.upwards(deepest).find_map(|node| Some(found(node.prefix.first(facts)?, node.length)))
    }

    /// The last node on the way along a path, and whether the path ends there.
    fn walk(&self, root: NodeId, path: &str) -> (NodeId, bool) {
        // `*` and the empty path are in no tree; only what takes every path applies.
        let Some(path) = path.strip_prefix('/') else { return (root, false) };
        let mut node = root;
        for segment in path.split('/') {
            step();
            let edge = self.segments.get(segment).map(|segment| (node, *segment));
            let Some(next) = edge.and_then(|edge| self.edges.get(&edge)) else {
                return (node, false);
            };
            node = *next;
        }
        (node, true)
    }

    /// A node, then its parents up to the root.
    fn upwards(&self, node: NodeId) -> impl Iterator<Item = &Node> {
        std::iter::successors(Some(self.node(node)), |node| {
            step();
            (node.length > 0).then(|| self.node(node.parent))
        })
    }

    /// How many nodes there are, which is what memory goes by.
    #[cfg(test)]
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }
}

/// Makes [`Paths`].
#[derive(Default)]
pub(super) struct Builder<'a> {
    paths: Paths,
    patterns: HashMap<NodeId, Vec<(&'a Pattern, Candidate)>>,
}

impl<'a> Builder<'a> {
    /// A new tree, for one more host.
    pub(super) fn root(&mut self) -> NodeId {
        let root = NodeId(self.paths.nodes.len());
        self.node(root, 0)
    }

    /// Adds a candidate to the tree of a root.
    pub(super) fn add(&mut self, root: NodeId, path: &'a PathMatch, candidate: Candidate) {
        match path {
            PathMatch::Exact(path) => {
                // Only `*` and its like have no slash; requests for them have no path to match.
                let Some(rest) = path.strip_prefix('/') else { return };
                let node = self.descend(root, rest.split('/'));
                self.paths.nodes[node.0].exact.add(candidate);
            }
            PathMatch::Prefix(path) => {
                let rest = path.strip_prefix('/').unwrap_or(path);
                let node = self.descend(root, rest.split_terminator('/'));
                self.paths.nodes[node.0].prefix.add(candidate);
            }
            PathMatch::Regex(pattern) => {
                let node = self.descend(root, patterns::literal_segments(&pattern.text));
                self.patterns.entry(node).or_default().push((pattern, candidate));
            }
        }
    }

    pub(super) fn finish(mut self) -> Paths {
        for (node, patterns) in self.patterns {
            self.paths.nodes[node.0].patterns = Some(Box::new(Patterns::new(patterns)));
        }
        for node in &mut self.paths.nodes {
            node.exact.finish();
            node.prefix.finish();
        }
        self.paths
    }

    fn descend<'s>(&mut self, root: NodeId, segments: impl Iterator<Item = &'s str>) -> NodeId {
        let mut node = root;
        for text in segments {
            let known = self.paths.segments.get(text).copied();
            let segment = known.unwrap_or_else(|| {
                let segment = self.paths.segments.len();
                self.paths.segments.insert(text.into(), segment);
                segment
            });
            node = match self.paths.edges.get(&(node, segment)) {
                Some(next) => *next,
                None => {
                    let next = self.node(node, self.paths.nodes[node.0].length + 1 + text.len());
                    self.paths.edges.insert((node, segment), next);
                    next
                }
            };
        }
        node
    }

    fn node(&mut self, parent: NodeId, length: usize) -> NodeId {
        let id = NodeId(self.paths.nodes.len());
        let (exact, prefix) = (Candidates::default(), Candidates::default());
        self.paths.nodes.push(Node { parent, length, exact, prefix, patterns: None });
        id
    }
}
