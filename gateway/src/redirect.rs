//! Redirects and rewrites: where a request is sent instead, and how it is changed on its way
//! (Gateway API `HTTPRequestRedirectFilter` and `HTTPURLRewriteFilter`).

use bytes::Bytes;
use http::{HeaderValue, header};
use pingora::http::RequestHeader;
use portico_config::config::{PathChange, Redirect, Rewrite, Scheme};

use crate::{answer::Answer, exchange::Exchange, heads};

/// The redirect's answer.
pub(crate) fn answer(redirect: &Redirect, head: &RequestHeader, exchange: &Exchange) -> Answer {
    let prefix = exchange.matched.map_or(0, |matched| matched.prefix);
    let port = exchange.connection.facts.destination.port();
    let location = location(redirect, (heads::host(head), heads::target(head)), prefix, port);
    let mut headers = Vec::with_capacity(1);
    // Made of parts that were parts of a head or were checked with the configuration.
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.push((header::LOCATION, location));
    }
    Answer { status: redirect.status, headers, body: Bytes::new() }
}

/// Changes host and path for the service.
pub(crate) fn rewrite(rewrite: &Rewrite, head: &mut RequestHeader, prefix: usize) {
    if let Some(host) = &rewrite.host
        && let Ok(host) = HeaderValue::from_str(host)
        && let Err(error) = head.insert_header(header::HOST, host)
    {
        tracing::warn!(%error, "the host cannot be rewritten");
    }
    if let Some(change) = &rewrite.path {
        let target = heads::target(head);
        let (path, query) = split(target);
        let changed = with_query(change_path(change, path, prefix), query);
        if let Ok(uri) = changed.parse::<http::Uri>() {
            head.set_uri(uri);
        } else {
            tracing::warn!("the path cannot be rewritten to what the rule asks for");
        }
    }
}

/// Where a request for this host and target is sent.
pub(crate) fn location(
    redirect: &Redirect,
    (host, target): (&str, &str),
    prefix: usize,
    listener: u16,
) -> String {
    let scheme = match redirect.scheme {
        Some(Scheme::Https) => "https",
        Some(Scheme::Http) | None => "http",
    };
    let well_known = if scheme == "https" { 443 } else { 80 };
    let port = match (redirect.port, redirect.scheme) {
        (Some(port), _) => port,
        (None, Some(_)) => well_known,
        (None, None) => listener,
    };
    let host = redirect.host.as_deref().unwrap_or_else(|| without_port(host));
    let (path, query) = split(target);
    let path = match &redirect.path {
        Some(change) => change_path(change, path, prefix),
        None => path.to_owned(),
    };
    let target = with_query(path, query);
    if port == well_known {
        format!("{scheme}://{host}{target}")
    } else {
        format!("{scheme}://{host}:{port}{target}")
    }
}

/// A path with its matched prefix, or all of it, replaced. `/foo/bar` with `/foo` replaced by `/`
/// is `/bar`: segments are joined by one slash, as in Gateway API's table for `ReplacePrefixMatch`.
fn change_path(change: &PathChange, path: &str, prefix: usize) -> String {
    match change {
        PathChange::Full(full) => full.to_string(),
        PathChange::Prefix(replacement) => match path.get(prefix..) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let joined = format!("{}{rest}", replacement.trim_end_matches('/'));
                if joined.is_empty() { "/".to_owned() } else { joined }
            }
            // A filter before this one has changed the path: there is no prefix to replace.
            _ => path.to_owned(),
        },
    }
}

fn with_query(path: String, query: Option<&str>) -> String {
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}

/// Path and query.
pub(crate) fn split(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_replaced_by_segment() {
        // The table of Gateway API's `HTTPPathModifier.replacePrefixMatch`.
        for (path, prefix, replacement, expected) in [
            ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
            ("/foo", "/foo", "/xyz", "/xyz"),
            ("/foo/", "/foo", "/xyz", "/xyz/"),
            ("/foo/bar", "/foo", "/", "/bar"),
            ("/foo/", "/foo", "/", "/"),
            ("/foo", "/foo", "/", "/"),
        ] {
            let change = PathChange::Prefix(replacement.into());
            assert_eq!(change_path(&change, path, prefix.len()), expected, "{path} {replacement}");
        }
    }

    #[test]
    fn a_redirect_keeps_what_it_does_not_name() {
        let asked = ("fleet.local:30080", "/a/b?c=d");
        let plain = Redirect { scheme: None, host: None, port: None, path: None, status: 302 };
        let https = Redirect { scheme: Some(Scheme::Https), ..plain.clone() };
        let moved = Redirect {
            host: Some("other.local".into()),
            path: Some(PathChange::Prefix("/x".into())),
            ..plain
        };
        assert_eq!(location(&plain, asked, 2, 30080), "http://fleet.local:30080/a/b?c=d");
        assert_eq!(location(&https, asked, 2, 30080), "https://fleet.local/a/b?c=d");
        assert_eq!(location(&moved, asked, 2, 80), "http://other.local/x/b?c=d");
    }
}
