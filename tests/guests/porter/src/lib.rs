//! Porter with the Rust SDK; the README says what it does.

use std::time::Duration;

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext, RootContext},
    types::{Action, ContextType, LogLevel, MetricType},
};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| Box::new(Root { metric: 0 }));
}}

/// A failed log call has nobody to tell.
fn say(text: &str) {
    let _ = hostcalls::log(LogLevel::Info, text);
}

fn say_pairs(what: &str, pairs: &[(String, String)]) {
    for (name, value) in pairs {
        say(&format!("{what} {name}: {value}"));
    }
}

struct Root {
    metric: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        say(&format!("configured with {}", String::from_utf8_lossy(&configuration)));
        self.metric =
            hostcalls::define_metric(MetricType::Counter, "porter_requests").unwrap_or_default();
        true
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Porter { metric: self.metric, bodies: false }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Porter {
    metric: u32,
    bodies: bool,
}

impl Porter {
    fn count(&self) {
        let _ = hostcalls::increment_metric(self.metric, 1);
        let (seen, cas) = self.get_shared_data("seen");
        let seen = seen.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
        say(&format!("seen {seen} before"));
        let _ = self.set_shared_data("seen", Some(&(seen + 1).to_le_bytes()), cas);
    }

    fn ask(&self) -> Action {
        let query = self.get_http_request_header("x-ask").unwrap_or_default();
        let path = format!("/ask?{query}");
        let headers = vec![(":method", "GET"), (":path", &*path), (":authority", "ask.example")];
        let call =
            self.dispatch_http_call("backend", headers, None, vec![], Duration::from_secs(1));
        match call {
            Ok(_) => Action::Pause,
            Err(status) => {
                say(&format!("cannot ask: {status:?}"));
                Action::Continue
            }
        }
    }
}

impl Context for Porter {
    fn on_http_call_response(
        &mut self,
        _token: u32,
        _headers: usize,
        size: usize,
        _trailers: usize,
    ) {
        let status = self.get_http_call_response_header(":status").unwrap_or_default();
        let body = self.get_http_call_response_body(0, size).unwrap_or_default();
        say(&format!("answer {status} {}", String::from_utf8_lossy(&body)));
        if status == "200" {
            self.add_http_request_header("x-asked", &status);
            self.resume_http_request();
        } else {
            self.send_http_response(401, vec![("x-porter", "refused")], Some(b"refused\n"));
        }
    }
}

impl HttpContext for Porter {
    fn on_http_request_headers(&mut self, count: usize, end: bool) -> Action {
        say(&format!("request with {count} headers, end {end}"));
        say_pairs("request", &self.get_http_request_headers());
        self.count();
        match self.get_http_request_header("x-porter").as_deref() {
            Some("deny") => {
                self.send_http_response(403, vec![("x-porter", "denied")], Some(b"denied\n"));
                Action::Pause
            }
            Some("ask") => self.ask(),
            Some("body") => {
                self.bodies = true;
                self.set_http_request_header("content-length", None);
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        say(&format!("request body {size}, end {end}"));
        if !self.bodies {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        self.set_http_request_body(0, size, &body.to_ascii_uppercase());
        Action::Continue
    }

    fn on_http_response_headers(&mut self, count: usize, end: bool) -> Action {
        say(&format!("response with {count} headers, end {end}"));
        say_pairs("response", &self.get_http_response_headers());
        self.add_http_response_header("x-porter", "passed");
        if self.bodies {
            self.set_http_response_header("content-length", None);
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        say(&format!("response body {size}, end {end}"));
        if !self.bodies {
            return Action::Continue;
        }
        if !end {
            return Action::Pause;
        }
        self.set_http_response_body(size, 0, b"and a line more\n");
        Action::Continue
    }

    fn on_log(&mut self) {
        let code = self.get_property(vec!["response", "code"]).unwrap_or_default();
        let code = code.try_into().map_or(0, u64::from_le_bytes);
        say(&format!("ended with {code}"));
        // On wasm32-unknown-unknown there is no standard output to write to.
        say("goodbye");
    }
}
