//! `portico requests`: the requests of the last minutes, the most interesting first.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::{Args as ClapArgs, ValueEnum};
use portico_telemetry::story::time;
use serde::Deserialize;
use serde_json::Value;

use super::{
    complain,
    gateway::Where,
    plain::{cut, plain},
    say,
};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// What to look for; all of it must hold. Without it, all
    ///
    /// `/api` paths that begin so · `status:5xx` · `route:staff` · `service:web` · `method:GET` ·
    /// `host:fleet.local` · `header:x-user=7` · `client:10.0.0.9` · `reason:timeout` · `>250ms` ·
    /// `is:failed` · `since:5m` · `id:…` a request's or trace's id · a word anywhere · `-` before a
    /// term: not that (after `--`)
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// Which come first
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// The answer of the admin API as it is
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gateway: Where,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Sort {
    /// Failures, then trapped plugins, then slow ones, then the rest
    #[default]
    Interest,
    /// The newest
    Time,
    /// The longest
    Duration,
}

/// A page of requests, as far as it is shown here.
#[derive(Deserialize)]
pub(super) struct Found {
    pub(super) requests: Vec<Summary>,
    matches: usize,
    searched: usize,
    note: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Summary {
    pub(super) seq: u64,
    interest: String,
    at_ms: u64,
    pub(super) took_us: u64,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) status: u16,
    answered_by: String,
    pub(super) reason: Option<String>,
    route: Option<String>,
    pub(super) request_id: String,
    pub(super) trace_id: String,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (query, limit) = (args.query.join(" "), args.limit.to_string());
    let sort = match args.sort {
        Sort::Duration => "duration",
        Sort::Interest => "interest",
        Sort::Time => "time",
    };
    let parameters = [("q", &*query), ("sort", sort), ("limit", &*limit)];
    if args.json {
        let found: Value = args.gateway.read("/api/v1/requests", &parameters)?;
        say(&format!("{found:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    let found: Found = args.gateway.read("/api/v1/requests", &parameters)?;
    if let Some(note) = &found.note {
        complain(&format!("portico: {}", plain(note)));
    }
    if found.requests.is_empty() {
        complain(&match found.searched {
            0 => "no request is kept yet".to_owned(),
            searched => format!("none of the {searched} requests that are kept is like that"),
        });
        return Ok(ExitCode::FAILURE);
    }
    say(&table(&found, SystemTime::now()));
    Ok(ExitCode::SUCCESS)
}

fn table(found: &Found, now: SystemTime) -> String {
    let header = ["SEQ", "WHEN", "METHOD", "PATH", "STATUS", "TOOK", "ROUTE", "WHY"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(found.requests.iter().map(|request| row(request, now)));
    let widths: Vec<usize> = (0..header.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    let (shown, matches, searched) = (found.requests.len(), found.matches, found.searched);
    text + &format!(
        "\n{shown} of {matches} that match, {searched} kept. `portico trace SEQ` shows one whole."
    )
}

fn row(request: &Summary, now: SystemTime) -> [String; 8] {
    let ended = UNIX_EPOCH + Duration::from_millis(request.at_ms);
    let age = now.duration_since(ended).unwrap_or_default();
    [
        request.seq.to_string(),
        format!("{} ago", age_in_words(age)),
        cut(&request.method, 10),
        cut(&request.target, 44),
        request.status(),
        time(Duration::from_micros(request.took_us)),
        cut(request.route.as_deref().unwrap_or("-"), 20),
        request.why(),
    ]
}

impl Summary {
    /// The status, or a word for none.
    pub(super) fn status(&self) -> String {
        if self.status == 0 { "none".to_owned() } else { self.status.to_string() }
    }

    fn why(&self) -> String {
        let reason = self.reason.as_deref().map(plain);
        match (&*self.interest, reason, &*self.answered_by) {
            ("sample", None, _) => String::new(),
            ("sample", Some(reason), _) => reason,
            (interest, Some(reason), _) => format!("{interest}: {reason}"),
            ("failed", None, "service") => "failed: answer of the service".to_owned(),
            ("failed", None, by) => format!("failed: answer of {}", plain(by)),
            (interest, None, _) => plain(interest),
        }
    }
}

fn age_in_words(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
