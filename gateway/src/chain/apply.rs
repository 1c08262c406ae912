//! Changes of headers that are written in the configuration.

use http::{HeaderName, HeaderValue};
use pingora::http::{RequestHeader, ResponseHeader};
use portico_config::config::HeaderChanges;

pub(super) enum HeadMut<'a> {
    Request(&'a mut RequestHeader),
    Response(&'a mut ResponseHeader),
}

impl HeadMut<'_> {
    fn remove(&mut self, name: &HeaderName) {
        match self {
            Self::Request(head) => drop(head.remove_header(name)),
            Self::Response(head) => drop(head.remove_header(name)),
        }
    }

    fn append(&mut self, name: &HeaderName, value: &HeaderValue) -> pingora::Result<bool> {
        match self {
            Self::Request(head) => head.append_header(name.clone(), value.clone()),
            Self::Response(head) => head.append_header(name.clone(), value.clone()),
        }
    }
}

pub(super) fn apply(changes: &HeaderChanges, mut head: HeadMut<'_>) {
    let HeaderChanges { set, add, remove } = changes;
    remove.iter().chain(set.iter().map(|(name, _)| name)).for_each(|name| head.remove(name));
    for (name, value) in set.iter().chain(add) {
        if let Err(error) = head.append(name, value) {
            tracing::warn!(%error, "header `{name}` does not fit into the head");
        }
    }
}
