//! Where a plugin is a step.

use portico_config::config::{Config, Filter, PluginStep, Route, SetBy, Setting};
use serde::Serialize;
use serde_json::{Value, json};

/// One place in the document.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    route: String,
    /// `None` where it is a step of the whole route.
    rule: Option<String>,
    /// Among the filters as they are written.
    index: usize,
    /// It runs there for some request at least: neither the step, nor a rule, nor an override
    /// switches it off.
    enabled: bool,
    path: Value,
}

/// In the order of the document, those of a route before those of its rules.
pub(super) fn of(config: &Config, plugin: usize) -> Vec<Place> {
    config.routes.iter().flat_map(|route| of_route(route, plugin)).collect()
}

fn of_route(route: &Route, plugin: usize) -> Vec<Place> {
    let (mut shared, mut own) = (Vec::<Place>::new(), Vec::new());
    for (number, rule) in route.rules.iter().enumerate() {
        let mut here = Vec::<Place>::new();
        let mut in_rule = |index: usize, enabled| {
            let inside = ["rules".into(), json!(number), "filters".into(), json!(index)];
            let (path, rule) = (path(route, &inside), Some(rule.name.to_string()));
            here.push(Place { route: route.name.to_string(), rule, index, enabled, path });
        };
        for step in steps(&rule.filters, plugin) {
            let index = step.place.index;
            if step.place.in_rule {
                in_rule(index, runs(step));
                continue;
            }
            // What switches the route's step off here is a step itself, which is in no list.
            if let SetBy::Rule(switch) = step.set_by {
                in_rule(switch, false);
            }
            match shared.iter_mut().find(|place| place.index == index) {
                Some(place) => place.enabled |= runs(step),
                None => {
                    let path = path(route, &["filters".into(), json!(index)]);
                    let (route, enabled) = (route.name.to_string(), runs(step));
                    shared.push(Place { route, rule: None, index, enabled, path });
                }
            }
        }
        // One that switches off several steps of the route was met several times.
        here.sort_by_key(|place| place.index);
        here.dedup_by_key(|place| place.index);
        own.append(&mut here);
    }
    shared.append(&mut own);
    shared
}

fn steps(filters: &[Filter], plugin: usize) -> impl Iterator<Item = &PluginStep> {
    filters.iter().filter_map(move |filter| match filter {
        Filter::Plugin(step) if step.plugin.0 == plugin => Some(step),
        _ => None,
    })
}

fn runs(step: &PluginStep) -> bool {
    let mut settings = step.variants.iter().map(|variant| &variant.setting).chain([&step.setting]);
    settings.any(|setting| *setting != Setting::Disabled)
}

fn path(route: &Route, inside: &[Value]) -> Value {
    let mut path = vec!["routes".into(), json!({ "name": route.name })];
    path.extend_from_slice(inside);
    path.push("plugin".into());
    path.into()
}

#[cfg(test)]
mod tests {
    use portico_config::{Source, load};

    use super::*;

    #[test]
    fn every_step_has_its_place() {
        let text = "
listeners: [{ name: web, address: '127.0.0.1:1' }]
plugins:
  - { name: guard, bundled: auth }
  - { name: off, bundled: auth, overrides: [{ route: one, disabled: true }] }
routes:
  - name: one
    filters: [{ request_headers: { remove: [x] } }, { plugin: guard }, { plugin: off }]
    rules:
      - name: plain
        matches: [{ path: { exact: /plain } }]
        filters: [{ respond: {} }]
      - filters:
          - plugin: { name: guard, disabled: true }
          - plugin: { name: guard, configuration: x }
          - respond: {}
";
        let source = Source { name: "x".into(), folder: ".".into(), text: text.to_owned() };
        let loaded = load(&[source]);
        let config = loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let shown = |plugin| {
            let places = of(&config, plugin).into_iter().map(|place| {
                (place.rule.unwrap_or_default(), place.index, place.enabled, place.path.to_string())
            });
            places.collect::<Vec<_>>()
        };
        let place = |rule: &str, index, enabled, inside: &str| {
            let path = format!(r#"["routes",{{"name":"one"}},{inside},"plugin"]"#);
            (rule.to_owned(), index, enabled, path)
        };
        assert_eq!(
            shown(0),
            [
                place("", 1, true, r#""filters",1"#),
                place("1", 0, false, r#""rules",1,"filters",0"#),
                place("1", 1, true, r#""rules",1,"filters",1"#),
            ]
        );
        assert_eq!(shown(1), [place("", 2, false, r#""filters",2"#)]);
    }
}
