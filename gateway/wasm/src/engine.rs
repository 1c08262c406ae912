//! The wasmtime engine: one for the process, with its compile cache and its clock.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use wasmtime::{Cache, CacheConfig, Config, Linker, OptLevel};

use crate::{
    host::Host,
    limits::TICK,
    module::{LoadError, Module},
    proxy_wasm::{
        self,
        observed::{self, Observer},
    },
};

/// Compiles modules. Share one in an `Arc`: plugins, old and new, run in it side by side.
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<Host>,
    ticking: Mutex<bool>,
}

impl Engine {
    /// An engine that keeps compiled modules in the folder `cache`, by content and by version of
    /// the engine, so that a restart compiles nothing. `None` keeps them in memory only.
    ///
    /// # Errors
    /// If the folder cannot be used or this processor is not supported.
    pub fn new(cache: Option<&Path>) -> Result<Arc<Self>, LoadError> {
        Self::with(cache, None)
    }

    /// An engine that tells `observer` of every call that a guest makes of a host function, on the
    /// thread that runs the guest. For finding out what a filter does: a call takes many times as
    /// long, and each costs its instance memory until that ends.
    ///
    /// # Errors
    /// Those of [`Engine::new`].
    pub fn observed(cache: Option<&Path>, observer: Observer) -> Result<Arc<Self>, LoadError> {
        Self::with(cache, Some(observer))
    }

    fn with(cache: Option<&Path>, observer: Option<Observer>) -> Result<Arc<Self>, LoadError> {
        let mut config = Config::new();
        config.cranelift_opt_level(OptLevel::Speed).epoch_interruption(true);
        if let Some(folder) = cache {
            let mut settings = CacheConfig::new();
            settings.with_directory(folder);
            let cache = Cache::new(settings).map_err(LoadError::engine)?;
            config.cache(Some(cache));
        }
        let engine = wasmtime::Engine::new(&config).map_err(LoadError::engine)?;
        let mut linker = proxy_wasm::linker(&engine).map_err(LoadError::engine)?;
        if let Some(observer) = observer {
            linker = observed::linker(&engine, &linker, &observer).map_err(LoadError::engine)?;
        }
        Ok(Arc::new(Self { engine, linker, ticking: Mutex::new(false) }))
    }

    /// The host functions that a module may import, as module and name, in order.
    pub fn offers(&self) -> Vec<(String, String)> {
        let functions = observed::functions(&self.engine, &self.linker);
        functions.into_iter().map(|(module, name, _)| (module, name)).collect()
    }

    /// Compiles a module, or takes it from the cache, and checks that it is a filter which this
    /// host can run. Takes up to seconds for large modules: not for a thread that serves.
    ///
    /// # Errors
    /// If it is not WebAssembly, not a proxy-wasm filter, or imports what nobody offers. If there is
    /// no thread for the clock: without one, no limit on CPU time would hold.
    pub fn compile(&self, wasm: &[u8]) -> Result<Arc<Module>, LoadError> {
        let mut ticking = self.ticking.lock().unwrap_or_else(PoisonError::into_inner);
        if !*ticking {
            tick(&self.engine)?;
            *ticking = true;
        }
        drop(ticking);
        Module::compile(&self.engine, &self.linker, wasm).map(Arc::new)
    }
}

/// Starts the clock that running guests are measured by. It stops with the engine.
fn tick(engine: &wasmtime::Engine) -> Result<(), LoadError> {
    let engine = engine.weak();
    let spawned = thread::Builder::new().name("wasm-clock".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    });
    spawned
        .map(drop)
        .map_err(|error| LoadError::Engine(format!("no thread for its clock: {error}")))
}
