//! The graph as somebody looks at it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    State,
    ring::{COARSE, FINE, Ring, Sum},
};
use crate::series::Edge;

/// Nodes and links in a window of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    /// The end of the window: seconds since 1970.
    pub at: u64,
    /// What rates are made of: the window, or less if the gateway is younger.
    pub window_seconds: u64,
    /// The oldest second that can be looked at.
    pub since: u64,
    /// 1, or 10 for a window that is more than a minute ago.
    pub resolution_seconds: u64,
    pub nodes: Vec<Node>,
    pub links: Vec<Link>,
}

/// What calls or is called.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// What links call it. Stable, and of no further meaning.
    pub id: String,
    pub kind: NodeKind,
    pub name: String,
    /// Requests that are there now. Of listeners, routes, services and endpoints.
    pub in_flight: u64,
    /// Of all that came to it; for the clients, of all that they sent.
    pub stats: Stats,
}

/// In the order in which a request meets them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// All clients together.
    Client,
    Listener,
    Route,
    /// A service of the configuration.
    Service,
    Endpoint,
    /// A service behind the gateway, known from its spans only.
    Far,
}

/// Who called whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Link {
    pub from: String,
    pub to: String,
    pub stats: Stats,
}

/// What was counted. Without requests, shares and durations are missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    pub requests: u64,
    pub requests_per_second: f64,
    pub errors: u64,
    /// From 0 to 1.
    pub error_share: Option<f64>,
    /// By the hundreds of the status; in front those without one.
    pub classes: [u64; 6],
    pub p50_ms: Option<f64>,
    pub p90_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// From clients, and to them.
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Seconds since 1970, at most the end of the window; to ten seconds if that is more than a
    /// minute ago.
    pub last_seen: Option<u64>,
}

/// What is taken out of the graph while it is locked. It is drawn afterwards: the collector should
/// not wait for that.
pub(super) struct Taken {
    view: View,
    /// What rates are made of, exactly.
    seconds: f64,
    near: Vec<(Edge, Seen)>,
    far: Vec<([Arc<str>; 2], Seen)>,
}

pub(super) fn take(state: &State, window: Duration, at: u64) -> Taken {
    let at = at.min(state.now);
    let is_now = state.now - at <= 1;
    let is_fine = at + FINE >= state.now + window.as_secs();
    let resolution = if is_fine { 1 } else { COARSE };
    let window = window.as_secs().max(resolution);
    let seen = |ring: &Ring, in_flight| {
        let mut sum = Sum::default();
        ring.sum(at.saturating_sub(window), at, &mut sum);
        Seen { sum, last: ring.last_seen(at), in_flight }
    };
    let near = state.near.iter().map(|(edge, near)| {
        let series = near.series.upgrade().filter(|_| is_now);
        (edge.clone(), seen(&near.ring, series.map_or(0, |series| series.in_flight())))
    });
    let far = state.far.iter();
    let far = far.map(|((from, to), far)| ([from.clone(), to.clone()], seen(&far.ring, 0)));
    let view = View {
        at,
        window_seconds: window.min(at.saturating_sub(state.began).max(1)),
        since: state.horizon.max(state.began),
        resolution_seconds: resolution,
        nodes: Vec::new(),
        links: Vec::new(),
    };
    let exactly = (at == state.now).then(|| state.covered(window)).flatten();
    let seconds = exactly.unwrap_or(view.window_seconds as f64);
    Taken { view, seconds, near: near.collect(), far: far.collect() }
}

impl Taken {
    pub(super) fn draw(self) -> View {
        let mut drawing = Drawing::default();
        self.near.iter().for_each(|(edge, seen)| drawing.near(edge, seen));
        for ([from, to], seen) in self.far.iter().filter(|(_, seen)| seen.last.is_some()) {
            drawing.far(from, to, seen);
        }
        drawing.finish(self.view, self.seconds)
    }
}

/// What one series or one far link has to say.
struct Seen {
    sum: Sum,
    last: Option<u64>,
    in_flight: u64,
}

#[derive(Default)]
struct Drawing {
    nodes: BTreeMap<Point, Drawn>,
    links: BTreeMap<(Point, Point), Drawn>,
}

/// A node, by what makes it the same.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Point {
    kind: NodeKind,
    id: String,
    name: String,
}

#[derive(Default)]
struct Drawn {
    sum: Sum,
    last: Option<u64>,
    in_flight: u64,
}

impl Drawn {
    fn add(&mut self, seen: &Seen) {
        self.sum.merge(&seen.sum);
        self.last = self.last.max(seen.last);
        self.in_flight += seen.in_flight;
    }
}

impl Point {
    fn new(kind: NodeKind, name: &str) -> Self {
        let word = match kind {
            NodeKind::Client => "client",
            NodeKind::Listener => "listener",
            NodeKind::Route => "route",
            NodeKind::Service => "service",
            NodeKind::Endpoint => "endpoint",
            NodeKind::Far => "far",
        };
        let id = if kind == NodeKind::Client { word.into() } else { format!("{word}:{name}") };
        Self { kind, id, name: name.to_owned() }
    }
}

impl Drawing {
    fn near(&mut self, edge: &Edge, seen: &Seen) {
        match edge {
            // Where every request meets a rule there is nothing to draw.
            Edge::Entry { route: None, .. } if seen.last.is_none() => {}
            Edge::Entry { listener, route, .. } => {
                let client = Point::new(NodeKind::Client, "clients");
                let listener = Point::new(NodeKind::Listener, listener);
                self.nodes.entry(client.clone()).or_default().add(seen);
                self.link(&client, &listener, seen);
                if let Some(route) = route {
                    self.link(&listener, &Point::new(NodeKind::Route, route), seen);
                }
            }
            Edge::Branch { route, service, .. } => {
                let route = Point::new(NodeKind::Route, route);
                self.link(&route, &Point::new(NodeKind::Service, service), seen);
            }
            Edge::Leaf { service, endpoint } => {
                let name = endpoint.to_string();
                let id = format!("endpoint:{service}/{name}");
                let endpoint = Point { kind: NodeKind::Endpoint, id, name };
                self.link(&Point::new(NodeKind::Service, service), &endpoint, seen);
            }
            // It stands for different places, so there is nowhere to draw it.
            Edge::Overflow => {}
        }
    }

    /// Comes after all near ones, so that it is known which services are the configuration's.
    fn far(&mut self, from: &str, to: &str, seen: &Seen) {
        let [from, to] = [from, to].map(|name| {
            let service = Point::new(NodeKind::Service, name);
            let is_ours = self.nodes.contains_key(&service);
            if is_ours { service } else { Point::new(NodeKind::Far, name) }
        });
        self.link(&from, &to, seen);
    }

    fn link(&mut self, from: &Point, to: &Point, seen: &Seen) {
        self.nodes.entry(from.clone()).or_default();
        self.nodes.entry(to.clone()).or_default().add(seen);
        self.links.entry((from.clone(), to.clone())).or_default().add(seen);
    }

    fn finish(self, mut view: View, seconds: f64) -> View {
        let stats = |drawn: &Drawn| stats(&drawn.sum, drawn.last, seconds);
        let node = |(point, drawn): (Point, Drawn)| Node {
            stats: stats(&drawn),
            in_flight: drawn.in_flight,
            id: point.id,
            kind: point.kind,
            name: point.name,
        };
        let link = |((from, to), drawn): ((Point, Point), Drawn)| Link {
            from: from.id,
            to: to.id,
            stats: stats(&drawn),
        };
        let (nodes, links) = (self.nodes.into_iter(), self.links.into_iter());
        (view.nodes, view.links) = (nodes.map(node).collect(), links.map(link).collect());
        view
    }
}

pub(super) fn stats(sum: &Sum, last: Option<u64>, seconds: f64) -> Stats {
    let sums = &sum.sums;
    let requests = sums.count();
    let [p50_ms, p90_ms, p99_ms] = sum.durations.quantiles([0.5, 0.9, 0.99]).map(millis);
    Stats {
        requests,
        requests_per_second: rounded(requests as f64 / seconds),
        errors: sums.errors,
        error_share: (requests > 0).then(|| sums.errors as f64 / requests as f64),
        classes: sums.classes,
        p50_ms,
        p90_ms,
        p99_ms,
        bytes_in: sums.bytes_in,
        bytes_out: sums.bytes_out,
        last_seen: last,
    }
}

pub(super) fn millis(took: Option<Duration>) -> Option<f64> {
    took.map(|took| rounded(took.as_secs_f64() * 1e3))
}

/// To three places: what is counted is not as exact, and digits cost whoever reads them.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
