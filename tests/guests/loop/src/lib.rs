//! Misbehaves when a request asks for it: loops for ever on `x-loop`, traps on `x-trap`, takes all
//! memory it can get on `x-grow`. The header's value says where: `response`, else in the request.
//! To any other request it adds `x-served`, how many requests this instance has seen.
//!
//! The configuration `loop` makes it loop while it starts.

use proxy_wasm::{
    traits::{Context, HttpContext, RootContext},
    types::{Action, ContextType, LogLevel},
};
use std::{cell::Cell, rc::Rc};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<Misbehaving>::default());
}}

#[derive(Default)]
struct Misbehaving {
    served: Rc<Cell<u32>>,
}

struct Request {
    served: Rc<Cell<u32>>,
    later: Option<fn()>,
}

impl Context for Misbehaving {}

impl RootContext for Misbehaving {
    fn on_configure(&mut self, _: usize) -> bool {
        if self.get_plugin_configuration().as_deref() == Some(b"loop") {
            spin();
        }
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request { served: Rc::clone(&self.served), later: None }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.served.set(self.served.get() + 1);
        let deeds: [(&str, fn()); 3] = [("x-loop", spin), ("x-trap", trap), ("x-grow", grow)];
        for (name, deed) in deeds {
            match self.get_http_request_header(name).as_deref() {
                None => {}
                Some("response") => self.later = Some(deed),
                Some(_) => deed(),
            }
        }
        self.add_http_request_header("x-served", &self.served.get().to_string());
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(deed) = self.later {
            deed();
        }
        self.add_http_response_header("x-served", &self.served.get().to_string());
        Action::Continue
    }
}

fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

fn trap() {
    panic!("the request asked for it");
}

fn grow() {
    let mut kept = Vec::new();
    loop {
        // Not touched: filling it would take longer than getting it.
        kept.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
    }
}
