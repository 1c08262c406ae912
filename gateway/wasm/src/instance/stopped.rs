//! Why a callback did not return, and where in the guest it was.

use std::time::Duration;

use wasmtime::{Trap, WasmBacktrace};

use crate::{abi::Callback, host::Host, limits::FRAMES};

/// Why a callback did not return.
#[derive(Clone, Debug)]
pub(crate) struct Stopped {
    pub(crate) callback: Callback,
    pub(crate) cause: StopCause,
}

#[derive(Clone, Debug)]
pub(crate) enum StopCause {
    /// It used more CPU time than it may: in one callback, or in all of the request.
    Deadline { limit: Duration, of_request: bool },
    /// It trapped; with the memory limit in mind, because guests trap when an allocation fails.
    Trap { message: String, out_of_memory: bool, trace: Vec<String> },
}

impl Stopped {
    /// Whether it was stopped by its clock.
    pub(crate) fn is_deadline(&self) -> bool {
        matches!(self.cause, StopCause::Deadline { .. })
    }

    pub(super) fn new(
        callback: Callback,
        host: &Host,
        error: &wasmtime::Error,
        limit: Duration,
        of_request: bool,
    ) -> Self {
        let cause = if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
            StopCause::Deadline { limit, of_request }
        } else {
            let message = error.root_cause().to_string();
            let out_of_memory = host.memory_limit.reached;
            StopCause::Trap { message, out_of_memory, trace: trace(error) }
        };
        Self { callback, cause }
    }
}

/// The guest's functions that were running, innermost first, as their names say in the source.
pub(super) fn trace(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let frames = backtrace.frames().iter().take(FRAMES);
    frames
        .map(|frame| match frame.func_name() {
            Some(name) => demangle(name),
            None => format!("function {}", frame.func_index()),
        })
        .collect()
}

/// Names come from the module, which may put anything there.
fn demangle(name: &str) -> String {
    const LONGEST: usize = 200;
    let short = |name: &str| -> String {
        let plain = name.chars().filter(|letter| !letter.is_control());
        plain.take(LONGEST).collect()
    };
    if name.len() > 4 * LONGEST {
        return short(name);
    }
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return short(&format!("{rust:#}"));
    }
    let cpp = cpp_demangle::Symbol::new(name).ok().and_then(|symbol| symbol.demangle().ok());
    short(cpp.as_deref().unwrap_or(name))
}
