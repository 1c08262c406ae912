//! A log file that may be moved aside while it is written to.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    OpenError,
    target::{Lost, write_lines},
};

/// How often it is looked whether the path still leads to the open file. A tool that rotates logs
/// waits longer before it compresses what it moved aside.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The owner writes, the group reads: paths and addresses of clients are not for everybody.
const MODE: u32 = 0o640;

/// An open file and the path that led to it.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    checked: Instant,
    is_stale: bool,
    tail: Vec<u8>,
}

impl LogFile {
    pub(super) fn open(path: PathBuf) -> Result<Self, OpenError> {
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => return Err(OpenError::Kind { path, kind: "a folder" }),
        };
        if !folder.is_dir() {
            return Err(OpenError::Folder { path: folder.to_owned() });
        }
        if let Some(kind) = unfit(&path) {
            return Err(OpenError::Kind { path, kind });
        }
        match open(&path) {
            Ok((file, identity)) => Ok(Self {
                path,
                file,
                identity,
                checked: Instant::now(),
                is_stale: false,
                tail: Vec::new(),
            }),
            Err(source) => Err(OpenError::Open { path, source }),
        }
    }

    /// Opens it again if it was asked for, or if the path leads elsewhere by now. If that fails,
    /// lines go on to the file that is open, wherever it was moved to.
    pub(super) fn renew(&mut self, is_asked: bool) -> io::Result<bool> {
        if !is_asked && self.checked.elapsed() < CHECK_EVERY {
            return Ok(false);
        }
        self.checked = Instant::now();
        let is_there = || match fs::metadata(&self.path) {
            Ok(metadata) => (metadata.dev(), metadata.ino()) == self.identity,
            Err(_) => false,
        };
        if !is_asked && is_there() {
            self.is_stale = false;
            return Ok(false);
        }
        self.is_stale = true;
        if unfit(&self.path).is_some() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (file, identity) = open(&self.path)?;
        let is_other = identity != self.identity;
        if is_other {
            // The rest of a torn line has no place at the head of another file.
            self.tail.clear();
        }
        (self.file, self.identity, self.is_stale) = (file, identity, false);
        Ok(is_other)
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Lost> {
        write_lines(&mut self.file, &mut self.tail, lines)
    }

    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }
}

impl fmt::Display for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

/// What the path leads to, if lines cannot be appended there. Opening a pipe would wait until
/// somebody reads it.
fn unfit(path: &Path) -> Option<&'static str> {
    let kind = fs::metadata(path).ok()?.file_type();
    if kind.is_dir() {
        Some("a folder")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        None
    }
}

fn open(path: &Path) -> io::Result<(File, (u64, u64))> {
    let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
    let metadata = file.metadata()?;
    Ok((file, (metadata.dev(), metadata.ino())))
}
