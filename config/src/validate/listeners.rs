//! Listeners: who answers where.

use std::{collections::HashMap, sync::Arc};

use crate::{
    config::{HostPattern, Listener},
    document,
    path::At,
    values::address::ListenAddress,
};

use super::{Item, Scope};

type ListenerItem<'d> = Item<'d, document::Listener>;

pub(super) fn build(
    items: &[ListenerItem<'_>],
    scope: &mut Scope<'_, '_>,
) -> Vec<Option<Listener>> {
    shared_hosts(items, scope);
    overlapping_addresses(items, scope);
    items.iter().map(|item| listener(item.document)).collect()
}

fn listener(document: &document::Listener) -> Option<Listener> {
    let document::Listener { name, address, hosts } = document;
    let hosts = match hosts {
        Some(hosts) => hosts.0.iter().map(|(_, host)| host.0.clone()).collect(),
        None => vec![HostPattern::Any],
    };
    let name: Arc<str> = name.as_ref()?.0.as_str().into();
    Some(Listener { name, address: address.as_ref()?.0, hosts })
}

/// A request must belong to one listener, so on one address a host belongs to one.
fn shared_hosts(items: &[ListenerItem<'_>], scope: &mut Scope<'_, '_>) {
    let mut taken = HashMap::new();
    for item in items {
        let Some(ListenAddress(address)) = item.document.address else { continue };
        let hosts: Vec<(Option<usize>, HostPattern)> = match &item.document.hosts {
            Some(hosts) => hosts.0.iter().map(|(i, host)| (Some(*i), host.0.clone())).collect(),
            None => vec![(None, HostPattern::Any)],
        };
        for (index, host) in hosts {
            // The system gives every listener on port 0 a port of its own.
            let own = (address.port() == 0).then_some((item.source, item.index));
            let message = format!("`{host}` is answered twice on `{address}`");
            if let Some(first) = taken.insert((address, own, host), (*item, index)) {
                let place = |item: &ListenerItem<'_>,
                             index: Option<usize>,
                             then: &mut dyn FnMut(&At<'_>)| {
                    item.place("listeners", |at| match index {
                        Some(index) => then(&at.key("hosts").index(index)),
                        None => then(at),
                    });
                };
                place(item, index, &mut |at| {
                    let problem = scope.problems.error(at, message.as_str());
                    problem.why("it could not be said which listener a request belongs to");
                    problem.help("give each listener of an address other `hosts`");
                    place(&first.0, first.1, &mut |at| {
                        problem.related("first here", at);
                    });
                });
            }
        }
    }
}

/// The system refuses to listen on every interface and on one of them with the same port.
fn overlapping_addresses(items: &[ListenerItem<'_>], scope: &mut Scope<'_, '_>) {
    let address = |item: &ListenerItem<'_>| item.document.address.map(|address| address.0);
    let mut everywhere = HashMap::new();
    for item in items {
        let Some(address) = address(item) else { continue };
        if address.ip().is_unspecified() && address.port() != 0 {
            everywhere.entry(address.port()).or_insert((*item, address));
        }
    }
    for item in items {
        let Some(address) = address(item) else { continue };
        let Some((other, wide)) = everywhere.get(&address.port()) else { continue };
        // `[::]` takes IPv4 as well, `0.0.0.0` leaves IPv6 alone.
        let both = wide.is_ipv6() || address.is_ipv4() || address.ip().is_unspecified();
        if *wide == address || !both {
            continue;
        }
        let message = format!("`{address}` overlaps with `{wide}`");
        item.place("listeners", |at| {
            let problem = scope.problems.error(&at.key("address"), message);
            problem.why(format!("`{wide}` is every interface, so the port is already taken"));
            problem.help("use one address for both and tell them apart by `hosts`");
            other.place("listeners", |at| {
                problem.related("the wider one", &at.key("address"));
            });
        });
    }
}
