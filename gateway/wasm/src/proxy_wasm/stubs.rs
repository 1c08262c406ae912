//! Functions of the ABI that this version does not offer. They link, because SDKs import them
//! whether a filter uses them or not, and answer "unimplemented" with a line in the log.

use wasmtime::Caller;

use crate::{abi::Status, host::Host};

macro_rules! stubs {
    ($linker:ident: $($name:literal ($($param:ty),*);)*) => {
        $($linker.func_wrap(
            "env",
            $name,
            |mut caller: wasmtime::Caller<'_, crate::host::Host>, $(_: $param),*| {
                super::stubs::refuse(&mut caller, $name)
            },
        )?;)*
    };
}
pub(super) use stubs;

pub(super) fn refuse(caller: &mut Caller<'_, Host>, name: &str) -> i32 {
    let line = format!("it called `{name}`, which this version of Portico does not offer");
    caller.data_mut().log.line(3, line.as_bytes());
    Status::Unimplemented as i32
}
