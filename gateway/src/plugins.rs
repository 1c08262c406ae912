//! Plugins from their files: read, compiled once by content, started once by what makes them the
//! same.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::{Instant, SystemTime},
};

use portico_config::config::{self, PluginSource};
use portico_wasm::{
    Digest, Engine, Limits, LoadError, MODULE_BYTES, Module, Plugin, Services, Spec,
};

/// Where plugins come from and which are alive.
pub struct PluginStore {
    /// Made when the first plugin is; a gateway without plugins has no use for it.
    engine: Option<Arc<Engine>>,
    cache: Option<PathBuf>,
    bundled: PathBuf,
    workers: usize,
    /// What a file held when it was last read, so that unchanged files are not read again.
    files: HashMap<PathBuf, (Stamp, Digest)>,
    modules: HashMap<Digest, Weak<Module>>,
    alive: Vec<Weak<Plugin>>,
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
    #[error("`{}` cannot be used: {error}", path.display())]
    Load { path: PathBuf, error: LoadError },
}

impl PluginStore {
    /// `cache` keeps compiled modules over restarts; `bundled` is the folder of the filters that
    /// come with Portico.
    pub fn new(cache: Option<PathBuf>, bundled: PathBuf, workers: usize) -> Self {
        Self {
            engine: None,
            cache,
            bundled,
            workers,
            files: HashMap::new(),
            modules: HashMap::new(),
            alive: Vec::new(),
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
        let path = self.path(&plugin.source);
        let limits = Limits {
            memory: usize::try_from(plugin.limits.memory).unwrap_or(usize::MAX),
            cpu: plugin.limits.cpu,
            ..Limits::default()
        };
        let spec = Spec { limits, configurations, ..Spec::new(plugin.name.clone()) };
        let stamp = stamp(&path).map_err(|error| self.unreadable(plugin, &path, error))?;
        if let Some((known, digest)) = self.files.get(&path)
            && *known == stamp
            && let Some(running) = self.running(*digest, &spec)
        {
            return Ok(running);
        }
        let wasm = fs::read(&path).map_err(|error| self.unreadable(plugin, &path, error))?;
        let digest = Digest::of(&wasm);
        if let Some(running) = self.running(digest, &spec) {
            self.files.insert(path, (stamp, digest));
            return Ok(running);
        }
        let name = spec.name.clone();
        let began = Instant::now();
        let started = self
            .module(&wasm, digest)
            .and_then(|module| Plugin::start(module, spec, self.workers, Services::silent()))
            .map_err(|error| PluginError::Load { path: path.clone(), error })?;
        tracing::info!(plugin = &*name, %digest, took = ?began.elapsed(), "plugin is ready");
        self.files.insert(path, (stamp, digest));
        self.alive.push(Arc::downgrade(&started));
        Ok(started)
    }

    /// What the file of a plugin holds now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn digest(&mut self, source: &PluginSource) -> io::Result<Digest> {
        let path = self.path(source);
        let stamp = stamp(&path)?;
        match self.files.get(&path) {
            Some((known, digest)) if *known == stamp => Ok(*digest),
            _ => Ok(Digest::of(&fs::read(&path)?)),
        }
    }

    /// The file of a plugin.
    pub fn path(&self, source: &PluginSource) -> PathBuf {
        match source {
            PluginSource::Bundled(name) => self.bundled.join(format!("{name}.wasm")),
            PluginSource::File(path) => path.clone(),
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

    fn unreadable(&self, plugin: &config::Plugin, path: &Path, error: io::Error) -> PluginError {
        let path = path.to_owned();
        match &plugin.source {
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
