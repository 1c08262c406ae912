//! The command line. Exit codes: 0 done, 1 failed, 64 the usage or the configuration is wrong
//! (`EX_USAGE` of sysexits.h).

mod ask;
mod check;
mod plugin;
mod serve;

mod doctor;
mod requests;
mod suspend;
mod tap;
mod trace;

mod gateway;
mod plain;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// An ingress gateway that changes its configuration and its WebAssembly filters while it serves.
#[derive(Parser)]
#[command(name = "portico", version, max_term_width = 100, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
Examples:
  portico run                                    serve config/default.yaml
  portico run --config /etc/portico/config       serve all files of a folder, live
  portico check config/default.yaml              say everything that is wrong with a file
  portico explain GET http://localhost/api -H 'x-user: me'
                                                 which rule takes it, and why the others do not
  portico requests status:5xx                    what went wrong in the last minutes
  portico trace 17                               one of them whole, and what to do about it";

#[derive(Subcommand)]
enum Command {
    /// Serve, and follow every change of the configuration and of plugin files
    Run(serve::Args),
    /// Check configuration files and say everything that is wrong with them
    ///
    /// Exits with 0 if they can be used together as one configuration, with 64 and diagnostics if
    /// not. Plugins are not started and ports not opened.
    Check {
        /// Files, or folders of files
        #[arg(required = true, value_name = "FILE")]
        paths: Vec<PathBuf>,
        /// Write diagnostics as JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Say which listener, host, rule, filters and service a request would meet, and why the
    /// other rules lose
    ///
    /// Nothing is sent and no plugin is run. Exits with 1 if no rule takes the request.
    Explain(ask::Args),
    /// Write filters: make one, build it, look into it
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// Ask a running gateway for the requests of the last minutes, the most interesting first
    ///
    /// Exits with 1 if there is none.
    Requests(requests::Args),
    /// Ask a running gateway for one request, or a whole trace: where the time went, which filters
    /// and endpoints it met, what happened and what to do
    Trace(trace::Args),
    /// Take a service, an endpoint or a route of a running gateway out of use, and say why
    ///
    /// It is written into the configuration. Whoever is turned away is told the reason, so it must
    /// not hold secrets. Requests in flight finish.
    Suspend(suspend::Suspend),
    /// Take it into use again
    Resume(suspend::Resume),
    /// Watch requests of a running gateway as they end
    Tap(tap::Args),
    /// Ask a running gateway which services drop the trace context
    ///
    /// Exits with 1 if one does.
    Doctor(doctor::Args),
    /// Ask a running gateway whether it is ready: exits with 0 if it is, for health checks of
    /// containers
    Health {
        /// Where its admin API is
        #[arg(long, default_value = serve::ADMIN, value_name = "ADDRESS")]
        admin: std::net::SocketAddr,
    },
    /// Print the version and what it is built on
    Version,
}

/// Usage or configuration is wrong.
const USAGE: u8 = 64;

pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            let _closed = error.print();
            return ExitCode::from(code);
        }
    };
    let result = match cli.command {
        Command::Run(args) => serve::run(args),
        Command::Check { paths, json } => check::check(&paths, json),
        Command::Explain(args) => ask::explain(&args),
        Command::Plugin(command) => plugin::run(command),
        Command::Schema => {
            say(&format!("{:#}", portico_config::schema()));
            Ok(ExitCode::SUCCESS)
        }
        Command::Requests(args) => requests::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Suspend(args) => suspend::suspend(&args),
        Command::Resume(args) => suspend::resume(&args),
        Command::Tap(args) => tap::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Health { admin } => ask::health(admin),
        Command::Version => {
            say(&version());
            Ok(ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        complain(&format!("portico: {error:#}"));
        ExitCode::FAILURE
    })
}

fn version() -> String {
    format!(
        "portico {}\nproxy-wasm ABI 0.2.0, 0.2.1\nGateway API vocabulary v1.6",
        env!("CARGO_PKG_VERSION")
    )
}

/// To standard output, where a reader that closes early is no reason to fail.
fn say(text: &str) {
    use std::io::Write;
    let _closed = writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n'));
}

fn complain(text: &str) {
    use std::io::Write;
    let _closed = writeln!(std::io::stderr().lock(), "{}", text.trim_end_matches('\n'));
}
