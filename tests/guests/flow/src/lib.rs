//! Does with the flow of an exchange what the request's header `x-do` asks for: words with a
//! place in front (`request` or `response`) and a deed behind it, as in `request-body-replace`.
//!
//! | deed | what it does |
//! |---|---|
//! | `body-replace` | replaces the first piece of the body, drops the others |
//! | `body-whole` | waits for the whole body and puts its length in front of it |
//! | `body-append` | adds to the end of the body |
//! | `head-call` | pauses at the head until a call-out to `side` has answered |
//! | `head-tick` | pauses at the head until the next tick |
//! | `head-never` | pauses at the head for ever |
//! | `head-body` | keeps the head until the body is complete, then writes its length into it |
//! | `body-call` | pauses at the end of the body until a call-out has answered |
//! | `body-quiet` | calls out at the first piece, puts the answer in front of what is held and does not resume; lets go at the end |
//! | `head-answer`, `body-answer` | answers 403 itself |
//! | `call-answer` | pauses, and answers 403 when the call-out has come back |
//! | `trap` | pauses at the head; the next tick traps |

use std::{cell::RefCell, rc::Rc, time::Duration};

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext, RootContext},
    types::{Action, ContextType, LogLevel, MapType},
};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<Root>::default());
}}

#[derive(Default)]
struct Root {
    /// Contexts that wait for a tick, and whether it shall trap.
    waiting: Rc<RefCell<Vec<(u32, bool, bool)>>>,
}

struct Exchange {
    id: u32,
    deed: String,
    waiting: Rc<RefCell<Vec<(u32, bool, bool)>>>,
    replaced: bool,
    in_response: bool,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.set_tick_period(Duration::from_millis(20));
        true
    }

    fn on_tick(&mut self) {
        for (context, is_request, traps) in self.waiting.take() {
            assert!(!traps, "the request asked for it");
            if hostcalls::set_effective_context(context).is_err() {
                continue;
            }
            let map =
                if is_request { MapType::HttpRequestHeaders } else { MapType::HttpResponseHeaders };
            let _ = hostcalls::add_map_value(map, "x-tick", "yes");
            let _ = if is_request {
                hostcalls::resume_http_request()
            } else {
                hostcalls::resume_http_response()
            };
        }
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        let waiting = Rc::clone(&self.waiting);
        let deed = String::new();
        Some(Box::new(Exchange { id, deed, waiting, replaced: false, in_response: false }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Exchange {
    fn deed(&self, place: &str) -> &str {
        self.deed.strip_prefix(place).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default()
    }

    fn call(&self) -> Action {
        let head = vec![(":method", "GET"), (":path", "/side"), (":authority", "side")];
        match self.dispatch_http_call("side", head, None, vec![], Duration::from_secs(5)) {
            Ok(_) => Action::Pause,
            Err(status) => {
                self.send_http_response(500, vec![], Some(format!("{status:?}").as_bytes()));
                Action::Continue
            }
        }
    }

    fn head(&mut self, place: &str) -> Action {
        let is_request = place == "request";
        match self.deed(place) {
            "head-call" | "call-answer" => self.call(),
            "head-tick" | "trap" => {
                let traps = self.deed.ends_with("trap");
                self.waiting.borrow_mut().push((self.id, is_request, traps));
                Action::Pause
            }
            "head-never" | "head-body" => Action::Pause,
            "head-answer" => {
                self.send_http_response(403, vec![("x-by", "flow")], Some(b"no"));
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn body(&mut self, place: &str, size: usize, end: bool) -> Action {
        let is_request = place == "request";
        let put = |start, size, bytes: &[u8]| {
            if is_request {
                self.set_http_request_body(start, size, bytes);
            } else {
                self.set_http_response_body(start, size, bytes);
            }
        };
        match self.deed(place) {
            "body-replace" => {
                put(0, size, if self.replaced { b"" } else { b"something else" });
                self.replaced = true;
            }
            "body-append" if end => put(size, 0, b", and more"),
            "body-whole" if !end => return Action::Pause,
            "body-whole" => put(0, 0, format!("{size}:").as_bytes()),
            "head-body" if !end => return Action::Pause,
            "head-body" if is_request => {
                self.set_http_request_header("x-length", Some(&size.to_string()));
            }
            "head-body" => self.set_http_response_header("x-length", Some(&size.to_string())),
            "body-quiet" if !end => {
                return if std::mem::replace(&mut self.replaced, true) {
                    Action::Pause
                } else {
                    self.call()
                };
            }
            "body-call" if !end => return Action::Pause,
            "body-call" => return self.call(),
            "body-answer" => self.send_http_response(403, vec![("x-by", "flow")], Some(b"no")),
            _ => {}
        }
        Action::Continue
    }
}

impl Context for Exchange {
    fn on_http_call_response(&mut self, _: u32, _: usize, size: usize, _: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or_default();
        let body = self.get_http_call_response_body(0, size).unwrap_or_default();
        let said = format!("{status} {}", body.len());
        if self.deed.ends_with("call-answer") {
            self.send_http_response(403, vec![("x-by", "flow")], Some(said.as_bytes()));
        } else if self.deed.ends_with("body-quiet") {
            self.set_http_request_body(0, 0, format!("[{said}]").as_bytes());
            proxy_wasm::hostcalls::log(LogLevel::Info, "put in front").unwrap_or_default();
        } else if self.deed.ends_with("body-call") {
            if self.in_response {
                self.set_http_response_body(0, 0, format!("[{said}]").as_bytes());
                self.resume_http_response();
            } else {
                self.set_http_request_body(0, 0, format!("[{said}]").as_bytes());
                self.resume_http_request();
            }
        } else if self.in_response {
            self.set_http_response_header("x-side", Some(&said));
            self.resume_http_response();
        } else {
            self.set_http_request_header("x-side", Some(&said));
            self.resume_http_request();
        }
    }
}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.deed = self.get_http_request_header("x-do").unwrap_or_default();
        self.head("request")
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.body("request", size, end)
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.in_response = true;
        self.head("response")
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.body("response", size, end)
    }
}
