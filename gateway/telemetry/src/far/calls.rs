//! Calls from service to service, derived from the spans of both sides.
//!
//! A call is told by a client span of one service and a server span of another whose parent it
//! is. They come in any order and from different processes, so the side that comes first waits
//! for the other. Calls to what reports no spans by nature, databases and queues, are told by the
//! client span alone.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{Kind, Span};

/// Sides of calls that wait for the other, some 100 bytes each.
const WAITING: usize = 20_000;

/// One service called another.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The caller's `service.name`.
    pub from: Arc<str>,
    /// The called one's `service.name`, or the name of a database or messaging system.
    pub to: Arc<str>,
    /// As the caller saw it.
    pub took: Duration,
    /// Either side said so.
    pub failed: bool,
    /// When it began, since 1970.
    pub at: Duration,
}

/// A span by its ids.
pub(super) type Key = ([u8; 16], [u8; 8]);

#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Client spans by their own id.
    clients: HashMap<Key, Side>,
    /// Server spans by the id of their parent.
    servers: HashMap<Key, Vec<Side>>,
    order: VecDeque<Key>,
}

#[derive(Debug)]
struct Side {
    service: Arc<str>,
    began: Duration,
    took: Duration,
    failed: bool,
}

impl Calls {
    /// Takes notice of a span; tells the calls that are complete by it.
    pub(super) fn hear(&mut self, span: &Span, mut tell: impl FnMut(&Call)) {
        let side = Side {
            service: Arc::clone(&span.service),
            began: span.began,
            took: span.took,
            failed: span.failed,
        };
        match (span.kind, span.parent_id) {
            (Kind::Client | Kind::Producer, _) => {
                if let Some(system) = silent_system(span) {
                    return tell(&call(&side, &system.into(), false));
                }
                let key = (span.trace_id, span.span_id);
                for server in self.servers.remove(&key).unwrap_or_default() {
                    tell(&call(&side, &server.service, server.failed));
                }
                self.clients.insert(key, side);
                self.wait(key);
            }
            (Kind::Consumer | Kind::Server, Some(parent_id)) => {
                let key = (span.trace_id, parent_id);
                if let Some(client) = self.clients.get(&key) {
                    return tell(&call(client, &side.service, side.failed));
                }
                self.servers.entry(key).or_default().push(side);
                self.wait(key);
            }
            _ => {}
        }
    }

    fn wait(&mut self, key: Key) {
        self.order.push_back(key);
        while self.order.len() > WAITING {
            let Some(key) = self.order.pop_front() else { break };
            self.clients.remove(&key);
            self.servers.remove(&key);
        }
    }
}

fn call(client: &Side, to: &Arc<str>, server_failed: bool) -> Call {
    Call {
        from: Arc::clone(&client.service),
        to: Arc::clone(to),
        took: client.took,
        failed: client.failed || server_failed,
        at: client.began,
    }
}

/// What was called, if it is of a kind that reports no spans.
fn silent_system(span: &Span) -> Option<&str> {
    // `db.system` is the name before the conventions of databases became stable.
    let system = ["db.system.name", "db.system"].iter().find_map(|key| span.text(key));
    system.or_else(|| match span.kind {
        Kind::Producer => span.text("messaging.system"),
        _ => None,
    })
}
