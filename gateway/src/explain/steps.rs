//! What applies to each filter of a rule for one request, and which line says so.

use portico_config::{
    Locator,
    config::{
        Config, Filter, HeaderChanges, ListenerRef, Override, PathChange, PluginStep, SetBy,
        Setting,
    },
};

use crate::router;

/// Where a rule is: its route among all routes, and its place there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) route: usize,
    pub(super) rule: usize,
}

/// A request at a rule.
pub(super) struct Steps<'a, 's> {
    pub(super) config: &'a Config,
    /// Finds the lines of the texts that the configuration was read from, if they are there.
    pub(super) lines: &'a Locator<'s>,
    pub(super) place: Place,
    pub(super) listener: ListenerRef,
    /// As it was asked about.
    pub(super) host: &'a str,
}

impl Steps<'_, '_> {
    /// One filter in words.
    pub(super) fn describe(&self, filter: &Filter) -> String {
        match filter {
            Filter::Plugin(step) => self.plugin(step),
            Filter::Redirect(redirect) => format!("redirect, {}", redirect.status),
            Filter::RequestHeaders(changes) => format!("request headers: {}", changes_of(changes)),
            Filter::Respond(respond) => format!("respond with {}", respond.status),
            Filter::ResponseHeaders(changes) => {
                format!("response headers: {}", changes_of(changes))
            }
            Filter::Rewrite(rewrite) => {
                let host = rewrite.host.iter().map(|host| format!("host to `{host}`"));
                let path = rewrite.path.iter().map(|path| match path {
                    PathChange::Full(full) => format!("path to `{full}`"),
                    PathChange::Prefix(prefix) => format!("matched prefix to `{prefix}`"),
                });
                format!("rewrite {}", host.chain(path).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Never the configuration itself: it may hold secrets.
    fn plugin(&self, step: &PluginStep) -> String {
        let mut buffer = [0; router::NAME_MAX];
        let host = router::host_name(self.host, &mut buffer);
        let (setting, by) = step.settle(self.listener, host);
        let name = &self.config.plugins[step.plugin.0].name;
        let what = match setting {
            Setting::Configuration(bytes) => {
                format!("with {} bytes of configuration", bytes.0.len())
            }
            Setting::Disabled => "switched off".to_owned(),
            Setting::Own => "with its own configuration".to_owned(),
        };
        format!("plugin `{name}`, {what}, {}", self.decided(step, by))
    }

    /// Who decided it, and where that is written.
    fn decided(&self, step: &PluginStep, by: SetBy) -> String {
        let Place { route, rule } = self.place;
        let plugin = step.plugin.0;
        let filter = |in_rule: bool, index: usize| match in_rule {
            true => format!("rules[{rule}].filters[{index}].plugin"),
            false => format!("filters[{index}].plugin"),
        };
        match by {
            SetBy::Override(index) => {
                let found = &self.config.plugins[plugin].overrides[index];
                let line = self.line("plugins", plugin, &format!("overrides[{index}]"));
                format!("by its override for {}{line}", self.scope(found))
            }
            SetBy::Plugin => {
                let line = self.line("plugins", plugin, "");
                format!("by the plugin{line}: nothing else is said for this place")
            }
            SetBy::Rule(index) => {
                format!("by the rule{}", self.line("routes", route, &filter(true, index)))
            }
            SetBy::Step => {
                let path = filter(step.place.in_rule, step.place.index);
                let whose = if step.place.in_rule { "rule's" } else { "route's" };
                format!("by the {whose} step{}", self.line("routes", route, &path))
            }
        }
    }

    /// Where an override applies.
    fn scope(&self, found: &Override) -> String {
        let Override { listener, host, route, rule, setting: _ } = found;
        let name = |list: &str, name: Option<&str>| name.map(|name| format!("{list} `{name}`"));
        let listener = listener.and_then(|own| self.config.listeners.get(own.0));
        let route = route.and_then(|own| self.config.routes.get(own.0));
        let rule = route.zip(*rule).and_then(|(route, rule)| route.rules.get(rule));
        let host = host.as_ref().map(ToString::to_string);
        let parts = [
            name("listener", listener.map(|own| &*own.name)),
            name("host", host.as_deref()),
            name("route", route.map(|own| &*own.name)),
            name("rule", rule.map(|own| &*own.name)),
        ];
        match parts.into_iter().flatten().collect::<Vec<_>>() {
            none if none.is_empty() => "every place".to_owned(),
            some => some.join(", "),
        }
    }

    /// ` (portico.yaml:12)`, if it can be found.
    fn line(&self, list: &str, index: usize, part: &str) -> String {
        let found = self.lines.line(list, index, part);
        found.map_or_else(String::new, |(source, line)| format!(" ({source}:{line})"))
    }
}

/// Names only: values may be secrets.
fn changes_of(changes: &HeaderChanges) -> String {
    let set = changes.set.iter().map(|(name, _)| format!("set `{name}`"));
    let add = changes.add.iter().map(|(name, _)| format!("add `{name}`"));
    let remove = changes.remove.iter().map(|name| format!("remove `{name}`"));
    remove.chain(set).chain(add).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::explain::{Question, explain};
    use portico_config::{Source, load};

    const TEXT: &str = "listeners:
  - { name: public, address: '127.0.0.1:1' }
  - { name: internal, address: '127.0.0.1:2' }
plugins:
  - { name: other, bundled: tracing }
  - name: guard
    bundled: auth
    configuration: s3cr3t
    overrides:
      - { host: a.io, listener: internal, disabled: true }
      - { route: fleet, configuration: s3cr3t }
      - { route: fleet, rule: '1', disabled: false }
routes:
  - name: fleet
    filters:
      - request_headers: { remove: [x] }
      - plugin: guard
      - plugin: other
    rules:
      - matches: [{ path: { prefix: /off } }]
        filters:
          - plugin: { name: guard, disabled: true }
          - respond: {}
      - matches: [{ path: { prefix: /one } }]
        filters: [{ respond: {} }]
      - filters:
          - plugin: { name: guard, configuration: s3cr3t2 }
          - respond: {}
  - name: staff
    hosts: [a.io, b.io]
    rules:
      - filters:
          - plugin: guard
          - respond: {}
";

    fn said(url: &str) -> Vec<String> {
        let source = Source { name: "x.yaml".into(), folder: ".".into(), text: TEXT.to_owned() };
        let config = load(std::slice::from_ref(&source)).config.expect("it is right");
        let question = Question::new("GET", url, &[]).expect("it is a question");
        let text = explain(&config, &[source], &question).text;
        assert!(!text.contains("s3cr3t"), "{text}");
        let lines = text.lines().filter_map(|line| line.split_once("plugin `guard`, "));
        lines.map(|(_, said)| said.to_owned()).collect()
    }

    #[test]
    fn each_step_names_what_applies_and_the_line_that_says_so() {
        for (url, expected) in [
            ("http://c.io:1/off", &["switched off, by the rule (x.yaml:22)"][..]),
            (
                "http://c.io:1/one",
                &[
                    "with its own configuration, by its override for route `fleet`, rule `1` (x.yaml:12)",
                ],
            ),
            (
                "http://c.io:1/",
                &[
                    "with 6 bytes of configuration, by its override for route `fleet` (x.yaml:11)",
                    "with 7 bytes of configuration, by the rule's step (x.yaml:27)",
                ],
            ),
            (
                "http://A.io:2/",
                &["switched off, by its override for listener `internal`, host `a.io` (x.yaml:10)"],
            ),
            (
                "http://a.io:1/",
                &[
                    "with its own configuration, by the plugin (x.yaml:6): nothing else is said for this place",
                ],
            ),
        ] {
            assert_eq!(said(url), expected, "{url}");
        }
    }
}
