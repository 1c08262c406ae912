//! Where listeners meet the task that makes their events.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use super::{changes, frame};
use crate::admin::telemetry::graph::Graph;

/// So many may listen at a time: a few people with a few tabs each.
pub(super) const LISTENERS: usize = 32;

/// So many different windows: each is a graph of its own to make.
const WINDOWS: usize = 4;

/// Events that may wait for a listener: some two seconds' worth. Who is further behind gets the whole
/// graph instead.
const WAITING: usize = 32;

/// Everybody who listens. Each window has a graph of its own.
#[derive(Default)]
pub(in crate::admin) struct Hub(Mutex<State>);

#[derive(Default)]
struct State {
    groups: Vec<Group>,
    /// A task makes events.
    is_running: bool,
    /// The last one.
    overview: Option<Bytes>,
    /// Groups so far.
    counted: u64,
}

struct Group {
    /// Tells it from a later one of the same window.
    id: u64,
    window: Duration,
    events: Sender<Bytes>,
    /// What listeners know, with all events that were sent; nothing before the first graph.
    graph: Option<Arc<Graph>>,
    listeners: usize,
}

/// There is no room for one more: how many there are of what.
pub(super) struct Full(pub(super) usize, pub(super) &'static str);

/// One who listens, until it is dropped.
pub(super) struct Listener {
    hub: Arc<Hub>,
    group: u64,
    pub(super) events: Receiver<Bytes>,
    graph: Option<Arc<Graph>>,
    overview: Option<Bytes>,
}

impl Hub {
    /// One more. True if a task has to be started for it.
    pub(super) fn join(this: &Arc<Self>, window: Duration) -> Result<(Listener, bool), Full> {
        let mut state = this.lock();
        if state.groups.iter().map(|group| group.listeners).sum::<usize>() >= LISTENERS {
            return Err(Full(LISTENERS, "listen already"));
        }
        let overview = state.overview.clone().filter(|_| state.is_running);
        let group = match state.groups.iter().position(|group| group.window == window) {
            Some(group) => group,
            None if state.groups.len() >= WINDOWS => {
                return Err(Full(WINDOWS, "different windows are watched already"));
            }
            None => {
                let (events, _) = channel(WAITING);
                state.counted += 1;
                let id = state.counted;
                state.groups.push(Group { id, window, events, graph: None, listeners: 0 });
                state.groups.len() - 1
            }
        };
        let group = &mut state.groups[group];
        group.listeners += 1;
        let (id, events, graph) = (group.id, group.events.subscribe(), group.graph.clone());
        let is_first = !std::mem::replace(&mut state.is_running, true);
        drop(state);
        Ok((Listener { hub: this.clone(), group: id, events, graph, overview }, is_first))
    }

    /// The windows that somebody looks at; none, and nobody makes events any more, if nobody does.
    pub(super) fn windows(&self) -> Vec<Duration> {
        let mut state = self.lock();
        if state.groups.is_empty() {
            state.end();
        }
        state.groups.iter().map(|group| group.window).collect()
    }

    /// A new graph for a window: what differs is sent, or all of it if it is the first.
    pub(super) fn draw(&self, window: Duration, graph: Graph) {
        let known = {
            let state = self.lock();
            state.group(window).and_then(|group| group.graph.clone())
        };
        let event = match &known {
            None => frame("graph", &graph),
            Some(known) => {
                changes::between(known, &graph).and_then(|own| frame("graph_changes", &own))
            }
        };
        // Without an event nothing has changed, and what is known stays right.
        let Some(event) = event else { return };
        let mut state = self.lock();
        let group = state.groups.iter_mut().find(|group| group.window == window);
        if let Some(group) = group {
            group.graph = Some(Arc::new(graph));
            let _nobody_listens = group.events.send(event);
        }
    }

    pub(super) fn overview(&self, event: Bytes) {
        self.tell(event.clone());
        self.lock().overview = Some(event);
    }

    /// An event for everybody.
    pub(super) fn tell(&self, event: Bytes) {
        for group in &self.lock().groups {
            let _nobody_listens = group.events.send(event.clone());
        }
    }

    /// The task has failed. Listeners see their streams end; who comes back starts another one.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.groups.clear();
        state.end();
    }

    fn leave(&self, group: u64) {
        let mut state = self.lock();
        if let Some(group) = state.groups.iter_mut().find(|own| own.id == group) {
            group.listeners -= 1;
        }
        state.groups.retain(|group| group.listeners > 0);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&mut self) {
        self.is_running = false;
        self.overview = None;
    }

    fn group(&self, window: Duration) -> Option<&Group> {
        self.groups.iter().find(|group| group.window == window)
    }
}

impl Listener {
    /// What it has to know before the events that follow.
    pub(super) fn first(&self) -> Vec<Bytes> {
        let graph = self.graph.as_ref().and_then(|graph| frame("graph", &**graph));
        graph.into_iter().chain(self.overview.clone()).collect()
    }

    /// Leaves out what it has missed.
    pub(super) fn again(&mut self) {
        let state = self.hub.lock();
        if let Some(group) = state.groups.iter().find(|own| own.id == self.group) {
            self.events = group.events.subscribe();
            self.graph = group.graph.clone();
        }
        self.overview.clone_from(&state.overview);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hub.leave(self.group);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::RecvError;

    use portico_telemetry::graph::{Stats, View};

    use super::*;
    use crate::admin::badges::Badges;

    const WINDOW: Duration = Duration::from_secs(10);

    fn graph(at: u64, requests: u64) -> Graph {
        let stats = Stats { requests, ..Stats::default() };
        let link = portico_telemetry::graph::Link { from: "a".into(), to: "b".into(), stats };
        let (nodes, links) = (Vec::new(), vec![link]);
        let view = View { at, window_seconds: 10, since: 1, resolution_seconds: 1, nodes, links };
        Graph::new(view, &Badges::default(), Arc::default(), None)
    }

    fn text(frame: Option<&Bytes>) -> &str {
        frame.map_or("", |frame| std::str::from_utf8(frame).unwrap())
    }

    #[tokio::test]
    async fn who_reads_too_slowly_gets_the_whole_graph_again() {
        let hub = Arc::<Hub>::default();
        let Ok((mut slow, true)) = Hub::join(&hub, WINDOW) else { panic!("no task is started") };
        assert!(slow.first().is_empty());
        for at in 0..100 {
            hub.draw(WINDOW, graph(at, at));
        }
        assert!(matches!(slow.events.recv().await, Err(RecvError::Lagged(_))));
        slow.again();
        let first = slow.first();
        assert!(text(first.first()).starts_with("event: graph\ndata: {\"at\":99,"));
        hub.draw(WINDOW, graph(100, 99));
        hub.draw(WINDOW, graph(101, 101));
        let event = slow.events.recv().await.unwrap();
        // The first of the two changes nothing.
        assert!(text(Some(&event)).starts_with("event: graph_changes\ndata: {\"at\":101,"));
    }

    #[tokio::test]
    async fn the_task_ends_with_the_last_and_starts_again() {
        let hub = Arc::<Hub>::default();
        let Ok((one, true)) = Hub::join(&hub, WINDOW) else { panic!("no task is started") };
        let Ok((two, false)) = Hub::join(&hub, WINDOW) else { panic!("a second task is started") };
        drop(one);
        assert_eq!(hub.windows(), [WINDOW]);
        drop(two);
        assert!(hub.windows().is_empty());
        let Ok((mut three, true)) = Hub::join(&hub, WINDOW) else { panic!("no task is started") };
        hub.abandon();
        assert!(matches!(three.events.recv().await, Err(RecvError::Closed)));
        let Ok((_four, true)) = Hub::join(&hub, WINDOW) else { panic!("no task is started") };
        drop(three);
        assert_eq!(hub.windows(), [WINDOW]);
    }
}
