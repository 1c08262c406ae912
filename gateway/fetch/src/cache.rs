//! What was fetched before, by content, so that a restart needs no network.
//!
//! Everything is checked when it is read: a cache can be damaged, or shared with someone who
//! should not be trusted, and must not change what runs.

use std::{
    collections::VecDeque,
    fs, io,
    io::Read,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use crate::digest::Digest;

/// Of all files together; hundreds of modules. The ones that were used least recently go first.
pub(crate) const FOLDER_BYTES: u64 = 1 << 30;
/// Without a folder: a few modules, so that a reload does not fetch them again.
const MEMORY_BYTES: usize = 64 << 20;
/// A file that was being written for so long has lost its writer.
const ABANDONED: Duration = Duration::from_secs(3600);
/// Largest note: the signatures of one image.
const NOTE_BYTES: usize = 256 << 10;

pub(crate) enum Cache {
    Folder { folder: PathBuf, limit: u64 },
    Memory(Mutex<VecDeque<(Digest, Kind, Bytes)>>),
}

/// What a file is, and so how its name ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Content that the digest is of.
    Content,
    /// Signatures of the manifest that the digest is of. Whoever reads them verifies them.
    Signatures,
    /// What a tag stood for. The digest is of its reference.
    Tag,
}

impl Cache {
    pub(crate) fn new(folder: Option<PathBuf>, limit: u64) -> Self {
        match folder {
            Some(folder) => Self::Folder { folder, limit },
            None => Self::Memory(Mutex::default()),
        }
    }

    /// The content with this digest, if it is here and no larger.
    pub(crate) fn content(&self, digest: Digest, max_bytes: usize) -> Option<Bytes> {
        let bytes = self.read(digest, Kind::Content, max_bytes)?;
        if Digest::of(&bytes) == digest {
            return Some(bytes);
        }
        if let Self::Folder { folder, .. } = self {
            let path = folder.join(file_name(digest, Kind::Content));
            tracing::warn!(path = %path.display(), "a damaged file of the cache is removed");
            let _gone_already = fs::remove_file(path);
        }
        None
    }

    /// What was noted for this digest. It may be damaged, or someone else's.
    pub(crate) fn note(&self, digest: Digest, kind: Kind) -> Option<Bytes> {
        self.read(digest, kind, NOTE_BYTES)
    }

    /// Keeps something. A cache that cannot be written costs a download later, and nothing now.
    pub(crate) fn keep(&self, digest: Digest, kind: Kind, bytes: &Bytes) {
        match self {
            Self::Folder { folder, limit } => {
                if let Err(error) = write(folder, &file_name(digest, kind), bytes) {
                    tracing::warn!(folder = %folder.display(), %error,
                        "the cache of plugins cannot be written");
                }
                shrink(folder, *limit);
            }
            Self::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.retain(|(own, of, _)| (*own, *of) != (digest, kind));
                kept.push_back((digest, kind, bytes.clone()));
                let mut sum: usize = kept.iter().map(|(.., bytes)| bytes.len()).sum();
                while sum > MEMORY_BYTES {
                    sum -= kept.pop_front().map_or(sum, |(.., bytes)| bytes.len());
                }
            }
        }
    }

    fn read(&self, digest: Digest, kind: Kind, max_bytes: usize) -> Option<Bytes> {
        match self {
            Self::Folder { folder, .. } => {
                let mut file = fs::File::open(folder.join(file_name(digest, kind))).ok()?;
                let size = usize::try_from(file.metadata().ok()?.len()).ok()?;
                if size > max_bytes {
                    return None;
                }
                let mut bytes = Vec::with_capacity(size);
                file.by_ref().take(max_bytes as u64).read_to_end(&mut bytes).ok()?;
                // Only for the order of removal; a folder that is read-only stays as it is.
                let _unordered = file.set_modified(SystemTime::now());
                Some(bytes.into())
            }
            Self::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let index = kept.iter().position(|(own, of, _)| (*own, *of) == (digest, kind))?;
                let found = kept.remove(index)?;
                let bytes = found.2.clone();
                kept.push_back(found);
                (bytes.len() <= max_bytes).then_some(bytes)
            }
        }
    }
}

fn file_name(digest: Digest, kind: Kind) -> String {
    let ending = match kind {
        Kind::Content => "content",
        Kind::Signatures => "signatures",
        Kind::Tag => "tag",
    };
    format!("{}.{ending}", digest.hex())
}

/// Whether a file is ours to remove: the folder may have been chosen badly.
fn is_ours(name: &str) -> bool {
    let is_hex = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.split_once('.').is_some_and(|(hex, ending)| {
        is_hex(hex) && (matches!(ending, "content" | "signatures" | "tag") || is_unfinished(ending))
    })
}

fn is_unfinished(ending: &str) -> bool {
    ending.ends_with(".part")
}

/// Nobody ever sees half a file: it is written beside its place and moved there.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let part = folder.join(format!("{name}.{:016x}.part", fastrand::u64(..)));
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, folder.join(name)));
    if written.is_err() {
        let _never_made = fs::remove_file(&part);
    }
    written
}

fn shrink(folder: &Path, limit: u64) {
    let now = SystemTime::now();
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_ours(name)) else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if is_unfinished(name) {
            if now.duration_since(modified).is_ok_and(|age| age > ABANDONED) {
                let _gone_already = fs::remove_file(entry.path());
            }
            continue;
        }
        files.push((modified, metadata.len(), entry.path()));
    }
    files.sort();
    let mut sum: u64 = files.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in files {
        if sum <= limit {
            break;
        }
        if fs::remove_file(path).is_ok() {
            sum -= size;
        }
    }
}

#[cfg(test)]
mod tests;
