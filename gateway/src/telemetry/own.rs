//! Connections of the gateway to itself: somebody sends a request from the console and wants to see
//! what became of it, so its record is kept whatever it is.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;

/// The clients' ends of these connections. Cheap to clone.
#[derive(Clone, Default)]
pub struct Own(Arc<Ends>);

#[derive(Default)]
struct Ends {
    /// What workers look at first.
    count: AtomicUsize,
    addresses: ArcSwap<Vec<SocketAddr>>,
}

/// While it lives, requests over this connection are kept.
pub struct Watched {
    own: Own,
    address: SocketAddr,
}

impl Own {
    /// Watches a connection by its client's end.
    pub fn watch(&self, address: SocketAddr) -> Watched {
        let address = canonical(address);
        self.change(|addresses| addresses.push(address));
        Watched { own: self.clone(), address }
    }

    /// Whether a request came over one of them. One relaxed load while there are none.
    pub(super) fn holds(&self, client: SocketAddr) -> bool {
        self.0.count.load(Relaxed) > 0 && self.0.addresses.load().contains(&canonical(client))
    }

    fn change(&self, change: impl Fn(&mut Vec<SocketAddr>)) {
        self.0.addresses.rcu(|addresses| {
            let mut addresses = Vec::clone(addresses);
            change(&mut addresses);
            addresses
        });
        self.0.count.store(self.0.addresses.load().len(), Relaxed);
    }
}

impl Watched {
    /// Whether this is the connection.
    pub fn is(&self, client: SocketAddr) -> bool {
        canonical(client) == self.address
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.own.change(|addresses| addresses.retain(|own| *own != self.address));
    }
}

/// A client over IPv4 is `::ffff:…` on a socket that serves both.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_watched_while_somebody_wants_it() {
        let own = Own::default();
        let [one, two]: [SocketAddr; 2] = [([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()];
        assert!(!own.holds(one));
        let watched = (own.watch(one), own.watch(two));
        assert!(own.holds("[::ffff:127.0.0.1]:1".parse().unwrap()) && own.holds(two));
        drop(watched.0);
        assert!(!own.holds(one) && own.holds(two) && watched.1.is(two));
    }
}
