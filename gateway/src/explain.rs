//! What a request would meet, in words: for the command line, the admin API and the console.

mod explained;
mod steps;
mod verdict;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use portico_config::{
    Locator, Source,
    config::{Config, HostPattern, ListenerRef, PathMatch, Route, Rule, Service},
};

pub use self::explained::{Asked, Backend, Explained, Host, Listener, RulePlace};
use self::steps::{Place, Steps};
use crate::{
    router::{Request, Router, Sites},
    suspension::{Suspension, written},
};

/// A request that is asked about.
#[derive(Debug)]
pub struct Question {
    method: Method,
    /// Missing if only a path was given.
    host: Option<String>,
    port: Option<u16>,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
}

/// What a question is not.
#[derive(Debug, thiserror::Error)]
pub enum InvalidQuestion {
    #[error("`{0}` is not an HTTP method")]
    Method(String),
    #[error("`{0}` is not a URL: write it like `http://host/path` or `/path`")]
    Url(String),
    #[error("`{0}` is not a header: write it like `name: value`")]
    Header(String),
}

impl Question {
    /// `url` may be a path alone. `headers` are `name: value`; a `host` header replaces the URL's
    /// host.
    ///
    /// # Errors
    /// Which part cannot be understood.
    pub fn new(method: &str, url: &str, headers: &[String]) -> Result<Self, InvalidQuestion> {
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .map_err(|_| InvalidQuestion::Method(method.to_owned()))?;
        let full = match url.contains("://") || url.starts_with('/') {
            true => url.to_owned(),
            false => format!("http://{url}"),
        };
        let uri: Uri = full.parse().map_err(|_| InvalidQuestion::Url(url.to_owned()))?;
        if uri.authority().is_none() && !url.starts_with('/') {
            return Err(InvalidQuestion::Url(url.to_owned()));
        }
        let mut map = HeaderMap::new();
        for line in headers {
            let invalid = || InvalidQuestion::Header(line.clone());
            let (name, value) = line.split_once(':').ok_or_else(invalid)?;
            let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| invalid())?;
            let value = HeaderValue::from_str(value.trim()).map_err(|_| invalid())?;
            map.append(name, value);
        }
        let named = map.get(http::header::HOST).and_then(|host| host.to_str().ok());
        Ok(Self {
            method,
            host: named.or_else(|| uri.host()).map(str::to_owned),
            port: uri.port_u16(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers: map,
        })
    }

    /// Path and query.
    fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

/// Answers from a configuration alone: nothing is sent, no plugin is run. With the texts that it was
/// read from, the answer names their lines.
pub fn explain(config: &Config, sources: &[Source], question: &Question) -> Explained {
    let lines = Locator::new(sources);
    let mut answer = Explained::default();
    let host = host_of(config, question, &mut answer.notes);
    answer.request = Asked { method: question.method.to_string(), host, target: question.target() };
    let Some(listener) = listener(config, question, &mut answer) else {
        answer.answer = Some("404 no_listener".to_owned());
        return answer.tell();
    };
    answer.listener = Some(describe_listener(config, listener, &lines));
    rules(config, listener, question, &lines, &mut answer);
    answer.tell()
}

/// The host that is asked for; one that a listener has if none is given.
fn host_of(config: &Config, question: &Question, notes: &mut Vec<String>) -> String {
    if let Some(host) = &question.host {
        return host.clone();
    }
    let Some(first) = config.listeners.first() else { return "localhost".to_owned() };
    let own = first.hosts.iter().find_map(|host| match host {
        HostPattern::Exact(name) => Some(name.to_string()),
        HostPattern::Any | HostPattern::Suffix(_) => None,
    });
    let host = own.unwrap_or_else(|| "localhost".to_owned());
    notes.push(format!("no host is given; asking listener `{}` for host `{host}`", first.name));
    host
}

/// The listener that takes it: by port if the URL names one that something listens on, then by
/// host. The first if the URL is a path alone.
fn listener(config: &Config, question: &Question, answer: &mut Explained) -> Option<ListenerRef> {
    if question.host.is_none() {
        return (!config.listeners.is_empty()).then_some(ListenerRef(0));
    }
    let ports = |port| config.listeners.iter().any(|own| own.address.port() == port);
    let port = question.port.filter(|port| ports(*port));
    let candidates: Vec<ListenerRef> = (0..config.listeners.len())
        .filter(|index| port.is_none_or(|port| config.listeners[*index].address.port() == port))
        .map(ListenerRef)
        .collect();
    if let (Some(asked), None) = (question.port, port) {
        let note = format!("nothing listens on port {asked}; looking at every listener");
        answer.notes.push(note);
    }
    Sites::new(config, &candidates).find(&answer.request.host)
}

fn describe_listener(config: &Config, listener: ListenerRef, lines: &Locator<'_>) -> Listener {
    let own = &config.listeners[listener.0];
    let (source, line) = split(lines.line("listeners", listener.0, ""));
    Listener { name: own.name.to_string(), address: own.address.to_string(), source, line }
}

/// Who takes it among the rules of a listener, and who does not.
fn rules(
    config: &Config,
    listener: ListenerRef,
    question: &Question,
    lines: &Locator<'_>,
    answer: &mut Explained,
) {
    let request = Request {
        host: &answer.request.host,
        path: &question.path,
        query: question.query.as_deref(),
        method: &question.method,
        headers: &question.headers,
    };
    let explanation = Router::new(config, listener).explain(config, &request);
    let known = match explanation.host {
        Some(_) => Vec::new(),
        None => explanation.hosts_known.iter().map(pattern).collect(),
    };
    answer.host = Some(Host { pattern: explanation.host.as_ref().map(pattern), known });
    let lost = explanation.lost.into_iter();
    answer.lost = lost.filter_map(|lost| rule_place(config, lost.rule, lost.why, lines)).collect();
    let found = explanation.found;
    let Some((found, (route, rule))) =
        found.and_then(|found| Some((found, rule_at(config, found.rule)?)))
    else {
        answer.answer = Some("404 no_route".to_owned());
        return;
    };
    answer.found = true;
    let matched = rule.matches.get(usize::from(found.matched));
    let path = matched.map_or_else(String::new, |matched| path_of(&matched.path));
    answer.rule = rule_place(config, found.rule, path, lines);
    if let Some(place) = place_of(config, found.rule) {
        let steps = Steps { config, lines, place, listener, host: &answer.request.host };
        answer.filters = rule.filters.iter().map(|filter| steps.describe(filter)).collect();
    }
    answer.backends = backends(config, rule);
    answer.timeout = rule.timeout.map(|timeout| format!("{timeout:?}"));
    let port = config.listeners[listener.0].address.port();
    answer.answer = verdict::of(config, route, rule, &answer.request, (found.prefix, port));
}

/// The services of a rule and what each gets: those that are suspended leave theirs to the others.
fn backends(config: &Config, rule: &Rule) -> Vec<Backend> {
    let services = rule.backends.iter().map(|backend| {
        let service = &config.services[backend.service.0];
        (backend.weight, service, Suspension::of_service(service))
    });
    let services: Vec<_> = services.collect();
    let taking = services.iter().filter(|(_, _, suspended)| suspended.is_none());
    let total: u32 = taking.map(|(weight, _, _)| *weight).fold(0, u32::saturating_add);
    let alone = services.len() == 1;
    let backend = |(weight, service, suspended): (u32, &Service, Option<Suspension>)| {
        let endpoints = service.endpoints.iter().map(|endpoint| {
            let reason = endpoint.suspended.as_ref();
            let reason = reason.map_or_else(String::new, |why| format!(" (suspended: {why})"));
            format!("{}{reason}", written(&endpoint.address))
        });
        Backend {
            service: service.name.to_string(),
            share: match suspended {
                Some(_) => "none".to_owned(),
                None if alone => "all".to_owned(),
                None => format!("{weight} of {total}"),
            },
            suspended: suspended.map(|own| own.reason.to_string()),
            endpoints: endpoints.collect(),
        }
    };
    services.into_iter().map(backend).collect()
}

fn rule_place(config: &Config, flat: u32, why: String, lines: &Locator<'_>) -> Option<RulePlace> {
    let Place { route, rule } = place_of(config, flat)?;
    let (own, named) = rule_at(config, flat)?;
    let (source, line) = split(lines.line("routes", route, &format!("rules[{rule}]")));
    Some(RulePlace { route: own.name.to_string(), rule: named.name.to_string(), why, source, line })
}

fn split(place: Option<(&str, usize)>) -> (Option<String>, Option<usize>) {
    place.map(|(source, line)| (source.to_owned(), line)).unzip()
}

fn rule_at(config: &Config, flat: u32) -> Option<(&Route, &Rule)> {
    let Place { route, rule } = place_of(config, flat)?;
    let route = config.routes.get(route)?;
    Some((route, route.rules.get(rule)?))
}

fn place_of(config: &Config, flat: u32) -> Option<Place> {
    let mut left = flat as usize;
    for (route, own) in config.routes.iter().enumerate() {
        if left < own.rules.len() {
            return Some(Place { route, rule: left });
        }
        left -= own.rules.len();
    }
    None
}

fn path_of(path: &PathMatch) -> String {
    match path {
        PathMatch::Exact(path) => format!("path is `{path}`"),
        PathMatch::Prefix(prefix) => format!("path starts with `{prefix}`"),
        PathMatch::Regex(pattern) => format!("path matches `{}`", pattern.text),
    }
}

fn pattern(host: &HostPattern) -> String {
    match host {
        HostPattern::Any => "*".into(),
        HostPattern::Exact(name) => name.to_string(),
        HostPattern::Suffix(suffix) => format!("*.{suffix}"),
    }
}

#[cfg(test)]
mod tests;
