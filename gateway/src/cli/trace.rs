//! `portico trace`: one request, or a whole trace, in the terminal.

mod waterfall;

use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Args as ClapArgs;
use portico_telemetry::story::time;
use serde::Deserialize;
use serde_json::Value;

use super::{
    gateway::Where,
    plain::plain,
    requests::{Found, Summary},
    say,
};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// A trace id, the SEQ of a request, or an `x-request-id`
    id: String,
    /// The answer of the admin API as it is
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gateway: Where,
}

/// A request whole, as far as it is shown here.
#[derive(Deserialize)]
struct Whole {
    summary: Summary,
    at: String,
    took: String,
    story: Vec<Sentence>,
    timeline: Vec<Phase>,
    filters: Vec<Filter>,
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Sentence {
    about: String,
    text: String,
}

#[derive(Deserialize)]
struct Phase {
    phase: String,
    what: String,
    at_us: u64,
    took: String,
}

#[derive(Deserialize)]
struct Filter {
    name: String,
    is_plugin: bool,
    is_canary: bool,
    on_request_us: Option<u64>,
    callbacks: u64,
    took_us: u64,
    waited_us: u64,
    failed: Option<String>,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    target: String,
    kind: String,
    took: String,
    status: Option<u16>,
}

#[derive(Deserialize)]
struct Attempt {
    endpoint: String,
    reused: bool,
    at_us: u64,
    took: String,
    outcome: String,
    status: Option<u16>,
    cause: Option<String>,
}

/// Requests of one trace that are shown.
const REQUESTS: usize = 20;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let gateway = &args.gateway;
    let requests = requests(gateway, &args.id)?;
    let is_trace_id = args.id.len() == 32 && args.id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let trace_id = match requests.first() {
        Some(request) => &request.trace_id,
        None if is_trace_id => &args.id,
        None => bail!(
            "no request `{}` is kept; `portico requests` shows those that are",
            plain(&args.id)
        ),
    };
    if args.json {
        let trace: Value = gateway.read(&format!("/api/v1/traces/{trace_id}"), &[])?;
        let whole =
            |request: &Summary| gateway.read(&format!("/api/v1/requests/{}", request.seq), &[]);
        let requests = requests.iter().map(whole).collect::<anyhow::Result<Vec<Value>>>()?;
        say(&format!("{:#}", serde_json::json!({ "trace": trace, "requests": requests })));
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = waterfall::draw(&gateway.read(&format!("/api/v1/traces/{trace_id}"), &[])?);
    for request in &requests {
        text += &in_words(&gateway.read(&format!("/api/v1/requests/{}", request.seq), &[])?);
    }
    say(&text);
    Ok(ExitCode::SUCCESS)
}

/// The requests that are meant: one by its number, else all with this id.
fn requests(gateway: &Where, id: &str) -> anyhow::Result<Vec<Summary>> {
    if id.len() < 20 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        let whole: Whole = gateway.read(&format!("/api/v1/requests/{id}"), &[])?;
        return Ok(vec![whole.summary]);
    }
    if id.contains(['"', ' ', '/']) || id.is_empty() {
        bail!("`{}` is no id", plain(id));
    }
    let (query, limit) = (format!("id:{id}"), REQUESTS.to_string());
    let parameters = [("q", &*query), ("sort", "time"), ("limit", &*limit)];
    let mut found: Found = gateway.read("/api/v1/requests", &parameters)?;
    found.requests.reverse();
    Ok(found.requests)
}

fn in_words(whole: &Whole) -> String {
    let request = &whole.summary;
    let mut text = format!(
        "\n{} {} → {} after {}   (request {}, {}, id {})\n",
        plain(&request.method),
        plain(&request.target),
        request.status(),
        whole.took,
        request.seq,
        plain(&whole.at),
        plain(&request.request_id),
    );
    for sentence in &whole.story {
        let mark = match &*sentence.about {
            "cause" => "!",
            "next" => "→",
            _ => " ",
        };
        text += &format!("  {mark} {}\n", plain(&sentence.text));
    }
    text += "\n  phases        at            took\n";
    for Phase { phase, what, at_us, took } in &whole.timeline {
        text += &format!(
            "    {phase:<11} {:<13} {took:<11} {what}\n",
            time(Duration::from_micros(*at_us))
        );
    }
    if !whole.filters.is_empty() {
        text += "\n  filters\n";
        whole.filters.iter().for_each(|filter| text += &filter.line());
    }
    if !whole.attempts.is_empty() {
        text += "\n  attempts\n";
        whole.attempts.iter().for_each(|attempt| text += &attempt.line());
    }
    text
}

impl Filter {
    fn line(&self) -> String {
        let Self { callbacks, took_us, waited_us, failed, calls, .. } = self;
        let canary = if self.is_canary { " (canary)" } else { "" };
        let mut text = format!("    {}{canary}", plain(&self.name));
        if self.on_request_us.is_none() {
            text += "  the request did not come so far";
        }
        if self.is_plugin {
            text += &format!("  {callbacks} callbacks, {took_us} µs");
        }
        if *waited_us > 0 {
            text += &format!(", kept it waiting for {}", time(Duration::from_micros(*waited_us)));
        }
        if let Some(failed) = failed {
            text += &format!("\n      failed: {}", plain(failed));
        }
        for Call { target, kind, took, status } in calls {
            let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            text += &format!("\n      called {} ({kind}): {status} after {took}", plain(target));
        }
        text + "\n"
    }
}

impl Attempt {
    fn line(&self) -> String {
        let Self { endpoint, reused, at_us, took, outcome, status, cause } = self;
        let connection = if *reused { "kept connection" } else { "new connection" };
        let outcome = match (&**outcome, status) {
            ("answered", Some(status)) => format!("answered {status}"),
            ("timed_out", _) => "had not answered when time was up".to_owned(),
            (outcome, _) => outcome.to_owned(),
        };
        let cause = cause.as_deref().map(|cause| format!(": {}", plain(cause))).unwrap_or_default();
        let at = time(Duration::from_micros(*at_us));
        format!("    {endpoint}  at {at}, {connection}, {took}, {outcome}{cause}\n")
    }
}
