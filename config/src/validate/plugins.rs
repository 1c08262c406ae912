//! Plugins.

use std::sync::Arc;

use crate::{
    config::{Plugin, PluginConfiguration, PluginLimits, PluginSource},
    decode::Anything,
    document,
    values::{duration::Span, size::Bytes},
};

use super::{Item, Scope};

pub(super) fn build(
    items: &[Item<'_, document::Plugin>],
    scope: &Scope<'_, '_>,
) -> Vec<Option<Plugin>> {
    items.iter().map(|item| plugin(*item, scope)).collect()
}

fn plugin(item: Item<'_, document::Plugin>, scope: &Scope<'_, '_>) -> Option<Plugin> {
    let document::Plugin { name, bundled, file, on_failure, limits, configuration } = item.document;
    let folder = scope.sources.get(item.source).map(|source| source.folder.as_path());
    let source = match (bundled, file) {
        (Some(bundled), None) => PluginSource::Bundled(bundled.0.into()),
        (None, Some(file)) => PluginSource::File(folder?.join(&file.0)),
        // Reported when the fields were read.
        _ => return None,
    };
    let document::Limits { memory: Bytes(memory), cpu: Span(cpu) } = limits;
    let limits = PluginLimits { memory: *memory, cpu: *cpu };
    let name: Arc<str> = name.as_ref()?.0.as_str().into();
    let configuration = self::configuration(configuration.as_ref()).unwrap_or_default();
    Some(Plugin { name, source, on_failure: on_failure.0, limits, configuration })
}

pub(super) fn configuration(written: Option<&Anything>) -> Option<PluginConfiguration> {
    written.map(|Anything(bytes)| PluginConfiguration(Arc::from(bytes.as_slice())))
}
