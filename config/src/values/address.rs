//! Addresses to listen on and to connect to.

use std::net::{IpAddr, SocketAddr};

use crate::{
    config,
    decode::TextNode,
    problem::Fault,
    shape::{Shape, TextShape},
    values::shown,
};

/// An address to listen on: `IP:port`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenAddress(pub(crate) SocketAddr);

/// An address to connect to: `IP:port` or `name:port`.
#[derive(Clone, Debug)]
pub(crate) struct EndpointAddress(pub(crate) config::EndpointAddress);

impl TextNode for ListenAddress {
    const EXPECTED: &'static str = "an address such as `0.0.0.0:30080` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse().map(Self).map_err(|_| {
            Fault::new(format!("`{}` is no address to listen on", shown(text)))
                .why("it is an IP address and a port; `0.0.0.0` is every interface")
                .help(listen_help(text))
        })
    }

    fn parse_number(number: i64) -> Option<Result<Self, Fault>> {
        Some(Self::parse(&number.to_string()))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "address",
            doc: "An IP address and a port; port 0 lets the system choose.".to_owned(),
            pattern: Some(r"^([0-9.]+|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}$"),
            examples: &["0.0.0.0:30080", "[::]:80"],
        })
    }
}

fn listen_help(text: &str) -> String {
    let bare = text.trim().trim_start_matches("http://").trim_start_matches("https://");
    let bare = bare.trim_end_matches('/');
    let port = |text: &str| text.parse::<u16>().is_ok();
    let number = bare.strip_prefix(':').unwrap_or(bare);
    if port(number) {
        return format!("did you mean `0.0.0.0:{number}`?");
    }
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return port_missing(ip, 30080);
    }
    match bare.rsplit_once(':') {
        Some(("localhost", number)) if port(number) => {
            format!("did you mean `127.0.0.1:{number}`?")
        }
        Some(("*", number)) if port(number) => format!("did you mean `0.0.0.0:{number}`?"),
        Some((_, number)) if number.bytes().all(|b| b.is_ascii_digit()) && !port(number) => {
            "ports are 0 to 65535".to_owned()
        }
        Some((host, number)) if port(number) && host.parse::<IpAddr>().is_ok() => {
            match host.contains(':') {
                true => format!("IPv6 addresses stand in brackets: `[{host}]:{number}`"),
                false => format!("did you mean `{host}:{number}`?"),
            }
        }
        Some((_, number)) if port(number) => {
            format!("host names belong in `hosts`; here write `0.0.0.0:{number}`")
        }
        _ => "write for example `0.0.0.0:30080`".to_owned(),
    }
}

impl TextNode for EndpointAddress {
    const EXPECTED: &'static str = "an address such as `127.0.0.1:7001` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        endpoint(text).map(Self).map_err(|help| {
            Fault::new(format!("`{}` is no address of an endpoint", shown(text)))
                .why("it is an IP address or a DNS name, a colon and a port")
                .help(help)
        })
    }

    fn parse_number(number: i64) -> Option<Result<Self, Fault>> {
        Some(Self::parse(&number.to_string()))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "endpoint address",
            doc: "An IP address or a DNS name, a colon and a port.".to_owned(),
            pattern: Some(r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}$"),
            examples: &["127.0.0.1:7001", "staff.fleet.svc:80"],
        })
    }
}

/// A host that a plugin may call: `host:port`, perhaps with a scheme in front.
#[derive(Clone, Debug)]
pub(crate) struct CallHost(pub(crate) config::CallHost);

impl TextNode for CallHost {
    const EXPECTED: &'static str = "an address such as `api.example.com:443` (text)";

    fn parse(text: &str) -> Result<Self, Fault> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Some(false), rest),
            Some(("https", rest)) => (Some(true), rest),
            _ => (None, text),
        };
        let fault = |help: String| {
            Fault::new(format!("`{}` is no host to call", shown(text)))
                .why("it is an IP address or a DNS name, a colon and a port")
                .help(help)
        };
        if rest.contains('@') {
            return Err(Fault::new("this is no host to call")
                .why("a filter writes its own headers, with the password if there is one")
                .help("write a host and a port"));
        }
        if rest.contains('/') && !rest.contains("://") {
            let bare = &rest[..rest.find('/').unwrap_or_default()];
            return Err(fault(format!("leave out the path: `{}`", shown(bare))));
        }
        if rest.contains('*') {
            return Err(fault("each host is named for itself".to_owned()));
        }
        let address = endpoint(rest).map_err(fault)?;
        let port = match &address {
            config::EndpointAddress::Dns { port, .. } => *port,
            config::EndpointAddress::Ip(address) => address.port(),
        };
        Ok(Self(config::CallHost { address, tls: scheme.unwrap_or(port == 443) }))
    }

    fn text_shape() -> Shape {
        Shape::Text(TextShape {
            name: "call host",
            doc:
                "An IP address or a DNS name, a colon and a port; perhaps `https://` or `http://` \
                  in front."
                    .to_owned(),
            pattern: Some(
                r"^(https?://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}$",
            ),
            examples: &["api.example.com:443"],
        })
    }
}

fn port_missing(ip: IpAddr, port: u16) -> String {
    let brackets = if ip.is_ipv6() { ", after an IPv6 address in brackets" } else { "" };
    format!("the port is missing{brackets}: `{}`", SocketAddr::new(ip, port))
}

fn endpoint(text: &str) -> Result<config::EndpointAddress, String> {
    if text.contains("://") {
        let rest = text.split("://").nth(1).unwrap_or_default();
        let bare = rest.split('/').next().unwrap_or_default();
        return Err(match bare.contains(':') {
            true => format!("a scheme is not part of it: `{}`", shown(bare)),
            false => format!("without a scheme, with a port: `{}:80`", shown(bare)),
        });
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return match address.port() {
            0 => Err("port 0 cannot be connected to".to_owned()),
            _ => Ok(config::EndpointAddress::Ip(address)),
        };
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Err(port_missing(ip, 80));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(match text.parse::<u16>() {
            Ok(port) => format!("did you mean `127.0.0.1:{port}`?"),
            Err(_) => "the port is missing: write `name:80`".to_owned(),
        });
    };
    let port = port.parse::<u16>().ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| "after the colon comes a port, 1 to 65535".to_owned())?;
    let host = dns_name(host)?;
    Ok(config::EndpointAddress::Dns { host, port })
}

/// Names that resolvers take: RFC 1123 and the `_` of service names (RFC 2782).
fn dns_name(text: &str) -> Result<Box<str>, String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let edges = !label.starts_with('-') && !label.ends_with('-');
        (1..=63).contains(&label.len()) && edges && label.bytes().all(plain)
    };
    if name.contains(':') {
        return Err(format!("IPv6 addresses stand in brackets: `[{}]:80`", shown(text)));
    }
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numeric {
        return Err("IPv4 addresses have four numbers from 0 to 255".to_owned());
    }
    if name.len() > 253 || !name.split('.').all(label) {
        return Err("a DNS name has letters, digits, `-`, `_` and dots".to_owned());
    }
    // The dot at the end is kept: it tells the resolver not to try search domains.
    Ok(text.to_ascii_lowercase().into())
}
