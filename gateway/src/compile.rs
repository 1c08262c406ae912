//! From a configuration that cannot be wrong to a snapshot that can serve. What can still fail
//! here is the world: a plugin's file, a port.

mod places;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use portico_config::config::{
    self, Config, Filter, ListenerRef, OnFailure, PluginRef, Route, Rule,
};
use portico_telemetry::series::Registry;
use portico_wasm::{Plugin, RouteFacts};

use self::places::Places;
use crate::{
    answer::Answer,
    backend::Service,
    canary::Canary,
    listen::Plan,
    outside::{Grant, Targets},
    plugins::{PluginError, PluginStore},
    resolve::Names,
    router::{Router, Sites},
    snapshot::{Backends, Listener, PluginStep, Site, Snapshot, Step},
    suspension::Suspension,
    telemetry,
};

/// The plugins of a configuration, started.
pub struct StartedPlugins {
    plugins: Vec<Arc<Plugin>>,
    canaries: Vec<Option<Canary>>,
    /// The places of each plugin's configurations in its list.
    places: Vec<Places>,
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
    let mut canaries = Vec::with_capacity(config.plugins.len());
    let mut failed = Vec::new();
    let places = Places::of(config);
    for (index, (plugin, own)) in config.plugins.iter().zip(&places).enumerate() {
        match store.load(plugin, own.configurations(&plugin.configuration)) {
            Ok(started) => plugins.push(started),
            Err(error) => failed.push((PluginRef(index), error)),
        }
        let canary = plugin.canary.as_ref().map(|canary| {
            store.load_canary(plugin, canary, own.configurations(&canary.configuration))
        });
        match canary.transpose() {
            Ok(canary) => canaries.push(canary),
            Err(error) => failed.push((PluginRef(index), error)),
        }
    }
    store.forget_trials(config);
    let on_failure = config.plugins.iter().map(|plugin| plugin.on_failure).collect();
    if !failed.is_empty() {
        return Err(failed);
    }
    Ok(StartedPlugins { plugins, canaries, places, on_failure })
}

/// The services of a configuration. `names` hands out the shared state of DNS names, `registry` what
/// attempts are counted by.
pub fn services(config: &Config, names: &Names, registry: Option<&Registry>) -> Vec<Arc<Service>> {
    let service =
        |service| Arc::new(Service::new(service, |host, port| names.get(host, port), registry));
    config.services.iter().map(service).collect()
}

/// Where its plugins may call.
pub fn targets(config: &Config, services: &[Arc<Service>], names: &Names) -> Targets {
    let mut targets = Targets::new(services.iter().cloned());
    for plugin in &config.plugins {
        let grant = Grant {
            hosts: plugin.call_hosts.clone(),
            answer_bytes: usize::try_from(plugin.limits.call_body).unwrap_or(usize::MAX),
        };
        targets.grant(plugin.name.clone(), grant, |host, port| names.get(host, port));
    }
    targets
}

/// The snapshot itself; nothing in it can fail.
pub fn snapshot(
    config: Config,
    generation: u64,
    plan: &Plan,
    mut plugins: StartedPlugins,
    services: &[Arc<Service>],
    telemetry: Option<Arc<telemetry::Plan>>,
) -> Snapshot {
    let rules =
        config.routes.iter().flat_map(|route| route.rules.iter().map(move |rule| (route, rule)));
    let rules = rules.map(|(route, rule)| compile_rule(route, rule, services, &mut plugins));
    let rules = rules.collect();
    Snapshot {
        generation,
        generation_header: HeaderValue::from(generation),
        rules,
        sites: sites(&config, plan),
        listeners: (0..config.listeners.len())
            .map(|index| Listener {
                name: config.listeners[index].name.clone(),
                router: Router::new(&config, ListenerRef(index)),
            })
            .collect(),
        services: services.to_vec(),
        plugins: plugins.plugins,
        canaries: plugins.canaries,
        telemetry,
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
    route: &Route,
    rule: &Rule,
    services: &[Arc<Service>],
    started: &mut StartedPlugins,
) -> crate::snapshot::Rule {
    let steps = rule.filters.iter().filter_map(|filter| match filter {
        Filter::Plugin(step) => compile_plugin(step, started).map(Step::Plugin),
        Filter::Redirect(redirect) => Some(Step::Redirect(redirect.clone())),
        Filter::RequestHeaders(changes) => Some(Step::RequestHeaders(changes.clone())),
        Filter::Respond(respond) => Some(Step::Respond(Answer {
            status: respond.status,
            headers: respond.headers.clone(),
            body: Bytes::copy_from_slice(respond.body.as_bytes()),
        })),
        Filter::ResponseHeaders(changes) => Some(Step::ResponseHeaders(changes.clone())),
        Filter::Rewrite(rewrite) => Some(Step::Rewrite(rewrite.clone())),
    });
    let steps: Box<[Step]> = steps.collect();
    let asks_for_host = |step: &Step| match step {
        Step::Plugin(step) => step.choices.asks_for_host(),
        _ => false,
    };
    let first = rule.backends.first().map(|backend| services[backend.service.0].name.clone());
    let backends = rule.backends.iter();
    crate::snapshot::Rule {
        facts: Arc::new(RouteFacts {
            route: route.name.clone(),
            service: first.unwrap_or_else(|| "".into()),
            host: "".into(),
        }),
        name: format!("{}/{}", route.name, rule.name).into(),
        asks_for_host: steps.iter().any(asks_for_host),
        steps,
        backends: Backends::new(
            backends.map(|backend| (backend.weight, services[backend.service.0].clone())),
        ),
        timeout: rule.timeout,
        suspended: Suspension::of_route(route),
    }
}

/// Nothing for a plugin that runs for no request of the rule.
fn compile_plugin(step: &config::PluginStep, started: &mut StartedPlugins) -> Option<PluginStep> {
    let index = step.plugin.0;
    let choices = started.places[index].enter(step);
    if choices.never_runs() {
        return None;
    }
    let (plugin, canary) = (&started.plugins[index], &started.canaries[index]);
    let either = |callback: &str| {
        plugin.module().exports(callback)
            || canary.as_ref().is_some_and(|own| own.plugin.module().exports(callback))
    };
    Some(PluginStep {
        sees_bodies: ["proxy_on_request_body", "proxy_on_response_body"].map(either),
        plugin: plugin.clone(),
        choices,
        on_failure: started.on_failure[index],
        canary: canary.clone(),
    })
}
