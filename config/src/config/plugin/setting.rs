//! What applies to a plugin where: its configuration, or that it does not run.

use std::{fmt, sync::Arc};

use crate::config::{HostPattern, ListenerRef, PluginRef, RouteRef};

/// A plugin at its place in a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PluginStep {
    /// Which one.
    pub plugin: PluginRef,
    /// What applies to some listeners and hosts only, the most specific first: the first that
    /// fits a request counts. At most as many as the plugin has overrides.
    pub variants: Arc<[Variant]>,
    /// What applies otherwise.
    pub setting: Setting,
    /// Where that is written.
    pub set_by: SetBy,
    /// Where the step is written.
    pub place: StepPlace,
}

/// Where a step of a rule is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StepPlace {
    /// Among the filters of the rule, not among those of its route.
    pub in_rule: bool,
    /// Index into that list.
    pub index: usize,
}

/// What applies to some listeners and hosts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Variant {
    /// `None` fits every listener.
    pub listener: Option<ListenerRef>,
    /// `None` fits every host.
    pub host: Option<HostPattern>,
    /// What applies to them.
    pub setting: Setting,
    /// Index into [`super::Plugin::overrides`].
    pub set_by: usize,
}

/// Whether a plugin runs.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Setting {
    /// With this configuration.
    Configuration(PluginConfiguration),
    /// It does not run.
    Disabled,
    /// With the plugin's own configuration, or its canary's.
    Own,
}

/// Where it is written what applies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetBy {
    /// In an override; an index into [`super::Plugin::overrides`].
    Override(usize),
    /// Nowhere but in the plugin itself.
    Plugin,
    /// In a step of the rule, which switches the route's step off; an index into its filters as
    /// written.
    Rule(usize),
    /// In the step itself.
    Step,
}

/// What a plugin does in one place. A rule comes only with its route; nothing at all is everywhere
/// (written `host: "*"`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Override {
    pub listener: Option<ListenerRef>,
    pub host: Option<HostPattern>,
    pub route: Option<RouteRef>,
    /// Index into [`crate::config::Route::rules`].
    pub rule: Option<usize>,
    /// What applies there.
    pub setting: Setting,
}

/// The bytes handed to a filter. They may hold secrets, so they are never printed.
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct PluginConfiguration(pub Arc<[u8]>);

impl fmt::Debug for PluginConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl PluginStep {
    /// What applies to a request by its listener and its host, which is in lower case and without
    /// a port.
    pub fn settle(&self, listener: ListenerRef, host: &str) -> (&Setting, SetBy) {
        let fits = |variant: &&Variant| {
            variant.listener.is_none_or(|own| own == listener)
                && variant.host.as_ref().is_none_or(|own| own.fits(host))
        };
        match self.variants.iter().find(fits) {
            Some(variant) => (&variant.setting, SetBy::Override(variant.set_by)),
            None => (&self.setting, self.set_by),
        }
    }
}

impl HostPattern {
    /// Whether a host, in lower case and without a port, is one of these.
    pub fn fits(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(name) => **name == *host,
            Self::Suffix(parent) => host
                .strip_suffix(&**parent)
                .and_then(|front| front.strip_suffix('.'))
                .is_some_and(|front| !front.is_empty()),
        }
    }
}
