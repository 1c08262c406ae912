//! The access log: one line for each request, as JSON or in Envoy's words.
//!
//! The collector offers each [`Record`] to each log. A log renders it into a buffer, and
//! [`AccessLog::flush`] hands the buffer to the log's own writer thread, whose queue is bounded:
//! a disk that is slow or full, or a pipe that nobody reads, costs lines, which are counted, and
//! never time of anybody else. A line is written whole or not at all.

mod escape;
mod filter;
#[cfg(test)]
pub(crate) mod fixture;
mod format;
mod json;
mod operators;
mod template;
mod time;
mod value;
mod writer;

use std::{
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(crate) use escape::without_hidden;
pub use filter::{Conditions, Filter, FilterError};
pub(crate) use filter::{has_header, without_port};
pub use format::{COMBINED, ENVOY, FIELDS, Format, FormatError, Layout, PLAIN};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
pub(crate) use value::hex;
use writer::Writer;
pub use writer::{Handle, OpenError, Status};

use crate::{otlp::logs, record::Record, redact::Redactor};

/// Lines are handed over when they are this many bytes, or at the next flush. One write of this
/// size costs little more than one of a line.
const BATCH_BYTES: usize = 64 * 1024;

/// Records for OTLP are handed over when they are this many, or at the next flush: the size that
/// the OpenTelemetry SDKs export by default.
const BATCH_RECORDS: usize = 512;

/// One access log. The default writes every request as JSON to stdout.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How a line looks.
    pub layout: Layout,
    /// Which requests are logged.
    pub conditions: Conditions,
    /// Where lines go.
    pub output: Output,
}

/// Where lines go.
#[derive(Clone, Debug, Default)]
pub enum Output {
    #[default]
    Stdout,
    /// A file that is appended to, and made if it is missing (mode 640); its folder must be
    /// there. It is opened again within a second after it was renamed or removed, and whenever
    /// [`Handle::reopen`] says so. `/dev/stdout` is [`Output::Stdout`].
    File(PathBuf),
    /// OTLP log records, whose body is the line if the layout is text, and else a short sentence.
    Otlp(OtlpLogs),
}

/// Takes log records from an access log. It must not block.
#[derive(Clone)]
pub struct OtlpLogs(Arc<dyn Fn(Vec<LogRecord>) + Send + Sync>);

impl OtlpLogs {
    /// Calls this with batches of at most 512 records, on the thread of the collector.
    pub fn new(take: impl Fn(Vec<LogRecord>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }
}

impl fmt::Debug for OtlpLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtlpLogs")
    }
}

/// An access log that cannot be kept as it is described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessLogError {
    #[error("the format of the access log")]
    Format(#[from] FormatError),
    #[error("the filter of the access log")]
    Filter(#[from] FilterError),
    #[error("the file of the access log")]
    Open(#[from] OpenError),
}

/// Renders records and hands them on. Used by one thread, the collector's.
#[derive(Debug)]
pub struct AccessLog {
    filter: Filter,
    format: Format,
    redactor: Arc<Redactor>,
    is_text: bool,
    lines: Vec<u8>,
    count: u64,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Writer(Writer),
    Otlp { logs: OtlpLogs, records: Vec<LogRecord> },
}

impl AccessLog {
    /// Opens the output and starts its writer. `hostname` is what `%HOSTNAME%` prints.
    ///
    /// # Errors
    /// If the format or the filter make no sense, or the file cannot be opened.
    pub fn open(
        settings: Settings,
        redactor: Arc<Redactor>,
        hostname: &str,
    ) -> Result<Self, AccessLogError> {
        let Settings { layout, conditions, output } = settings;
        // The file last: a log that is refused leaves no trace.
        let format = Format::new(&layout, Arc::clone(&redactor), hostname)?;
        let filter = Filter::new(conditions)?;
        let sink = match output {
            Output::Stdout => Sink::Writer(Writer::stdout()?),
            Output::File(path) => Sink::Writer(Writer::file(path)?),
            Output::Otlp(logs) => Sink::Otlp { logs, records: Vec::new() },
        };
        let is_text = matches!(layout, Layout::Text(_));
        Ok(Self { filter, format, redactor, is_text, lines: Vec::new(), count: 0, sink })
    }

    /// Logs a request, if the filter lets it.
    pub fn offer(&mut self, record: &Record) {
        if !self.filter.matches(record) {
            return;
        }
        match &mut self.sink {
            Sink::Writer(_) => {
                self.format.write(&mut self.lines, record);
                self.count += 1;
                if self.lines.len() >= BATCH_BYTES {
                    self.flush();
                }
            }
            Sink::Otlp { records, .. } => {
                let body = self.is_text.then(|| {
                    self.lines.clear();
                    self.format.write(&mut self.lines, record);
                    String::from_utf8_lossy(self.lines.trim_ascii_end()).into_owned()
                });
                records.push(logs::log_record(record, &self.redactor, body));
                if records.len() >= BATCH_RECORDS {
                    self.flush();
                }
            }
        }
    }

    /// Hands on what was rendered. To be called after each round of the collector.
    pub fn flush(&mut self) {
        match &mut self.sink {
            Sink::Writer(writer) if self.count > 0 => {
                writer.send(&self.lines, self.count);
                self.lines.clear();
                self.count = 0;
            }
            Sink::Otlp { logs, records } if !records.is_empty() => {
                (logs.0)(std::mem::take(records));
            }
            Sink::Writer(_) | Sink::Otlp { .. } => {}
        }
    }

    /// For those who watch it from other threads. Missing for OTLP, whose exporter counts itself.
    pub fn handle(&self) -> Option<Handle> {
        match &self.sink {
            Sink::Writer(writer) => Some(writer.handle()),
            Sink::Otlp { .. } => None,
        }
    }

    /// Flushes, and waits until all is written, but no longer than this. Says whether it was. Just
    /// dropping a log writes what was flushed as well, but does not wait for it.
    pub fn close(mut self, limit: Duration) -> bool {
        self.flush();
        match self.sink {
            Sink::Writer(writer) => writer.close(limit),
            Sink::Otlp { .. } => true,
        }
    }
}

/// RFC 3339 with milliseconds.
pub(crate) fn rfc3339(moment: SystemTime) -> String {
    let mut out = Vec::new();
    if let Ok(pattern) = time::Pattern::parse(time::RFC_3339) {
        pattern.write(&mut out, moment);
    }
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests;
