//! From documents to a configuration: what must hold between values.
//!
//! Every check reports and goes on. What cannot be built is left out; the caller throws the
//! configuration away if there was any error, so nothing here needs to be consistent then.

mod filters;
mod listeners;
mod matches;
mod names;
mod overlap;
mod plugins;
mod reach;
mod routes;
mod services;
mod settings;
mod telemetry;

use crate::{
    config::{Config, Route},
    decode::List,
    document::{self, Document},
    load::Source,
    path::At,
    problem::Problems,
    values::pattern::Patterns,
};

use self::{names::Names, settings::Settings};

/// An item of a top-level list and where it stands: its source, and its index there.
#[derive(Debug)]
pub(crate) struct Item<'d, T> {
    pub(crate) source: usize,
    pub(crate) index: usize,
    pub(crate) document: &'d T,
}

impl<T> Clone for Item<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Item<'_, T> {}

/// What validation knows while it works.
pub(crate) struct Scope<'d, 'p> {
    pub(crate) sources: &'p [Source],
    pub(crate) problems: &'p mut Problems,
    pub(crate) patterns: Patterns,
    pub(crate) listeners: Names<'d>,
    pub(crate) services: Names<'d>,
    pub(crate) plugins: Names<'d>,
    pub(crate) routes: Names<'d>,
    /// What applies to each step of a plugin; filled when the plugins are built.
    pub(crate) settings: Settings,
}

/// Joins documents and checks them.
pub(crate) fn config(
    sources: &[Source],
    documents: &[(usize, Document)],
    problems: &mut Problems,
) -> Option<Config> {
    let decoded = problems.errors.list.len();
    let mut listeners = Vec::new();
    let mut services = Vec::new();
    let mut plugins = Vec::new();
    let mut routes = Vec::new();
    for (source, document) in documents {
        let Document { listeners: l, services: s, plugins: p, routes: r, telemetry: _ } = document;
        join(&mut listeners, *source, l.as_ref());
        join(&mut services, *source, s.as_ref());
        join(&mut plugins, *source, p.as_ref());
        join(&mut routes, *source, r.as_ref());
    }
    if listeners.is_empty() && !problems.has_errors() {
        no_listeners(problems);
        return None;
    }
    let mut scope = Scope {
        sources,
        listeners: Names::of("listeners", &listeners, |item| item.name.as_ref(), problems),
        services: Names::of("services", &services, |item| item.name.as_ref(), problems),
        plugins: Names::of("plugins", &plugins, |item| item.name.as_ref(), problems),
        routes: Names::of("routes", &routes, |item| item.name.as_ref(), problems),
        patterns: Patterns::default(),
        settings: Settings::of(&[]),
        problems,
    };
    let built_listeners = listeners::build(&listeners, &mut scope);
    let built_services = services::build(&services, &mut scope);
    let built_plugins = plugins::build(&plugins, &routes, &mut scope);
    scope.settings = Settings::of(&built_plugins);
    let built = routes.iter().enumerate();
    let built: Vec<Option<Route>> =
        built.map(|(place, item)| routes::build(place, *item, &mut scope)).collect();
    let telemetry = telemetry::build(documents, &mut scope);
    // A match that could not be read would look like one that takes everything.
    if !scope.problems.has_errors() {
        overlap::check(&routes, &built, &built_listeners, &mut scope);
    }
    // A rule with an error may be the one that uses it.
    if !scope.problems.has_errors() {
        scope.services.warn_unused("service", "no rule sends requests to it", scope.problems);
        scope.plugins.warn_unused("plugin", "no filter runs it", scope.problems);
    }
    scope.problems.drop_consequences(decoded);
    let config = Config {
        listeners: built_listeners.into_iter().flatten().collect(),
        services: built_services.into_iter().flatten().collect(),
        plugins: built_plugins.into_iter().flatten().collect(),
        routes: built.into_iter().flatten().collect(),
        telemetry,
    };
    // Only then is every index in it right.
    if !scope.problems.has_errors() {
        reach::warn(&plugins, &config, &mut scope);
    }
    Some(config)
}

fn join<'d, T>(items: &mut Vec<Item<'d, T>>, source: usize, list: Option<&'d List<T>>) {
    let list = list.map_or(&[][..], |list| &list.0);
    items.extend(list.iter().map(|(index, document)| Item { source, index: *index, document }));
}

fn no_listeners(problems: &mut Problems) {
    let problem = problems.error(&At::root(0), "there is no listener");
    problem.why("without one, nothing would be listened to and nothing could be asked").help(
        "the smallest working file is:\n\n    \
         listeners:\n      - name: web\n        address: 127.0.0.1:30080\n    \
         services:\n      - name: app\n        endpoints: [\"127.0.0.1:8000\"]\n    \
         routes:\n      - name: app\n        rules:\n          - backends: [app]",
    );
}

impl<T> Item<'_, T> {
    /// Where it stands; the list is one of the top-level fields.
    pub(crate) fn place<R>(&self, list: &'static str, with: impl FnOnce(&At<'_>) -> R) -> R {
        with(&At::root(self.source).key(list).index(self.index))
    }
}

/// A short name for the places of an item's problems.
pub(crate) type RouteItem<'d> = Item<'d, document::route::Route>;
