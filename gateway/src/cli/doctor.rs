//! `portico doctor`: who drops the trace context.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde::Deserialize;
use serde_json::Value;

use super::{gateway::Where, plain::plain, say};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// The answer of the admin API as it is
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gateway: Where,
}

#[derive(Deserialize)]
struct Report {
    words: String,
    findings: Vec<Said>,
    services: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    words: String,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let answer: Value = args.gateway.read("/api/v1/doctor", &[])?;
    let report = Report::deserialize(&answer)?;
    if args.json {
        say(&format!("{answer:#}"));
    } else {
        let mut text = plain(&report.words) + "\n";
        for (mark, said) in [("!", &report.findings), (" ", &report.services)] {
            said.iter().for_each(|said| text += &format!("\n{mark} {}\n", plain(&said.words)));
        }
        say(&text);
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
