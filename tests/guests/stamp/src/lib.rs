//! Adds `x-stamp: <its configuration>` and `x-version: <eight characters>` to each response, and
//! `x-stamp` to each request. The version stands in the module's data, where a test can change it
//! without a compiler: it replaces [`VERSION`]'s text in the file.
//!
//! The configuration `refuse` is refused.

use proxy_wasm::{
    traits::{Context, HttpContext, RootContext},
    types::{Action, ContextType, LogLevel},
};
use std::{hint::black_box, rc::Rc};

static VERSION: [u8; 8] = *b"@VERSION";

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<Stamp>::default());
}}

#[derive(Clone, Default)]
struct Stamp(Rc<str>);

impl Context for Stamp {}

impl RootContext for Stamp {
    fn on_configure(&mut self, _: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        self.0 = String::from_utf8_lossy(&text).into();
        if &*self.0 == "refuse" {
            let _ = proxy_wasm::hostcalls::log(LogLevel::Error, "it was told to refuse");
        }
        &*self.0 != "refuse"
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(self.clone()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl HttpContext for Stamp {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_request_header("x-stamp", Some(&self.0));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_response_header("x-stamp", Some(&self.0));
        let version = black_box(&VERSION);
        self.set_http_response_header("x-version", std::str::from_utf8(version).ok());
        Action::Continue
    }
}
