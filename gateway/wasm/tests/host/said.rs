//! What guests say, caught on the thread that runs them.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::SubscriberExt as _};

/// Runs `work` and answers what was logged meanwhile for plugins, a line each, with its level.
pub(crate) fn listen<T>(work: impl FnOnce(&Said) -> T) -> T {
    let said = Said::default();
    let subscriber = tracing_subscriber::registry().with(Ear(said.clone()));
    tracing::subscriber::with_default(subscriber, || work(&said))
}

#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    /// Takes what has been said since it was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics while it listens"))
    }
}

struct Ear(Said);

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() != "portico::plugin" {
            return;
        }
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.0.lock().expect("no test panics while it listens").push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.0, " {value:?}").expect("a string has room");
        }
    }
}
