//! Listening sockets: which are open, and how the next configuration's come to be.
//!
//! A socket that the next configuration also wants is kept, connections and all. New ones are
//! bound before the swap, so that a port which is taken refuses the configuration instead of
//! breaking it.

use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, TcpListener as StdListener},
};

use rustix::net::sockopt::set_socket_reuseport;
use tokio::net::TcpSocket;

use crate::snapshot::SocketId;

/// Connections that may wait to be accepted. The kernel caps it at `net.core.somaxconn`.
const BACKLOG: u32 = 4_096;

/// The sockets that are open.
#[derive(Default)]
pub struct Sockets {
    open: HashMap<SocketAddr, Socket>,
    next: usize,
}

/// One of them.
pub struct Socket {
    pub id: SocketId,
    /// The address it got, which differs from the one asked for if that had port 0.
    pub local: SocketAddr,
    listener: StdListener,
    /// One for each worker, made before anything changes, so that nothing can fail later.
    for_workers: Vec<StdListener>,
}

/// Sockets for the next configuration, by the address it names; not accepting yet.
pub struct Plan {
    kept: HashMap<SocketAddr, SocketId>,
    fresh: HashMap<SocketAddr, Socket>,
    next: usize,
}

/// What changed.
pub struct Change {
    /// To be accepted on.
    pub opened: Vec<(SocketId, SocketAddr, Vec<StdListener>)>,
    /// To be closed.
    pub closed: Vec<(SocketId, SocketAddr)>,
}

impl Sockets {
    /// Binds what is missing. Nothing that runs is touched.
    ///
    /// # Errors
    /// The addresses that cannot be had, with the reason.
    pub fn plan(
        &self,
        addresses: impl Iterator<Item = SocketAddr>,
        workers: usize,
    ) -> Result<Plan, Vec<(SocketAddr, io::Error)>> {
        let mut plan = Plan { kept: HashMap::new(), fresh: HashMap::new(), next: self.next };
        let mut failed = Vec::new();
        for address in addresses {
            if plan.id(address).is_some() {
                continue;
            }
            if let Some(socket) = self.open.get(&address) {
                plan.kept.insert(address, socket.id);
                continue;
            }
            match self.bind(address, SocketId(plan.next), workers) {
                Ok(socket) => {
                    plan.next += 1;
                    plan.fresh.insert(address, socket);
                }
                Err(error) => failed.push((address, error)),
            }
        }
        if failed.is_empty() { Ok(plan) } else { Err(failed) }
    }

    /// Makes a plan the truth.
    pub fn commit(&mut self, plan: Plan) -> Change {
        let Plan { kept, mut fresh, next } = plan;
        let opened = fresh
            .values_mut()
            .map(|socket| (socket.id, socket.local, std::mem::take(&mut socket.for_workers)));
        let opened = opened.collect();
        let gone = self.open.extract_if(|address, _| !kept.contains_key(address));
        let closed = gone.map(|(_, socket)| (socket.id, socket.local)).collect();
        self.open.extend(fresh);
        self.next = next;
        Change { opened, closed }
    }

    /// Gives up all sockets: they are closed when workers have closed theirs.
    pub fn take(&mut self) -> Vec<SocketId> {
        self.open.drain().map(|(_, socket)| socket.id).collect()
    }

    /// The address in use for one that a configuration names.
    pub fn local(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.open.get(&address).map(|socket| socket.local)
    }

    /// Without `SO_REUSEPORT` a port that any other process listens on is refused, and that is
    /// wanted: two gateways on one port would share its traffic in silence. Only where a socket of
    /// our own is in the way (`0.0.0.0:80` becoming `127.0.0.1:80`) both get the option, for the
    /// moment of binding.
    fn bind(&self, address: SocketAddr, id: SocketId, workers: usize) -> io::Result<Socket> {
        let own = self.open.values().filter(|own| own.local.port() == address.port());
        let own: Vec<&Socket> = own.collect();
        let listener = match open(address, false) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && !own.is_empty() => {
                own.iter().try_for_each(|own| set_socket_reuseport(&own.listener, true))?;
                let beside = open(address, true);
                own.iter().try_for_each(|own| set_socket_reuseport(&own.listener, false))?;
                let beside = beside?;
                set_socket_reuseport(&beside, false)?;
                beside
            }
            result => result?,
        };
        let local = listener.local_addr()?;
        let for_workers = (0..workers).map(|_| listener.try_clone()).collect::<io::Result<_>>()?;
        Ok(Socket { id, local, listener, for_workers })
    }
}

impl Plan {
    pub fn id(&self, address: SocketAddr) -> Option<SocketId> {
        let fresh = || self.fresh.get(&address).map(|socket| socket.id);
        self.kept.get(&address).copied().or_else(fresh)
    }

    /// One more than the largest number given so far.
    pub fn count(&self) -> usize {
        self.next
    }
}

fn open(address: SocketAddr, beside_own: bool) -> io::Result<StdListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    if beside_own {
        socket.set_reuseport(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
