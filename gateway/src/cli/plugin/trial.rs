//! `portico plugin test`: a module on one request, without a network, and what it did to it.
//!
//! The gateway's own plugin host runs it. What stands around it is written down: the request, the
//! service's response, and the answers of call-outs.

mod har;
mod text;
mod written;

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args as ClapArgs;
use portico::trial::{Request, Response, Trial, drive};
use portico_wasm::{Capability, Engine, HeaderPause, Spec};

use super::{Problem, say};
use crate::cli::serve;

#[derive(ClapArgs)]
pub(in crate::cli) struct Args {
    /// A .wasm file
    file: PathBuf,
    /// The plugin's configuration: a file, or the text itself
    #[arg(long, short, value_name = "FILE|TEXT")]
    config: Option<String>,
    /// The request: `GET http://host/path`, a URL, or a file with it as it stands in HTTP/1.1
    #[arg(long, short, value_name = "REQUEST", default_value = "GET http://localhost/")]
    request: String,
    /// A header of the written request, such as `x-user: me`; as often as needed
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", conflicts_with = "har")]
    headers: Vec<String>,
    /// The body of the written request; `@FILE` takes it from a file
    #[arg(long, short, value_name = "TEXT", conflicts_with = "har")]
    data: Option<String>,
    /// Take request and response from an archive that a browser has recorded
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    har: Option<PathBuf>,
    /// Which entry of the archive, counted from 1
    #[arg(long, default_value_t = 1, value_name = "N", requires = "har")]
    entry: usize,
    /// A file with the service's response as it stands in HTTP/1.1; by default a 200 with a line
    /// of text
    #[arg(long, value_name = "FILE")]
    response: Option<PathBuf>,
    /// What call-outs to this service are answered with: a file with the response. Others are
    /// answered with 503; as often as needed
    #[arg(long = "call", value_name = "SERVICE=FILE")]
    calls: Vec<String>,
    /// Hand bodies over in pieces of so many bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    chunk: Option<u32>,
    /// How often to call `on_tick` before the request
    #[arg(long, default_value_t = 0, value_name = "N")]
    ticks: u32,
    /// A variable of the plugin's environment; as often as needed
    #[arg(long = "env", value_name = "NAME=VALUE")]
    environment: Vec<String>,
    /// What a pause from a headers callback stops, as `header_pause` in the configuration
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    header_pause: Pauses,
    /// CPU time that one callback may take
    #[arg(long, default_value = "10ms", value_parser = humantime::parse_duration)]
    cpu: Duration,
    /// Run the request so many times, to see what it takes
    #[arg(long, default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Pauses {
    /// Head and body
    #[default]
    All,
    /// The head only
    Headers,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let usage = |error: anyhow::Error| Problem::Usage(format!("{error:#}"));
    let (wasm, trial) = (bytes_of(&args.file).map_err(usage)?, trial(args).map_err(usage)?);
    // Compiled modules are kept, so that the second trial of one begins at once.
    let cache = serve::default_cache();
    let report = drive(&trial, || Engine::new(cache.as_deref())?.compile(&wasm));
    if args.json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        say(&text::text(&report));
    }
    Ok(if report.failure.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn trial(args: &Args) -> anyhow::Result<Trial> {
    let (request, recorded) = match &args.har {
        Some(file) => har::read(&text_of(file)?, args.entry)
            .with_context(|| format!("`{}`", file.display()))?,
        None => (asked(args)?, Response::usual()),
    };
    let response = match &args.response {
        Some(file) => answer(file)?,
        None => recorded,
    };
    let calls = args.calls.iter().map(|call| {
        let (name, file) = call.split_once('=').context("`--call` wants SERVICE=FILE")?;
        Ok((name.to_owned(), answer(&PathBuf::from(file))?))
    });
    Ok(Trial {
        spec: spec(args)?,
        request,
        response,
        calls: calls.collect::<anyhow::Result<_>>()?,
        chunk: args.chunk.map(|bytes| bytes as usize),
        ticks: args.ticks,
        repeat: args.repeat,
    })
}

fn spec(args: &Args) -> anyhow::Result<Spec> {
    let name = args.file.file_stem().map(|name| name.display().to_string());
    let mut spec = Spec::new(name.unwrap_or_default());
    if let Some(config) = &args.config {
        let file = PathBuf::from(config);
        let bytes = if file.is_file() { bytes_of(&file)? } else { config.clone().into_bytes() };
        spec.configurations = vec![bytes.into()];
    }
    let variables = args.environment.iter().map(|variable| {
        let (name, value) = variable.split_once('=').context("`--env` wants NAME=VALUE")?;
        Ok((name.into(), value.into()))
    });
    spec.environment = variables.collect::<anyhow::Result<_>>()?;
    if !spec.environment.is_empty() {
        spec.capabilities = spec.capabilities.with(Capability::Environment);
    }
    spec.header_pause = match args.header_pause {
        Pauses::All => HeaderPause::All,
        Pauses::Headers => HeaderPause::Headers,
    };
    spec.limits.cpu = args.cpu;
    // What a request may take in all grows with it; several callbacks make one.
    spec.limits.request_cpu = spec.limits.request_cpu.max(args.cpu * 5);
    Ok(spec)
}

fn asked(args: &Args) -> anyhow::Result<Request> {
    let file = PathBuf::from(&args.request);
    let mut request = if file.is_file() {
        written::request(&bytes_of(&file)?).with_context(|| format!("`{}`", file.display()))?
    } else {
        written::line(&args.request)?
    };
    for header in &args.headers {
        request.message.headers.push(written::header(header)?);
    }
    match args.data.as_deref().map(|data| data.strip_prefix('@').ok_or(data)) {
        Some(Ok(file)) => request.message.body = bytes_of(&PathBuf::from(file))?.into(),
        Some(Err(text)) => request.message.body = text.to_owned().into(),
        None => {}
    }
    if args.data.is_some() && request.method == http::Method::GET {
        request.method = http::Method::POST;
    }
    request.message.frame();
    Ok(request)
}

fn answer(file: &PathBuf) -> anyhow::Result<Response> {
    written::response(&bytes_of(file)?).with_context(|| format!("`{}`", file.display()))
}

fn bytes_of(file: &PathBuf) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("`{}` cannot be read", file.display()))
}

fn text_of(file: &PathBuf) -> anyhow::Result<String> {
    String::from_utf8(bytes_of(file)?).with_context(|| format!("`{}` is not text", file.display()))
}

#[cfg(test)]
mod tests;
