//! From a URL to one of our own listeners.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;
use portico_config::config::ListenerRef;

use crate::{
    admin::{Admin, telemetry::shortened},
    router::Sites,
};

/// Where a request goes, and what it asks for.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Target {
    /// Of a listener of this gateway.
    pub(super) address: SocketAddr,
    /// The host that is asked for, with its port if one was written.
    pub(super) authority: String,
    pub(super) path: String,
}

impl Target {
    /// By the port, if the URL names one, then by the host.
    pub(super) fn of(admin: &Admin, url: &str) -> Result<Self, String> {
        let status = admin.control.status.load();
        let snapshot = admin.control.snapshot.load();
        let all: Vec<SocketAddr> = status.listeners.iter().map(|own| own.address).collect();
        let Some(first) = all.first() else { return Err("this gateway has no listener".into()) };
        let full = match url {
            path if path.starts_with('/') => format!("http://localhost:{}{path}", first.port()),
            bare if !bare.contains("://") => format!("http://{bare}"),
            full => full.to_owned(),
        };
        let no_url =
            || format!("`{}` is not a URL: write it like `http://host/path`", shortened(url));
        let uri: Uri = full.parse().map_err(|_| no_url())?;
        let authority = uri.authority().ok_or_else(no_url)?;
        if uri.scheme_str() != Some("http") {
            return Err("only `http:` can be sent: no listener of this gateway speaks TLS".into());
        }
        let port = authority.port_u16();
        let fits = |address: &SocketAddr| port.is_none_or(|port| address.port() == port);
        let candidates: Vec<ListenerRef> = (0..all.len().min(snapshot.config.listeners.len()))
            .filter(|index| fits(&all[*index]))
            .map(ListenerRef)
            .collect();
        let Some(some) = candidates.first() else {
            let known: Vec<String> = all.iter().map(|own| own.port().to_string()).collect();
            let port = port.unwrap_or_default();
            return Err(format!(
                "this gateway does not listen on port {port}, and requests are sent nowhere else; \
                 it listens on {}",
                known.join(", ")
            ));
        };
        let found = Sites::new(&snapshot.config, &candidates).find(authority.host());
        let address = all[found.unwrap_or(*some).0];
        let host = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { address: reachable(address), authority: host.to_owned(), path })
    }
}

/// Where a connection to a listener goes: one that takes every address is on this machine, too.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
