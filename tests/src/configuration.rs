//! Configurations that many tests share.

use std::net::SocketAddr;

/// One listener, on a port that the system chooses. Others of the same text share its socket.
pub const LISTENERS: &str = "listeners: [{ name: web, address: '127.0.0.1:0' }]\n";

/// [`LISTENERS`], services with one endpoint each, and routes as YAML.
pub fn configuration(services: &[(&str, SocketAddr)], routes: &str) -> String {
    let services = services
        .iter()
        .map(|(name, address)| format!("  - {{ name: {name}, endpoints: ['{address}'] }}\n"));
    let services: String = services.collect();
    let services = if services.is_empty() { "  []\n".to_owned() } else { services };
    format!("{LISTENERS}services:\n{services}routes:\n{routes}\n")
}

/// Everything goes to one service.
pub fn forward(to: SocketAddr) -> String {
    configuration(&[("web", to)], "  - { name: all, rules: [{ backends: [web] }] }")
}

/// Everything goes to one service, and says so on its way there and back, in the header
/// `x-marker`.
pub fn marked(to: SocketAddr, marker: &str) -> String {
    let routes = format!(
        "  - name: all
    filters:
      - request_headers: {{ set: {{ x-marker: '{marker}' }} }}
      - response_headers: {{ set: {{ x-marker: '{marker}' }} }}
    rules: [{{ backends: [web] }}]"
    );
    configuration(&[("web", to)], &routes)
}

/// Everything is answered by the gateway itself, with this body.
pub fn answering(body: &str) -> String {
    let routes = format!(
        "  - {{ name: all, rules: [{{ filters: [{{ respond: {{ body: '{body}' }} }}] }}] }}"
    );
    configuration(&[], &routes)
}
