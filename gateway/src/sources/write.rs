//! Writing the configuration's files, where they can be written.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access};

/// The link by which Kubernetes swaps the files of a ConfigMap or Secret.
const MOUNTED: &str = "..data";

/// A file that gets another text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Write {
    /// As in the name of its source.
    pub path: PathBuf,
    /// What it must hold until then.
    pub before: String,
    pub after: String,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("`{}` is not what runs: it was changed, and that was refused or is not read yet", .0.display())]
    Changed(PathBuf),
    #[error("`{}` cannot be written: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// Whether the gateway can write the file, or the files of the folder.
///
/// # Errors
/// Why it cannot, for people.
pub fn writable(path: &Path) -> Result<(), String> {
    let files = super::list(path).map_err(|error| format!("it cannot be read: {error}"))?;
    files.iter().try_for_each(|file| file_is_writable(file))
}

/// Whether the files hold what they are thought to hold.
///
/// # Errors
/// Which does not, for people: somebody has changed it, and that does not run.
pub fn unchanged(writes: &[Write]) -> Result<(), String> {
    let differs =
        |write: &&Write| fs::read(&write.path).is_ok_and(|text| text != write.before.as_bytes());
    writes.iter().find(differs).map_or(Ok(()), |write| {
        Err(format!(
            "`{}` was changed by hand, and that was refused or is not read yet; mend it there",
            write.path.display()
        ))
    })
}

fn file_is_writable(path: &Path) -> Result<(), String> {
    let shown = path.display();
    if is_mounted(path) {
        return Err(format!(
            "`{shown}` comes from a ConfigMap or a Secret, which can only be changed in the cluster"
        ));
    }
    let real = fs::canonicalize(path).map_err(|error| format!("`{shown}`: {error}"))?;
    // A new file takes the place of the old one, so the folder counts as well.
    let folder = real.parent().unwrap_or_else(|| Path::new("/"));
    for (place, what) in [(&*real, "file"), (folder, "folder")] {
        access(place, Access::WRITE_OK).map_err(|error| {
            format!(
                "the {what} `{}` cannot be written by the gateway: {}",
                place.display(),
                io::Error::from(error)
            )
        })?;
    }
    Ok(())
}

fn is_mounted(path: &Path) -> bool {
    let through = fs::read_link(path)
        .is_ok_and(|target| target.components().any(|part| part.as_os_str() == MOUNTED));
    let beside = path.parent().is_some_and(|folder| folder.join(MOUNTED).exists());
    through || beside
}

/// Writes all files or none. Each is replaced by a whole new one, so that no reader ever sees half
/// of it; permissions stay.
///
/// # Errors
/// If one of them holds something else than was thought, or cannot be written.
pub fn write(writes: &[Write]) -> Result<(), WriteError> {
    let mut ready = Vec::with_capacity(writes.len());
    for write in writes {
        let failed = |error| WriteError::Io { path: write.path.clone(), error };
        let real = fs::canonicalize(&write.path).map_err(failed)?;
        if fs::read(&real).map_err(failed)? != write.before.as_bytes() {
            discard(&ready);
            return Err(WriteError::Changed(write.path.clone()));
        }
        match beside(&real, &write.after) {
            Ok(new) => ready.push((new, real, write)),
            Err(error) => {
                discard(&ready);
                return Err(failed(error));
            }
        }
    }
    for (done, (new, real, write)) in ready.iter().enumerate() {
        if let Err(error) = fs::rename(new, real) {
            discard(&ready[done..]);
            for (_, real, write) in &ready[..done] {
                restore(real, &write.before);
            }
            return Err(WriteError::Io { path: write.path.clone(), error });
        }
    }
    Ok(())
}

/// A hidden file beside another one, with its permissions, on disk for good.
fn beside(real: &Path, text: &str) -> io::Result<PathBuf> {
    use std::io::Write as _;
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let new = real.with_file_name(format!(".{name}.portico-{}", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&new)?;
        file.set_permissions(fs::metadata(real)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    })();
    match written {
        Ok(()) => Ok(new),
        Err(error) => {
            let _gone = fs::remove_file(&new);
            Err(error)
        }
    }
}

fn discard(ready: &[(PathBuf, PathBuf, &Write)]) {
    for (new, ..) in ready {
        let _gone = fs::remove_file(new);
    }
}

fn restore(real: &Path, before: &str) {
    let restored = beside(real, before).and_then(|new| fs::rename(new, real));
    if let Err(error) = restored {
        tracing::error!(file = %real.display(), %error, "the text before cannot be put back");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn change(path: &Path, before: &str, after: &str) -> Write {
        Write { path: path.to_owned(), before: before.into(), after: after.into() }
    }

    #[test]
    fn all_files_are_written_and_keep_their_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (file(folder.path(), "1.yaml", "a"), file(folder.path(), "2.yaml", "b"));
        fs::set_permissions(&one, fs::Permissions::from_mode(0o640)).unwrap();
        write(&[change(&one, "a", "A"), change(&two, "b", "B")]).unwrap();
        assert_eq!((fs::read(&one).unwrap(), fs::read(&two).unwrap()), (b"A".into(), b"B".into()));
        assert_eq!(fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn nothing_is_written_over_what_somebody_else_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (file(folder.path(), "1.yaml", "a"), file(folder.path(), "2.yaml", "b"));
        let error = write(&[change(&one, "a", "A"), change(&two, "other", "B")]).unwrap_err();
        assert!(matches!(error, WriteError::Changed(path) if path == two));
        assert_eq!(fs::read(&one).unwrap(), b"a");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let real = file(folder.path(), "real", "a");
        let link = folder.path().join("portico.yaml");
        symlink(&real, &link).unwrap();
        write(&[change(&link, "a", "A")]).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"A");
    }

    #[test]
    fn a_config_map_is_for_reading() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("..2026")).unwrap();
        file(&folder.path().join("..2026"), "portico.yaml", "a");
        symlink("..2026", folder.path().join("..data")).unwrap();
        symlink("..data/portico.yaml", folder.path().join("portico.yaml")).unwrap();
        for path in [folder.path().to_owned(), folder.path().join("portico.yaml")] {
            let why = writable(&path).unwrap_err();
            assert!(why.contains("ConfigMap"), "{why}");
        }
    }
}
