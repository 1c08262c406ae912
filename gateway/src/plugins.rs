//! Plugins from their sources: read, compiled once by content, started once by what makes them the
//! same.

mod spec;

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use portico_config::config::{self, PluginSource};
use portico_wasm::{Digest, Engine, LoadError, MODULE_BYTES, Module, Plugin, Services, Spec};

use crate::{
    canary::{Canary, Trial, Trials},
    remote::{NotHere, Remote},
};

/// Where plugins come from and which are alive.
pub struct PluginStore {
    /// Made when the first plugin is; a gateway without plugins has no use for it.
    engine: Option<Arc<Engine>>,
    cache: Option<PathBuf>,
    bundled: PathBuf,
    workers: usize,
    /// What all plugins share.
    services: Services,
    /// What a file held when it was last read, so that unchanged files are not read again.
    files: HashMap<PathBuf, (Stamp, Digest)>,
    modules: HashMap<Digest, Weak<Module>>,
    alive: Vec<Weak<Plugin>>,
    trials: Trials,
    pub remote: Remote,
}

/// What a source holds.
struct Content {
    digest: Digest,
    /// Read just now, or not at all because nothing has changed.
    bytes: Option<Bytes>,
}

/// Changes whenever a file does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    inode: u64,
    changed: (i64, i64),
}

/// Why a plugin is not available.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    #[error("there is no bundled filter at `{}`: run `make plugins`, or name its folder with \
             `--bundled`", .0.display())]
    NotBundled(PathBuf),
    #[error("`{}` cannot be read: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("`{place}` cannot be used: {error}")]
    Load { place: String, error: LoadError },
    #[error("`{place}` has the digest {found}, and the configuration pins {pinned}")]
    Digest { place: String, pinned: String, found: Digest },
    #[error("`{place}`: {error}")]
    Remote { place: String, error: NotHere },
}

impl PluginError {
    /// Whether it may go away by itself: then the configuration is tried again.
    pub fn may_arrive(&self) -> bool {
        matches!(self, Self::Remote { .. })
    }
}

impl PluginStore {
    /// `cache` keeps compiled modules over restarts; `bundled` is the folder of the filters that
    /// come with Portico.
    pub fn new(
        cache: Option<PathBuf>,
        bundled: PathBuf,
        workers: usize,
        services: Services,
        remote: Remote,
    ) -> Self {
        Self {
            engine: None,
            cache,
            bundled,
            workers,
            services,
            files: HashMap::new(),
            modules: HashMap::new(),
            alive: Vec::new(),
            trials: Trials::default(),
            remote,
        }
    }

    /// The plugin, started with these configurations: the one that runs already if nothing of it
    /// has changed, else a new one beside it.
    ///
    /// # Errors
    /// If its file cannot be read, or anything of it fails before its first request.
    pub fn load(
        &mut self,
        plugin: &config::Plugin,
        configurations: Vec<Arc<[u8]>>,
    ) -> Result<Arc<Plugin>, PluginError> {
        self.start(&plugin.source, spec::spec(plugin, configurations))
    }

    /// The canary of a plugin, with what has been decided about it.
    ///
    /// # Errors
    /// As for [`PluginStore::load`].
    pub fn load_canary(
        &mut self,
        plugin: &config::Plugin,
        canary: &config::Canary,
        configurations: Vec<Arc<[u8]>>,
    ) -> Result<Canary, PluginError> {
        let started = self.start(&canary.source, spec::spec(plugin, configurations))?;
        let trial = self.trials.begin(&plugin.name, started.digest(), canary);
        Ok(Canary { plugin: started, trial, threshold: canary.into() })
    }

    /// Forgets what was decided about canaries that the configuration does not have any more.
    pub fn forget_trials(&mut self, config: &config::Config) {
        let has_canary = |name: &str| {
            config.plugins.iter().any(|own| *own.name == *name && own.canary.is_some())
        };
        self.trials.retain(has_canary);
    }

    /// The canary of a plugin.
    pub fn trial(&self, plugin: &str) -> Option<&Arc<Trial>> {
        self.trials.get(plugin)
    }

    fn start(&mut self, source: &PluginSource, spec: Spec) -> Result<Arc<Plugin>, PluginError> {
        let content = self.content(source)?;
        if let Some(running) = self.running(content.digest, &spec) {
            return Ok(running);
        }
        let name = spec.name.clone();
        let began = Instant::now();
        let digest = content.digest;
        let wasm = self.bytes(source, content)?;
        let started = self
            .module(&wasm, digest)
            .and_then(|module| Plugin::start(module, spec, self.workers, self.services.clone()))
            .map_err(|error| PluginError::Load { place: self.place(source), error })?;
        tracing::info!(plugin = &*name, %digest, took = ?began.elapsed(), "plugin is ready");
        self.alive.push(Arc::downgrade(&started));
        Ok(started)
    }

    /// What a source holds now. A file that looks unchanged is not read again.
    fn content(&mut self, source: &PluginSource) -> Result<Content, PluginError> {
        let Some(path) = self.path(source) else {
            let arrived = self.remote.module(source);
            let arrived = arrived
                .map_err(|error| PluginError::Remote { place: self.place(source), error })?;
            return Ok(Content { digest: arrived.digest, bytes: Some(arrived.wasm) });
        };
        let stamp = stamp(&path).map_err(|error| self.unreadable(source, &path, error))?;
        if let Some((known, digest)) = self.files.get(&path)
            && *known == stamp
        {
            return Ok(Content { digest: *digest, bytes: None });
        }
        let bytes = fs::read(&path).map_err(|error| self.unreadable(source, &path, error))?;
        let digest = Digest::of(&bytes);
        self.files.insert(path, (stamp, digest));
        self.check_digest(source, digest)?;
        Ok(Content { digest, bytes: Some(bytes.into()) })
    }

    /// The bytes behind a digest.
    fn bytes(&self, source: &PluginSource, content: Content) -> Result<Bytes, PluginError> {
        if let Some(bytes) = content.bytes {
            return Ok(bytes);
        }
        // What comes over the network brings its bytes with it.
        let path = self.path(source).unwrap_or_default();
        let bytes = fs::read(&path).map_err(|error| self.unreadable(source, &path, error))?;
        Ok(bytes.into())
    }

    fn check_digest(&self, source: &PluginSource, found: Digest) -> Result<(), PluginError> {
        match source {
            PluginSource::File { digest: Some(pinned), .. } if pinned.0 != found.bytes() => {
                let (place, pinned) = (self.place(source), pinned.to_string());
                Err(PluginError::Digest { place, pinned, found })
            }
            _ => Ok(()),
        }
    }

    /// What the source of a plugin holds now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn digest(&mut self, source: &PluginSource) -> Result<Digest, PluginError> {
        Ok(self.content(source)?.digest)
    }

    /// The file of a plugin; none if it comes over the network.
    pub fn path(&self, source: &PluginSource) -> Option<PathBuf> {
        match source {
            PluginSource::Bundled(name) => Some(self.bundled.join(format!("{name}.wasm"))),
            PluginSource::File { path, .. } => Some(path.clone()),
            PluginSource::Http { .. } | PluginSource::Oci { .. } => None,
        }
    }

    /// Where a module is, for messages.
    pub fn place(&self, source: &PluginSource) -> String {
        match source {
            PluginSource::Bundled(name) => {
                self.bundled.join(format!("{name}.wasm")).display().to_string()
            }
            PluginSource::File { path, .. } => path.display().to_string(),
            PluginSource::Http { url, .. } => url.to_string(),
            PluginSource::Oci { reference, .. } => reference.to_string(),
        }
    }

    /// Plugins that some request may still be inside of, running and draining.
    pub fn alive(&mut self) -> Vec<Arc<Plugin>> {
        self.alive.retain(|plugin| plugin.strong_count() > 0);
        self.modules.retain(|_, module| module.strong_count() > 0);
        self.alive.iter().filter_map(Weak::upgrade).collect()
    }

    fn running(&self, digest: Digest, spec: &Spec) -> Option<Arc<Plugin>> {
        let mut alive = self.alive.iter().filter_map(Weak::upgrade);
        alive.find(|plugin| plugin.digest() == digest && plugin.spec() == spec)
    }

    fn module(&mut self, wasm: &[u8], digest: Digest) -> Result<Arc<Module>, LoadError> {
        if let Some(module) = self.modules.get(&digest).and_then(Weak::upgrade) {
            return Ok(module);
        }
        let engine = match &self.engine {
            Some(engine) => engine.clone(),
            None => self.engine.insert(Engine::new(self.cache.as_deref())?).clone(),
        };
        tracing::info!(%digest, bytes = wasm.len(), "compiling a plugin, or taking it from the cache");
        let module = engine.compile(wasm)?;
        self.modules.insert(digest, Arc::downgrade(&module));
        Ok(module)
    }

    fn unreadable(&self, source: &PluginSource, path: &Path, error: io::Error) -> PluginError {
        let path = path.to_owned();
        match source {
            PluginSource::Bundled(_) if error.kind() == io::ErrorKind::NotFound => {
                PluginError::NotBundled(path)
            }
            _ => PluginError::Read { path, error },
        }
    }
}

/// What a file looks like from outside.
///
/// # Errors
/// If there is none, or none that could be a plugin.
pub fn stamp(path: &Path) -> io::Result<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > MODULE_BYTES as u64 {
        return Err(io::Error::other(format!("it is larger than {MODULE_BYTES} bytes")));
    }
    Ok(Stamp {
        modified: metadata.modified().ok(),
        size: metadata.len(),
        inode: metadata.ino(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}
