//! `portico tap`: requests as they end.

use std::{
    io::{BufRead, ErrorKind, Read},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use portico_telemetry::story::time;
use serde_json::Value;

use super::{
    complain,
    gateway::{Needs, Where},
    plain::{cut, plain},
};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// Only with this method
    #[arg(long)]
    method: Option<String>,
    /// Only paths that begin so; after `~` a regular expression
    #[arg(long)]
    path: Option<String>,
    /// Only for this host
    #[arg(long)]
    host: Option<String>,
    /// Only of this route
    #[arg(long)]
    route: Option<String>,
    /// Only to this service
    #[arg(long)]
    service: Option<String>,
    /// Only with such a status: `504`, `5xx`, `500-503`, or several with commas
    #[arg(long)]
    status: Option<String>,
    /// Only with this request header: `x-user`, or `x-user: 7`; as often as needed
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Only those that took as long at least
    #[arg(long, value_name = "DURATION")]
    min_duration: Option<String>,
    /// Only from this address or network
    #[arg(long)]
    client: Option<String>,
    /// Show the first N bytes of both bodies, up to 65536; needs the admin token
    #[arg(long, value_name = "N")]
    bodies: Option<u32>,
    /// Requests a second, at most
    #[arg(long, value_name = "N")]
    per_second: Option<u32>,
    /// Everything about each, as a line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gateway: Where,
}

/// A line of an event: two bodies with escapes, and heads.
const LINE: u64 = 4 << 20;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let [bodies, per_second] = [args.bodies, args.per_second].map(|n| n.map(|n| n.to_string()));
    let given = [
        ("method", &args.method),
        ("path", &args.path),
        ("host", &args.host),
        ("route", &args.route),
        ("service", &args.service),
        ("status", &args.status),
        ("min_duration", &args.min_duration),
        ("client", &args.client),
        ("bodies", &bodies),
        ("per_second", &per_second),
    ];
    let given = given.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let headers = args.headers.iter().map(|header| ("header", &**header));
    let parameters: Vec<_> = given.chain(headers).collect();
    let needs = if args.bodies.is_some() { Needs::Token } else { Needs::Nothing };
    let mut answer = args.gateway.ask("/api/v1/tap", &parameters, needs)?;
    if !args.json {
        complain("listening; end it with Ctrl-C");
    }
    let mut event = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        match (&mut answer.body).take(LINE).read_line(&mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error).context("the gateway's answer cannot be read"),
        }
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix("event: ") {
            name.clone_into(&mut event);
        } else if let Some(data) = line.strip_prefix("data: ")
            && !show(&event, data, args.json)?
        {
            return Ok(ExitCode::SUCCESS);
        }
    }
    complain("portico: the gateway has ended the tap");
    Ok(ExitCode::FAILURE)
}

/// False if nobody reads any more.
fn show(event: &str, data: &str, json: bool) -> anyhow::Result<bool> {
    let value: Value =
        serde_json::from_str(data).context("the gateway's answer is not understood")?;
    if event == "missed" {
        let count = |name: &str| value[name].as_u64().unwrap_or_default();
        complain(&format!(
            "{} requests are not shown: {} came beyond the limit a second, {} while this was slow",
            count("too_many_a_second") + count("read_too_slowly"),
            count("too_many_a_second"),
            count("read_too_slowly"),
        ));
        return Ok(true);
    }
    // What is shown whole has been escaped by the gateway.
    let text = if json { data.to_owned() } else { in_words(&value) };
    use std::io::Write;
    Ok(writeln!(std::io::stdout().lock(), "{text}").is_ok())
}

fn in_words(tapped: &Value) -> String {
    let (request, response) = (&tapped["request"], &tapped["response"]);
    let text = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), plain);
    let clock = text(&tapped["time"]);
    let clock = clock.get(11..23).unwrap_or(&clock);
    let status = match response["status"].as_u64() {
        None | Some(0) => "none".to_owned(),
        Some(status) => status.to_string(),
    };
    let took =
        Duration::from_secs_f64(tapped["duration_ms"].as_f64().unwrap_or_default().max(0.0) / 1e3);
    let reason = response["reason"].as_str().map(|reason| format!("  {}", plain(reason)));
    let mut line = format!(
        "{clock}  {:<6} {:<40} {status:<4} {:<8} {} → {}{}",
        text(&request["method"]),
        cut(request["target"].as_str().unwrap_or("-"), 80),
        time(took),
        text(&tapped["route"]),
        text(&tapped["service"]),
        reason.unwrap_or_default(),
    );
    for (what, message) in [("request", request), ("response", response)] {
        if let Some(body) = body(&message["body"]) {
            line += &format!("\n    {what}: {body}");
        }
    }
    line
}

fn body(body: &Value) -> Option<String> {
    let cut = if body["truncated"].as_bool()? { " …" } else { "" };
    if let Some(text) = body["text"].as_str() {
        let lines: Vec<String> = text.lines().map(plain).collect();
        return Some(lines.join("\n      ") + cut);
    }
    if let Some(bytes) = body["base64"].as_str() {
        return Some(format!("{}{cut} (base64)", plain(bytes)));
    }
    Some(format!("not shown: {}", plain(body["withheld"].as_str()?)))
}
