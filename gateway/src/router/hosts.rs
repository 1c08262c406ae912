//! Host names: what a request's `host` means, and which patterns it matches.

use std::collections::{HashMap, HashSet};

use portico_config::config::HostPattern;

use super::steps::step;

/// The longest host name, in bytes: 255 octets on the wire (RFC 1035, section 2.3.4) are 253
/// characters of text. It bounds the work and the stack a hostile `host` can ask for.
pub(crate) const NAME_MAX: usize = 253;

/// The host name in a request's `host`: without port and one trailing dot, in lower case.
///
/// Empty, which only [`HostPattern::Any`] matches, if there is none: an empty or overlong host,
/// or one with colons that are no port's. The brackets of an IPv6 address are part of the name.
pub(crate) fn name<'a>(host: &'a str, buffer: &'a mut [u8; NAME_MAX]) -> &'a str {
    let name = without_port(host);
    let name = name.strip_suffix('.').unwrap_or(name);
    let Some(lower) = buffer.get_mut(..name.len()) else { return "" };
    if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return name;
    }
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    // Lower-casing ASCII keeps UTF-8 intact, so this is never empty for a name that is not.
    std::str::from_utf8(lower).unwrap_or_default()
}

fn without_port(host: &str) -> &str {
    let end = if host.starts_with('[') {
        host.find(']').map_or(0, |bracket| bracket + 1)
    } else {
        host.find(':').unwrap_or(host.len())
    };
    let (name, port) = host.split_at(end);
    match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => name,
        None if port.is_empty() => name,
        _ => "",
    }
}

/// The names a [`HostPattern::Suffix`] may hold to match this one, longest first.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    // A dot at the very front has no label before it that the `*` could stand for.
    name.match_indices('.').filter(|(at, _)| *at > 0).map(|(at, _)| &name[at + 1..])
}

/// Whether a pattern matches a name; what [`HostMap`] finds without trying them all.
pub(super) fn pattern_matches(pattern: &HostPattern, name: &str) -> bool {
    match pattern {
        HostPattern::Any => true,
        HostPattern::Exact(host) => **host == *name,
        HostPattern::Suffix(suffix) => suffixes(name).any(|part| part == &**suffix),
    }
}

/// Something for each of a set of host patterns, found by name.
///
/// This and the trees of paths use the standard library's keyed SipHash: what they hold may come
/// from several tenants, none of whom shall slow the others by names that collide. A faster hash
/// would save less than a tenth of a microsecond per request.
#[derive(Debug)]
pub(super) struct HostMap<T> {
    any: Option<T>,
    exact: HashMap<Box<str>, T>,
    suffix: HashMap<Box<str>, T>,
}

impl<T> HostMap<T> {
    /// What is kept for a pattern, made when there is nothing yet.
    pub(super) fn entry(&mut self, pattern: &HostPattern, make: impl FnOnce() -> T) -> &mut T {
        match pattern {
            HostPattern::Any => self.any.get_or_insert_with(make),
            HostPattern::Exact(host) => self.exact.entry(host.clone()).or_insert_with(make),
            HostPattern::Suffix(host) => self.suffix.entry(host.clone()).or_insert_with(make),
        }
    }

    /// Makes something else of what is kept for each pattern.
    pub(super) fn map<U>(self, mut make: impl FnMut(T) -> U) -> HostMap<U> {
        let Self { any, exact, suffix } = self;
        HostMap {
            any: any.map(&mut make),
            exact: exact.into_iter().map(|(host, of)| (host, make(of))).collect(),
            suffix: suffix.into_iter().map(|(host, of)| (host, make(of))).collect(),
        }
    }

    /// What is kept for the patterns that match a [`name`], the most specific first: the exact
    /// one, suffixes from the longest to the shortest, any.
    pub(super) fn matches<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a T> {
        let suffixes = suffixes(name).filter_map(|part| {
            step();
            self.suffix.get(part)
        });
        self.exact.get(name).into_iter().chain(suffixes).chain(&self.any)
    }
}

impl<T> Default for HostMap<T> {
    fn default() -> Self {
        Self { any: None, exact: HashMap::default(), suffix: HashMap::default() }
    }
}

/// The hosts that a listener answers. Routes may name others, which are then ignored.
#[derive(Debug, Default)]
pub(super) struct Gate {
    hosts: HostMap<()>,
    /// Every name that a pattern here is somewhere below: `b.c` and `c` for `a.b.c`.
    parents: HashSet<Box<str>>,
}

impl Gate {
    pub(super) fn new(patterns: &[HostPattern]) -> Self {
        let mut gate = Self::default();
        for pattern in patterns {
            gate.hosts.entry(pattern, || ());
            if let HostPattern::Exact(host) | HostPattern::Suffix(host) = pattern {
                gate.parents.extend(suffixes(host).map(Box::from));
            }
        }
        gate
    }

    /// Whether the listener answers a host of this [`name`].
    pub(super) fn admits(&self, name: &str) -> bool {
        self.hosts.any.is_some() || self.hosts.matches(name).next().is_some()
    }

    /// Whether some host matches both the pattern and the listener's.
    pub(super) fn overlaps(&self, pattern: &HostPattern) -> bool {
        match pattern {
            HostPattern::Any => true,
            HostPattern::Exact(host) => self.admits(host),
            HostPattern::Suffix(suffix) => {
                self.admits(suffix)
                    || self.hosts.suffix.contains_key(suffix)
                    || self.parents.contains(suffix)
            }
        }
    }
}
