//! How the admin API comes to listen: where, with which keys, and what the banner says of it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use tokio::net::TcpListener;

use super::{
    Access, Admin, Audit, AuditLog, Keys, Tls, TlsFiles, Token, door, is_private, routes, token,
};
use crate::{logging::PluginLog, measures::Measures};

/// What `portico run` is told about the admin API.
#[derive(Clone, Debug)]
pub struct Options {
    pub address: SocketAddr,
    pub operator: Option<Token>,
    pub viewer: Option<Token>,
    /// Whether who runs as the gateway's user is signed in without a token.
    pub auto_sign_in: bool,
    pub tls: Option<TlsFiles>,
    pub audit_log: Option<PathBuf>,
    /// Where a token is written if none is given.
    pub state: Option<PathBuf>,
}

/// The admin API as it listens. It holds a secret, and so cannot be printed.
#[derive(Clone)]
pub struct Endpoint {
    pub address: SocketAddr,
    pub is_tls: bool,
    pub token_file: Option<PathBuf>,
    /// For the link that signs in, where a browser is not signed in by itself.
    pub code: Option<String>,
    tls: Option<Arc<Tls>>,
    audit_log: Option<Arc<AuditLog>>,
}

/// Listens, and serves until the process ends.
///
/// # Errors
/// If the address, the certificates, the audit log or the token's folder cannot be used.
pub async fn start(
    options: Options,
    measures: Measures,
    plugin_log: PluginLog,
) -> anyhow::Result<Endpoint> {
    let Options { address, operator, viewer, auto_sign_in, tls, audit_log, state } = options;
    let certificates = tls.as_ref().is_some_and(|files| files.client_ca.is_some());
    let tls = tls.map(Tls::new).transpose().context("the admin API cannot speak TLS")?;
    let audit_log = audit_log.map(|path| {
        let shown = path.display().to_string();
        AuditLog::open(path).with_context(|| format!("the audit log `{shown}` cannot be opened"))
    });
    let (tls, audit_log) = (tls.map(Arc::new), audit_log.transpose()?.map(Arc::new));
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("the admin API cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let (operator, token_file) = match (operator, state) {
        (None, Some(state)) if is_private(address) => {
            let (token, file) = new_token(&state, address)
                .with_context(|| format!("no token can be kept in `{}`", state.display()))?;
            (Some(token), Some(file))
        }
        (given, _) => (given, None),
    };
    let keys = Keys { operator, viewer, certificates };
    warn_of_the_open(address, &keys, tls.is_some());
    let access = Access::new(address, keys, auto_sign_in, tls.is_some());
    let code = (access.open_reads && !access.automatic)
        .then(|| access.sessions.code(tokio::time::Instant::now()))
        .transpose()?;
    let (control, telemetry) = (measures.control.clone(), measures.telemetry.clone());
    let audit = Arc::new(Audit::new(audit_log.clone()));
    let access = Arc::new(access);
    let router = routes(Admin {
        control,
        access,
        audit,
        measures,
        plugin_log,
        telemetry,
        hub: Arc::default(),
        memory: Arc::default(),
        sending: Arc::default(),
    });
    tokio::spawn(door::serve(listener, tls.clone(), router));
    if let Some(tls) = tls.clone() {
        tokio::spawn(async move { tls.follow().await });
    }
    Ok(Endpoint { address, is_tls: tls.is_some(), token_file, code, tls, audit_log })
}

impl Endpoint {
    /// Certificates are read again if they have changed.
    pub fn look(&self) {
        if let Some(tls) = &self.tls {
            tls.look();
        }
    }

    /// After tools have moved the audit log away.
    pub fn reopen_log(&self) {
        if let Some(log) = &self.audit_log {
            log.reopen();
        }
    }
}

/// An address that others can reach is not refused without keys: health checks of containers need
/// it, and nothing else is answered there then.
fn warn_of_the_open(address: SocketAddr, keys: &Keys, is_tls: bool) {
    if is_private(address) {
        return;
    }
    let Keys { operator, viewer, certificates } = keys;
    if operator.is_none() && viewer.is_none() && !certificates {
        tracing::warn!(
            %address,
            "the admin API answers nothing but health checks there: it has neither a token \
             (PORTICO_ADMIN_TOKEN) nor an authority of clients (--admin-client-ca)"
        );
    } else if !is_tls {
        tracing::warn!(
            %address,
            "tokens and cookies of the admin API go over the network as they are: speak TLS with \
             --admin-tls-cert and --admin-tls-key, unless the network is your own"
        );
    }
}

/// A token for this run, in a file that only this user can read.
fn new_token(state: &Path, address: SocketAddr) -> anyhow::Result<(Token, PathBuf)> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let secret = token::random()?;
    std::fs::create_dir_all(state)?;
    // One per port, so that two gateways of one user keep theirs apart.
    let file = state.join(format!("admin-token-{}", address.port()));
    let beside = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&beside)?.write_all(secret.as_bytes())?;
    std::fs::rename(&beside, &file)?;
    Ok((Token::new(&secret), file))
}
