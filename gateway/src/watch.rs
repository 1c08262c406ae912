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
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{
    control::{Control, Outcome},
    generation::Origin,
};

/// A file that was created or is being written is complete when its writer closes it, which is an
/// event of its own. Should that never come (a hard link, another machine's write), this is how
/// long after the last sign the file is read anyway.
const SETTLE: Duration = Duration::from_millis(150);

/// Some file systems (network mounts, some container mounts) send no events, and a folder that
/// was removed and made again has lost its watch. So everything is looked at this often as well.
const POLL: Duration = Duration::from_secs(2);

/// Events that may wait; more say nothing that these do not.
const QUEUE: usize = 256;

/// How soon something should be looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Urgency {
    Now,
    Soon,
}

/// Watches until the control loop ends.
pub async fn watch(path: PathBuf, control: Control) {
    let (sender, mut events) = mpsc::channel(QUEUE);
    let mut watcher = watcher(sender);
    let mut watched = HashSet::new();
    let mut next = Instant::now() + POLL;
    // There was an event that no reload has followed yet.
    let mut unsettled = false;
    loop {
        rewatch(&mut watcher, &mut watched, &path, &control);
        tokio::select! {
            event = events.recv(), if watcher.is_some() => {
                unsettled = true;
                if event == Some(Urgency::Soon) {
                    next = next.min(Instant::now() + SETTLE);
                    continue;
                }
            }
            () = sleep_until(next) => {}
        }
        next = Instant::now() + POLL;
        while events.try_recv().is_ok() {}
        let outcome = match std::mem::take(&mut unsettled) {
            true => control.reload(Origin::File).await,
            false => control.poll().await,
        };
        if matches!(outcome, Outcome::Ended) {
            return;
        }
    }
}

fn watcher(events: mpsc::Sender<Urgency>) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if let Some(urgency) = event.map_or(Some(Urgency::Soon), |event| urgency(&event.kind)) {
            let _full_or_ended = events.try_send(urgency);
        }
    });
    watcher
        .inspect_err(|error| {
            tracing::warn!(%error, "files are not watched, only looked at every {POLL:?}");
        })
        .ok()
}

fn urgency(kind: &EventKind) -> Option<Urgency> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(_))
        | EventKind::Remove(_) => Some(Urgency::Now),
        EventKind::Create(_) | EventKind::Modify(_) => Some(Urgency::Soon),
        _ => None,
    }
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
