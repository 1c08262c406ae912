//! Filters that fail, canaries that were taken out, modules that cannot be had.

use super::{
    Action, Attention, Kind, Severity,
    situation::{Module, Plugin, Situation},
    words::{count, shortened},
};

pub(super) fn say(situation: &Situation, all: &mut Vec<Attention>) {
    for plugin in &situation.plugins {
        let name = &plugin.name;
        if plugin.failures > 0 {
            all.push(failed(plugin));
        }
        if let Some(why) = &plugin.rolled_back {
            let sentence = format!("The canary of `{name}` was rolled back: {why}.");
            let why = "Every request goes to the module that was there before.";
            let found = Attention::new("canary", Severity::Warning, Kind::Plugin, name, sentence)
                .why(Some(why.to_owned()));
            all.push(found.action(Action::page("Open the plugin", format!("/plugins/{name}"))));
        }
    }
    for module in &situation.modules {
        let Module { plugin, source, trouble, is_there } = module;
        let sentence = format!("The module of `{plugin}` cannot be fetched: {trouble}.");
        let (severity, then) = match is_there {
            true => (Severity::Warning, "the one from before serves on"),
            false => (Severity::Critical, "the configuration waits for it"),
        };
        let why = Some(format!("It is asked for at {source}; {then}."));
        let found = Attention::new("module", severity, Kind::Plugin, plugin, sentence).why(why);
        all.push(found.action(Action::page("Open the plugin", format!("/plugins/{plugin}"))));
    }
}

/// A filter that traps once will do it again: here one request is evidence enough.
fn failed(plugin: &Plugin) -> Attention {
    let Plugin { name, failures, said, is_closed, .. } = plugin;
    let requests = count(*failures, "request", "requests");
    let sentence = format!("The filter `{name}` failed in {requests} in the last minute.");
    let (severity, then) = match is_closed {
        true => (Severity::Critical, "These requests were refused, because it guards its routes."),
        false => (Severity::Warning, "These requests went on without it."),
    };
    let why = match said {
        Some(said) => format!("{}. {then}", shortened(said).trim_end_matches('.')),
        None => then.to_owned(),
    };
    Attention::new("plugin", severity, Kind::Plugin, name, sentence)
        .why(Some(why))
        .weight(*failures)
        .action(Action::page("Open the plugin", format!("/plugins/{name}")))
        .action(Action::page("Show one", "/traces?q=is:plugin&sort=time"))
}
