//! The last lines of each plugin, for its author: what `GET /api/v1/plugins/NAME/log` answers.
//!
//! It sees what is logged at all (`--log portico::plugin=debug` lets more through), and keeps a
//! bounded number of lines of a bounded number of plugins.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{Debug, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use tokio::sync::watch;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// Where the plugin host writes what guests say.
const TARGET: &str = "portico::plugin";

/// Lines of one plugin: what a person reads back. A guest may write as many in a second, each of
/// at most 4 KiB.
const LINES: usize = 200;

/// Plugins with lines. More are seldom configured; of those that are gone, the oldest goes first.
const PLUGINS: usize = 256;

/// The lines; clones are the same.
#[derive(Clone, Debug)]
pub struct PluginLog {
    kept: Arc<Mutex<Kept>>,
    newest: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct Kept {
    plugins: BTreeMap<String, VecDeque<Line>>,
    /// The number of the last line.
    last: u64,
}

/// What a plugin said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Counts the lines of all plugins.
    pub number: u64,
    pub at: SystemTime,
    pub level: Level,
    pub text: String,
}

impl Default for PluginLog {
    fn default() -> Self {
        Self { kept: Arc::default(), newest: Arc::new(watch::Sender::new(0)) }
    }
}

impl PluginLog {
    /// Lines of a plugin after the one with the number `after`, of `least` and graver, oldest first;
    /// and the number to ask after next time.
    pub fn after(&self, plugin: &str, after: u64, least: Level) -> (Vec<Line>, u64) {
        let kept = self.kept();
        let lines = kept.plugins.get(plugin).into_iter().flatten();
        // The graver, the smaller.
        let wanted = lines.filter(|line| line.number > after && line.level <= least);
        (wanted.cloned().collect(), kept.last)
    }

    /// Tells when there is a new line of any plugin.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn keep(&self, plugin: &str, level: Level, text: String) {
        let mut kept = self.kept();
        kept.last += 1;
        let number = kept.last;
        if !kept.plugins.contains_key(plugin) && kept.plugins.len() == PLUGINS {
            let last = |lines: &VecDeque<Line>| lines.back().map(|line| line.number);
            let quiet = kept.plugins.iter().min_by_key(|(_, lines)| last(lines));
            if let Some(quiet) = quiet.map(|(name, _)| name.clone()) {
                kept.plugins.remove(&quiet);
            }
        }
        let lines = kept.plugins.entry(plugin.to_owned()).or_default();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(Line { number, at: SystemTime::now(), level, text });
        drop(kept);
        self.newest.send_replace(number);
    }

    /// A panic in between leaves nothing half done here.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for PluginLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut said = Said::default();
        event.record(&mut said);
        if let Some(plugin) = said.plugin {
            self.keep(&plugin, *event.metadata().level(), said.text);
        }
    }
}

/// The parts of an event that matter here.
#[derive(Default)]
struct Said {
    plugin: Option<String>,
    text: String,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "plugin" => self.plugin = Some(value.to_owned()),
            _ => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _never_fails = write!(self.text, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn texts(log: &PluginLog, plugin: &str, after: u64, least: Level) -> Vec<String> {
        log.after(plugin, after, least).0.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_kept_by_plugin_and_level() {
        let log = PluginLog::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: TARGET, plugin = "a", "one {}", 1);
            tracing::error!(target: TARGET, plugin = "a", "two");
            tracing::info!(target: TARGET, plugin = "b", "three");
            tracing::info!(plugin = "a", "not a guest's");
        });
        assert_eq!(texts(&log, "a", 0, Level::INFO), ["one 1", "two"]);
        assert_eq!(texts(&log, "a", 0, Level::WARN), ["two"]);
        assert_eq!(texts(&log, "a", 1, Level::TRACE), ["two"]);
        assert_eq!(log.after("b", 0, Level::INFO).1, 3);
        assert_eq!(texts(&log, "nobody", 0, Level::TRACE), [""; 0]);
        assert_eq!(*log.watch().borrow(), 3);
    }

    #[test]
    fn there_is_a_limit_to_lines_and_plugins() {
        let log = PluginLog::default();
        for number in 0..LINES * 2 {
            log.keep("a", Level::INFO, number.to_string());
        }
        let (lines, last) = log.after("a", 0, Level::INFO);
        assert_eq!((lines.len(), last), (LINES, LINES as u64 * 2));
        assert_eq!(lines[0].text, LINES.to_string());
        for number in 0..PLUGINS {
            log.keep(&format!("p{number}"), Level::INFO, String::new());
        }
        assert_eq!(log.kept().plugins.len(), PLUGINS);
        assert_eq!(texts(&log, "a", 0, Level::INFO), [""; 0]);
    }
}
