//! `portico run`

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use portico::{
    admin::{self, TlsFiles, Token},
    logging::{self, Format, PluginLog},
    run::{self, Ended, Options},
};

use super::USAGE;

pub(super) const CONFIG: &str = "config/default.yaml";
pub(super) const ADMIN: &str = "127.0.0.1:31000";

#[derive(ClapArgs)]
pub(super) struct Args {
    /// The configuration: a file, or a folder whose `*.yaml` files are joined
    #[arg(long, short, default_value = CONFIG, env = "PORTICO_CONFIG", value_name = "PATH")]
    config: PathBuf,
    /// Where the admin API listens; `off` for nowhere
    #[arg(long, default_value = ADMIN, value_parser = admin_address, value_name = "ADDRESS")]
    admin: AdminAddress,
    /// A file with the token that allows changes over the admin API. Also taken from
    /// PORTICO_ADMIN_TOKEN. Without either, on a loopback address, a new one is made and its file
    /// is named at the start
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// A file with a token that allows to read over the admin API, and to change nothing. Also
    /// taken from PORTICO_VIEWER_TOKEN
    #[arg(long, value_name = "FILE")]
    viewer_token_file: Option<PathBuf>,
    /// Ask for a token also where the console's browser runs as the gateway's user, on this machine
    #[arg(long)]
    no_auto_sign_in: bool,
    /// Speak TLS on the admin API's address, with this certificate and what leads to its authority
    /// (PEM). Files are read again when they change
    #[arg(long, value_name = "FILE", requires = "admin_tls_key")]
    admin_tls_cert: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "admin_tls_cert")]
    admin_tls_key: Option<PathBuf>,
    /// Whoever shows a certificate that this authority has signed needs no token: `OU=viewer`
    /// may read, all others may change things
    #[arg(long, value_name = "FILE", requires = "admin_tls_cert")]
    admin_client_ca: Option<PathBuf>,
    /// Add a line of JSON to this file for everything that somebody changes over the admin API, or
    /// tries to. What cannot be written is refused. SIGUSR1 opens the file again
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
    /// Threads that serve; by default as many as there are processors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// Where compiled plugins are kept between runs; by default in the user's cache folder
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// Where the bundled filters are; by default `plugins` beside this program
    #[arg(long, value_name = "FOLDER", env = "PORTICO_BUNDLED")]
    bundled: Option<PathBuf>,
    /// After SIGTERM: serve on for this long while not being ready, so that load balancers notice
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    drain_delay: Duration,
    /// After that: how long busy connections may take to finish
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    drain_timeout: Duration,
    /// Add the header `x-portico-generation` to every answer: the number of the configuration it
    /// was made by
    #[arg(long)]
    show_generation: bool,
    /// What to log, such as `debug` or `warn,portico::plugin=trace`
    #[arg(long, env = "PORTICO_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// How log lines look
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log_format: Format,
}

#[derive(Clone, Debug)]
struct AdminAddress(Option<SocketAddr>);

fn admin_address(text: &str) -> Result<AdminAddress, String> {
    if text == "off" {
        return Ok(AdminAddress(None));
    }
    let address = text.parse().map_err(|_| "not an address such as 127.0.0.1:31000".to_owned());
    address.map(|address| AdminAddress(Some(address)))
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (_guard, plugin_log) =
        logging::start(args.log.as_deref(), args.log_format).context("`--log`")?;
    let options = options(args, plugin_log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("control")
        .enable_all()
        .build()?;
    let ended = runtime.block_on(run::run(options))?;
    // What is left are watchers and the admin API.
    runtime.shutdown_background();
    Ok(match ended {
        Ended::BadConfiguration => ExitCode::from(USAGE),
        Ended::Drained => ExitCode::SUCCESS,
        Ended::TimedOut => ExitCode::FAILURE,
    })
}

fn options(args: Args, plugin_log: PluginLog) -> anyhow::Result<Options> {
    let admin = args.admin.0.map(|address| admin_options(&args, address)).transpose()?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let bundled = match args.bundled {
        Some(folder) => folder,
        None => std::env::current_exe()?.with_file_name("plugins"),
    };
    Ok(Options {
        config: args.config,
        admin,
        workers: args.workers.map_or(processors, usize::from),
        cache: args.cache.or_else(default_cache),
        bundled,
        drain_delay: args.drain_delay,
        drain_timeout: args.drain_timeout,
        show_generation: args.show_generation,
        plugin_log,
    })
}

fn admin_options(args: &Args, address: SocketAddr) -> anyhow::Result<admin::Options> {
    let pair = args.admin_tls_cert.clone().zip(args.admin_tls_key.clone());
    let client_ca = args.admin_client_ca.clone();
    Ok(admin::Options {
        address,
        operator: token(args.admin_token_file.as_deref(), "PORTICO_ADMIN_TOKEN")?,
        viewer: token(args.viewer_token_file.as_deref(), "PORTICO_VIEWER_TOKEN")?,
        auto_sign_in: !args.no_auto_sign_in,
        tls: pair.map(|(certificate, key)| TlsFiles { certificate, key, client_ca }),
        audit_log: args.audit_log.clone(),
        state: state(),
    })
}

fn token(file: Option<&Path>, variable: &str) -> anyhow::Result<Option<Token>> {
    let secret = match file {
        Some(file) => Some(
            std::fs::read_to_string(file)
                .with_context(|| format!("the token in `{}` cannot be read", file.display()))?,
        ),
        None => std::env::var(variable).ok(),
    };
    let secret = secret.map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty());
    Ok(secret.map(|secret| Token::new(&secret)))
}

/// Compiled plugins are kept if there is a place for them. Without one they are compiled again.
pub(super) fn default_cache() -> Option<PathBuf> {
    let folder = user_folder("XDG_CACHE_HOME", ".cache")?.join("modules");
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Some(folder),
        Err(error) => {
            let folder = folder.display();
            tracing::warn!(%folder, %error, "compiled plugins are not kept between runs");
            None
        }
    }
}

/// Where the token of a gateway is that was given none.
pub(super) fn state() -> Option<PathBuf> {
    user_folder("XDG_RUNTIME_DIR", ".cache")
}

/// The user's own folder of a kind, if there is a user with a home. It must be absolute, as
/// wasmtime's cache asks.
fn user_folder(variable: &str, under_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(under_home));
    named.or_else(home).filter(|folder| folder.is_absolute()).map(|folder| folder.join("portico"))
}
