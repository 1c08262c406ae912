//! What applies to each step of a plugin: its own word, overrides, or the plugin's default.
//!
//! The most specific counts: a rule before a route, before a host (a longer one before a shorter
//! one), before a listener. A step stands in a place itself, so its own word beats overrides for
//! that place and for wider ones. Rule and route are known here; listeners and hosts are left to
//! the request, as variants.

use std::{cmp::Reverse, sync::Arc};

use crate::config::{
    HostPattern, Override, Plugin, PluginRef, PluginStep, RouteRef, SetBy, Setting, StepPlace,
    Variant,
};

/// The plugins and what is known of their overrides.
pub(crate) struct Settings {
    plugins: Vec<Known>,
}

struct Known {
    overrides: Vec<Override>,
    /// Indices of the overrides, the most specific first.
    order: Vec<usize>,
    /// The variants of the step before. Most steps have the same; they share them.
    last: Arc<[Variant]>,
}

/// A step of a plugin as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) plugin: PluginRef,
    /// Its own word, if it has one.
    pub(crate) setting: Option<Setting>,
    /// Its index in the list it is written in.
    pub(crate) index: usize,
}

/// Where a step runs, and what it is told there.
pub(crate) struct Place {
    pub(crate) route: usize,
    pub(crate) rule: usize,
    /// It stands in the rule, not in the route.
    pub(crate) in_rule: bool,
    /// It stands in the route, and this step of the rule switches it off.
    pub(crate) switched_off: Option<usize>,
}

/// How specific a place is; the greater wins. The host counts by its length, a whole one most.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Specificity {
    rule: bool,
    route: bool,
    host: usize,
    listener: bool,
}

impl Specificity {
    fn of(place: &Override) -> Self {
        let host = match &place.host {
            None | Some(HostPattern::Any) => 0,
            Some(HostPattern::Suffix(parent)) => parent.len(),
            Some(HostPattern::Exact(_)) => usize::MAX,
        };
        let (rule, route) = (place.rule.is_some(), place.route.is_some());
        Self { rule, route, host, listener: place.listener.is_some() }
    }
}

impl Settings {
    /// Plugins with a problem have no overrides here; the configuration is thrown away then.
    pub(crate) fn of(plugins: &[Option<Plugin>]) -> Self {
        let known = |plugin: &Option<Plugin>| {
            let overrides = plugin.as_ref().map_or_else(Vec::new, |own| own.overrides.clone());
            let mut order: Vec<usize> = (0..overrides.len()).collect();
            order.sort_by_key(|index| Reverse(Specificity::of(&overrides[*index])));
            Known { overrides, order, last: Arc::default() }
        };
        Self { plugins: plugins.iter().map(known).collect() }
    }

    /// What applies to a step in a place.
    pub(crate) fn settle(&mut self, step: &Step, place: &Place) -> PluginStep {
        let own = match (place.switched_off, &step.setting) {
            (Some(by), _) => Some((true, Setting::Disabled, SetBy::Rule(by))),
            (None, Some(setting)) => Some((place.in_rule, setting.clone(), SetBy::Step)),
            (None, None) => None,
        };
        let least = own.as_ref().map(|(rule, ..)| Specificity {
            rule: *rule,
            route: true,
            host: 0,
            listener: false,
        });
        let plugin = step.plugin;
        let written = StepPlace { in_rule: place.in_rule, index: step.index };
        let default = own.map_or((Setting::Own, SetBy::Plugin), |(_, own, by)| (own, by));
        let Some(known) = self.plugins.get_mut(plugin.0) else {
            let (setting, set_by) = default;
            return PluginStep {
                plugin,
                variants: Arc::default(),
                setting,
                set_by,
                place: written,
            };
        };
        let (variants, (setting, set_by)) = known.variants(place, least, default);
        if *variants != *known.last {
            known.last = variants.into();
        }
        PluginStep { plugin, variants: Arc::clone(&known.last), setting, set_by, place: written }
    }
}

impl Known {
    /// The overrides of a place that beat the least, up to one that fits every request.
    fn variants(
        &self,
        place: &Place,
        least: Option<Specificity>,
        default: (Setting, SetBy),
    ) -> (Vec<Variant>, (Setting, SetBy)) {
        let mut variants = Vec::new();
        for index in &self.order {
            let found = &self.overrides[*index];
            let Override { listener, host, route, rule, setting } = found;
            let here = route.is_none_or(|route| route == RouteRef(place.route))
                && rule.is_none_or(|rule| rule == place.rule);
            if !here {
                continue;
            }
            if least.is_some_and(|least| Specificity::of(found) <= least) {
                break;
            }
            if listener.is_none() && host.is_none() {
                return (variants, (setting.clone(), SetBy::Override(*index)));
            }
            let (listener, host, setting) = (*listener, host.clone(), setting.clone());
            variants.push(Variant { listener, host, setting, set_by: *index });
        }
        (variants, default)
    }
}
