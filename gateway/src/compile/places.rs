//! The distinct configurations of each plugin, and the place of each in its list: an instance has
//! one root context for each of them.

use std::{collections::HashMap, sync::Arc};

use portico_config::config::{self, Config, Filter, PluginConfiguration, PluginStep, Setting};

use crate::settle::{Choices, Variant};

/// The configurations of one plugin.
pub(super) struct Places {
    /// In order of first use, never empty; none of them is [`Setting::Disabled`].
    settings: Vec<Setting>,
    by_setting: HashMap<Setting, usize>,
    /// The plugin's own configuration if its canary has the same: a step that writes it out asks
    /// for the same root context.
    own: Option<PluginConfiguration>,
    /// The variants that were looked at last, and what was made of them. Steps share them.
    last: Option<Made>,
}

/// Variants of the configuration and what was made of them.
struct Made {
    from: Arc<[config::Variant]>,
    variants: Arc<[Variant]>,
}

impl Places {
    /// Those of every plugin. One that no step uses is started with its own, so that a mistake in
    /// it is found now.
    pub(super) fn of(config: &Config) -> Vec<Self> {
        let mut places: Vec<Self> = config.plugins.iter().map(Self::none).collect();
        for rule in config.routes.iter().flat_map(|route| &route.rules) {
            for filter in &rule.filters {
                if let Filter::Plugin(step) = filter {
                    places[step.plugin.0].enter(step);
                }
            }
        }
        for places in &mut places {
            if places.settings.is_empty() {
                places.place(&Setting::Own);
            }
        }
        places
    }

    fn none(plugin: &config::Plugin) -> Self {
        let same = |canary: &config::Canary| canary.configuration == plugin.configuration;
        let same = plugin.canary.as_ref().is_none_or(same);
        Self {
            settings: Vec::new(),
            by_setting: HashMap::new(),
            own: same.then(|| plugin.configuration.clone()),
            last: None,
        }
    }

    /// The bytes of each, for a plugin whose own are these: the plugin's, or its canary's.
    pub(super) fn configurations(&self, own: &PluginConfiguration) -> Vec<Arc<[u8]>> {
        let bytes = |setting: &Setting| match setting {
            Setting::Configuration(configuration) => configuration.0.clone(),
            Setting::Disabled | Setting::Own => own.0.clone(),
        };
        self.settings.iter().map(bytes).collect()
    }

    /// What applies to a step, with every configuration entered.
    pub(super) fn enter(&mut self, step: &PluginStep) -> Choices {
        let otherwise = self.place(&step.setting);
        let variants = match &self.last {
            Some(made) if Arc::ptr_eq(&made.from, &step.variants) => made.variants.clone(),
            _ => {
                let variants: Arc<[Variant]> =
                    step.variants.iter().map(|variant| self.variant(variant)).collect();
                self.last = Some(Made { from: step.variants.clone(), variants: variants.clone() });
                variants
            }
        };
        Choices { variants, otherwise }
    }

    fn variant(&mut self, variant: &config::Variant) -> Variant {
        let config::Variant { listener, host, setting, set_by: _ } = variant;
        let listener = listener.map(|listener| listener.0);
        Variant { listener, host: host.clone(), place: self.place(setting) }
    }

    /// The place of a setting, at the end of the list if it is new.
    fn place(&mut self, setting: &Setting) -> Option<usize> {
        let setting = match setting {
            Setting::Disabled => return None,
            Setting::Configuration(written) if self.own.as_ref() == Some(written) => &Setting::Own,
            Setting::Configuration(_) | Setting::Own => setting,
        };
        if let Some(place) = self.by_setting.get(setting) {
            return Some(*place);
        }
        let place = self.settings.len();
        self.settings.push(setting.clone());
        self.by_setting.insert(setting.clone(), place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use portico_config::{Source, load};

    use super::*;

    fn config(text: &str) -> Config {
        let source = Source { name: "x.yaml".into(), folder: ".".into(), text: text.to_owned() };
        let loaded = load(&[source]);
        loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    const TEXT: &str = "
listeners: [{ name: web, address: '127.0.0.1:1' }]
plugins:
  - name: unused
    bundled: auth
    configuration: its own
  - name: guard
    bundled: auth
    configuration: own
    CANARY
    overrides:
      - { host: a.io, configuration: first }
      - { host: b.io, configuration: own }
      - { host: c.io, disabled: true }
routes:
  - name: all
    rules:
      - filters:
          - plugin: guard
          - plugin: { name: guard, configuration: second }
          - plugin: { name: guard, configuration: first }
          - respond: {}
";

    fn lists(canary: &str) -> (Vec<Choices>, Vec<String>, Vec<String>, Vec<String>) {
        let config = config(&TEXT.replace("CANARY", canary));
        let mut places = Places::of(&config);
        let guard = &config.plugins[1];
        let text = |list: Vec<Arc<[u8]>>| {
            list.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
        };
        let own = text(places[1].configurations(&guard.configuration));
        let canary = guard.canary.as_ref().map(|canary| &canary.configuration);
        let canary = canary.map_or_else(Vec::new, |own| text(places[1].configurations(own)));
        let unused = text(places[0].configurations(&config.plugins[0].configuration));
        let steps = config.routes[0].rules[0].filters.iter().filter_map(|filter| match filter {
            Filter::Plugin(step) => Some(places[1].enter(step)),
            _ => None,
        });
        (steps.collect(), own, canary, unused)
    }

    #[test]
    fn each_configuration_has_one_place() {
        let (steps, own, _, unused) = lists("");
        assert_eq!(own, ["own", "first", "second"]);
        assert_eq!(unused, ["its own"]);
        let places: Vec<Option<usize>> = steps.iter().map(|step| step.otherwise).collect();
        assert_eq!(places, [Some(0), Some(2), Some(1)]);
        let variants: Vec<Option<usize>> =
            steps[0].variants.iter().map(|variant| variant.place).collect();
        assert_eq!(variants, [Some(1), Some(0), None]);
        assert!(steps[1].variants.is_empty());
    }

    #[test]
    fn a_canary_has_its_configurations_at_the_same_places() {
        let canary = "canary: { bundled: tracing, percent: 1, configuration: other }";
        let (steps, own, canary, _) = lists(canary);
        // `own` is written out for one host, and stays `own` there in the canary.
        assert_eq!(own, ["own", "first", "own", "second"]);
        assert_eq!(canary, ["other", "first", "own", "second"]);
        assert_eq!(steps[0].otherwise, Some(0));
    }
}
