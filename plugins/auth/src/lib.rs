//! Lets requests through that carry an API key, a password or a signed token, and tells the
//! service behind who it is.
//!
//! `settings` reads what the operator wrote, `policy` decides with `place` (where a
//! credential stands), `roster` (who has which secret), `jwt` (signed tokens) and
//! `path` (what a path means); this file carries the decision out. No secret reaches a log
//! or an answer: they are kept as digests and as keys without `Debug`.

mod digest;
mod jwt;
mod path;
mod place;
mod policy;
mod roster;
mod settings;

use place::Change;
use policy::{Decision, Policy, Refusal};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use request::Headers;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

request::describe!();

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Auth(Rc::default())));
}}

struct Auth(Rc<Policy>);

impl Context for Auth {}

impl RootContext for Auth {
    fn on_configure(&mut self, _: usize) -> bool {
        match settings::read(&self.get_plugin_configuration().unwrap_or_default()) {
            Ok(policy) => {
                self.0 = Rc::new(policy);
                true
            }
            Err(error) => {
                // Where even the log fails there is nobody left to tell.
                let _ = hostcalls::log(LogLevel::Error, &format!("auth: {error}"));
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
        let now = || self.get_current_time().duration_since(UNIX_EPOCH).unwrap_or_default();
        match self.0.decide(&Headers::read(), now) {
            Decision::Pass(changes) => {
                for change in &changes {
                    self.apply(change);
                }
                Action::Continue
            }
            Decision::Refuse(Refusal { status, challenges, reason }) => {
                let headers = challenges.iter().map(|text| ("www-authenticate", text.as_str()));
                let body = format!("{reason}\n");
                self.send_http_response(status, headers.collect(), Some(body.as_bytes()));
                Action::Pause
            }
        }
    }
}

impl Request {
    fn apply(&self, change: &Change) {
        match change {
            Change::Add(name, value) => self.add_http_request_header_bytes(name, value),
            Change::Remove(name) => self.set_http_request_header(name, None),
            Change::Set(name, value) => self.set_http_request_header_bytes(name, Some(value)),
        }
    }
}
