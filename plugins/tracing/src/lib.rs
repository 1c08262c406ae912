//! Begins or continues the trace of a request, in the formats of W3C and B3, gives it a
//! request id, and decides whether it is sampled. `baggage` passes untouched.
//!
//! `settings` reads what the operator wrote, `context` what the caller sends (with
//! `w3c` and `b3`), `policy` decides what goes on; this file carries it out.

mod b3;
mod context;
mod policy;
mod random;
mod settings;
mod w3c;

use policy::Policy;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use random::Random;
use request::{Headers, SettingsError};
use std::cell::RefCell;
use std::rc::Rc;

request::describe!();

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Tracing(None)));
}}

/// What all requests share, once the filter is configured.
struct Shared {
    policy: Policy,
    random: RefCell<Random>,
}

struct Tracing(Option<Rc<Shared>>);

impl Tracing {
    fn configure(&mut self) -> Result<(), SettingsError> {
        let policy = settings::read(&self.get_plugin_configuration().unwrap_or_default())?;
        let random = Random::from_host().ok_or_else(|| {
            SettingsError::new(".", "the host's `random_get` gives no randomness")
        })?;
        self.0 = Some(Rc::new(Shared { policy, random: RefCell::new(random) }));
        Ok(())
    }
}

impl Context for Tracing {}

impl RootContext for Tracing {
    fn on_configure(&mut self, _: usize) -> bool {
        self.configure()
            .inspect_err(|error| {
                // Where even the log fails there is nobody left to tell.
                let _ = hostcalls::log(LogLevel::Error, &format!("tracing: {error}"));
            })
            .is_ok()
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request { shared: self.0.clone(), trace_id: 0 }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Request {
    shared: Option<Rc<Shared>>,
    /// Zero until the request's headers were seen.
    trace_id: u128,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(Shared { policy, random }) = self.shared.as_deref() {
            let plan = policy.plan(&Headers::read(), &mut random.borrow_mut());
            self.trace_id = plan.context.trace_id;
            for (name, value) in &plan.changes {
                self.set_http_request_header(name.as_str(), value.as_deref());
            }
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let name = self.shared.as_deref().and_then(|shared| shared.policy.response_header.as_ref());
        if let Some(name) = name
            && self.trace_id != 0
        {
            let trace_id = format!("{:032x}", self.trace_id);
            self.set_http_response_header(name, Some(&trace_id));
        }
        Action::Continue
    }
}
