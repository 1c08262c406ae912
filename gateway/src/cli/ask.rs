//! `portico explain` and `portico health`

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args as ClapArgs;
use portico::{
    explain::{self, Question},
    sources,
};
use portico_config::Loaded;

use super::{USAGE, complain, say, serve};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// GET, POST, …
    method: String,
    /// Such as `http://fleet.local/api/staff?v=1`
    url: String,
    /// A request header, such as `x-user: me`; as often as needed
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The configuration's file or folder
    #[arg(long, short, default_value = serve::CONFIG, env = "PORTICO_CONFIG", value_name = "PATH")]
    config: PathBuf,
}

pub(super) fn explain(args: &Args) -> anyhow::Result<ExitCode> {
    let question = match Question::new(&args.method, &args.url, &args.headers) {
        Ok(question) => question,
        Err(error) => {
            complain(&format!("portico: {error}"));
            return Ok(ExitCode::from(USAGE));
        }
    };
    let (texts, loaded) = match sources::read(&args.config) {
        Ok(texts) => {
            let loaded = portico_config::load(&texts);
            (texts, loaded)
        }
        Err(diagnostics) => (Vec::new(), Loaded { config: None, diagnostics }),
    };
    let Loaded { config, diagnostics } = loaded;
    let Some(config) = config else {
        diagnostics.iter().for_each(|diagnostic| complain(&format!("{diagnostic}\n")));
        return Ok(ExitCode::from(USAGE));
    };
    let answer = explain::explain(&config, &texts, &question);
    say(&answer.text);
    Ok(if answer.found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A health check that takes longer has its answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn health(admin: SocketAddr) -> anyhow::Result<ExitCode> {
    let mut stream = TcpStream::connect_timeout(&admin, HEALTH_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(ExitCode::SUCCESS);
    }
    complain(answer.lines().last().unwrap_or("no answer"));
    Ok(ExitCode::FAILURE)
}
