//! Overrides: where they apply, and that no two are for the same place.

use std::collections::HashMap;

use crate::{
    config::{HostPattern, ListenerRef, Override, RouteRef, Setting},
    decode::List,
    document::plugin as document,
    path::At,
    problem::Problems,
    suggest,
    validate::{RouteItem, Scope},
    values::name::Name,
};

type Written = List<document::Override, 0, { document::MAX_OVERRIDES }>;

pub(super) fn build(
    list: Option<&Written>,
    routes: &[RouteItem<'_>],
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<Override>> {
    let list = list.map_or(&[][..], |list| &list.0);
    let built = list
        .iter()
        .map(|(index, document)| Some((*index, one(document, routes, &at.index(*index), scope)?)));
    let built: Vec<Option<(usize, Override)>> = built.collect();
    let complete = built.iter().all(Option::is_some);
    let built: Vec<(usize, Override)> = built.into_iter().flatten().collect();
    let mut places = HashMap::with_capacity(built.len());
    for (index, Override { listener, host, route, rule, setting: _ }) in &built {
        if let Some(first) = places.insert((listener, host, route, rule), *index) {
            let message = "a second override for the same place";
            let place = at.index(*index);
            let problem = scope.problems.error(&place, message);
            problem.why("neither is more specific, so it could not be said which one counts");
            problem.related("first here", &at.index(first));
        }
    }
    complete.then(|| built.into_iter().map(|(_, built)| built).collect())
}

fn one(
    document: &document::Override,
    routes: &[RouteItem<'_>],
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Override> {
    let document::Override { listener, host, route, rule, disabled, configuration } = document;
    if listener.is_none() && host.is_none() && route.is_none() && rule.is_none() {
        let problem = scope.problems.error(at, "this override does not say where it applies");
        problem.help("name a `listener`, a `host`, a `route`, or a `rule` of a route");
    }
    let listener = match listener {
        Some(name) => {
            Some(ListenerRef(scope.listeners.resolve(name, &at.key("listener"), scope.problems)?))
        }
        None => None,
    };
    let route_place = match route {
        Some(name) => Some(scope.routes.resolve(name, &at.key("route"), scope.problems)?),
        None => None,
    };
    let rule = match (rule, route_place) {
        (Some(name), Some(place)) => {
            Some(self::rule(name, routes.get(place)?, &at.key("rule"), scope.problems)?)
        }
        (Some(_), None) => {
            let problem = scope.problems.error(&at.key("rule"), "this rule needs its `route`");
            problem.why("rules are told apart by their names only within a route");
            return None;
        }
        (None, _) => None,
    };
    let setting = match (disabled, super::configuration(configuration.as_ref())) {
        (Some(disabled), None) if disabled.0 => Setting::Disabled,
        (Some(_), None) => Setting::Own,
        (None, Some(configuration)) => Setting::Configuration(configuration),
        // Reported when the fields were read.
        _ => return None,
    };
    // `*` is every host, which is no condition.
    let host = host.as_ref().map(|host| host.0.clone()).filter(|host| *host != HostPattern::Any);
    Some(Override { listener, host, route: route_place.map(RouteRef), rule, setting })
}

/// The place of a rule in its route, by its name or, if it has none, by its place.
fn rule(name: &Name, route: &RouteItem<'_>, at: &At<'_>, problems: &mut Problems) -> Option<usize> {
    let rules = route.document.rules.as_ref()?;
    let name_of = |(index, rule): &(usize, crate::document::route::Rule)| match &rule.name {
        Some(Name(name)) => name.clone(),
        None => index.to_string(),
    };
    let names: Vec<String> = rules.0.iter().map(name_of).collect();
    if let Some(place) = names.iter().position(|own| *own == name.0) {
        return Some(place);
    }
    let Name(route) = route.document.name.as_ref()?;
    let problem = problems.error(at, format!("`{route}` has no rule named `{}`", name.0));
    let known = || match names.as_slice() {
        [] => "it has none".to_owned(),
        few if few.len() <= 8 => {
            let few: Vec<String> = few.iter().map(|name| format!("`{name}`")).collect();
            format!("its rules are {}", few.join(", "))
        }
        many => format!("it has {} rules; one without a name is called by its place", many.len()),
    };
    problem.help(
        suggest::did_you_mean(&name.0, names.iter().map(String::as_str)).unwrap_or_else(known),
    );
    None
}
