//! Log lines: who writes them, how they look, and what never gets in.
//!
//! Writers hand lines to a thread through a bounded queue; when it is full, lines are dropped and
//! counted rather than a request delayed.

mod plugin_log;

use clap::ValueEnum;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

pub use self::plugin_log::{Line, PluginLog};

/// Lines that may wait to be written: a second of a very bad day.
const QUEUE: usize = 16_384;

/// What is said by default. pingora's own errors quote request heads, which hold secrets; what
/// matters of them is said by `portico::request` in its own words.
const DEFAULT: &str = "info,pingora=off,pingora_core=off,pingora_pool=off,\
                       wasmtime=warn,cranelift=warn";

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// Starts to write to standard error, and to keep what plugins say. Lines are written until the
/// guard is dropped.
///
/// # Errors
/// If `filter` is not a filter such as `info,portico::plugin=debug`.
pub fn start(filter: Option<&str>, format: Format) -> anyhow::Result<(WorkerGuard, PluginLog)> {
    let wanted = match filter {
        Some(filter) => format!("{DEFAULT},{filter}"),
        None => DEFAULT.to_owned(),
    };
    let filter = EnvFilter::try_new(wanted)?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .lossy(true)
        .finish(std::io::stderr());
    let plugins = PluginLog::default();
    let registry = tracing_subscriber::registry().with(filter).with(plugins.clone());
    match format {
        Format::Json => registry.with(fmt::layer().json().with_writer(writer)).init(),
        Format::Text => {
            use std::io::IsTerminal;
            let colours = std::io::stderr().is_terminal();
            registry.with(fmt::layer().with_ansi(colours).with_writer(writer)).init();
        }
    }
    Ok((guard, plugins))
}
