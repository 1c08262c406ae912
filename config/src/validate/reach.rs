//! Overrides that change nothing, because no request and no step meets them.

use crate::{
    config::{Config, Filter, HostPattern, Override, PluginRef, Route, SetBy},
    document::plugin as document,
};

use super::{Item, Scope};

/// How far an override comes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Reach {
    /// No step of its plugin is where it applies.
    NoStep,
    /// No listener and route of such a step meets it.
    NoRequest,
    /// What such steps say themselves, or other overrides, are more specific.
    Beaten,
    /// A request can meet it.
    Effective,
}

/// Warns of overrides that change nothing, given a configuration without errors.
pub(super) fn warn(
    items: &[Item<'_, document::Plugin>],
    config: &Config,
    scope: &mut Scope<'_, '_>,
) {
    for (plugin, (item, built)) in items.iter().zip(&config.plugins).enumerate() {
        let plugin = PluginRef(plugin);
        if built.overrides.is_empty() || !is_used(config, plugin) {
            continue;
        }
        let documents = item.document.overrides.as_ref().map_or(&[][..], |list| &list.0);
        for (place, (index, _)) in documents.iter().enumerate() {
            let reach = reach(config, plugin, place, &built.overrides[place]);
            let why = match reach {
                Reach::Effective => continue,
                Reach::Beaten => {
                    "steps there say themselves what applies, or narrower overrides do"
                }
                Reach::NoRequest => "no listener and route that use the plugin answer to it",
                Reach::NoStep => "no filter there runs the plugin, and an override adds none",
            };
            item.place("plugins", |at| {
                let list = at.key("overrides");
                let problem =
                    scope.problems.warning(&list.index(*index), "this override changes nothing");
                problem.why(why);
            });
        }
    }
}

fn steps(route: &Route, plugin: PluginRef) -> impl Iterator<Item = (usize, &Filter)> {
    let rules = route.rules.iter().enumerate();
    rules
        .flat_map(|(index, rule)| rule.filters.iter().map(move |filter| (index, filter)))
        .filter(move |(_, filter)| matches!(filter, Filter::Plugin(step) if step.plugin == plugin))
}

fn is_used(config: &Config, plugin: PluginRef) -> bool {
    config.routes.iter().any(|route| steps(route, plugin).next().is_some())
}

fn reach(config: &Config, plugin: PluginRef, place: usize, written: &Override) -> Reach {
    let mut reach = Reach::NoStep;
    for (index, route) in config.routes.iter().enumerate() {
        if written.route.is_some_and(|own| own.0 != index) {
            continue;
        }
        let met = is_met(config, route, written);
        for (rule, filter) in steps(route, plugin) {
            let Filter::Plugin(step) = filter else { continue };
            if written.rule.is_some_and(|own| own != rule) {
                continue;
            }
            let counts = step.set_by == SetBy::Override(place)
                || step.variants.iter().any(|variant| variant.set_by == place);
            reach = reach.max(match (met, counts) {
                (false, _) => Reach::NoRequest,
                (true, false) => Reach::Beaten,
                (true, true) => return Reach::Effective,
            });
        }
    }
    reach
}

/// Whether some request of a route has the override's listener and host.
fn is_met(config: &Config, route: &Route, written: &Override) -> bool {
    let host = written.host.as_ref().unwrap_or(&HostPattern::Any);
    let listeners = route.listeners.iter().filter(|own| {
        let wanted = written.listener;
        wanted.is_none_or(|wanted| wanted == **own)
    });
    // Of patterns that meet each other, one lies in the other; so pairs are enough for all three.
    listeners.filter_map(|own| config.listeners.get(own.0)).any(|listener| {
        listener.hosts.iter().filter(|own| own.meets(host)).any(|own| {
            route.hosts.iter().any(|answered| answered.meets(host) && answered.meets(own))
        })
    })
}
