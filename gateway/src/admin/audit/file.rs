//! The audit log's file.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Lines are only ever added to it. Nobody but its owner can read it.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    /// `None` after something went wrong; the next line opens it again.
    file: Mutex<Option<File>>,
}

impl AuditLog {
    /// # Errors
    /// If it cannot be opened or made.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let file = Mutex::new(Some(open(&path)?));
        Ok(Self { path, file })
    }

    /// After a tool has moved the file away: the next line goes to a new one.
    pub fn reopen(&self) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Adds a line, which has its end.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn append(&self, line: &str) -> io::Result<()> {
        let mut kept = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = match kept.take() {
            Some(file) => file,
            None => open(&self.path)?,
        };
        file.write_all(line.as_bytes())?;
        *kept = Some(file);
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn lines_are_added_also_after_the_file_was_moved() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("audit.log"), folder.path().join("audit.log.1"));
        std::fs::write(&path, "before\n").unwrap();
        let log = AuditLog::open(path.clone()).unwrap();
        log.append("one\n").unwrap();
        std::fs::rename(&path, &moved).unwrap();
        log.append("two\n").unwrap();
        log.reopen();
        log.append("three\n").unwrap();
        assert_eq!(std::fs::read_to_string(moved).unwrap(), "before\none\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn it_recovers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("there").join("audit.log");
        assert!(AuditLog::open(path.clone()).is_err());
        std::fs::create_dir(folder.path().join("there")).unwrap();
        let log = AuditLog::open(path.clone()).unwrap();
        log.reopen();
        std::fs::remove_dir_all(folder.path().join("there")).unwrap();
        assert!(log.append("lost\n").is_err());
        std::fs::create_dir(folder.path().join("there")).unwrap();
        log.append("kept\n").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "kept\n");
    }
}
