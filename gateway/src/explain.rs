//! What a request would meet, in words: for the command line, the admin API and the console.

mod steps;

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use portico_config::{
    Source,
    config::{Config, HostPattern, ListenerRef, PathMatch, Route, Rule},
};

use self::steps::{RulePlace, Steps};
use crate::router::{Request, Router, Sites};

/// A request that is asked about.
#[derive(Debug)]
pub struct Question {
    method: Method,
    host: String,
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
    #[error("`{0}` is not a URL: write it like `http://host/path`")]
    Url(String),
    #[error("`{0}` is not a header: write it like `name: value`")]
    Header(String),
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// A rule takes it.
    pub found: bool,
    pub text: String,
}

impl Question {
    /// `headers` are `name: value`; a `host` header replaces the URL's host.
    ///
    /// # Errors
    /// Which part cannot be understood.
    pub fn new(method: &str, url: &str, headers: &[String]) -> Result<Self, InvalidQuestion> {
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .map_err(|_| InvalidQuestion::Method(method.to_owned()))?;
        let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = full.parse().map_err(|_| InvalidQuestion::Url(url.to_owned()))?;
        let authority = uri.authority().ok_or_else(|| InvalidQuestion::Url(url.to_owned()))?;
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
            host: named.unwrap_or_else(|| authority.host()).to_owned(),
            port: authority.port_u16(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers: map,
        })
    }
}

/// Answers from a configuration alone: nothing is sent, no plugin is run. With the texts that it was
/// read from, the answer names their lines.
pub fn explain(config: &Config, sources: &[Source], question: &Question) -> Answer {
    let mut answer = Answer::default();
    let text = &mut answer.text;
    let target = match &question.query {
        Some(query) => format!("{}?{query}", question.path),
        None => question.path.clone(),
    };
    line(text, "request", &format!("{} {target}, host `{}`", question.method, question.host));
    let Some(listener) = listener(config, question, text) else { return answer };
    let router = Router::new(config, listener);
    let request = Request {
        host: &question.host,
        path: &question.path,
        query: question.query.as_deref(),
        method: &question.method,
        headers: &question.headers,
    };
    let explanation = router.explain(config, &request);
    match &explanation.host {
        Some(host) => line(text, "host", &format!("`{}` matches", pattern(host))),
        None => {
            let known = explanation.hosts_known.iter().map(|host| format!("`{}`", pattern(host)));
            let known = known.collect::<Vec<_>>().join(", ");
            line(text, "host", &format!("no route has this host; there are: {known}"));
        }
    }
    match explanation.found.and_then(|found| Some((found, rule_at(config, found.rule)?))) {
        Some((found, (route, rule))) => {
            answer.found = true;
            let matched = rule.matches.get(usize::from(found.matched));
            let path = matched.map_or_else(String::new, |matched| path_of(&matched.path));
            line(text, "rule", &format!("`{}/{}`, {path}", route.name, rule.name));
            if let Some(place) = place_of(config, found.rule) {
                let host = question.host.as_str();
                let steps = Steps { config, sources, place, listener, host };
                describe(config, rule, &steps, text);
            }
        }
        None => line(text, "rule", "none: the answer is 404 `no_route`"),
    }
    for (index, lost) in explanation.lost.iter().enumerate() {
        let Some((route, rule)) = rule_at(config, lost.rule) else { continue };
        let label = if index == 0 { "lost" } else { "" };
        line(text, label, &format!("`{}/{}`: {}", route.name, rule.name, lost.why));
    }
    answer
}

/// The listener that takes it: by port if the URL names one that something listens on, then by
/// host.
fn listener(config: &Config, question: &Question, text: &mut String) -> Option<ListenerRef> {
    let ports = |port| config.listeners.iter().any(|own| own.address.port() == port);
    let port = question.port.filter(|port| ports(*port));
    let candidates: Vec<ListenerRef> = (0..config.listeners.len())
        .filter(|index| port.is_none_or(|port| config.listeners[*index].address.port() == port))
        .map(ListenerRef)
        .collect();
    if let (Some(asked), None) = (question.port, port) {
        line(text, "note", &format!("nothing listens on port {asked}; looking at every listener"));
    }
    let Some(found) = Sites::new(config, &candidates).find(&question.host) else {
        line(text, "listener", "none answers for this host: the answer is 404 `no_listener`");
        return None;
    };
    let listener = &config.listeners[found.0];
    line(text, "listener", &format!("`{}` on {}", listener.name, listener.address));
    Some(found)
}

fn describe(config: &Config, rule: &Rule, steps: &Steps<'_>, text: &mut String) {
    for (index, filter) in rule.filters.iter().enumerate() {
        let label = if index == 0 { "filters" } else { "" };
        line(text, label, &format!("{}. {}", index + 1, steps.describe(filter)));
    }
    let total: u32 = rule.backends.iter().map(|backend| backend.weight).sum();
    for (index, backend) in rule.backends.iter().enumerate() {
        let service = &config.services[backend.service.0];
        let endpoints = service.endpoints.iter().map(|endpoint| match &endpoint.address {
            portico_config::config::EndpointAddress::Ip(address) => address.to_string(),
            portico_config::config::EndpointAddress::Dns { host, port } => {
                format!("{host}:{port}")
            }
        });
        let endpoints = endpoints.collect::<Vec<_>>().join(", ");
        let share = match rule.backends.len() {
            1 => String::new(),
            _ => format!(", {} of {total}", backend.weight),
        };
        let label = if index == 0 { "backend" } else { "" };
        line(text, label, &format!("`{}` at {endpoints}{share}", service.name));
    }
    match rule.timeout {
        Some(timeout) => line(text, "timeout", &format!("{timeout:?}, then 504 `timeout`")),
        None if rule.backends.is_empty() => {}
        None => line(text, "timeout", "none: the client waits as long as the service does"),
    }
}

fn rule_at(config: &Config, flat: u32) -> Option<(&Route, &Rule)> {
    let RulePlace { route, rule } = place_of(config, flat)?;
    let route = config.routes.get(route)?;
    Some((route, route.rules.get(rule)?))
}

fn place_of(config: &Config, flat: u32) -> Option<RulePlace> {
    let mut left = flat as usize;
    for (route, own) in config.routes.iter().enumerate() {
        if left < own.rules.len() {
            return Some(RulePlace { route, rule: left });
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

fn line(text: &mut String, label: &str, content: &str) {
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "{label:<9} {content}");
}
