//! Where plugins may call: the configured services by name, and the addresses that a plugin was
//! granted. Built for each configuration, replaced in one swap.
//!
//! A guest names its upstream as it did on the proxy it was written for. These spellings mean
//! something, in this order:
//!
//! | spelling | means |
//! |---|---|
//! | `NAME` | the service of this name |
//! | `outbound\|PORT\|SUBSET\|HOST` | the service named as `HOST`, or as its first label; else `HOST:PORT` of `call_hosts`, where a suffix `.dns` or `.static` of `HOST` is left out |
//! | `HOST:PORT` | this entry of `call_hosts`; TLS if it says `https://`, or its port is 443 |
//! | `https://HOST`, `https://HOST:PORT` | this entry of `call_hosts`, with TLS |
//! | `http://HOST`, `http://HOST:PORT` | this entry of `call_hosts`, without |
//!
//! Anything else is unknown, and a call to it is refused before anything is sent.

use std::{collections::HashMap, sync::Arc, time::Duration};

use portico_config::config::{self, CallHost, EndpointAddress};

use crate::backend::{Name, Service};

/// How long a granted address may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Everything that can be called, by name.
#[derive(Default)]
pub struct Targets {
    services: HashMap<Arc<str>, Arc<Service>>,
    granted: HashMap<Arc<str>, Granted>,
}

/// What one plugin is granted besides the services.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Addresses that it may call (`call_hosts`).
    pub hosts: Vec<CallHost>,
    /// Largest body of an answer, and largest message of a gRPC stream, in bytes.
    pub answer_bytes: usize,
}

impl Default for Grant {
    /// No addresses; answers of 1 MiB, which is the default of `call_body`.
    fn default() -> Self {
        Self { hosts: Vec::new(), answer_bytes: 1 << 20 }
    }
}

struct Granted {
    hosts: Vec<Host>,
    answer_bytes: usize,
}

/// An address that a plugin was granted.
struct Host {
    name: Box<str>,
    port: u16,
    /// It speaks TLS, unless a guest spells it otherwise.
    tls: bool,
    /// It alone.
    service: Arc<Service>,
}

/// Where a call goes.
#[derive(Clone)]
pub(super) struct Upstream {
    pub(super) service: Arc<Service>,
    /// The name that the peer must prove with its certificate; `None` for a call in the clear.
    pub(super) tls: Option<Arc<str>>,
}

/// What a guest may have meant by a name that is no service's.
struct Address<'a> {
    host: &'a str,
    port: u16,
    /// As the scheme says, if there is one.
    tls: Option<bool>,
}

impl Targets {
    /// The services of a configuration; no plugin is granted more yet.
    pub fn new(services: impl IntoIterator<Item = Arc<Service>>) -> Self {
        let services = services.into_iter().map(|service| (service.name.clone(), service));
        Self { services: services.collect(), granted: HashMap::new() }
    }

    /// Grants a plugin what its configuration says. `names` hands out the shared state of a DNS
    /// name.
    pub fn grant(
        &mut self,
        plugin: Arc<str>,
        grant: Grant,
        mut names: impl FnMut(&str, u16) -> Arc<Name>,
    ) {
        let Grant { hosts, answer_bytes } = grant;
        let hosts = hosts.into_iter().map(|host| Host::new(host, &mut names)).collect();
        self.granted.insert(plugin, Granted { hosts, answer_bytes });
    }

    /// Where a plugin's call goes, if it may go there.
    pub(super) fn find(&self, plugin: &str, upstream: &str) -> Option<Upstream> {
        if let Some(service) = self.services.get(upstream) {
            return Some(Upstream { service: service.clone(), tls: None });
        }
        let address = match outbound(upstream) {
            Some((host, port)) => {
                let label = host.split('.').next().unwrap_or(host);
                let service = self.services.get(host).or_else(|| self.services.get(label));
                if let Some(service) = service {
                    return Some(Upstream { service: service.clone(), tls: None });
                }
                let suffix = host.strip_suffix(".dns").or_else(|| host.strip_suffix(".static"));
                Address { host: suffix.unwrap_or(host), port, tls: None }
            }
            None => Address::parse(upstream)?,
        };
        let hosts = &self.granted.get(plugin)?.hosts;
        let host = hosts.iter().find(|host| host.is(&address))?;
        let tls = address.tls.unwrap_or(host.tls).then(|| host.name.as_ref().into());
        Some(Upstream { service: host.service.clone(), tls })
    }

    /// Largest answer that a plugin gets.
    pub(super) fn answer_bytes(&self, plugin: &str) -> usize {
        let granted = self.granted.get(plugin).map(|granted| granted.answer_bytes);
        granted.unwrap_or_else(|| Grant::default().answer_bytes)
    }
}

impl Host {
    fn new(host: CallHost, names: impl FnMut(&str, u16) -> Arc<Name>) -> Self {
        let CallHost { address, tls } = host;
        let (name, port) = match &address {
            EndpointAddress::Dns { host, port } => (host.clone(), *port),
            EndpointAddress::Ip(address) => (address.ip().to_string().into(), address.port()),
        };
        let alone = config::Service {
            name: format!("{name}:{port}").into(),
            endpoints: vec![config::Endpoint { address, weight: 1, suspended: None }],
            connect_timeout: CONNECT,
            suspended: None,
        };
        Self { name, port, tls, service: Arc::new(Service::new(&alone, names, None)) }
    }

    fn is(&self, address: &Address<'_>) -> bool {
        self.port == address.port && self.name.eq_ignore_ascii_case(address.host)
    }
}

const HTTP: u16 = 80;
const HTTPS: u16 = 443;

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (rest, scheme_port) =
            match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
                (Some(rest), _) => (rest, Some(HTTPS)),
                (_, Some(rest)) => (rest, Some(HTTP)),
                _ => (text, None),
            };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !rest.ends_with(']') => (host, port.parse().ok()?),
            _ => (rest, scheme_port?),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let tls = scheme_port.map(|port| port == HTTPS);
        Some(Self { host, port, tls })
    }
}

/// Host and port of a name such as service meshes give their clusters.
fn outbound(upstream: &str) -> Option<(&str, u16)> {
    let mut parts = upstream.strip_prefix("outbound|")?.split('|');
    let (port, _subset, host) = (parts.next()?, parts.next()?, parts.next()?);
    let complete = parts.next().is_none() && !host.is_empty();
    complete.then_some(host).zip(port.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> Targets {
        let service = |name: &str| {
            let endpoint = config::Endpoint {
                address: EndpointAddress::Ip(([127, 0, 0, 1], 80).into()),
                weight: 1,
                suspended: None,
            };
            let service = config::Service {
                name: name.into(),
                endpoints: vec![endpoint],
                connect_timeout: Duration::from_secs(1),
                suspended: None,
            };
            Arc::new(Service::new(&service, Name::new, None))
        };
        let mut targets = Targets::new([service("httpbin"), service("full.example.com")]);
        let dns = |host: &str, port| EndpointAddress::Dns { host: host.into(), port };
        let hosts = [
            (dns("api.example.com", 443), true),
            (dns("plain.example.com", 80), false),
            (dns("secret.example.com", 8443), true),
            (EndpointAddress::Ip(([127, 0, 0, 1], 9000).into()), false),
            (EndpointAddress::Ip("[::1]:9000".parse().unwrap()), false),
        ];
        let hosts = hosts.map(|(address, tls)| CallHost { address, tls }).to_vec();
        let grant = Grant { hosts, answer_bytes: 7 };
        targets.grant("guard".into(), grant, Name::new);
        targets
    }

    #[test]
    fn spellings_of_an_upstream() {
        let targets = targets();
        for (upstream, expected) in [
            ("httpbin", "httpbin"),
            ("outbound|80||httpbin.default.svc.cluster.local", "httpbin"),
            ("outbound|80|v1|full.example.com", "full.example.com"),
            ("outbound|443||api.example.com.dns", "api.example.com:443 tls api.example.com"),
            ("outbound|443||api.example.com", "api.example.com:443 tls api.example.com"),
            ("outbound|9000||127.0.0.1.static", "127.0.0.1:9000"),
            ("outbound|9001||127.0.0.1.static", "-"),
            ("outbound|80||other.default.svc.cluster.local", "-"),
            ("outbound|80||", "-"),
            ("outbound|80|httpbin", "-"),
            ("outbound|80||httpbin|", "-"),
            ("api.example.com:443", "api.example.com:443 tls api.example.com"),
            ("API.Example.com:443", "api.example.com:443 tls api.example.com"),
            ("https://api.example.com", "api.example.com:443 tls api.example.com"),
            ("https://api.example.com:443/", "api.example.com:443 tls api.example.com"),
            ("http://api.example.com", "-"),
            ("http://plain.example.com", "plain.example.com:80"),
            ("https://plain.example.com:80", "plain.example.com:80 tls plain.example.com"),
            ("http://api.example.com:443", "api.example.com:443"),
            ("secret.example.com:8443", "secret.example.com:8443 tls secret.example.com"),
            ("outbound|8443||secret.example.com", "secret.example.com:8443 tls secret.example.com"),
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("https://127.0.0.1:9000", "127.0.0.1:9000 tls 127.0.0.1"),
            ("[::1]:9000", "::1:9000"),
            ("127.0.0.1:9001", "-"),
            ("127.0.0.1", "-"),
            ("127.0.0.1:99999", "-"),
            ("evil.api.example.com:443", "-"),
            ("", "-"),
            ("|", "-"),
        ] {
            let found = targets.find("guard", upstream).map(|found| {
                let tls = found.tls.map(|name| format!(" tls {name}")).unwrap_or_default();
                format!("{}{tls}", found.service.name)
            });
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{upstream}");
        }
    }

    #[test]
    fn addresses_are_granted_to_one_plugin_only() {
        let targets = targets();
        assert!(targets.find("other", "httpbin").is_some());
        assert!(targets.find("other", "127.0.0.1:9000").is_none());
        assert_eq!((targets.answer_bytes("guard"), targets.answer_bytes("other")), (7, 1 << 20));
    }
}
