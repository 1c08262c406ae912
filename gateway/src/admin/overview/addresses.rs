//! Where the gateway can be reached, in a form that can be typed.

use std::net::SocketAddr;

use portico_config::config::{Config, HostPattern, Listener, ListenerRef, PathMatch};
use serde::Serialize;

use crate::control::{ListenerStatus, Status};

/// A listener.
#[derive(Serialize)]
pub(in crate::admin) struct Address {
    listener: String,
    address: SocketAddr,
    hosts: Vec<String>,
    /// One that works from this machine, if there is one.
    url: Option<String>,
    pub(super) curl: String,
}

pub(super) fn all(config: &Config, status: &Status) -> Vec<Address> {
    let listeners = config.listeners.iter().zip(&status.listeners).enumerate();
    let address = |(index, (listener, own)): (usize, (&Listener, &ListenerStatus))| {
        let address = own.address;
        let base = format!("http://{}", reachable(address));
        let path = path(config, ListenerRef(index));
        let host = host(listener);
        let curl = match &host {
            None => format!("curl -i {base}{path}"),
            Some(host) => format!("curl -i -H 'host: {host}' {base}{path}"),
        };
        Address {
            listener: listener.name.to_string(),
            address,
            hosts: listener.hosts.iter().map(ToString::to_string).collect(),
            url: host.is_none().then(|| format!("{base}/")),
            curl,
        }
    };
    listeners.map(address).collect()
}

/// What to type to get there: `0.0.0.0` is no place to go to.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}

/// A host that has to be named, because the listener does not answer to every one.
fn host(listener: &Listener) -> Option<String> {
    let is_open = |host: &HostPattern| match host {
        HostPattern::Any => true,
        HostPattern::Exact(name) => &**name == "localhost",
        HostPattern::Suffix(_) => false,
    };
    if listener.hosts.iter().any(is_open) {
        return None;
    }
    listener.hosts.first().map(|host| match host {
        HostPattern::Suffix(suffix) => format!("www.{suffix}"),
        other => other.to_string(),
    })
}

/// A path that some rule takes: `/` if one does.
fn path(config: &Config, listener: ListenerRef) -> &str {
    let routes = config.routes.iter().filter(|route| route.listeners.contains(&listener));
    let matches = routes.flat_map(|route| &route.rules).flat_map(|rule| &rule.matches);
    let paths = matches.filter_map(|own| match &own.path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) => Some(&**path),
        PathMatch::Regex(_) => None,
    });
    paths.min_by_key(|path| path.len()).unwrap_or("/")
}
