//! Services and their endpoints, with what attempts say of them.

use std::{net::SocketAddr, time::SystemTime};

use portico_config::config::{self, EndpointAddress};
use portico_telemetry::store::Store;

use super::{Failures, Seen, Traffic};
use crate::{
    attention::situation::{Endpoint, Service},
    backend::Resolution,
    snapshot::Snapshot,
};

/// Attempts that must have failed before it is worth to look for the reason among requests that came
/// through.
const FAILED: u64 = 3;

pub(super) fn services(
    snapshot: &Snapshot,
    traffic: &Traffic,
    failures: &Failures,
    store: &Store,
    at: SystemTime,
) -> Vec<Service> {
    let make = |failures: &Failures| -> Vec<Service> {
        let services = snapshot.config.services.iter().enumerate();
        services.map(|(index, own)| service(snapshot, index, own, traffic, failures)).collect()
    };
    let services = make(failures);
    let is_unclear = |own: &Endpoint| own.numbers.minute.errors >= FAILED && own.trouble.is_none();
    if !services.iter().flat_map(|own| &own.endpoints).any(is_unclear) {
        return services;
    }
    let mut further = Failures::default();
    further.look_further(store, at);
    services.into_iter().zip(make(&further)).map(|(own, further)| merged(own, further)).collect()
}

fn merged(mut own: Service, further: Service) -> Service {
    for (own, further) in own.endpoints.iter_mut().zip(further.endpoints) {
        if own.trouble.is_none() {
            (own.trouble, own.refuses) = (further.trouble, further.refuses);
        }
    }
    own
}

fn service(
    snapshot: &Snapshot,
    index: usize,
    own: &config::Service,
    traffic: &Traffic,
    failures: &Failures,
) -> Service {
    let running = snapshot.services.get(index);
    let endpoints = own.endpoints.iter().enumerate().map(|(place, endpoint)| {
        let resolution = running.and_then(|running| running.resolution(place));
        let addresses = addresses(&endpoint.address, resolution.as_deref());
        let mut seen = Seen::default();
        for address in &addresses {
            seen.merge(&traffic.node(&node(&own.name, address)));
        }
        let trouble = addresses.iter().find_map(|address| failures.at(address));
        let unresolved = resolution.filter(|found| found.addresses.is_empty());
        Endpoint {
            address: written(&endpoint.address),
            is_used: endpoint.weight > 0 && endpoint.suspended.clone().is_none(),
            numbers: seen.numbers,
            refuses: trouble.is_some_and(|why| why.to_ascii_lowercase().contains("refused")),
            trouble: trouble.map(str::to_owned),
            unresolved: unresolved.map(|found| found.error.clone().unwrap_or_default()),
        }
    });
    Service {
        name: own.name.to_string(),
        is_suspended: own.suspended.clone().is_some(),
        endpoints: endpoints.collect(),
    }
}

/// Where an endpoint really is.
pub(in crate::admin) fn addresses(
    address: &EndpointAddress,
    resolution: Option<&Resolution>,
) -> Vec<SocketAddr> {
    match address {
        EndpointAddress::Ip(address) => vec![*address],
        EndpointAddress::Dns { .. } => {
            resolution.map_or_else(Vec::new, |found| found.addresses.clone())
        }
    }
}

/// As it is written.
pub(in crate::admin) fn written(address: &EndpointAddress) -> String {
    match address {
        EndpointAddress::Ip(address) => address.to_string(),
        EndpointAddress::Dns { host, port } => format!("{host}:{port}"),
    }
}

/// The id of an endpoint in the graph.
pub(in crate::admin) fn node(service: &str, address: &SocketAddr) -> String {
    format!("endpoint:{service}/{address}")
}
