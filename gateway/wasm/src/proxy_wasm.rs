//! The host functions that a guest imports, by subject. They are linked once for all modules.
//!
//! All of them are synchronous. Each checks its phase itself: a guest may call anything at any
//! time, with any pointer.

pub(crate) mod memory;
pub(crate) mod observed;
pub(crate) mod pairs;

mod buffers;
mod calls;
mod control;
mod foreign;
mod grpc;
mod headers;
mod log;
mod metrics;
pub(crate) mod properties;
mod response;
mod shared;
mod wasi;

use wasmtime::{Engine, Linker};

use crate::host::Host;

/// Every function this host offers.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    buffers::link(&mut linker)?;
    calls::link(&mut linker)?;
    control::link(&mut linker)?;
    grpc::link(&mut linker)?;
    foreign::link(&mut linker)?;
    headers::link(&mut linker)?;
    log::link(&mut linker)?;
    metrics::link(&mut linker)?;
    properties::link(&mut linker)?;
    response::link(&mut linker)?;
    shared::link(&mut linker)?;
    wasi::link(&mut linker)?;
    Ok(linker)
}
