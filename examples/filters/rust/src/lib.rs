//! A filter for proxy-wasm hosts: greets on every answer and, where it has a key, lets only
//! requests through that carry it.

mod settings;

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use settings::Settings;

/// A part of the file that takes no memory: `portico plugin inspect` and the console show it. A JSON
/// Schema in a section `portico.schema` lets the console check the configuration as it is typed.
#[cfg(target_arch = "wasm32")]
#[used]
#[unsafe(link_section = "portico.version")]
static VERSION: [u8; 5] = *b"0.1.0";

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

/// Lives as long as the filter is configured: one for each configuration.
#[derive(Default)]
struct Root {
    settings: Rc<Settings>,
}

impl Context for Root {}

impl RootContext for Root {
    /// Reads the plugin's `configuration`. Answering `false` refuses it: the host then says what
    /// was logged, and goes on with what ran before.
    fn on_configure(&mut self, _: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        match Settings::parse(&String::from_utf8_lossy(&bytes)) {
            Ok(settings) => {
                self.settings = Rc::new(settings);
                true
            }
            Err(problem) => {
                log(LogLevel::Error, &problem);
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request { settings: self.settings.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// Lives as long as one request.
struct Request {
    settings: Rc<Settings>,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let Some(key) = &self.settings.key else { return Action::Continue };
        if self.get_http_request_header("x-api-key").as_ref() == Some(key) {
            // The service behind has no use for it.
            self.set_http_request_header("x-api-key", None);
            return Action::Continue;
        }
        log(LogLevel::Info, "refused: no key, or not the right one");
        let body = b"401 a key is needed in x-api-key\n";
        self.send_http_response(401, vec![("content-type", "text/plain")], Some(body));
        // After a response of one's own, nothing goes on.
        Action::Pause
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_response_header("x-hello", Some(&self.settings.greeting));
        Action::Continue
    }
}

/// A line in the host's log. If the host takes none, there is nobody to tell.
fn log(level: LogLevel, line: &str) {
    let _ = hostcalls::log(level, line);
}
