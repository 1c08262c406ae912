//! Which requests a listener wants.

use std::{net::IpAddr, time::Duration};

use http::HeaderName;
use regex::{Regex, RegexBuilder};

use crate::{
    access_log::{has_header, without_port},
    record::Record,
};

/// A compiled pattern may take this much memory.
const PATTERN_BYTES: usize = 256 * 1024;

/// Conditions; all that are given must hold. The default is none: every request is shown.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub method: Option<String>,
    pub path: Option<PathMatch>,
    /// Without port. Case does not count.
    pub host: Option<String>,
    pub route: Option<String>,
    pub service: Option<String>,
    /// Inclusive ranges; one must hold the status. A request that nobody answered has 0.
    pub statuses: Vec<(u16, u16)>,
    /// Request headers that must all be there, with this value if one is given.
    pub headers: Vec<(String, Option<String>)>,
    /// The request took at least this long.
    pub min_duration: Option<Duration>,
    /// An address, or a network as `10.0.0.0/8`.
    pub client: Option<String>,
}

/// How a path, without its query, is compared.
#[derive(Clone, Debug)]
pub enum PathMatch {
    Prefix(String),
    /// A regular expression (of the crate `regex`), found anywhere.
    Regex(String),
}

/// A filter that makes no sense.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    #[error("`{client}` is neither an address nor a network")]
    Client { client: String },
    #[error("`{name}` is no header name")]
    Header { name: String },
    #[error("`{pattern}` is no pattern for paths")]
    Path { pattern: String, source: Box<regex::Error> },
    #[error("no status lies between {from} and {to}")]
    Statuses { from: u16, to: u16 },
}

/// A compiled [`Filter`].
#[derive(Debug)]
pub struct Choice {
    method: Option<String>,
    path: Option<Path>,
    host: Option<String>,
    route: Option<String>,
    service: Option<String>,
    statuses: Vec<(u16, u16)>,
    headers: Vec<(HeaderName, Option<String>)>,
    min_duration: Option<Duration>,
    client: Option<Network>,
}

#[derive(Debug)]
enum Path {
    Prefix(String),
    Regex(Regex),
}

/// Addresses that begin with the same bits.
#[derive(Debug)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Choice {
    /// # Errors
    /// If a condition can never be checked.
    pub fn new(filter: Filter) -> Result<Self, FilterError> {
        let Filter { method, path, host, route, service, statuses, headers, min_duration, client } =
            filter;
        if let Some((from, to)) = statuses.iter().find(|(from, to)| from > to) {
            return Err(FilterError::Statuses { from: *from, to: *to });
        }
        let header = |(name, value): (String, Option<String>)| match HeaderName::try_from(&name) {
            Ok(name) => Ok((name, value)),
            Err(_) => Err(FilterError::Header { name }),
        };
        Ok(Self {
            method,
            path: path.map(Path::new).transpose()?,
            host,
            route,
            service,
            statuses,
            headers: headers.into_iter().map(header).collect::<Result<_, _>>()?,
            min_duration,
            client: client.map(Network::new).transpose()?,
        })
    }

    /// Whether the request is wanted.
    pub fn matches(&self, record: &Record) -> bool {
        let Record { request, response, place, .. } = record;
        is(self.method.as_deref(), Some(request.method.as_str()))
            && is(self.route.as_deref(), place.route.as_deref())
            && is(self.service.as_deref(), place.service.as_deref())
            && self.min_duration.is_none_or(|least| record.took >= least)
            && (self.statuses.is_empty()
                || self.statuses.iter().any(|(from, to)| (*from..=*to).contains(&response.status)))
            && self.client.as_ref().is_none_or(|net| net.holds(record.client.address.ip()))
            && self
                .host
                .as_deref()
                .is_none_or(|host| without_port(&request.authority).eq_ignore_ascii_case(host))
            && self.path.as_ref().is_none_or(|path| path.matches(request.path()))
            && self.headers.iter().all(|(name, value)| has_header(record, name, value.as_deref()))
    }
}

impl Path {
    fn new(path: PathMatch) -> Result<Self, FilterError> {
        match path {
            PathMatch::Prefix(prefix) => Ok(Self::Prefix(prefix)),
            PathMatch::Regex(pattern) => {
                match RegexBuilder::new(&pattern).size_limit(PATTERN_BYTES).build() {
                    Ok(regex) => Ok(Self::Regex(regex)),
                    Err(source) => Err(FilterError::Path { pattern, source: source.into() }),
                }
            }
        }
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Prefix(prefix) => path.starts_with(&**prefix),
            Self::Regex(regex) => regex.is_match(path),
        }
    }
}

impl Network {
    fn new(client: String) -> Result<Self, FilterError> {
        let parsed = match client.split_once('/') {
            Some((address, bits)) => address.parse().ok().zip(bits.parse().ok()),
            None => client.parse().ok().map(|address: IpAddr| (address, width(address))),
        };
        match parsed {
            Some((address, bits)) if bits <= width(address) => Ok(Self { address, bits }),
            _ => Err(FilterError::Client { client }),
        }
    }

    fn holds(&self, address: IpAddr) -> bool {
        // A client over IPv4 is `::ffff:…` on a socket that serves both.
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let differs = net.to_bits() ^ address.to_bits();
                differs.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let differs = net.to_bits() ^ address.to_bits();
                differs.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether nothing is asked for, or this.
fn is(asked: Option<&str>, given: Option<&str>) -> bool {
    asked.is_none() || asked == given
}
