//! What `portico run` says once it serves: where it is, what to try, what to edit.

use std::{net::SocketAddr, path::Path};

use portico_config::config::HostPattern;

use crate::{control::Control, run::AdminEndpoint};

/// Prints it to standard output. Logs go to standard error.
#[expect(clippy::print_stdout, reason = "a banner is for whoever started the program")]
pub(crate) fn print(control: &Control, config: &Path, admin: Option<&AdminEndpoint>) {
    println!("{}", text(control, config, admin));
}

fn text(control: &Control, config: &Path, admin: Option<&AdminEndpoint>) -> String {
    let status = control.status.load();
    let snapshot = control.snapshot.load();
    let mut lines = vec![format!("\n  Portico {} is serving\n", env!("CARGO_PKG_VERSION"))];
    for (listener, own) in status.listeners.iter().zip(&snapshot.config.listeners) {
        let hosts = own.hosts.iter().map(|host| match host {
            HostPattern::Any => "every host".to_owned(),
            HostPattern::Exact(name) => name.to_string(),
            HostPattern::Suffix(suffix) => format!("*.{suffix}"),
        });
        let hosts = hosts.collect::<Vec<_>>().join(", ");
        lines.push(format!(
            "  listener {:<8} http://{}   ({hosts})",
            listener.name,
            reachable(listener.address)
        ));
    }
    if let Some(admin) = admin {
        lines.push(format!("  admin API         http://{}", reachable(admin.address)));
        if let Some(file) = &admin.token_file {
            lines.push(format!("  admin token       in {}", file.display()));
        }
    }
    lines.push(format!("  configuration     {}   (edit and save: it is live)", config.display()));
    if let Some(listener) = status.listeners.first() {
        let base = format!("http://{}", reachable(listener.address));
        lines.push("\n  Try:".to_owned());
        lines.push(format!("    curl -i {base}/"));
        if let Some(admin) = admin {
            let admin = reachable(admin.address);
            lines.push(format!("    curl http://{admin}/api/v1/configuration"));
        }
        let program = std::env::args().next().unwrap_or_else(|| "portico".into());
        lines.push(format!("    {program} explain --config {} GET {base}/", config.display()));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What to type to get there: `0.0.0.0` is no place to go to.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}
