//! What `portico run` says once it serves: where it is, what to try, what to edit.

use std::{net::SocketAddr, path::Path};

use portico_config::config::HostPattern;

use crate::{admin::Endpoint, control::Control};

/// Prints it to standard output. Logs go to standard error.
#[expect(clippy::print_stdout, reason = "a banner is for whoever started the program")]
pub(crate) fn print(control: &Control, config: &Path, admin: Option<&Endpoint>) {
    println!("{}", text(control, config, admin));
}

fn text(control: &Control, config: &Path, admin: Option<&Endpoint>) -> String {
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
        lines.push(format!("  console           {}", console(admin)));
        lines.push(format!("  admin API         {}", address_of(admin)));
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
            lines.push(format!("    curl {}/api/v1/configuration", address_of(admin)));
        }
        let program = std::env::args().next().unwrap_or_else(|| "portico".into());
        lines.push(format!("    {program} explain --config {} GET {base}/", config.display()));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn address_of(admin: &Endpoint) -> String {
    let scheme = if admin.is_tls { "https" } else { "http" };
    format!("{scheme}://{}", reachable(admin.address))
}

/// The address of the page; as a link that signs in, once and within ten minutes, where browsers
/// are not signed in by themselves.
fn console(admin: &Endpoint) -> String {
    let link = admin.code.as_ref().map(|code| format!("#/sign-in/{code}   (once, for 10 minutes)"));
    format!("{}/{}", address_of(admin), link.unwrap_or_default())
}

/// What to type to get there: `0.0.0.0` is no place to go to.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}
