//! What differs between two graphs.

use std::collections::HashMap;

use portico_telemetry::{
    far::Sight,
    graph::{Link, Stats},
};
use serde::Serialize;

use crate::admin::telemetry::graph::{Graph, Node};

/// The difference, as the console reads it.
#[derive(Debug, Serialize)]
pub(super) struct Changes<'a> {
    at: u64,
    window_seconds: u64,
    since: u64,
    nodes: Vec<&'a Node>,
    links: Vec<&'a Link>,
    gone_nodes: Vec<&'a str>,
    gone_links: Vec<(&'a str, &'a str)>,
    sight: Option<&'a [Sight]>,
}

/// Nothing if they are alike.
pub(super) fn between<'a>(before: &'a Graph, after: &'a Graph) -> Option<Changes<'a>> {
    let mut nodes: HashMap<&str, &Node> =
        before.nodes.iter().map(|node| (&*node.node.id, node)).collect();
    let mut changed_nodes = Vec::new();
    for node in &after.nodes {
        let known = nodes.remove(&*node.node.id);
        if known.is_none_or(|known| !same_node(known, node)) {
            changed_nodes.push(node);
        }
    }
    let ids = before.nodes.iter().map(|own| &*own.node.id);
    let gone_nodes: Vec<&str> = ids.filter(|id| nodes.contains_key(id)).collect();
    let mut links: HashMap<(&str, &str), &Link> =
        before.links.iter().map(|link| ((&*link.from, &*link.to), link)).collect();
    let mut changed_links = Vec::new();
    for link in &after.links {
        let known = links.remove(&(&*link.from, &*link.to));
        if known.is_none_or(|known| !same_stats(&known.stats, &link.stats)) {
            changed_links.push(link);
        }
    }
    let own = |link: &'a Link| (&*link.from, &*link.to);
    let gone_links: Vec<_> =
        before.links.iter().map(own).filter(|link| links.contains_key(link)).collect();
    let sight = (before.sight != after.sight).then_some(&*after.sight);
    let is_same = changed_nodes.is_empty()
        && changed_links.is_empty()
        && gone_nodes.is_empty()
        && gone_links.is_empty()
        && sight.is_none();
    (!is_same).then_some(Changes {
        at: after.at,
        window_seconds: after.window_seconds,
        since: after.since,
        nodes: changed_nodes,
        links: changed_links,
        gone_nodes,
        gone_links,
        sight,
    })
}

fn same_node(before: &Node, after: &Node) -> bool {
    before.node.in_flight == after.node.in_flight
        && before.badges == after.badges
        && same_stats(&before.node.stats, &after.node.stats)
}

/// Rates follow from the number of requests, and from a clock that runs on: with the same requests in
/// the window, it is not worth an event that a quarter of a second has passed.
fn same_stats(before: &Stats, after: &Stats) -> bool {
    let still = Stats { requests_per_second: before.requests_per_second, ..after.clone() };
    *before == still
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use portico_telemetry::graph::{self, NodeKind, View};
    use serde_json::json;

    use super::*;
    use crate::admin::badges::Badges;

    fn graph(requests: &[(&str, u64)], rate: f64) -> Graph {
        let stats = |requests| Stats { requests, requests_per_second: rate, ..Stats::default() };
        let node = |(name, requests): &(&str, u64)| graph::Node {
            id: format!("route:{name}"),
            kind: NodeKind::Route,
            name: (*name).to_owned(),
            in_flight: 0,
            stats: stats(*requests),
        };
        let link = |(name, requests): &(&str, u64)| Link {
            from: "listener:web".to_owned(),
            to: format!("route:{name}"),
            stats: stats(*requests),
        };
        let view = View {
            at: 7,
            window_seconds: 10,
            since: 1,
            resolution_seconds: 1,
            nodes: requests.iter().map(node).collect(),
            links: requests.iter().map(link).collect(),
        };
        Graph::new(view, &Badges::default(), Arc::default(), None)
    }

    #[test]
    fn only_what_differs() {
        let before = graph(&[("a", 1), ("b", 2), ("c", 3)], 1.0);
        assert!(between(&before, &graph(&[("a", 1), ("b", 2), ("c", 3)], 1.5)).is_none());
        let after = graph(&[("a", 1), ("c", 4), ("d", 1)], 1.0);
        let changes = serde_json::to_value(between(&before, &after).unwrap()).unwrap();
        let ids: Vec<_> = changes["nodes"].as_array().unwrap().iter().map(|n| &n["id"]).collect();
        assert_eq!(ids, ["route:c", "route:d"]);
        assert_eq!(changes["links"][0]["stats"]["requests"], 4);
        assert_eq!(changes["gone_nodes"], json!(["route:b"]));
        assert_eq!(changes["gone_links"], json!([["listener:web", "route:b"]]));
        assert!(changes["sight"].is_null());
    }
}
