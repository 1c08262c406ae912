//! The thread that writes an access log, and the bounded queue in front of it.

mod file;
mod target;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use file::LogFile;
use target::{Lost, Target};

/// What may wait to be written: at 350 bytes a line some ten thousand lines, which is a second
/// of a busy gateway, while a disk is slow.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;

/// The same by number of batches. With a flush every 50 ms it holds for minutes.
const QUEUE_BATCHES: usize = 4096;

/// An output that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error("the folder `{}` is missing; logs are only written to folders that are there", path.display())]
    Folder { path: PathBuf },
    #[error("`{}` is {kind}, no file that can be appended to", path.display())]
    Kind { path: PathBuf, kind: &'static str },
    #[error("`{}` cannot be opened for appending", path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("stdout cannot be written to")]
    Stdout { source: std::io::Error },
    #[error("no thread can be started for it")]
    Thread { source: std::io::Error },
}

/// How a log fares. All numbers are lines since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Status {
    pub written: u64,
    /// Lost, because more waited to be written than the queue holds (4 MiB).
    pub dropped_queue_full: u64,
    /// Lost, because writing failed: the disk is full, or the reader of a pipe has gone.
    pub dropped_write_failed: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
    /// How often the file was opened again.
    pub reopened: u64,
    /// The last write, or the last attempt to open the file, failed.
    pub is_failing: bool,
}

/// Watches a log from any thread. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
    wake: SyncSender<Message>,
}

impl Handle {
    /// Opens the file again, soon: it was moved aside. Without meaning for stdout.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Relaxed);
        // A queue that is full wakes the thread anyway.
        let _ = self.wake.try_send(Message::Wake);
    }

    /// How it fares now.
    pub fn status(&self) -> Status {
        let shared = &self.shared;
        Status {
            written: shared.written.load(Relaxed),
            dropped_queue_full: shared.queue_full.load(Relaxed),
            dropped_write_failed: shared.write_failed.load(Relaxed),
            queued_bytes: shared.queued.load(Relaxed),
            reopened: shared.reopened.load(Relaxed),
            is_failing: shared.is_failing.load(Relaxed),
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    written: AtomicU64,
    queue_full: AtomicU64,
    write_failed: AtomicU64,
    queued: AtomicUsize,
    reopen: AtomicBool,
    reopened: AtomicU64,
    is_failing: AtomicBool,
    /// No more batches come, though handles may still be there.
    is_closing: AtomicBool,
}

#[derive(Debug)]
enum Message {
    Batch {
        lines: Vec<u8>,
        count: u64,
    },
    /// Look whether the file is to be opened again, or whether this is the end.
    Wake,
}

/// The sending side.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: SyncSender<Message>,
    ended: Receiver<()>,
}

impl Writer {
    pub(super) fn stdout() -> Result<Self, OpenError> {
        Self::start(Target::stdout()?)
    }

    pub(super) fn file(path: PathBuf) -> Result<Self, OpenError> {
        if path.as_os_str() == "/dev/stdout" {
            return Self::stdout();
        }
        Self::start(Target::File(LogFile::open(path)?))
    }

    fn start(target: Target) -> Result<Self, OpenError> {
        let shared = Arc::<Shared>::default();
        let (queue, batches) = sync_channel(QUEUE_BATCHES);
        let (end, ended) = sync_channel(1);
        let counters = Arc::clone(&shared);
        thread::Builder::new()
            .name("access-log".into())
            .spawn(move || {
                run(&batches, target, &counters);
                let _ = end.send(());
            })
            .map_err(|source| OpenError::Thread { source })?;
        Ok(Self { shared, queue, ended })
    }

    /// Queues whole lines. If they do not fit, they are dropped and counted.
    pub(super) fn send(&self, lines: &[u8], count: u64) {
        let bytes = lines.len();
        // Only this thread adds, so what was looked at can only have become less.
        let fits = self.shared.queued.load(Relaxed) + bytes <= QUEUE_BYTES;
        if fits {
            self.shared.queued.fetch_add(bytes, Relaxed);
            let batch = Message::Batch { lines: lines.to_vec(), count };
            if self.queue.try_send(batch).is_ok() {
                return;
            }
            self.shared.queued.fetch_sub(bytes, Relaxed);
        }
        self.shared.queue_full.fetch_add(count, Relaxed);
    }

    pub(super) fn handle(&self) -> Handle {
        Handle { shared: Arc::clone(&self.shared), wake: self.queue.clone() }
    }

    /// Waits until all is written, but no longer than this.
    pub(super) fn close(self, limit: Duration) -> bool {
        self.end();
        !matches!(self.ended.recv_timeout(limit), Err(RecvTimeoutError::Timeout))
    }

    /// Lets the thread end when the queue is empty.
    fn end(&self) {
        self.shared.is_closing.store(true, Relaxed);
        // A queue that is full wakes the thread anyway.
        let _ = self.queue.try_send(Message::Wake);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(batches: &Receiver<Message>, mut target: Target, shared: &Shared) {
    let next = || {
        let is_closing = shared.is_closing.load(Relaxed);
        if is_closing { batches.try_recv().ok() } else { batches.recv().ok() }
    };
    while let Some(message) = next() {
        let asked = shared.reopen.swap(false, Relaxed);
        match target.renew(asked) {
            Ok(true) => {
                shared.reopened.fetch_add(1, Relaxed);
            }
            Ok(false) => {}
            Err(error) => fails(shared, &target, &error),
        }
        match message {
            Message::Batch { lines, count } => {
                match target.write(&lines) {
                    Ok(()) => {
                        shared.written.fetch_add(count, Relaxed);
                        recovers(shared, &target);
                    }
                    Err(Lost { lines: lost, error }) => {
                        shared.write_failed.fetch_add(lost, Relaxed);
                        shared.written.fetch_add(count - lost.min(count), Relaxed);
                        fails(shared, &target, &error);
                    }
                }
                shared.queued.fetch_sub(lines.len(), Relaxed);
            }
            Message::Wake => {}
        }
    }
}

/// Said once, until it works again: a full disk would otherwise fill other logs, too.
fn fails(shared: &Shared, target: &Target, error: &std::io::Error) {
    if !shared.is_failing.swap(true, Relaxed) {
        tracing::warn!(log = %target, %error, "the access log cannot be written; lines are lost");
    }
}

fn recovers(shared: &Shared, target: &Target) {
    if shared.is_failing.load(Relaxed) && !target.is_stale() {
        shared.is_failing.store(false, Relaxed);
        let lost = shared.write_failed.load(Relaxed);
        tracing::info!(log = %target, lost, "the access log is written again");
    }
}

#[cfg(test)]
mod tests;
