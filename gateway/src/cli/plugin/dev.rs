//! `portico plugin dev`: build at each change, and follow the filter into a running gateway.
//!
//! The gateway watches the file that its configuration names; this writes it by a rename and asks
//! the admin API what became of it.

mod gateway;
mod source;

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Args as ClapArgs;

use self::{
    gateway::{Fate, Gateway},
    source::Source,
};
use super::{
    build::{self, Built},
    complain, inspect,
    project::Project,
    say,
};
use crate::cli::serve;

#[derive(ClapArgs)]
pub(in crate::cli) struct Args {
    /// The filter's folder
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Where to put the module: the file that the gateway's configuration names; by default
    /// `build/NAME.wasm` in the folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The running gateway's admin API
    #[arg(long, default_value = serve::ADMIN, value_name = "ADDRESS")]
    gateway: SocketAddr,
    /// Show log lines of this level and graver. What the gateway does not log is not there: start
    /// it with `--log portico::plugin=debug` to see more
    #[arg(long, default_value = "info", value_name = "LEVEL",
          value_parser = ["error", "warn", "info", "debug", "trace"])]
    level: String,
    /// Get what the language needs and this machine lacks, into your cache folder
    #[arg(long)]
    install: bool,
}

/// How long a gateway may take to start what was built. Go modules compile in seconds, and the
/// largest ones in a quarter of a minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is asked meanwhile.
const POLL: Duration = Duration::from_millis(20);

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let project = Project::open(&args.folder)?;
    let out = args.out.clone().unwrap_or_else(|| project.module());
    let source = Source::watch(&project)?;
    let gateway = Gateway::at(args.gateway);
    let mut follows = None;
    loop {
        match build::build(&project, &out, args.install) {
            Ok(built) => {
                say(&built.summary());
                if let Some(plugin) = deliver(&gateway, &built)
                    && follows.as_ref() != Some(&plugin)
                {
                    follow(gateway.clone(), plugin.clone(), args.level.clone());
                    follows = Some(plugin);
                }
            }
            // Without its tools nothing will ever build.
            Err(error) if error.is::<super::Problem>() => return Err(error),
            Err(error) => complain(&format!("{error:#}")),
        }
        if !source.changed() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Waits until the gateway serves what was built, or says why it does not. Answers the name that
/// the gateway has for it.
fn deliver(gateway: &Gateway, built: &Built) -> Option<String> {
    for problem in inspect::problems(&built.bytes) {
        complain(&format!("it would not load: {problem}"));
    }
    let began = Instant::now();
    let digest = built.digest.to_string();
    while began.elapsed() < PATIENCE {
        match gateway.fate(&digest, built.since) {
            Ok(Fate::Serves(plugin)) => {
                let took = began.elapsed().as_millis();
                say(&format!("serving as `{plugin}`, {took} ms after the build"));
                return Some(plugin);
            }
            Ok(Fate::Refused(why)) => {
                complain(&format!("the gateway refused it, what ran before runs on: {why}"));
                return None;
            }
            Ok(Fate::Unknown) => thread::sleep(POLL),
            Err(error) => {
                complain(&format!("built, and no gateway answers: {error:#}"));
                return None;
            }
        }
    }
    complain(&format!(
        "built, and the gateway has not taken it: does its configuration name `{}`?",
        built.module.display()
    ));
    None
}

/// Prints what the plugin says, for as long as this program runs.
fn follow(gateway: Gateway, plugin: String, level: String) {
    thread::spawn(move || {
        let mut after = None;
        // It may be restarted, and is asked again then.
        loop {
            match gateway.log(&plugin, &level, after) {
                Ok((lines, next)) => {
                    lines.iter().for_each(|line| say(line));
                    after = Some(next);
                }
                Err(_) => {
                    after = None;
                    thread::sleep(PAUSE);
                }
            }
        }
    });
}

/// Between questions to a gateway that is not there.
const PAUSE: Duration = Duration::from_secs(1);
