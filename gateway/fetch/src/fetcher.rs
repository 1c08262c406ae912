//! From a request to a module: cache, network, signature, layer.

mod memory;
mod oci;
mod web;

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use rustls::RootCertStore;
use tokio::{sync::OnceCell, task::spawn_blocking, time::timeout};

use crate::{
    cache::{self, Cache, Kind},
    digest::Digest,
    error::FetchError,
    request::{Fetched, Request, Source},
    transport::{Timeouts, Transport},
};

/// What every module begins with: "\0asm".
const MAGIC: &[u8] = b"\0asm";

/// Fetches plugins and remembers them. Fetches may run side by side.
pub struct Fetcher {
    cache: Arc<Cache>,
    timeouts: Timeouts,
    /// The system's certificates, read when the first fetch needs them.
    roots: OnceCell<RootCertStore>,
}

impl Fetcher {
    /// What is fetched is kept in `cache_folder`, up to 1 GiB; without a folder some of it is kept
    /// in memory, up to 64 MiB. The folder is made when it is needed.
    pub fn new(cache_folder: Option<PathBuf>) -> Self {
        Self::with(cache_folder, Timeouts::default(), cache::FOLDER_BYTES)
    }

    /// The same with other limits: how long servers may take, and how many bytes the folder may
    /// hold.
    pub fn with(cache_folder: Option<PathBuf>, timeouts: Timeouts, cache_bytes: u64) -> Self {
        let cache = Arc::new(Cache::new(cache_folder, cache_bytes));
        Self { cache, timeouts, roots: OnceCell::new() }
    }

    /// The plugin, from the cache if it is certain that it is the right one.
    ///
    /// # Errors
    /// If it cannot be had, is not what was asked for, or is not signed as it must be.
    pub async fn fetch(&self, request: &Request) -> Result<Fetched, FetchError> {
        let fetch = async {
            match &request.source {
                Source::Http { url, digest } => self.web(request, url, *digest).await,
                Source::Oci { reference, digest } => self.oci(request, reference, *digest).await,
            }
        };
        let limit = self.timeouts.total;
        timeout(limit, fetch).await.unwrap_or_else(|_| {
            Err(FetchError::TimedOut { at: request.source.name(), what: "a whole fetch", limit })
        })
    }

    async fn transport(&self, request: &Request, loopback: bool) -> Result<Transport, FetchError> {
        let roots = self.roots.get_or_init(async || {
            off_thread(system_roots).await.unwrap_or_else(RootCertStore::empty)
        });
        let roots = roots.await.clone();
        Transport::new(&request.access, roots, self.timeouts, loopback)
            .map_err(|why| FetchError::unusable(request.source.name(), why))
    }

    async fn cached(&self, digest: Digest, max_bytes: usize) -> Option<Bytes> {
        let cache = self.cache.clone();
        off_thread(move || cache.content(digest, max_bytes)).await.flatten()
    }

    async fn keep(&self, digest: Digest, kind: Kind, bytes: &Bytes) {
        let (cache, bytes) = (self.cache.clone(), bytes.clone());
        off_thread(move || cache.keep(digest, kind, &bytes)).await;
    }

    async fn noted(&self, digest: Digest, kind: Kind) -> Option<Bytes> {
        let cache = self.cache.clone();
        off_thread(move || cache.note(digest, kind)).await.flatten()
    }
}

/// Files, hashes and archives take milliseconds that the other tasks of this thread should have.
/// Nothing if the work panicked or the runtime is ending.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    spawn_blocking(work).await.ok()
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of the system's certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

/// Whether the bytes could be a module.
fn module(at: String, wasm: &[u8]) -> Result<(), FetchError> {
    if wasm.starts_with(MAGIC) {
        return Ok(());
    }
    let what = match wasm {
        [] => "it is empty",
        [0x1f, 0x8b, ..] => "it is compressed with gzip; publish the .wasm file itself",
        _ if wasm.trim_ascii_start().starts_with(b"<") => "it is a web page; is the address right?",
        _ => "it does not begin as WebAssembly does",
    };
    Err(FetchError::no_plugin(at, what))
}
