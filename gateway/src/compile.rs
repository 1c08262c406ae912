//! From a configuration that cannot be wrong to a snapshot that can serve. What can still fail
//! here is the world: a plugin's file, a port.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use portico_config::config::{
    Config, Filter, ListenerRef, OnFailure, PluginConfiguration, PluginRef, Rule,
};
use portico_wasm::{Plugin, RouteFacts};

use crate::{
    answer::Answer,
    backend::Service,
    listen::Plan,
    plugins::{PluginError, PluginStore},
    resolve::Names,
    router::{Router, Sites},
    snapshot::{Backends, Listener, PluginStep, Site, Snapshot, Step},
};

/// The plugins of a configuration, started.
pub struct StartedPlugins {
    plugins: Vec<Arc<Plugin>>,
    /// The places of each plugin's configurations in its list.
    places: Vec<HashMap<PluginConfiguration, usize>>,
    on_failure: Vec<OnFailure>,
}

/// Starts every plugin with every configuration that a rule gives it.
///
/// # Errors
/// Each plugin that cannot be had, by its place in the configuration.
pub fn plugins(
    config: &Config,
    store: &mut PluginStore,
) -> Result<StartedPlugins, Vec<(PluginRef, PluginError)>> {
    let mut plugins = Vec::with_capacity(config.plugins.len());
    let mut places = Vec::with_capacity(config.plugins.len());
    let mut failed = Vec::new();
    let used = configurations(config);
    for (index, (plugin, own)) in config.plugins.iter().zip(used).enumerate() {
        let list = own.iter().map(|configuration| configuration.0.clone()).collect();
        match store.load(plugin, list) {
            Ok(started) => plugins.push(started),
            Err(error) => failed.push((PluginRef(index), error)),
        }
        places.push(own.into_iter().enumerate().map(|(place, own)| (own, place)).collect());
    }
    let on_failure = config.plugins.iter().map(|plugin| plugin.on_failure).collect();
    if failed.is_empty() { Ok(StartedPlugins { plugins, places, on_failure }) } else { Err(failed) }
}

/// The distinct configurations of each plugin, in order of first use. One that no rule uses is
/// started with its own, so that a mistake in it is found now.
fn configurations(config: &Config) -> Vec<Vec<PluginConfiguration>> {
    let mut lists = vec![Vec::new(); config.plugins.len()];
    let mut seen = vec![std::collections::HashSet::new(); config.plugins.len()];
    for rule in config.routes.iter().flat_map(|route| &route.rules) {
        for filter in &rule.filters {
            if let Filter::Plugin { plugin, configuration } = filter
                && seen[plugin.0].insert(configuration.clone())
            {
                lists[plugin.0].push(configuration.clone());
            }
        }
    }
    for (list, plugin) in lists.iter_mut().zip(&config.plugins) {
        if list.is_empty() {
            list.push(plugin.configuration.clone());
        }
    }
    lists
}

/// The snapshot itself; nothing in it can fail.
pub fn snapshot(
    config: Config,
    generation: u64,
    plan: &Plan,
    plugins: StartedPlugins,
    names: &Names,
) -> Snapshot {
    let services: Vec<Arc<Service>> = config
        .services
        .iter()
        .map(|service| Arc::new(Service::new(service, |host, port| names.get(host, port))))
        .collect();
    let rules = config.routes.iter().flat_map(|route| {
        route.rules.iter().map(|rule| (format!("{}/{}", route.name, rule.name), rule))
    });
    let rules = rules.map(|(name, rule)| compile_rule(name.into(), rule, &services, &plugins));
    Snapshot {
        generation,
        generation_header: HeaderValue::from(generation),
        rules: rules.collect(),
        sites: sites(&config, plan),
        listeners: (0..config.listeners.len())
            .map(|index| Listener {
                name: config.listeners[index].name.clone(),
                router: Router::new(&config, ListenerRef(index)),
            })
            .collect(),
        plugins: plugins.plugins,
        config,
    }
}

fn sites(config: &Config, plan: &Plan) -> Vec<Option<Site>> {
    let mut shared: Vec<Vec<ListenerRef>> = vec![Vec::new(); plan.count()];
    for (index, listener) in config.listeners.iter().enumerate() {
        if let Some(socket) = plan.id(listener.address) {
            shared[socket.0].push(ListenerRef(index));
        }
    }
    let sites = shared.iter().map(|listeners| {
        (!listeners.is_empty()).then(|| Site { hosts: Sites::new(config, listeners) })
    });
    sites.collect()
}

fn compile_rule(
    name: Arc<str>,
    rule: &Rule,
    services: &[Arc<Service>],
    started: &StartedPlugins,
) -> crate::snapshot::Rule {
    let steps = rule.filters.iter().map(|filter| match filter {
        Filter::Plugin { plugin, configuration } => {
            let places = &started.places[plugin.0];
            let module = started.plugins[plugin.0].module();
            Step::Plugin(PluginStep {
                sees_bodies: ["proxy_on_request_body", "proxy_on_response_body"]
                    .map(|callback| module.exports(callback)),
                plugin: started.plugins[plugin.0].clone(),
                configuration: places.get(configuration).copied().unwrap_or(0),
                on_failure: started.on_failure[plugin.0],
            })
        }
        Filter::Redirect(redirect) => Step::Redirect(redirect.clone()),
        Filter::RequestHeaders(changes) => Step::RequestHeaders(changes.clone()),
        Filter::Respond(respond) => Step::Respond(Answer {
            status: respond.status,
            headers: respond.headers.clone(),
            body: Bytes::copy_from_slice(respond.body.as_bytes()),
        }),
        Filter::ResponseHeaders(changes) => Step::ResponseHeaders(changes.clone()),
        Filter::Rewrite(rewrite) => Step::Rewrite(rewrite.clone()),
    });
    let first = rule.backends.first().map(|backend| services[backend.service.0].name.clone());
    let backends = rule.backends.iter();
    crate::snapshot::Rule {
        facts: Arc::new(RouteFacts {
            route: name.clone(),
            service: first.unwrap_or_else(|| "".into()),
        }),
        name,
        steps: steps.collect(),
        backends: Backends::new(
            backends.map(|backend| (backend.weight, services[backend.service.0].clone())),
        ),
        timeout: rule.timeout,
    }
}
