//! Which listener a request belongs to, of those that share an address.

use portico_config::config::{Config, ListenerRef};

use super::hosts::{self, HostMap, NAME_MAX};

/// The listeners of one address, by the hosts they answer.
///
/// A request belongs to one listener only, the one with the most specific matching host, even if
/// none of its routes wants the request: Gateway API calls this listener isolation.
#[derive(Debug)]
pub struct Sites {
    hosts: HostMap<ListenerRef>,
}

impl Sites {
    /// Compiles the listeners of one address. Should two name the same host, which
    /// `portico_config` refuses, the first one has it.
    pub fn new(config: &Config, listeners: &[ListenerRef]) -> Self {
        let mut hosts = HostMap::default();
        for listener in listeners {
            for host in super::listener_hosts(config, *listener) {
                hosts.entry(host, || *listener);
            }
        }
        Self { hosts }
    }

    /// The listener that answers this host, which is taken as received.
    pub fn find(&self, host: &str) -> Option<ListenerRef> {
        let mut buffer = [0; NAME_MAX];
        self.hosts.matches(hosts::name(host, &mut buffer)).next().copied()
    }
}
