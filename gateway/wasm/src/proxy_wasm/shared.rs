//! Shared data and queues. (Stubs: the next part fills them.)

use wasmtime::Linker;

use super::stubs::stubs;
use crate::host::Host;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    stubs! { linker:
        "proxy_set_shared_data" (i32, i32, i32, i32, i32);
        "proxy_get_shared_data" (i32, i32, i32, i32, i32);
        "proxy_register_shared_queue" (i32, i32, i32);
        "proxy_resolve_shared_queue" (i32, i32, i32, i32, i32);
        "proxy_enqueue_shared_queue" (i32, i32, i32);
        "proxy_dequeue_shared_queue" (i32, i32, i32);
    }
    Ok(())
}
