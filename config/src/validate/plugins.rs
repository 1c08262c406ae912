//! Plugins: their modules, what they may do, and where they differ.

mod overrides;
mod source;

use std::{path::Path, sync::Arc};

use crate::{
    config::{Capability, EnvironmentValue, Plugin, PluginConfiguration, PluginLimits},
    decode::{Anything, Entries},
    document::{limits::Limits, plugin as document},
    path::At,
    problem::Problems,
    values::{duration::Span, number::Whole, size::Bytes, text::EnvironmentText},
};

use super::{Item, RouteItem, Scope, routes};

pub(super) fn build(
    items: &[Item<'_, document::Plugin>],
    routes: &[RouteItem<'_>],
    scope: &mut Scope<'_, '_>,
) -> Vec<Option<Plugin>> {
    let build = |item: &Item<'_, document::Plugin>| {
        let source = scope.sources.get(item.source);
        let folder = source.map_or_else(|| Path::new("."), |source| source.folder.as_path());
        item.place("plugins", |at| plugin(item.document, folder, at, routes, scope))
    };
    items.iter().map(build).collect()
}

fn plugin(
    document: &document::Plugin,
    folder: &Path,
    at: &At<'_>,
    routes: &[RouteItem<'_>],
    scope: &mut Scope<'_, '_>,
) -> Option<Plugin> {
    // The modules are taken from all of it by `source`.
    let document::Plugin { name, on_failure, isolation, header_pause, .. } = document;
    let document::Plugin { root_id, vm, configuration, overrides, limits, .. } = document;
    let configuration = self::configuration(configuration.as_ref()).unwrap_or_default();
    let overrides = overrides::build(overrides.as_ref(), routes, &at.key("overrides"), scope);
    let problems = &mut *scope.problems;
    let source = source::build(document, folder, at, problems);
    let canary = source::canary(document, &configuration, folder, at, problems);
    let environment = environment(document.environment.as_ref(), &at.key("environment"), problems);
    let capabilities = capabilities(document, at, problems);
    let call_hosts = call_hosts(document, &capabilities, at, problems);
    let limits = self::limits(limits, &at.key("limits"), problems);
    let (vm_id, vm_configuration) = match vm {
        Some(document::Vm { id, configuration }) => (id.as_ref(), configuration.as_ref()),
        None => (None, None),
    };
    Some(Plugin {
        name: name.as_ref()?.0.as_str().into(),
        source: source?,
        on_failure: on_failure.0,
        isolation: isolation.0,
        header_pause: header_pause.0,
        root_id: root_id.as_ref().map_or("", |id| id.0.as_str()).into(),
        vm_id: vm_id.map_or("", |id| id.0.as_str()).into(),
        vm_configuration: self::configuration(vm_configuration).unwrap_or_default(),
        environment,
        capabilities,
        call_hosts,
        limits,
        canary: canary?,
        configuration,
        overrides: overrides?,
    })
}

pub(super) fn configuration(written: Option<&Anything>) -> Option<PluginConfiguration> {
    written.map(|Anything(bytes)| PluginConfiguration(Arc::from(bytes.as_slice())))
}

fn environment(
    written: Option<&Entries<EnvironmentText>>,
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<(Arc<str>, EnvironmentValue)> {
    let mut environment = Vec::new();
    for (name, EnvironmentText(value)) in written.map_or(&[][..], |entries| &entries.0) {
        if name.is_empty() || name.contains(['=', '\0']) {
            let problem = problems.key_error(&at.key(name), "this is no name of a variable");
            problem.why("a name is not empty and has neither `=` nor NUL in it");
        }
        environment.push((name.as_str().into(), EnvironmentValue(value.as_str().into())));
    }
    environment
}

/// What is granted: what is written, or everything but the environment, which is granted by
/// writing one.
fn capabilities(
    document: &document::Plugin,
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<Capability> {
    let Some(list) = &document.capabilities else {
        let granted = |capability: &Capability| {
            *capability != Capability::Environment || document.environment.is_some()
        };
        return Capability::ALL.into_iter().filter(granted).collect();
    };
    let written: Vec<(usize, Capability)> =
        list.0.iter().map(|(index, capability)| (*index, capability.0)).collect();
    let list_at = at.key("capabilities");
    routes::unique(&written, "this capability is written twice", &list_at, problems);
    let mut granted: Vec<Capability> =
        written.into_iter().map(|(_, capability)| capability).collect();
    granted.sort_unstable();
    granted.dedup();
    if document.environment.is_some() && !granted.contains(&Capability::Environment) {
        let problem = problems.key_error(&at.key("environment"), "no filter could read these");
        problem.why("the list of capabilities does not have `environment`");
        problem.help("add `environment` to it, or remove the variables");
        problem.related("the list", &list_at);
    }
    granted
}

fn call_hosts(
    document: &document::Plugin,
    capabilities: &[Capability],
    at: &At<'_>,
    problems: &mut Problems,
) -> Vec<crate::config::CallHost> {
    let Some(list) = &document.call_hosts else { return Vec::new() };
    let hosts: Vec<(usize, crate::config::CallHost)> =
        list.0.iter().map(|(index, host)| (*index, host.0.clone())).collect();
    let hosts_at = at.key("call_hosts");
    routes::unique(&hosts, "this host is written twice", &hosts_at, problems);
    if !hosts.is_empty() && !capabilities.contains(&Capability::Calls) {
        let problem = problems.key_error(&hosts_at, "no filter could call these");
        problem.why("the list of capabilities does not have `calls`");
        problem.help("add `calls` to it, or remove the hosts");
        problem.related("the list", &at.key("capabilities"));
    }
    hosts.into_iter().map(|(_, host)| host).collect()
}

fn limits(written: &Limits, at: &At<'_>, problems: &mut Problems) -> PluginLimits {
    let Limits {
        memory: Bytes(memory),
        cpu: Span(cpu),
        request_cpu: Span(request_cpu),
        start_cpu: Span(start_cpu),
        table: Whole(table),
        headers: Whole(headers),
        header_bytes: Bytes(header_bytes),
        body: Bytes(body),
        local_body: Bytes(local_body),
        calls: Whole(calls),
        call_body: Bytes(call_body),
        call_timeout: Span(call_timeout),
        log_rate: Whole(log_rate),
        properties: Whole(properties),
        metrics: Whole(metrics),
        queues: Whole(queues),
        queue_length: Whole(queue_length),
        shared_data: Bytes(shared_data),
        instances: Whole(instances),
        contexts: Whole(contexts),
        tick: Span(tick),
    } = *written;
    if cpu > request_cpu {
        let message = "one callback may take longer than all callbacks of a request";
        let problem = problems.warning(&at.key("cpu"), message);
        problem.why("`request_cpu` is the shorter one, and ends the request first");
        problem.help("let `request_cpu` be at least as long as `cpu`");
    }
    PluginLimits {
        memory,
        cpu,
        request_cpu,
        start_cpu,
        table,
        headers,
        header_bytes,
        body,
        local_body,
        calls,
        call_body,
        call_timeout,
        log_rate,
        properties,
        metrics,
        queues,
        queue_length,
        shared_data,
        instances,
        contexts,
        tick,
    }
}
