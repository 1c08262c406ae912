//! From a source in the configuration to a request, with what its files hold now.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use portico_config::config::{self, PluginSource};
use portico_fetch::{
    Access, Digest, FetchError, KeyError, PublicKey, Request, Secret, SignaturePolicy, Source,
};
use portico_wasm::MODULE_BYTES;

/// Passwords, tokens, keys and bundles of certificates; the largest are the bundles of systems.
const FILE_BYTES: u64 = 1 << 20;

/// Why a module could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum RemoteError {
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("`{}` cannot be read: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("`{}` is no key: {error}", path.display())]
    Key { path: PathBuf, error: KeyError },
    #[error("`{}` holds no text", .0.display())]
    NoText(PathBuf),
    #[error("`{reference}` is no reference: {why}")]
    Reference { reference: String, why: String },
    #[error("it is not fetched over the network")]
    Local,
}

/// What to ask for. Files are read each time, so that a new password needs no reload.
pub(super) fn request(source: &PluginSource) -> Result<Request, RemoteError> {
    let (source, access, signature) = match source {
        PluginSource::Http { url, digest, access } => {
            // Whoever wrote `http:` was warned.
            let access = Access { insecure: !url.secure, ..self::access(access)? };
            let (url, digest) = (url.text.to_string(), digest.map(fetched));
            (Source::Http { url, digest }, access, SignaturePolicy::Off)
        }
        PluginSource::Oci { reference, access, signature } => {
            let text = reference.to_string();
            let parsed = text.parse();
            let reference = parsed.map_err(|error: portico_fetch::ReferenceError| {
                RemoteError::Reference { reference: text, why: error.to_string() }
            })?;
            (Source::Oci { reference, digest: None }, self::access(access)?, policy(signature)?)
        }
        PluginSource::Bundled(_) | PluginSource::File { .. } => return Err(RemoteError::Local),
    };
    Ok(Request { source, access, signature, max_bytes: MODULE_BYTES })
}

fn access(access: &config::Access) -> Result<Access, RemoteError> {
    let config::Access { username, password_file, token_file, ca_file, insecure } = access;
    let secret = |file: &Option<PathBuf>| file.as_deref().map(secret).transpose();
    Ok(Access {
        username: username.as_deref().map(str::to_owned),
        password: secret(password_file)?,
        token: secret(token_file)?,
        ca_pem: ca_file.as_deref().map(read).transpose()?.map(Arc::from),
        insecure: *insecure,
    })
}

fn policy(signature: &config::SignaturePolicy) -> Result<SignaturePolicy, RemoteError> {
    let keys = |files: &[PathBuf]| files.iter().map(|file| key(file)).collect::<Result<_, _>>();
    Ok(match signature {
        config::SignaturePolicy::Off => SignaturePolicy::Off,
        config::SignaturePolicy::Require(files) => SignaturePolicy::Require(keys(files)?),
        config::SignaturePolicy::Warn(files) => SignaturePolicy::Warn(keys(files)?),
    })
}

fn key(path: &Path) -> Result<PublicKey, RemoteError> {
    let pem = read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    PublicKey::from_pem(&*name, &pem)
        .map_err(|error| RemoteError::Key { path: path.to_owned(), error })
}

/// A secret in a file, without what editors and `echo` add to its end.
fn secret(path: &Path) -> Result<Secret, RemoteError> {
    let text = String::from_utf8(read(path)?);
    let text = text.map_err(|_| RemoteError::NoText(path.to_owned()))?;
    match text.trim_end() {
        "" => Err(RemoteError::NoText(path.to_owned())),
        secret => Ok(Secret::new(secret)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RemoteError> {
    let read = || {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > FILE_BYTES {
            true => Err(io::Error::other(format!("it is larger than {FILE_BYTES} bytes"))),
            false => Ok(bytes),
        }
    };
    read().map_err(|error| RemoteError::File { path: path.to_owned(), error })
}

fn fetched(digest: config::Digest) -> Digest {
    Digest::from(digest.0)
}
