//! From a compiled module to an instance that may see requests, and its end.

use std::sync::Arc;

use wasmtime::{Store, Trap, TypedFunc, UpdateDeadline, WasmParams, WasmResults};

use super::{
    Instance, arm,
    exports::{Exports, optional},
    stopped::trace,
};
use crate::{
    abi::Callback,
    host::{Home, Host},
    module::{LoadError, Module},
    outside::Services,
    spec::Spec,
};

impl Instance {
    /// Instantiates the module and configures it, all before it may see a request.
    pub(crate) fn start(
        module: &Module,
        spec: &Arc<Spec>,
        services: &Services,
        home: Home,
    ) -> Result<Self, LoadError> {
        let host = Host::new(spec.clone(), services.clone(), module.abi(), home);
        let mut store = Store::new(module.pre.module().engine(), host);
        store.limiter(|host| &mut host.memory_limit);
        store.epoch_deadline_callback(|mut context| {
            let within = context.data_mut().cpu.tick();
            Ok(if within { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
        });
        arm(&mut store, spec.limits.start_cpu);
        let started = module.pre.instantiate(&mut store);
        let instance = started.map_err(|error| start_error(&mut store, "start", &error))?;
        let exports = Exports::find(&mut store, &instance, module.abi())?;
        store.data_mut().memory = instance.get_memory(&mut store, "memory");
        // In Envoy's order: some modules export both.
        store.data_mut().allocate = optional(&mut store, &instance, "malloc")?.map_or_else(
            || optional(&mut store, &instance, "proxy_on_memory_allocate"),
            |allocate| Ok(Some(allocate)),
        )?;
        initialize(&mut store, &instance)?;
        let mut this = Self { store, exports, limits: spec.limits };
        for (root, configuration) in (1..).zip(&spec.configurations) {
            this.configure(root, configuration.len())?;
        }
        Ok(this)
    }

    fn configure(&mut self, root: i32, configuration: usize) -> Result<(), LoadError> {
        let size = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
        let vm_configuration = size(self.store.data().spec.vm_configuration.len());
        let create = |exports: &Exports| exports.on_context_create.clone();
        self.starting(Callback::ContextCreate, root, create, (root, 0))?;
        let calls = [
            (Callback::VmStart, self.exports.on_vm_start.clone(), vm_configuration),
            (Callback::Configure, self.exports.on_configure.clone(), size(configuration)),
        ];
        for (callback, function, size) in calls {
            let answer = self.starting(callback, root, |_| function, (root, size))?;
            if answer == Some(0) {
                let log = self.store.data_mut().log.take_kept();
                return Err(LoadError::Refused { callback: callback.name(), log });
            }
        }
        Ok(())
    }

    fn starting<P: WasmParams, R: WasmResults>(
        &mut self,
        callback: Callback,
        root: i32,
        find: impl FnOnce(&Exports) -> Option<TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<R>, LoadError> {
        let Some(function) = find(&self.exports) else { return Ok(None) };
        self.store.data_mut().begin(callback, root, None, false);
        let answer = function.call(&mut self.store, params);
        self.store.data_mut().finish();
        answer.map(Some).map_err(|error| start_error(&mut self.store, callback.name(), &error))
    }

    /// Tells the root contexts that they end. What they answer is too late to wait for: nothing can
    /// reach an instance that is about to be dropped.
    pub(crate) fn shut_down(&mut self) {
        for root in (1..).take(self.store.data().spec.configurations.len()) {
            self.store.data_mut().begin(Callback::Done, root, None, false);
            let done = self.call(Callback::Done, root, |e| &e.on_done, root);
            let deleted =
                done.and_then(|_| self.call(Callback::Delete, root, |e| &e.on_delete, root));
            self.store.data_mut().finish();
            if deleted.is_err() {
                return;
            }
        }
    }
}

/// What language runtimes need before the first callback. As in Envoy: a reactor's `_initialize`
/// and then its `main`, else a command's `_start`.
fn initialize(store: &mut Store<Host>, instance: &wasmtime::Instance) -> Result<(), LoadError> {
    if let Some(initialize) = optional::<(), ()>(store, instance, "_initialize")? {
        let done = initialize.call(&mut *store, ());
        done.map_err(|error| start_error(store, "_initialize", &error))?;
        if let Some(main) = optional::<(i32, i32), i32>(store, instance, "main")? {
            let done = main.call(&mut *store, (0, 0));
            done.map_err(|error| start_error(store, "main", &error))?;
        } else if let Some(main) = optional::<(), i32>(store, instance, "__main_void")? {
            let done = main.call(&mut *store, ());
            done.map_err(|error| start_error(store, "__main_void", &error))?;
        }
    } else if let Some(start) = optional::<(), ()>(store, instance, "_start")? {
        let done = start.call(&mut *store, ());
        done.map_err(|error| start_error(store, "_start", &error))?;
    }
    Ok(())
}

fn start_error(
    store: &mut Store<Host>,
    callback: &'static str,
    error: &wasmtime::Error,
) -> LoadError {
    let host = store.data_mut();
    let cause = if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
        format!("it used {:?} of CPU time and was stopped", host.spec.limits.start_cpu)
    } else if host.memory_limit.reached {
        return LoadError::Memory { limit: host.memory_limit.bytes() };
    } else {
        let trace = trace(error);
        let at =
            if trace.is_empty() { String::new() } else { format!(", at {}", trace.join(" < ")) };
        format!("{}{at}", error.root_cause())
    };
    LoadError::Start { callback, cause, log: host.log.take_kept() }
}
