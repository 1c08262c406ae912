//! A compiled module: known to be a filter, and to find everything it imports.

mod bounds;
mod grants;
mod notes;

use std::{fmt, sync::mpsc, thread, time::Duration};

use sha2::{Digest as _, Sha256};
use wasmtime::{ExternType, FuncType, InstancePre, Linker, Val, ValType};

pub use self::notes::Notes;
use crate::{
    abi::{AbiVersion, Status},
    host::Host,
    limits::MODULE_BYTES,
    spec::{Capabilities, Capability},
};

/// A compiled filter, ready to be instantiated.
pub struct Module {
    pub(crate) pre: InstancePre<Host>,
    digest: Digest,
    abi: AbiVersion,
    stubs: Vec<String>,
    /// Imports that need a capability.
    needs: Vec<(String, Capability)>,
    notes: Notes,
}

/// A function that a module wants from its host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Import {
    /// `env`, `wasi_snapshot_preview1`
    pub module: String,
    pub name: String,
    /// What must be granted for it.
    pub capability: Option<Capability>,
    /// False for one that is only linked and answers "unimplemented".
    pub offered: bool,
}

/// SHA-256 of a module's bytes.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Digest([u8; 32]);

/// Why a plugin could not be made ready. Nothing of it has served a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    #[error("the file is empty; a WebAssembly module starts with the bytes `\\0asm`")]
    Empty,
    #[error("the file is not WebAssembly: it starts with {start}, a module starts with `\\0asm`")]
    NotWasm { start: String },
    #[error("the file is a WebAssembly component; a proxy-wasm filter is a core module")]
    Component,
    #[error("the file has {size} bytes, more than the {MODULE_BYTES} that are accepted")]
    TooLarge { size: usize },
    #[error("it does not compile: {0}")]
    Compile(String),
    #[error(
        "it is not a proxy-wasm filter for ABI 0.1.0, 0.2.0 or 0.2.1: it exports {}",
        found.as_deref().map_or_else(|| "no `proxy_abi_version_…`".to_owned(), |found| format!("`{found}`"))
    )]
    Abi { found: Option<String> },
    #[error("its {what} are {found}, more than the {limit} that are accepted")]
    Bounds { what: &'static str, found: u64, limit: u64 },
    #[error("it takes more than {} s to compile", .limit.as_secs())]
    Slow { limit: Duration },
    #[error("{}", grants::denied(imports))]
    Denied { imports: Vec<(String, Capability)> },
    #[error("it imports the {kind} `{name}`; a filter brings its own")]
    Import { kind: &'static str, name: String },
    #[error("it imports the function `{name}`, which no proxy-wasm host offers")]
    UnknownImport { name: String },
    #[error("it exports no {what}")]
    Export { what: &'static str },
    #[error("it exports `{name}` with another signature than ABI 0.2.1 gives it")]
    Signature { name: &'static str },
    #[error("it needs more than its memory limit of {limit} bytes to start; raise `limits.memory`")]
    Memory { limit: usize },
    #[error("it failed in `{callback}` while starting: {cause}{}", said(log))]
    Start { callback: &'static str, cause: String, log: Vec<String> },
    #[error("it refused its configuration in `{callback}`{}", said(log))]
    Refused { callback: &'static str, log: Vec<String> },
    #[error("it failed on a canary request in `{callback}`: {cause}{}", said(log))]
    Canary { callback: &'static str, cause: String, log: Vec<String> },
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
}

impl LoadError {
    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}

fn said(log: &[String]) -> String {
    if log.is_empty() { String::new() } else { format!("; it said: {}", log.join(" | ")) }
}

impl Module {
    pub(crate) fn compile(
        engine: &wasmtime::Engine,
        linker: &Linker<Host>,
        wasm: &[u8],
    ) -> Result<Self, LoadError> {
        check_header(wasm)?;
        bounds::check(wasm)?;
        let module = compile(engine, wasm)?;
        let abi = find_abi(&module)?;
        check_exports(&module)?;
        let mut linker = linker.clone();
        let stubs = link_stubs(&module, &mut linker)?;
        let pre = linker
            .instantiate_pre(&module)
            .map_err(|error| LoadError::Compile(format!("{error:#}")))?;
        let needs = grants::needs(pre.module());
        let notes = Notes::read(wasm);
        Ok(Self { pre, digest: Digest::of(wasm), abi, stubs, needs, notes })
    }

    /// Of the bytes it was compiled from.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The ABI it was built for.
    pub fn abi(&self) -> AbiVersion {
        self.abi
    }

    /// Whether it exports something by this name: a callback that it leaves out is not called.
    pub fn exports(&self, name: &str) -> bool {
        self.pre.module().get_export(name).is_some()
    }

    /// All functions that it imports, in the module's order.
    pub fn imports(&self) -> Vec<Import> {
        let imports = self.pre.module().imports();
        let imports = imports.map(|import| {
            let (module, name) = (import.module().to_owned(), import.name().to_owned());
            let whole = format!("{module}.{name}");
            let offered = !self.stubs.contains(&whole);
            Import { capability: grants::capability(&import), module, name, offered }
        });
        imports.collect()
    }

    /// What it says about itself.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Imports of host functions that need a capability.
    pub fn needs(&self) -> &[(String, Capability)] {
        &self.needs
    }

    /// Whether all that it imports is granted.
    pub(crate) fn check_granted(&self, granted: Capabilities) -> Result<(), LoadError> {
        let denied = self.needs.iter().filter(|(_, capability)| !granted.has(*capability));
        let imports = denied.cloned().collect::<Vec<_>>();
        if imports.is_empty() { Ok(()) } else { Err(LoadError::Denied { imports }) }
    }

    /// Functions that it imports and that only answer "unimplemented".
    pub fn stubs(&self) -> &[String] {
        &self.stubs
    }
}

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes themselves.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn check_header(wasm: &[u8]) -> Result<(), LoadError> {
    if wasm.is_empty() {
        return Err(LoadError::Empty);
    }
    if wasm.len() > MODULE_BYTES {
        return Err(LoadError::TooLarge { size: wasm.len() });
    }
    if !wasm.starts_with(b"\0asm") {
        let start = wasm.iter().take(8).map(|byte| byte.escape_ascii().to_string());
        return Err(LoadError::NotWasm { start: format!("`{}`", start.collect::<String>()) });
    }
    // Layer 1 of the binary format is a component, layer 0 a module.
    if wasm.get(6..8) == Some(&[1, 0]) {
        return Err(LoadError::Component);
    }
    Ok(())
}

/// How long a module may compile: five times what the largest published filter needs on a small
/// machine. The compiler cannot be stopped; what it works on is bounded before ([`bounds`]).
const COMPILE: Duration = Duration::from_secs(60);

fn compile(engine: &wasmtime::Engine, wasm: &[u8]) -> Result<wasmtime::Module, LoadError> {
    let (tell, told) = mpsc::channel();
    let (engine, wasm) = (engine.clone(), wasm.to_vec());
    let spawned = thread::Builder::new().name("wasm-compile".into()).spawn(move || {
        // Nobody listens any more if it took too long.
        drop(tell.send(wasmtime::Module::from_binary(&engine, &wasm)));
    });
    spawned.map_err(|error| LoadError::Engine(format!("no thread to compile on: {error}")))?;
    match told.recv_timeout(COMPILE) {
        Ok(compiled) => compiled.map_err(|error| LoadError::Compile(format!("{error:#}"))),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(LoadError::Slow { limit: COMPILE }),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(LoadError::Compile("the compiler has failed".to_owned()))
        }
    }
}

fn find_abi(module: &wasmtime::Module) -> Result<AbiVersion, LoadError> {
    let mut known = AbiVersion::MARKERS.into_iter();
    if let Some((_, abi)) = known.find(|(marker, _)| module.get_export(marker).is_some()) {
        return Ok(abi);
    }
    let mut names = module.exports().map(|export| export.name());
    let found = names.find(|name| name.starts_with("proxy_abi_version"));
    Err(LoadError::Abi { found: found.map(str::to_owned) })
}

fn check_exports(module: &wasmtime::Module) -> Result<(), LoadError> {
    if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
        return Err(LoadError::Export { what: "memory named `memory`" });
    }
    let allocates = ["proxy_on_memory_allocate", "malloc"];
    let is_function = |name| matches!(module.get_export(name), Some(ExternType::Func(_)));
    if !allocates.into_iter().any(is_function) {
        return Err(LoadError::Export { what: "`proxy_on_memory_allocate` and no `malloc`" });
    }
    Ok(())
}

/// Some toolchains import names that no filter needs at run time (WASI calls of a language's
/// library, a vendor's own host functions). They are linked to a stub that answers
/// "unimplemented", as Envoy does for WASI, and are listed in the plugin's status.
fn link_stubs(
    module: &wasmtime::Module,
    linker: &mut Linker<Host>,
) -> Result<Vec<String>, LoadError> {
    let mut stubs = Vec::new();
    for import in module.imports() {
        let name = format!("{}.{}", import.module(), import.name());
        let function = match import.ty() {
            ExternType::Func(function) => function,
            ExternType::Memory(_) => return Err(LoadError::Import { kind: "memory", name }),
            ExternType::Table(_) => return Err(LoadError::Import { kind: "table", name }),
            _ => return Err(LoadError::Import { kind: "global", name }),
        };
        let Some(answer) = stub_answer(import.module(), &function) else {
            return Err(LoadError::UnknownImport { name });
        };
        // Defining a name twice is refused, so an error means that the host offers it.
        let defined =
            linker.func_new(import.module(), import.name(), function, move |_, _, results| {
                results.iter_mut().for_each(|result| *result = Val::I32(answer));
                Ok(())
            });
        if defined.is_ok() {
            stubs.push(name);
        }
    }
    Ok(stubs)
}

/// What a stub answers, or `None` where no stub would make sense.
fn stub_answer(module: &str, function: &FuncType) -> Option<i32> {
    const WASI_NOSYS: i32 = 52;
    let numbers = function.results().all(|result| matches!(result, ValType::I32));
    match module {
        "wasi_snapshot_preview1" | "wasi_unstable" if numbers => Some(WASI_NOSYS),
        "env" if numbers => Some(Status::Unimplemented as i32),
        _ => None,
    }
}
