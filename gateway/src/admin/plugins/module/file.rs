//! Modules beside the configuration, named by their content: one that is there is never written
//! again, so a generation that is gone back to finds what it had.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use axum::{body::Bytes, http::StatusCode};
use portico_wasm::Digest;

use super::super::Refusal;

/// Where modules are kept, in the folder of the configuration.
const FOLDER: &str = "plugins";

/// Digits of the digest in a name: 48 bits tell the modules of one plugin apart.
const DIGITS: usize = 12;

/// A module that is there.
pub(super) struct Stored {
    /// From the folder of the configuration.
    pub(super) relative: String,
    path: PathBuf,
    /// It was not there before.
    is_new: bool,
}

/// Puts a module into its place in one step, unless it is there.
pub(super) async fn store(
    folder: &Path,
    plugin: &str,
    digest: Digest,
    wasm: Bytes,
) -> Result<Stored, Refusal> {
    let hex = digest.to_string();
    let hex = hex.trim_start_matches("sha256:");
    // A plugin's name may have slashes in it.
    let name = format!("{}-{}.wasm", plugin.replace('/', "-"), &hex[..DIGITS.min(hex.len())]);
    let path = folder.join(FOLDER).join(&name);
    let target = path.clone();
    let written = tokio::task::spawn_blocking(move || write(&target, digest, &wasm)).await;
    match written.unwrap_or_else(|_| Err(io::Error::other("the writer has failed"))) {
        Ok(is_new) => Ok(Stored { relative: format!("{FOLDER}/{name}"), path, is_new }),
        Err(error) => {
            let error = format!("the module cannot be stored at `{}`: {error}", path.display());
            Err(Refusal(StatusCode::CONFLICT, error))
        }
    }
}

impl Stored {
    /// The configuration does not name it after all.
    pub(super) async fn withdraw(self) {
        if self.is_new {
            // One that stays costs its place on the disk and nothing else.
            let _gone = tokio::task::spawn_blocking(move || fs::remove_file(self.path)).await;
        }
    }
}

/// Whether it was written now.
fn write(path: &Path, digest: Digest, wasm: &[u8]) -> io::Result<bool> {
    match fs::read(path) {
        Ok(there) if Digest::of(&there) == digest => return Ok(false),
        Ok(_) => return Err(io::Error::other("a file of this name with other content is there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Hidden, so that nothing that lists the folder takes half of it.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{:016x}", fastrand::u64(..)));
    let put = || {
        let mut file = File::create_new(&beside)?;
        file.write_all(wasm)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    let result = put();
    if result.is_err() {
        let _not_there = fs::remove_file(&beside);
    }
    result.map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_written_once_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"module");
        let module = Bytes::from_static(b"module");
        let store = async || store(folder.path(), "team/guard", digest, module.clone()).await;
        let first = store().await.unwrap();
        assert_eq!(
            first.relative,
            format!("plugins/team-guard-{}.wasm", &digest.to_string()[7..19])
        );
        assert_eq!(fs::read(&first.path).unwrap(), b"module");
        let second = store().await.unwrap();
        let path = second.path.clone();
        second.withdraw().await;
        assert!(path.exists(), "it was there before");
        first.withdraw().await;
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
        fs::write(&path, b"other").unwrap();
        let Refusal(status, error) = store().await.err().unwrap();
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(error.contains("other content"), "{error}");
    }
}
