//! Sets how long a request may take, through the header that Envoy's router and Portico
//! honour: `x-envoy-upstream-rq-timeout-ms`. A client may ask for less, never for more.
//!
//! `settings` reads what the operator wrote, `deadline` what a client says in a header,
//! `policy` decides; this file carries it out.

mod deadline;
mod policy;
mod settings;

use policy::{Decision, Policy};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MapType};
use request::rule::Head;
use std::cell::OnceCell;
use std::rc::Rc;

const TIMEOUT_HEADER: &str = "x-envoy-upstream-rq-timeout-ms";

request::describe!();

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Timeouts(Rc::default())));
}}

struct Timeouts(Rc<Policy>);

impl Context for Timeouts {}

impl RootContext for Timeouts {
    fn on_configure(&mut self, _: usize) -> bool {
        match settings::read(&self.get_plugin_configuration().unwrap_or_default()) {
            Ok(policy) => {
                self.0 = Rc::new(policy);
                true
            }
            Err(error) => {
                // Where even the log fails there is nobody left to tell.
                let _ = hostcalls::log(LogLevel::Error, &format!("timeouts: {error}"));
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request(Rc::clone(&self.0))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Request(Rc<Policy>);

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let asked = header(TIMEOUT_HEADER);
        let remaining = self.0.deadline.as_ref().and_then(|deadline| {
            deadline.format.remaining(&header(&deadline.name)?, || self.get_current_time())
        });
        let bound = self.0.bound(&OnDemand::default());
        match policy::decide(bound, asked.as_deref(), remaining) {
            Decision::Expired => {
                let reason = b"the request's deadline had passed when it arrived\n";
                self.send_http_response(504, Vec::new(), Some(reason));
                return Action::Pause;
            }
            Decision::Leave if asked.is_some() => {
                self.set_http_request_header(TIMEOUT_HEADER, None)
            }
            Decision::Leave => {}
            Decision::Limit(milliseconds) => {
                self.set_http_request_header(TIMEOUT_HEADER, Some(&milliseconds.to_string()));
            }
        }
        Action::Continue
    }
}

/// The variant that takes bytes: the SDK panics on a header that is not UTF-8.
fn header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name).ok().flatten()
}

/// Asks the host for what a rule looks at when the first rule looks at it.
#[derive(Default)]
struct OnDemand {
    path: OnceCell<Vec<u8>>,
    method: OnceCell<Vec<u8>>,
}

impl Head for OnDemand {
    fn path(&self) -> &[u8] {
        self.path.get_or_init(|| header(":path").unwrap_or_default())
    }

    fn method_is(&self, method: &str) -> bool {
        self.method.get_or_init(|| header(":method").unwrap_or_default()) == method.as_bytes()
    }

    fn has_header(&self, name: &str, value: Option<&str>) -> bool {
        header(name).is_some_and(|found| value.is_none_or(|value| found == value.as_bytes()))
    }
}
