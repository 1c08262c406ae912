//! What the configuration takes out of use, and why.
//!
//! A suspended part is found out about when a configuration is compiled: its share goes to others
//! there, and what is left without anybody holds the answer ready. A request looks for nothing.

use std::{fmt, sync::Arc};

use portico_config::config::{Config, Endpoint, EndpointAddress, Route, Service};

/// Something that is out of use. Its words reach clients, so they hold no addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Suspension {
    /// ``service `staff` ``
    pub what: Arc<str>,
    /// As written.
    pub reason: Arc<str>,
}

impl Suspension {
    fn new(what: String, reason: &Arc<str>) -> Self {
        Self { what: what.into(), reason: reason.clone() }
    }

    /// Why a route turns all its requests away.
    pub fn of_route(route: &Route) -> Option<Self> {
        let reason = route.suspended.as_ref()?;
        Some(Self::new(format!("route `{}`", route.name), reason))
    }

    /// Why a service gets no requests. One of which no endpoint takes part is out of use as a
    /// whole: its requests are as well off with another service of the rule.
    pub fn of_service(service: &Service) -> Option<Self> {
        if let Some(reason) = &service.suspended {
            return Some(Self::new(format!("service `{}`", service.name), reason));
        }
        let mut taking = service.endpoints.iter().filter(|endpoint| endpoint.weight > 0);
        let first = taking.next()?.suspended.as_ref()?;
        taking
            .all(|endpoint| endpoint.suspended.is_some())
            .then(|| Self::new(format!("every endpoint of service `{}`", service.name), first))
    }

    /// Everything that a configuration suspends, in words for its operator.
    pub fn all(config: &Config) -> impl Iterator<Item = String> {
        let services = config.services.iter().flat_map(|service| {
            let own = service.suspended.as_ref();
            let own =
                own.map(|reason| format!("service `{}` is suspended: {reason}", service.name));
            let endpoints = service.endpoints.iter().filter_map(|endpoint| {
                let Endpoint { address, weight: _, suspended } = endpoint;
                let (address, reason) = (written(address), suspended.as_ref()?);
                let name = &service.name;
                Some(format!("endpoint `{address}` of service `{name}` is suspended: {reason}"))
            });
            own.into_iter().chain(endpoints)
        });
        services.chain(config.routes.iter().filter_map(Self::of_route).map(|own| own.to_string()))
    }
}

impl fmt::Display for Suspension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, reason } = self;
        write!(f, "{what} is suspended: {reason}")
    }
}

/// An endpoint's address as it is written in a configuration.
pub fn written(address: &EndpointAddress) -> String {
    match address {
        EndpointAddress::Dns { host, port } => format!("{host}:{port}"),
        EndpointAddress::Ip(address) => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use portico_config::{Source, load};

    use super::*;

    const TEXT: &str = "
listeners: [{ name: web, address: '127.0.0.1:1' }]
services:
  - { name: whole, suspended: moving, endpoints: ['127.0.0.1:1'] }
  - name: part
    endpoints: [{ address: 'a.io:1', suspended: slow }, '127.0.0.1:2']
  - name: none
    endpoints:
      - { address: '127.0.0.1:3', suspended: hot }
      - { address: '127.0.0.1:4', weight: 0 }
      - { address: '127.0.0.1:5', suspended: cold }
routes:
  - { name: closed, suspended: night, rules: [{ backends: [whole, part, none] }] }
";

    #[test]
    fn what_is_left_without_an_endpoint_is_out_of_use() {
        let source = Source { name: "x.yaml".into(), folder: ".".into(), text: TEXT.to_owned() };
        let config = load(&[source]).config.unwrap();
        let said = |service| Suspension::of_service(service).map(|own| own.to_string());
        let services: Vec<Option<String>> = config.services.iter().map(said).collect();
        assert_eq!(services[0].as_deref(), Some("service `whole` is suspended: moving"));
        assert_eq!(services[1], None);
        assert_eq!(
            services[2].as_deref(),
            Some("every endpoint of service `none` is suspended: hot")
        );
        let all: Vec<String> = Suspension::all(&config).collect();
        assert_eq!(
            all,
            [
                "service `whole` is suspended: moving",
                "endpoint `a.io:1` of service `part` is suspended: slow",
                "endpoint `127.0.0.1:3` of service `none` is suspended: hot",
                "endpoint `127.0.0.1:5` of service `none` is suspended: cold",
                "route `closed` is suspended: night",
            ]
        );
    }
}
