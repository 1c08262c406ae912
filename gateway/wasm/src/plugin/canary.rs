//! A request that no client made, sent through an instance of its own before a plugin serves.

use std::{sync::Arc, time::SystemTime};

use super::Fault;
use crate::{
    host::Home,
    instance::{Instance, Stopped},
    module::{LoadError, Module},
    outside::Services,
    spec::Spec,
    stream::{ConnectionFacts, Facts, FieldName, Fields, Progress, RouteFacts, Stream},
};

/// Sends a request through for each configuration. What the filter answers does not matter; that it
/// returns does. What it asks of the outside is accepted and never answered, and what it says about
/// these requests is not logged.
///
/// A filter that traps is let in with a warning: it may count on a header that every request of
/// its own has, and Envoy would start it. One that loops would loop for any request.
pub(super) fn try_out(module: &Module, spec: &Arc<Spec>) -> Result<(), LoadError> {
    let mut instance = Instance::start(module, spec, &Services::silent(), Home::default())?;
    instance.mute();
    for root in (1..).take(spec.configurations.len()) {
        let Err(stopped) = send(&mut instance, root) else { continue };
        let (callback, looped) = (stopped.callback.name(), stopped.is_deadline());
        let fault = Fault::from(stopped);
        if looped {
            let (cause, log) = (fault.to_string(), instance.take_log());
            return Err(LoadError::Canary { callback, cause, log });
        }
        tracing::warn!(target: "portico::plugin", plugin = &*spec.name,
            "on a canary request, before it serves, it {fault}");
        // Nothing of it can be called again; its other configurations are tried by requests.
        return Ok(());
    }
    Ok(())
}

fn send(instance: &mut Instance, root: i32) -> Result<(), Stopped> {
    let mut stream = Some(request());
    let (context, _) = instance.request_headers(root, &mut stream, true)?;
    if let Some(stream) = &mut stream {
        stream.response = response();
    }
    instance.response_headers(context, &mut stream, true)?;
    instance.log(context, &mut stream)?;
    instance.end(context, &mut stream)
}

fn request() -> Box<Stream> {
    let mut request = Fields::default();
    let pseudo = [(":authority", "canary.invalid"), (":path", "/"), (":method", "GET")];
    for (name, value) in pseudo.into_iter().chain([(":scheme", "http")]) {
        request.push(FieldName::Pseudo(name), http::HeaderValue::from_static(value));
    }
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let connection = ConnectionFacts { id: 0, source: nowhere, destination: nowhere };
    let route = RouteFacts { route: "canary".into(), service: "".into(), host: "".into() };
    Stream::new(
        request,
        Facts {
            connection: Arc::new(connection),
            route: Arc::new(route),
            listener: "canary".into(),
            time: SystemTime::now(),
            protocol: "HTTP/1.1",
            request_headers_bytes: 0,
            upstream: None,
            end: None,
            progress: Progress::default(),
        },
    )
}

fn response() -> Fields {
    let mut response = Fields::default();
    response.push(FieldName::Pseudo(":status"), http::HeaderValue::from_static("200"));
    response
}
