//! What a filter says while it is tried: the lines that the plugin host writes for it.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};

/// The target of lines that guests write.
const TARGET: &str = "portico::plugin";

/// Lines that are kept: a filter that says more is not read to the end.
const MOST: usize = 10_000;

/// A line that the filter wrote.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Line {
    pub level: &'static str,
    pub text: String,
}

/// Collects lines; clones collect into the same place.
#[derive(Clone, Debug, Default)]
pub(super) struct Said(Arc<Mutex<Vec<Line>>>);

impl Said {
    /// Runs `work` while it listens to this thread.
    pub(super) fn listen<T>(&self, work: impl FnOnce() -> T) -> T {
        tracing::subscriber::with_default(Registry::default().with(self.clone()), work)
    }

    /// What was said since the last call.
    pub(super) fn take(&self) -> Vec<Line> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Said {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == TARGET
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let level = match *event.metadata().level() {
            tracing::Level::TRACE => "trace",
            tracing::Level::DEBUG => "debug",
            tracing::Level::INFO => "info",
            tracing::Level::WARN => "warn",
            tracing::Level::ERROR => "error",
        };
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST {
            lines.push(Line { level, text: message.0 });
        }
    }
}

/// The text of an event, without its fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _never_fails = write!(self.0, "{value:?}");
        }
    }
}
