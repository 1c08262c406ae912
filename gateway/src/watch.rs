//! Watches the configuration and the plugins' files, and asks for a reload when they may have
//! changed. What changed is not looked at here: the control loop compares contents.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
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
};

/// Some file systems (network mounts, some container mounts) send no events, and a folder that
/// was removed and made again has lost its watch. So everything is looked at this often as well; a
/// difference counts when it looks the same twice, because a writer may still be at it.
const POLL: Duration = Duration::from_secs(2);

/// Some programs replace a file by removing it first. It is back before anybody needs to hear that
/// it is gone.
const REPLACED: Duration = Duration::from_millis(50);

/// Events that may wait; more say nothing that these do not.
const QUEUE: usize = 256;

/// Watches until the control loop ends.
pub async fn watch(path: PathBuf, control: Control) {
    let (sender, mut events) = mpsc::channel(QUEUE);
    let mut watcher = watcher(sender);
    let mut watched = HashSet::new();
    loop {
        rewatch(&mut watcher, &mut watched, &path, &control);
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

fn watcher(events: mpsc::Sender<bool>) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if let Ok(Event { kind, .. }) = event
            && is_complete(&kind)
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
    path: &Path,
    control: &Control,
) {
    let Some(watcher) = watcher else { return };
    let mut wanted = HashSet::new();
    let status = control.status.load();
    for file in std::iter::once(path).chain(status.plugin_files.iter().map(PathBuf::as_path)) {
        wanted.extend(folder_of(file));
        // Behind a symbolic link, the target may change as well.
        wanted.extend(file.canonicalize().ok().as_deref().and_then(folder_of));
    }
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

fn folder_of(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let folder = path.parent()?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}
