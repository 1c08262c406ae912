//! One instance of a module: its store and the callbacks it exports.

use std::{sync::Arc, time::Duration};

use wasmtime::{AsContextMut, Store, Trap, TypedFunc, UpdateDeadline, WasmParams, WasmResults};

use crate::{
    abi::Action,
    host::{Home, Host},
    limits::Limits,
    module::{LoadError, Module},
    outside::Services,
    spec::Spec,
    stream::{Phase, Stream},
};

/// An instance with a root context for each configuration of its plugin.
pub(crate) struct Instance {
    store: Store<Host>,
    exports: Exports,
    limits: Limits,
    next_context: i32,
}

/// Callbacks a filter exports. What it leaves out is skipped, as in Envoy.
struct Exports {
    on_context_create: Option<TypedFunc<(i32, i32), ()>>,
    on_vm_start: Option<TypedFunc<(i32, i32), i32>>,
    on_configure: Option<TypedFunc<(i32, i32), i32>>,
    on_request_headers: Option<TypedFunc<(i32, i32, i32), i32>>,
    on_response_headers: Option<TypedFunc<(i32, i32, i32), i32>>,
    on_done: Option<TypedFunc<i32, i32>>,
    on_log: Option<TypedFunc<i32, ()>>,
    on_delete: Option<TypedFunc<i32, ()>>,
}

/// Why a callback did not return.
#[derive(Clone, Debug)]
pub(crate) struct Stopped {
    pub(crate) callback: &'static str,
    pub(crate) cause: StopCause,
}

#[derive(Clone, Debug)]
pub(crate) enum StopCause {
    /// It used more CPU time than it may.
    Deadline(Duration),
    /// It trapped; with the memory limit in mind, because guests trap when an allocation fails.
    Trap { message: String, out_of_memory: bool },
}

impl Instance {
    /// Instantiates the module and configures it, all before it may see a request.
    pub(crate) fn start(
        module: &Module,
        spec: &Arc<Spec>,
        services: &Services,
        home: Home,
    ) -> Result<Self, LoadError> {
        let host = Host::new(spec.clone(), services.clone(), home);
        let mut store = Store::new(module.pre.module().engine(), host);
        store.limiter(|host| &mut host.memory_limit);
        store.epoch_deadline_callback(|mut context| {
            let within = context.data_mut().cpu.tick();
            Ok(if within { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
        });
        arm(&mut store, spec.limits.start_cpu);
        let started = module.pre.instantiate(&mut store);
        let instance = started.map_err(|error| start_error(&mut store, "start", &error))?;
        let exports = Exports::find(&mut store, &instance)?;
        store.data_mut().memory = instance.get_memory(&mut store, "memory");
        store.data_mut().allocate = optional(&mut store, &instance, "proxy_on_memory_allocate")?
            .map_or_else(
                || optional(&mut store, &instance, "malloc"),
                |allocate| Ok(Some(allocate)),
            )?;
        initialize(&mut store, &instance)?;
        let mut this = Self {
            store,
            exports,
            limits: spec.limits,
            next_context: i32::try_from(spec.configurations.len()).unwrap_or(i32::MAX - 1) + 1,
        };
        for (index, configuration) in spec.configurations.iter().enumerate() {
            this.configure(root(index), configuration)?;
        }
        Ok(this)
    }

    fn configure(&mut self, root: i32, configuration: &Arc<[u8]>) -> Result<(), LoadError> {
        self.store.data_mut().configuration = configuration.clone();
        let size = i32::try_from(configuration.len()).unwrap_or(i32::MAX);
        self.starting("proxy_on_context_create", |e| e.on_context_create.clone(), (root, 0))?;
        let calls = [
            ("proxy_on_vm_start", self.exports.on_vm_start.clone(), 0),
            ("proxy_on_configure", self.exports.on_configure.clone(), size),
        ];
        for (name, callback, size) in calls {
            let answer = self.starting(name, |_| callback, (root, size))?;
            if answer == Some(0) {
                let log = self.store.data_mut().log.take_kept();
                return Err(LoadError::Refused { callback: name, log });
            }
        }
        Ok(())
    }

    fn starting<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &'static str,
        find: impl FnOnce(&Exports) -> Option<TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<R>, LoadError> {
        let Some(callback) = find(&self.exports) else { return Ok(None) };
        let answer = callback.call(&mut self.store, params);
        answer.map(Some).map_err(|error| start_error(&mut self.store, name, &error))
    }

    /// Takes what the guest said while starting, for an error about it.
    pub(crate) fn take_log(&mut self) -> Vec<String> {
        self.store.data_mut().log.take_kept()
    }

    /// Bytes of linear memory in use.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    /// Creates a context for a stream under the root of a configuration, and calls the request
    /// phase. Answers the context's id.
    pub(crate) fn request_headers(
        &mut self,
        configuration: (usize, &Arc<[u8]>),
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<(i32, Action), Stopped> {
        let context = self.next_context;
        // Ids are never used twice while their context lives: a wrap takes 2³¹ requests.
        self.next_context = context.checked_add(1).unwrap_or(i32::MAX / 2);
        let fields = stream.as_ref().map_or(0, |stream| stream.request.len());
        self.lend(stream, configuration.1, Phase::RequestHeaders);
        let created = (context, root(configuration.0));
        let params = (context, count(fields), i32::from(end_of_stream));
        let result = self
            .call("proxy_on_context_create", |e| &e.on_context_create, created)
            .and_then(|_| self.call("proxy_on_request_headers", |e| &e.on_request_headers, params));
        self.give_back(stream);
        Ok((context, action(result?, stream)))
    }

    pub(crate) fn response_headers(
        &mut self,
        context: i32,
        configuration: &Arc<[u8]>,
        stream: &mut Option<Box<Stream>>,
        end_of_stream: bool,
    ) -> Result<Action, Stopped> {
        let fields = stream.as_ref().map_or(0, |stream| stream.response.len());
        self.lend(stream, configuration, Phase::ResponseHeaders);
        let params = (context, count(fields), i32::from(end_of_stream));
        let result = self.call("proxy_on_response_headers", |e| &e.on_response_headers, params);
        self.give_back(stream);
        Ok(action(result?, stream))
    }

    /// The end of a context: `log`, `done`, `delete`, in Envoy's order. No host function of this
    /// data path could call a guest back that postpones its end, so `done` is not asked twice.
    pub(crate) fn end(
        &mut self,
        context: i32,
        configuration: &Arc<[u8]>,
        stream: &mut Option<Box<Stream>>,
    ) -> Result<(), Stopped> {
        self.lend(stream, configuration, Phase::Log);
        let result = self
            .call("proxy_on_log", |e| &e.on_log, context)
            .and_then(|_| self.call("proxy_on_done", |e| &e.on_done, context))
            .and_then(|_| self.call("proxy_on_delete", |e| &e.on_delete, context));
        self.give_back(stream);
        result.map(drop)
    }

    fn lend(&mut self, stream: &mut Option<Box<Stream>>, own: &Arc<[u8]>, phase: Phase) {
        let host = self.store.data_mut();
        if !Arc::ptr_eq(&host.configuration, own) {
            host.configuration = own.clone();
        }
        host.stream = stream.take();
        if let Some(stream) = &mut host.stream {
            stream.phase = phase;
            stream.resumed = false;
        }
    }

    fn give_back(&mut self, stream: &mut Option<Box<Stream>>) {
        *stream = self.store.data_mut().stream.take();
    }

    /// Calls back without cloning the function: a clone counts references that all workers share.
    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &'static str,
        find: impl FnOnce(&Exports) -> &Option<TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<R>, Stopped> {
        let Some(callback) = find(&self.exports) else { return Ok(None) };
        arm(&mut self.store, self.limits.cpu);
        self.store.data_mut().memory_limit.reached = false;
        match callback.call(&mut self.store, params) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                self.store.data_mut().forget_answer();
                Err(self.stopped(name, &error))
            }
        }
    }

    fn stopped(&self, callback: &'static str, error: &wasmtime::Error) -> Stopped {
        let cause = if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
            StopCause::Deadline(self.limits.cpu)
        } else {
            tracing::debug!(target: "portico::plugin", plugin = &*self.store.data().plugin, "{error:?}");
            let out_of_memory = self.store.data().memory_limit.reached;
            StopCause::Trap { message: error.root_cause().to_string(), out_of_memory }
        };
        Stopped { callback, cause }
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
        }
    } else if let Some(start) = optional::<(), ()>(store, instance, "_start")? {
        let done = start.call(&mut *store, ());
        done.map_err(|error| start_error(store, "_start", &error))?;
    }
    Ok(())
}

/// What a header callback has decided. A guest that leaves the callback out goes on.
fn action(answer: Option<i32>, stream: &Option<Box<Stream>>) -> Action {
    let resumed = stream.as_ref().is_some_and(|stream| stream.resumed);
    answer.filter(|_| !resumed).map_or(Action::Continue, Action::from_guest)
}

/// The id of the root context of a configuration. Ids start at 1.
fn root(configuration: usize) -> i32 {
    i32::try_from(configuration).unwrap_or(i32::MAX - 1) + 1
}

fn count(fields: usize) -> i32 {
    i32::try_from(fields).unwrap_or(i32::MAX)
}

fn arm(store: &mut Store<Host>, limit: Duration) {
    store.data_mut().cpu.restart(limit);
    store.set_epoch_deadline(1);
}

fn start_error(
    store: &mut Store<Host>,
    callback: &'static str,
    error: &wasmtime::Error,
) -> LoadError {
    let host = store.data_mut();
    let cause = if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
        format!("it used {:?} of CPU time and was stopped", host.start_cpu)
    } else if host.memory_limit.reached {
        return LoadError::Memory { limit: host.memory_limit.bytes() };
    } else {
        tracing::debug!(target: "portico::plugin", plugin = &*host.plugin, "{error:?}");
        error.root_cause().to_string()
    };
    LoadError::Start { callback, cause, log: host.log.take_kept() }
}

impl Exports {
    fn find(store: &mut Store<Host>, instance: &wasmtime::Instance) -> Result<Self, LoadError> {
        Ok(Self {
            on_context_create: optional(store, instance, "proxy_on_context_create")?,
            on_vm_start: optional(store, instance, "proxy_on_vm_start")?,
            on_configure: optional(store, instance, "proxy_on_configure")?,
            on_request_headers: optional(store, instance, "proxy_on_request_headers")?,
            on_response_headers: optional(store, instance, "proxy_on_response_headers")?,
            on_done: optional(store, instance, "proxy_on_done")?,
            on_log: optional(store, instance, "proxy_on_log")?,
            on_delete: optional(store, instance, "proxy_on_delete")?,
        })
    }
}

fn optional<P: WasmParams, R: WasmResults>(
    store: &mut Store<Host>,
    instance: &wasmtime::Instance,
    name: &'static str,
) -> Result<Option<TypedFunc<P, R>>, LoadError> {
    let Some(function) = instance.get_func(store.as_context_mut(), name) else { return Ok(None) };
    function.typed(store).map(Some).map_err(|_| LoadError::Signature { name })
}
