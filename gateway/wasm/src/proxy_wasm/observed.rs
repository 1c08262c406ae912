//! Host functions that tell somebody of every call. The functions themselves know nothing of it: each
//! is put behind another one of the same type.

use std::sync::Arc;

use wasmtime::{Caller, Engine, Extern, Func, FuncType, Linker, Store, Val};

use crate::{
    abi::AbiVersion,
    host::{Home, Host},
    outside::Services,
    spec::Spec,
};

/// Told of each call of a host function, when it has answered.
pub type Observer = Arc<dyn Fn(&HostCall<'_>) + Send + Sync>;

/// A call that a guest made of the host.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HostCall<'a> {
    /// The name of the plugin in its [`Spec`].
    pub plugin: &'a str,
    /// The export of the guest that ran: a callback, or `start` while the instance is made.
    pub callback: &'static str,
    /// `env`, or WASI's.
    pub module: &'a str,
    pub function: &'a str,
    /// What it answered: for most a status or an error number. `None` for a function that answers
    /// nothing, and for a call that ended the guest.
    pub answer: Option<i32>,
}

/// Everything a linker offers, each behind a function that tells.
pub(crate) fn linker(
    engine: &Engine,
    plain: &Linker<Host>,
    observer: &Observer,
) -> wasmtime::Result<Linker<Host>> {
    let mut observed = Linker::new(engine);
    let plain = Arc::new(plain.clone());
    for (module, name, kind) in functions(engine, &plain) {
        let (plain, observer) = (plain.clone(), observer.clone());
        let place = (module.clone(), name.clone());
        observed.func_new(&module, &name, kind, move |mut caller, params, results| {
            let (module, function) = (&*place.0, &*place.1);
            let called = call(&plain, &mut caller, (module, function), params, results);
            let answer = match (&called, &*results) {
                (Ok(()), [Val::I32(answer)]) => Some(*answer),
                _ => None,
            };
            let host = caller.data();
            let (plugin, callback) = (&*host.plugin, host.callback.name());
            observer(&HostCall { plugin, callback, module, function, answer });
            called
        })?;
    }
    Ok(observed)
}

/// The functions of a linker, by module and name.
pub(crate) fn functions(engine: &Engine, linker: &Linker<Host>) -> Vec<(String, String, FuncType)> {
    let spec = Arc::new(Spec::new("nobody"));
    let host = Host::new(spec, Services::silent(), AbiVersion::V0_2_1, Home::default());
    let mut store = Store::new(engine, host);
    let found = linker.iter(&mut store).filter_map(|(module, name, found)| match found {
        Extern::Func(function) => Some((module.to_owned(), name.to_owned(), function)),
        _ => None,
    });
    let found = found.collect::<Vec<(String, String, Func)>>();
    let typed = found.into_iter().map(|(module, name, function)| {
        let kind = function.ty(&store);
        (module, name, kind)
    });
    let mut typed = typed.collect::<Vec<_>>();
    typed.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    typed
}

fn call(
    plain: &Linker<Host>,
    caller: &mut Caller<'_, Host>,
    (module, name): (&str, &str),
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    // The function behind is called by the host, and cannot see whose memory it is about.
    if caller.data().memory.is_none() {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        caller.data_mut().memory = memory;
    }
    let Extern::Func(function) = plain.get(&mut *caller, module, name)? else {
        return Err(wasmtime::Error::msg("only functions are observed"));
    };
    function.call(&mut *caller, params, results)
}
