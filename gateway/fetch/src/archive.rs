//! A module inside an image layer: a tar, usually compressed, that holds `plugin.wasm`.
//!
//! Nothing is unpacked to disk, so paths that climb and links that point elsewhere have no effect:
//! only regular files are looked at, and only the last part of their names.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use crate::manifest::Packing;

/// The name that Istio's image layout prescribes.
const NAME: &str = "plugin.wasm";
/// What a layer may hold besides the module: headers, a licence, a runtime configuration.
pub(crate) const BESIDES: usize = 1 << 20;
/// Files of one layer; an image of a plugin has one or a few.
const FILES: usize = 1000;

/// What a layer holds.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Found {
    Module(Bytes),
    /// No file that could be it; the names of some that are there.
    Nothing(Vec<String>),
}

#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("`{0}` in its layer is larger than {1} bytes")]
    Large(String, usize),
    #[error("its layer is larger than {0} bytes when unpacked")]
    Bomb(usize),
    #[error("its layer has more than {FILES} files")]
    Files,
    #[error(
        "its layer has several modules and none is called `plugin.wasm`: {}; publish an image of one",
        .0.join(", ")
    )]
    Several(Vec<String>),
    #[error("its layer is damaged: {0}")]
    Damaged(String),
}

/// The module in a layer: the file called `plugin.wasm`, or else the only one that ends in `.wasm`.
pub(crate) fn module(
    layer: &[u8],
    packing: Packing,
    max_bytes: usize,
) -> Result<Found, ArchiveError> {
    let limit = max_bytes.saturating_add(BESIDES);
    match packing {
        Packing::Tar => search(Bounded { inner: layer, left: limit, limit }, max_bytes),
        Packing::TarGzip => {
            search(Bounded { inner: MultiGzDecoder::new(layer), left: limit, limit }, max_bytes)
        }
    }
}

fn search(layer: Bounded<impl Read>, max_bytes: usize) -> Result<Found, ArchiveError> {
    let mut archive = Archive::new(layer);
    let mut modules: Vec<(String, Bytes)> = Vec::new();
    let mut others = Vec::new();
    for (number, entry) in archive.entries().map_err(damaged)?.enumerate() {
        if number == FILES {
            return Err(ArchiveError::Files);
        }
        let entry = entry.map_err(damaged)?;
        if !matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
            continue;
        }
        let path = entry.path_bytes().into_owned();
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).escape_debug().to_string();
        if !name.ends_with(".wasm") {
            others.push(name);
            continue;
        }
        let wasm = contents(entry, &name, max_bytes)?;
        // The layers' rule: of two files of one name, the later one counts.
        modules.retain(|(known, _)| *known != name);
        modules.push((name, wasm));
    }
    if let Some(index) = modules.iter().position(|(name, _)| name == NAME) {
        return Ok(Found::Module(modules.swap_remove(index).1));
    }
    match modules.len() {
        0 => Ok(Found::Nothing(others.into_iter().take(5).collect())),
        1 => Ok(Found::Module(modules.swap_remove(0).1)),
        _ => {
            Err(ArchiveError::Several(modules.into_iter().map(|(name, _)| name).take(5).collect()))
        }
    }
}

fn contents(entry: impl Read, name: &str, max_bytes: usize) -> Result<Bytes, ArchiveError> {
    let mut wasm = Vec::new();
    // Not as large as its header says: a sparse file may claim anything.
    entry.take(max_bytes as u64 + 1).read_to_end(&mut wasm).map_err(damaged)?;
    if wasm.len() > max_bytes {
        return Err(ArchiveError::Large(name.to_owned(), max_bytes));
    }
    Ok(wasm.into())
}

/// A reader that fails, instead of ending, past its limit.
struct Bounded<R> {
    inner: R,
    left: usize,
    limit: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("past the limit of {0} bytes")]
struct Past(usize);

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return match self.inner.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::other(Past(self.limit))),
            };
        }
        let most = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}

fn damaged(error: io::Error) -> ArchiveError {
    // `tar` wraps what its reader says.
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(Past(limit)) = inner.downcast_ref() {
            return ArchiveError::Bomb(*limit);
        }
        let wrapped = inner.downcast_ref::<io::Error>().and_then(|error| error.get_ref());
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => inner.source(),
        };
    }
    ArchiveError::Damaged(error.to_string().escape_debug().take(200).collect())
}

#[cfg(test)]
mod tests;
