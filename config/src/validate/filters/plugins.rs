//! Steps that run plugins: what they say themselves, and what a rule says of its route's.

use crate::{
    config::{Filter, PluginRef, Setting},
    document::filter as document,
    path::At,
    problem::Problems,
    validate::{
        Scope,
        plugins::configuration,
        settings::{Place, Step},
    },
};

use super::Chain;

/// A filter, before it is known for which rule.
#[derive(Clone, Debug)]
pub(in crate::validate) enum Built {
    /// It is the same in every rule.
    Filter(Filter),
    /// What applies to it depends on the rule.
    Plugin(Step),
}

/// The filters of a rule: its route's, then its own, each with what applies to it here. A step of
/// its own that is switched off switches off the route's instead of standing in the list.
pub(in crate::validate) fn join(
    shared: &[Built],
    own: Vec<Built>,
    (route, rule): (usize, usize),
    scope: &mut Scope<'_, '_>,
) -> Vec<Filter> {
    let is_off = |step: &Step| step.setting == Some(Setting::Disabled);
    let off: Vec<(PluginRef, usize)> = own
        .iter()
        .filter_map(|built| match built {
            Built::Plugin(step) => is_off(step).then_some((step.plugin, step.index)),
            Built::Filter(_) => None,
        })
        .collect();
    let mut filters = Vec::with_capacity(shared.len() + own.len());
    for built in shared {
        filters.push(match built {
            Built::Filter(filter) => filter.clone(),
            Built::Plugin(step) => {
                let mut off = off.iter().filter(|(plugin, _)| *plugin == step.plugin);
                let switched_off = off.next().map(|(_, index)| *index);
                let place = Place { route, rule, in_rule: false, switched_off };
                Filter::Plugin(scope.settings.settle(step, &place))
            }
        });
    }
    for built in own {
        match built {
            Built::Filter(filter) => filters.push(filter),
            Built::Plugin(step) if is_off(&step) => {}
            Built::Plugin(step) => {
                let place = Place { route, rule, in_rule: true, switched_off: None };
                filters.push(Filter::Plugin(scope.settings.settle(&step, &place)));
            }
        }
    }
    filters
}

/// Reads a step.
pub(super) fn step(
    (index, step): (usize, &document::PluginStep),
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Step> {
    let document::PluginStep { name, configuration: own, disabled } = step;
    let name = name.as_ref()?;
    let plugin = scope.plugins.resolve(name, &at.key("name"), scope.problems)?;
    let setting = match (disabled.map(|disabled| disabled.0), configuration(own.as_ref())) {
        (Some(true), Some(_)) => {
            let message = "a step that does not run has no configuration";
            let problem = scope.problems.key_error(&at.key("disabled"), message);
            problem.help("remove one of the two").related("it", &at.key("configuration"));
            return None;
        }
        (Some(true), None) => Some(Setting::Disabled),
        (_, Some(configuration)) => Some(Setting::Configuration(configuration)),
        (Some(false), None) => Some(Setting::Own),
        (None, None) => None,
    };
    Some(Step { plugin: PluginRef(plugin), setting, index })
}

impl<'a> Chain<'a> {
    /// Warns of steps that switch off what the route does not run.
    pub(in crate::validate) fn warn_of_idle_switches(
        &self,
        before: &Chain<'_>,
        problems: &mut Problems,
    ) {
        let step = |filter: &'a document::Filter| match filter {
            document::Filter::Plugin(document::PluginStep { name, disabled, .. }) => {
                Some((name.as_ref()?.0.as_str(), disabled.is_some_and(|disabled| disabled.0)))
            }
            _ => None,
        };
        for (index, filter) in self.steps() {
            let Some((name, true)) = step(filter) else { continue };
            let runs = |filter: &document::Filter| match filter {
                document::Filter::Plugin(step) => {
                    step.name.as_ref().is_some_and(|own| own.0 == name)
                }
                _ => false,
            };
            if !before.steps().any(|(_, filter)| runs(filter)) {
                let place = self.at.index(index);
                let problem = problems.warning(&place, "this step switches nothing off");
                problem.why(format!("the filters of the route do not run `{name}`"));
                problem.help("remove it; a step that is not there does not run");
            }
        }
    }
}
