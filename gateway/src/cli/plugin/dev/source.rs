//! The files that a filter is built from, watched.

use std::{
    fs,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use anyhow::Context;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::cli::plugin::project::Project;

/// What tools write, and nobody edits.
const NOT_SOURCE: [&str; 4] = ["build", "node_modules", "target", ".git"];

/// An editor that saves all, or a switch of branches, touches many files; one build is enough.
const QUIET: Duration = Duration::from_millis(50);

pub(super) struct Source {
    changes: Receiver<()>,
    // It watches for as long as it lives.
    _watcher: RecommendedWatcher,
}

impl Source {
    pub(super) fn watch(project: &Project) -> anyhow::Result<Self> {
        let (sender, changes) = channel();
        let language = project.language;
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let is_change = |event: &Event| {
                !matches!(event.kind, EventKind::Access(_))
                    && event.paths.iter().any(|path| language.is_source(path))
            };
            if event.is_ok_and(|event| is_change(&event)) {
                // Nobody listens any more: the program ends.
                let _ended = sender.send(());
            }
        })?;
        let folder = &project.folder;
        let watching = || format!("`{}` cannot be watched", folder.display());
        watcher.watch(folder, RecursiveMode::NonRecursive).with_context(watching)?;
        for entry in fs::read_dir(folder)?.flatten() {
            let path = entry.path();
            if path.is_dir() && !is_made(&path) {
                watcher.watch(&path, RecursiveMode::Recursive).with_context(watching)?;
            }
        }
        Ok(Self { changes, _watcher: watcher })
    }

    /// Waits for a change, and until it is quiet again. False: there will be none.
    pub(super) fn changed(&self) -> bool {
        if self.changes.recv().is_err() {
            return false;
        }
        loop {
            match self.changes.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

fn is_made(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| NOT_SOURCE.contains(&name))
}
