//! Watches the configuration and the plugins' files, and asks for a reload when they may have
//! changed. What changed is not looked at here: the control loop compares contents.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    control::{Control, Outcome},
    generation::Origin,
    sources,
};

/// Some file systems (network mounts, some container mounts) send no events, and a folder that
/// was removed and made again has lost its watch. So everything is looked at this often as well; a
/// difference counts when it looks the same twice, because a writer may still be at it.
const POLL: Duration = Duration::from_secs(2);

/// Some programs replace a file by removing it first. It is back before anybody needs to hear that
/// it is gone.
const REPLACED: Duration = Duration::from_millis(50);

/// Links from a file to where it is in the end. Systems follow 40 at most.
const LINKS: usize = 40;

/// Events that may wait; more say nothing that these do not.
const QUEUE: usize = 256;

/// Watches until the control loop ends.
pub async fn watch(path: PathBuf, control: Control) {
    let (sender, mut events) = mpsc::channel(QUEUE);
    let names = Names::default();
    let mut watcher = watcher(sender, names.clone());
    let mut watched = HashSet::new();
    loop {
        let status = control.status.load_full();
        let files: Vec<&Path> = std::iter::once(&*path)
            .chain(status.plugin_files.iter().map(PathBuf::as_path))
            .collect();
        rewatch(&mut watcher, &mut watched, &names, &files);
        let outcome = tokio::select! {
            Some(removed) = events.recv() => {
                if removed {
                    sleep(REPLACED).await;
                }
                while events.try_recv().is_ok() {}
                control.reload(Origin::File).await
            }
            () = sleep(POLL) => control.poll().await,
        };
        if matches!(outcome, Outcome::Ended) {
            return;
        }
    }
}

/// What may be meant by an event, besides the files of a configuration's folder. Other files are
/// in the same folders, such as logs, and are nobody's business here.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<HashSet<OsString>>>);

impl Names {
    fn lock(&self) -> MutexGuard<'_, HashSet<OsString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a configuration, or a plugin's file, may be another one now.
    fn concerns(&self, path: &Path) -> bool {
        /// What a ConfigMap's files are behind; it is replaced as a whole.
        const DATA: &str = "..data";
        let Some(name) = path.file_name() else { return true };
        name == DATA || sources::is_one(path) || self.lock().contains(name)
    }
}

fn watcher(events: mpsc::Sender<bool>, names: Names) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if let Ok(Event { kind, paths, .. }) = event
            && is_complete(&kind)
            && (paths.is_empty() || paths.iter().any(|path| names.concerns(path)))
        {
            let _full_or_ended = events.try_send(matches!(kind, EventKind::Remove(_)));
        }
    });
    watcher
        .inspect_err(|error| {
            tracing::warn!(%error, "files are not watched, only looked at every {POLL:?}");
        })
        .ok()
}

/// Whether something is done: a writer has closed its file, or a name means something else now. A
/// file that was made or written to is not, until its writer closes it.
fn is_complete(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_)
    )
}

/// Watches folders, not files: editors and ConfigMaps replace files, and a watch on the old one
/// would see nothing any more.
fn rewatch(
    watcher: &mut Option<RecommendedWatcher>,
    watched: &mut HashSet<PathBuf>,
    names: &Names,
    files: &[&Path],
) {
    let Some(watcher) = watcher else { return };
    let (mut wanted, mut known) = (HashSet::new(), HashSet::new());
    for file in files {
        // Behind a symbolic link, the target may change as well.
        let target = file.canonicalize().ok();
        for path in links(file).into_iter().chain(target) {
            known.extend(path.file_name().map(OsString::from));
            wanted.extend(folder_of(&path));
        }
    }
    // A folder that goes is an event with its own name.
    known.extend(wanted.iter().filter_map(|folder| folder.file_name()).map(OsString::from));
    *names.lock() = known;
    watched.retain(|folder| {
        let keep = wanted.contains(folder) && folder.is_dir();
        if !keep {
            let _gone_already = watcher.unwatch(folder);
        }
        keep
    });
    for folder in wanted {
        if !watched.contains(&folder) && watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok()
        {
            watched.insert(folder);
        }
    }
}

/// A path, and every symbolic link between it and its file.
fn links(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    while let Some(last) = found.last()
        && found.len() < LINKS
        && let Ok(target) = fs::read_link(last)
    {
        let from = last.parent().unwrap_or_else(|| Path::new("."));
        let target = from.join(target);
        found.push(target);
    }
    found
}

fn folder_of(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let folder = path.parent()?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}

#[cfg(test)]
mod tests;
