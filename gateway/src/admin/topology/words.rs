//! Conditions and filters in words.

use portico_config::config::{
    Config, Filter, HeaderChanges, Match, PathChange, PathMatch, Setting, ValueMatch,
};

/// `path starts with /api/staff, method is GET`
pub(super) fn matched(own: &Match) -> String {
    let path = match &own.path {
        PathMatch::Exact(path) => format!("path is {path}"),
        PathMatch::Prefix(prefix) if **prefix == *"/" => "every path".to_owned(),
        PathMatch::Prefix(prefix) => format!("path starts with {prefix}"),
        PathMatch::Regex(pattern) => format!("path matches {}", pattern.text),
    };
    let mut words = vec![path];
    words.extend(own.method.iter().map(|method| format!("method is {method}")));
    let field = |kind: &str, name: &str, value: &ValueMatch| match value {
        // What a header must be may be a key.
        ValueMatch::Exact(value) if kind == "query" => format!("{kind} {name} is {value}"),
        ValueMatch::Exact(value) if is_plain(name) => format!("{kind} {name} is {value}"),
        ValueMatch::Exact(_) => format!("{kind} {name} is [redacted]"),
        ValueMatch::Regex(pattern) => format!("{kind} {name} matches {}", pattern.text),
    };
    words.extend(own.headers.iter().map(|own| field("header", &own.name, &own.value)));
    words.extend(own.query.iter().map(|own| field("query", &own.name, &own.value)));
    words.join(", ")
}

/// Names that are known for credentials, and those that sound like it, show no value.
fn is_plain(name: &str) -> bool {
    const SECRETS: [&str; 6] = ["auth", "cookie", "key", "password", "secret", "token"];
    let name = name.to_ascii_lowercase();
    !SECRETS.iter().any(|secret| name.contains(secret))
}

/// Names only, where values may be secrets.
pub(super) fn filter(config: &Config, filter: &Filter) -> String {
    match filter {
        Filter::Plugin(step) => {
            let name = config.plugins.get(step.plugin.0).map_or("?", |own| &own.name);
            match &step.setting {
                Setting::Disabled => format!("plugin {name}, switched off"),
                Setting::Configuration(_) => {
                    format!("plugin {name}, with a configuration for here")
                }
                Setting::Own => format!("plugin {name}"),
            }
        }
        Filter::Redirect(redirect) => format!("redirect, {}", redirect.status),
        Filter::RequestHeaders(changes) => format!("request headers: {}", changed(changes)),
        Filter::Respond(respond) => format!("respond with {}", respond.status),
        Filter::ResponseHeaders(changes) => format!("response headers: {}", changed(changes)),
        Filter::Rewrite(rewrite) => {
            let host = rewrite.host.iter().map(|host| format!("host to {host}"));
            let path = rewrite.path.iter().map(|path| match path {
                PathChange::Full(full) => format!("path to {full}"),
                PathChange::Prefix(prefix) => format!("matched prefix to {prefix}"),
            });
            format!("rewrite {}", host.chain(path).collect::<Vec<_>>().join(", "))
        }
    }
}

fn changed(changes: &HeaderChanges) -> String {
    let remove = changes.remove.iter().map(|name| format!("remove {name}"));
    let set = changes.set.iter().map(|(name, _)| format!("set {name}"));
    let add = changes.add.iter().map(|(name, _)| format!("add {name}"));
    remove.chain(set).chain(add).collect::<Vec<_>>().join(", ")
}
