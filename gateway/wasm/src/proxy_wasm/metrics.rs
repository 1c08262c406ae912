//! Metrics that guests define. (Stubs: the next part fills them.)

use wasmtime::Linker;

use super::stubs::stubs;
use crate::host::Host;

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    stubs! { linker:
        "proxy_define_metric" (i32, i32, i32, i32);
        "proxy_record_metric" (i32, i64);
        "proxy_increment_metric" (i32, i64);
        "proxy_get_metric" (i32, i32);
    }
    Ok(())
}
