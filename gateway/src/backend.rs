//! Where requests can go: services, their endpoints, and the choice among them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use pingora::{protocols::TcpKeepalive, upstreams::peer::HttpPeer};
use portico_config::config::{self, EndpointAddress};
use portico_telemetry::series::{Edge, Registry, Series};

use crate::suspension::Suspension;

/// A warm connection that nobody used for this long is closed. Shorter than the 75 s after which
/// common servers close their end, so that ours is the end that decides.
const IDLE: Duration = Duration::from_secs(60);

/// A service that takes no byte of the request for this long has stalled.
const WRITE_STALL: Duration = Duration::from_secs(60);

/// Detects a peer that vanished without a word, after IDLE + 3 × INTERVAL.
const KEEPALIVE: TcpKeepalive = TcpKeepalive {
    idle: Duration::from_secs(60),
    interval: Duration::from_secs(10),
    count: 3,
    #[cfg(target_os = "linux")]
    user_timeout: Duration::ZERO,
};

/// Connection attempts for one request. A service with more endpoints than this that all refuse is
/// down, and the client has waited long enough.
pub const ATTEMPTS: usize = 4;

/// A service, ready to be connected to.
#[derive(Debug)]
pub struct Service {
    pub name: Arc<str>,
    endpoints: Box<[Endpoint]>,
    /// Sum of all weights.
    total: u32,
    connect_timeout: Duration,
    suspended: Option<Suspension>,
}

#[derive(Debug)]
struct Endpoint {
    address: Address,
    /// 0 also if it is out of use.
    weight: u32,
    suspended: Option<Arc<str>>,
}

#[derive(Debug)]
enum Address {
    /// With what its attempts are counted by, while they are counted.
    Fixed(Box<HttpPeer>, SocketAddr, Option<Arc<Series>>),
    Name(Arc<Name>),
}

/// A DNS name and what it stands for at the moment. Outlives snapshots; refreshed by the control
/// loop, so that no request ever waits for a resolver.
#[derive(Debug)]
pub struct Name {
    pub host: Box<str>,
    pub port: u16,
    addresses: ArcSwap<Resolution>,
    /// Somebody waits for the resolver at the moment.
    asking: AtomicBool,
    asked: AtomicBool,
}

/// The last answer of the resolver.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    pub addresses: Vec<SocketAddr>,
    /// Why there are none, or why the last refresh kept the old ones.
    pub error: Option<String>,
}

/// Where one attempt goes.
#[derive(Debug)]
pub struct Target {
    pub peer: Box<HttpPeer>,
    pub address: SocketAddr,
    /// The endpoint's place in its service.
    pub index: usize,
}

impl Service {
    /// `names` hands out the shared state of a DNS name, `registry` what attempts are counted by.
    pub fn new(
        service: &config::Service,
        mut names: impl FnMut(&str, u16) -> Arc<Name>,
        registry: Option<&Registry>,
    ) -> Self {
        let suspended = Suspension::of_service(service);
        let endpoints = service.endpoints.iter().map(|endpoint| {
            let address = match &endpoint.address {
                EndpointAddress::Ip(address) => {
                    let peer = Box::new(peer(*address, service.connect_timeout));
                    let leaf = Edge::leaf(&service.name, *address);
                    let leaf = registry.map(|registry| registry.series(leaf));
                    Address::Fixed(peer, *address, leaf)
                }
                EndpointAddress::Dns { host, port } => Address::Name(names(host, *port)),
            };
            let own = endpoint.suspended.clone();
            let takes = suspended.is_none() && own.is_none();
            let weight = if takes { endpoint.weight } else { 0 };
            Endpoint { address, weight, suspended: own }
        });
        let endpoints: Box<[Endpoint]> = endpoints.collect();
        let total = endpoints.iter().fold(0_u32, |sum, e| sum.saturating_add(e.weight));
        Self {
            name: service.name.clone(),
            endpoints,
            total,
            connect_timeout: service.connect_timeout,
            suspended,
        }
    }

    /// Why it gets no requests.
    pub fn suspended(&self) -> Option<&Suspension> {
        self.suspended.as_ref()
    }

    /// How many endpoints are configured.
    pub fn endpoints(&self) -> u64 {
        self.endpoints.len() as u64
    }

    /// An endpoint by weight that is not among those already `tried`.
    pub fn pick(&self, tried: &[SocketAddr]) -> Option<Target> {
        let start = self.draw();
        let rotation = (0..self.endpoints.len()).map(|n| (start + n) % self.endpoints.len());
        rotation
            .filter(|index| self.endpoints[*index].weight > 0)
            .find_map(|index| self.target(index, tried))
    }

    /// What attempts at an endpoint are counted by, if it is written as an address.
    pub(crate) fn leaf(&self, index: usize) -> Option<&Arc<Series>> {
        match &self.endpoints.get(index)?.address {
            Address::Fixed(_, _, leaf) => leaf.as_ref(),
            Address::Name(_) => None,
        }
    }

    /// What the name of an endpoint stands for at the moment; none for one that is written as an
    /// address.
    pub fn resolution(&self, index: usize) -> Option<Arc<Resolution>> {
        match &self.endpoints.get(index)?.address {
            Address::Fixed(..) => None,
            Address::Name(name) => Some(name.resolution()),
        }
    }

    /// Why [`Service::pick`] finds nothing.
    pub fn why_none(&self) -> String {
        if let Some(suspended) = &self.suspended {
            return suspended.to_string();
        }
        let reasons = self.endpoints.iter().map(|endpoint| match &endpoint.address {
            _ if endpoint.suspended.is_some() => "an endpoint is suspended".to_owned(),
            _ if endpoint.weight == 0 => "an endpoint has weight 0".to_owned(),
            Address::Fixed(_, address, _) => format!("{address} was tried"),
            Address::Name(name) => match &name.addresses.load().error {
                Some(error) => format!("`{}` does not resolve: {error}", name.host),
                None => format!("all addresses of `{}` were tried", name.host),
            },
        });
        reasons.collect::<Vec<_>>().join("; ")
    }

    fn draw(&self) -> usize {
        if self.endpoints.len() == 1 || self.total == 0 {
            return 0;
        }
        let mut ticket = fastrand::u32(..self.total);
        let drawn = self.endpoints.iter().position(|endpoint| {
            let hit = ticket < endpoint.weight;
            ticket = ticket.saturating_sub(endpoint.weight);
            hit
        });
        drawn.unwrap_or(0)
    }

    fn target(&self, index: usize, tried: &[SocketAddr]) -> Option<Target> {
        match &self.endpoints[index].address {
            Address::Fixed(peer, address, _) => {
                let fresh = !tried.contains(address);
                fresh.then(|| Target { peer: peer.clone(), address: *address, index })
            }
            Address::Name(name) => {
                let resolution = name.addresses.load();
                let addresses = &resolution.addresses;
                if addresses.is_empty() {
                    return None;
                }
                let start = fastrand::usize(..addresses.len());
                let mut rotation = addresses[start..].iter().chain(&addresses[..start]);
                let address = *rotation.find(|address| !tried.contains(address))?;
                let peer = Box::new(peer(address, self.connect_timeout));
                Some(Target { peer, address, index })
            }
        }
    }
}

impl Name {
    pub fn new(host: &str, port: u16) -> Arc<Self> {
        let waiting = Resolution { addresses: Vec::new(), error: Some("not asked yet".into()) };
        Arc::new(Self {
            host: host.into(),
            port,
            addresses: ArcSwap::from_pointee(waiting),
            asking: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        })
    }

    /// Whether the resolver was never asked for it.
    pub fn is_new(&self) -> bool {
        !self.asked.load(Relaxed)
    }

    /// True for one caller at a time, until [`Name::update`]: a resolver that hangs is not asked
    /// again and again.
    pub fn begin(&self) -> bool {
        !self.asking.swap(true, Relaxed)
    }

    /// Takes an answer of the resolver. A failure keeps the addresses there are: an old address
    /// that may work beats none.
    pub fn update(&self, answer: Result<Vec<SocketAddr>, String>) {
        let next = match answer {
            Ok(addresses) if addresses.is_empty() => self.keep("no addresses".into()),
            Ok(addresses) => Resolution { addresses, error: None },
            Err(error) => self.keep(error),
        };
        self.addresses.store(Arc::new(next));
        self.asked.store(true, Relaxed);
        self.asking.store(false, Relaxed);
    }

    pub fn resolution(&self) -> Arc<Resolution> {
        self.addresses.load_full()
    }

    fn keep(&self, error: String) -> Resolution {
        Resolution { addresses: self.addresses.load().addresses.clone(), error: Some(error) }
    }
}

/// What is the same for every request to an address, prepared once. pingora's pool finds warm
/// connections by what is in here, so an unchanged service keeps its connections across a swap.
fn peer(address: SocketAddr, connect_timeout: Duration) -> HttpPeer {
    let mut peer = HttpPeer::new(address, false, String::new());
    peer.options.connection_timeout = Some(connect_timeout);
    peer.options.total_connection_timeout = Some(connect_timeout);
    peer.options.idle_timeout = Some(IDLE);
    peer.options.write_timeout = Some(WRITE_STALL);
    peer.options.tcp_keepalive = Some(KEEPALIVE);
    peer
}
