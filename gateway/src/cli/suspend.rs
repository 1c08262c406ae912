//! `portico suspend` and `portico resume`: what takes part, and what does not.

use std::{fmt, process::ExitCode};

use clap::{Args as ClapArgs, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{gateway::Where, plain::plain, say};

#[derive(ClapArgs)]
pub(super) struct Suspend {
    #[command(flatten)]
    part: Part,
    /// Why: one line, which clients are told
    #[arg(long, short, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    how: How,
}

#[derive(ClapArgs)]
pub(super) struct Resume {
    #[command(flatten)]
    part: Part,
    /// Why, for the configuration's history
    #[arg(long, short, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    how: How,
}

/// A part of a configuration, by its name.
#[derive(ClapArgs)]
struct Part {
    kind: Kind,
    /// Of the service or route; for an endpoint, of its service
    name: String,
    /// Of the endpoint, as it is written in the configuration
    #[arg(required_if_eq("kind", "endpoint"))]
    address: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// It gets no requests; where a rule splits them, others get its share
    Service,
    /// All its rules answer 503
    Route,
    /// The others of its service get its requests
    Endpoint,
}

#[derive(ClapArgs)]
struct How {
    /// Where the configuration cannot be written: keep the change in the gateway
    #[arg(long)]
    hold: bool,
    #[command(flatten)]
    gateway: Where,
}

/// What came of a change.
#[derive(Deserialize)]
struct Applied {
    generation: u64,
    written: Vec<String>,
    held: bool,
}

pub(super) fn suspend(args: &Suspend) -> anyhow::Result<ExitCode> {
    let Suspend { part, reason, how } = args;
    let edit = json!({ "op": "set", "path": part.path(), "value": reason });
    let applied = how.make(&edit, reason)?;
    say(&format!("{part} is suspended: {reason}\n{applied}; undo it with {}", part.resume()));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn resume(args: &Resume) -> anyhow::Result<ExitCode> {
    let Resume { part, reason, how } = args;
    let edit = json!({ "op": "remove", "path": part.path() });
    let resumed = format!("{part} takes part again");
    let applied = how.make(&edit, reason.as_deref().unwrap_or(&resumed))?;
    say(&format!("{resumed}\n{applied}"));
    Ok(ExitCode::SUCCESS)
}

impl How {
    fn make(&self, edit: &Value, reason: &str) -> anyhow::Result<Applied> {
        let change = json!({ "edits": [edit], "reason": reason, "hold": self.hold });
        self.gateway.change("/api/v1/changes", &change)
    }
}

impl Part {
    /// Where its `suspended` is in the configuration.
    fn path(&self) -> Value {
        let Self { kind, name, address } = self;
        match kind {
            Kind::Endpoint => json!([
                "services",
                { "name": name },
                "endpoints",
                { "address": address },
                "suspended",
            ]),
            Kind::Route => json!(["routes", { "name": name }, "suspended"]),
            Kind::Service => json!(["services", { "name": name }, "suspended"]),
        }
    }

    fn resume(&self) -> String {
        let Self { kind, name, address } = self;
        let address = address.as_ref().map_or_else(String::new, |address| format!(" {address}"));
        let kind = kind.to_possible_value();
        let kind = kind.as_ref().map_or("", |kind| kind.get_name());
        format!("`portico resume {kind} {name}{address}`")
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, address } = self;
        match kind {
            Kind::Endpoint => {
                let address = address.as_deref().unwrap_or_default();
                write!(f, "endpoint `{address}` of service `{name}`")
            }
            Kind::Route => write!(f, "route `{name}`"),
            Kind::Service => write!(f, "service `{name}`"),
        }
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, written, held } = self;
        write!(f, "generation {generation}")?;
        match held {
            true => f.write_str(", held by the gateway"),
            false => write!(f, ", written to {}", plain(&written.join(", "))),
        }
    }
}
