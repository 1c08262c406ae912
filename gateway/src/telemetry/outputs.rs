//! Who is told: exporters and access logs. What a new configuration has in common with the old
//! one goes on as it is, with what waits in it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::check::{self, Failed, chain};
use portico_config::config::{self, Config, LogFormat, LogTarget};
use portico_telemetry::{
    Record,
    access_log::{
        AccessLog, AccessLogError, Conditions, Handle, Layout, OtlpLogs, Output, Settings, Status,
    },
    export::{self, Exporter, QueueSettings, Signal},
    otlp,
    redact::Redactor,
    sampling::Kept,
    secret::Secret,
};

/// Receivers, and logs.
#[derive(Default)]
pub(super) struct Outputs {
    exporters: Vec<Sender>,
    logs: Vec<Log>,
}

struct Sender {
    wanted: config::Exporter,
    exporter: Exporter,
    /// When metrics were sent last.
    measured: Option<Instant>,
}

/// An access log. Several configurations may share it, the collector alone writes.
struct Log {
    wanted: Wanted,
    log: Arc<std::sync::Mutex<AccessLog>>,
    handle: Option<Handle>,
}

/// What makes a log the same.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    log: config::AccessLog,
    /// Names, because places move.
    routes: Vec<String>,
    /// The exporters that get it.
    to: Vec<config::Exporter>,
}

/// How an access log is doing.
#[derive(Clone, Debug)]
pub struct LogStatus {
    /// `stdout`, `otlp` or a path.
    pub target: String,
    /// Missing for OTLP: see the exporters.
    pub status: Option<Status>,
}

impl Outputs {
    /// What a configuration wants; what runs already is shared with it.
    pub(super) fn prepare(&self, config: &Config) -> Result<Self, Vec<Failed>> {
        let mut failed = Vec::new();
        let mut exporters = Vec::new();
        for (index, wanted) in config.telemetry.exporters.iter().enumerate() {
            match self.exporter(wanted) {
                Ok(sender) => exporters.push(sender),
                Err(message) => failed.push(Failed::new(&format!("exporters[{index}]"), message)),
            }
        }
        let mut logs = Vec::new();
        for (index, wanted) in config.telemetry.access_logs.iter().enumerate() {
            match self.log(wanted, config, &exporters) {
                Ok(log) => logs.push(log),
                Err(error) => failed.push(check::failed_log(index, wanted, &error)),
            }
        }
        if failed.is_empty() { Ok(Self { exporters, logs }) } else { Err(failed) }
    }

    fn exporter(&self, wanted: &config::Exporter) -> Result<Sender, String> {
        let running = self.exporters.iter().find(|sender| sender.wanted == *wanted);
        let (exporter, measured) = match running {
            Some(running) => (running.exporter.clone(), running.measured),
            None => {
                let exporter = Exporter::start(settings(wanted)?, None);
                (exporter.map_err(|error| chain(&error))?, None)
            }
        };
        Ok(Sender { wanted: wanted.clone(), exporter, measured })
    }

    fn log(
        &self,
        log: &config::AccessLog,
        config: &Config,
        exporters: &[Sender],
    ) -> Result<Log, AccessLogError> {
        let routes = log.routes.iter().map(|route| config.routes[route.0].name.to_string());
        let takers = exporters
            .iter()
            .filter(|sender| log.target == LogTarget::Otlp && sender.takes(config::Signal::Logs));
        let takers: Vec<&Sender> = takers.collect();
        let wanted = Wanted {
            log: log.clone(),
            routes: routes.collect(),
            to: takers.iter().map(|sender| sender.wanted.clone()).collect(),
        };
        if let Some(running) = self.logs.iter().find(|running| running.wanted == wanted) {
            let (log, handle) = (running.log.clone(), running.handle.clone());
            return Ok(Log { wanted, log, handle });
        }
        let to: Vec<Exporter> = takers.iter().map(|sender| sender.exporter.clone()).collect();
        let settings = Settings {
            layout: layout(&log.format),
            conditions: conditions(log, &wanted.routes),
            output: output(&log.target, to),
        };
        let log = AccessLog::open(settings, Arc::new(Redactor::default()), &hostname())?;
        let handle = log.handle();
        Ok(Log { wanted, log: Arc::new(std::sync::Mutex::new(log)), handle })
    }

    /// A record: a line in each log that wants one, and spans if they are exported.
    pub(super) fn offer(&self, record: &Record, kept: Option<Kept>) {
        for log in &self.logs {
            log.lock().offer(record);
        }
        let Some(kept) = kept else { return };
        let mut spans = None;
        for sender in self.exporters.iter().filter(|sender| sender.takes(config::Signal::Traces)) {
            if sender.exporter.has_room(Signal::Traces) {
                let spans = spans.get_or_insert_with(|| otlp::spans::spans(record, Some(kept)));
                sender.exporter.spans(spans);
            } else {
                sender.exporter.dropped(Signal::Traces, 1 + record.attempts.len());
            }
        }
    }

    /// The end of a round.
    pub(super) fn flush(&self) {
        self.logs.iter().for_each(|log| log.lock().flush());
    }

    /// Exporters for whom it is time to get metrics. They are not due again before their interval
    /// has passed.
    pub(super) fn due(&mut self) -> Vec<Exporter> {
        let now = Instant::now();
        let is_due = |sender: &&mut Sender| {
            let is_time = |last| now.duration_since(last) >= sender.wanted.interval;
            sender.takes(config::Signal::Metrics) && sender.measured.is_none_or(is_time)
        };
        let due = self.exporters.iter_mut().filter(is_due).map(|sender| {
            sender.measured = Some(now);
            sender.exporter.clone()
        });
        due.collect()
    }

    pub(super) fn takers_of_metrics(&self) -> Vec<Exporter> {
        let takers = self.exporters.iter().filter(|sender| sender.takes(config::Signal::Metrics));
        takers.map(|sender| sender.exporter.clone()).collect()
    }

    pub(super) fn exporter_status(&self) -> Vec<(Arc<str>, export::Status)> {
        let status = |sender: &Sender| (sender.wanted.name.clone(), sender.exporter.status());
        self.exporters.iter().map(status).collect()
    }

    pub(super) fn log_status(&self) -> Vec<LogStatus> {
        let status = |log: &Log| LogStatus {
            target: match &log.wanted.log.target {
                LogTarget::File(path) => path.display().to_string(),
                LogTarget::Otlp => "otlp".to_owned(),
                LogTarget::Stdout => "stdout".to_owned(),
            },
            status: log.handle.as_ref().map(Handle::status),
        };
        self.logs.iter().map(status).collect()
    }

    pub(super) fn reopen(&self) {
        self.logs.iter().filter_map(|log| log.handle.as_ref()).for_each(Handle::reopen);
    }

    /// Writes and sends what is left, no longer than `limit`.
    pub(super) async fn end(self, limit: Duration) {
        self.flush();
        let logs: Vec<_> =
            self.logs.into_iter().filter_map(|log| Arc::into_inner(log.log)).collect();
        let closing = tokio::task::spawn_blocking(move || {
            for log in logs {
                let log = log.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
                if !log.close(limit) {
                    tracing::warn!("an access log could not be written to its end");
                }
            }
        });
        let senders = self.exporters.into_iter().map(|Sender { exporter, .. }| {
            tokio::spawn(async move { exporter.shutdown(limit).await })
        });
        // All at once, so that one that is down does not use up the time of the others.
        for ending in senders.collect::<Vec<_>>() {
            if ending.await.is_err() {
                tracing::error!("ending an exporter failed");
            }
        }
        if closing.await.is_err() {
            tracing::error!("closing the access logs failed");
        }
    }
}

impl Sender {
    fn takes(&self, signal: config::Signal) -> bool {
        self.wanted.signals.contains(&signal)
    }
}

impl Log {
    fn lock(&self) -> std::sync::MutexGuard<'_, AccessLog> {
        self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn settings(wanted: &config::Exporter) -> Result<export::Settings, String> {
    let mut settings = export::Settings {
        endpoint: wanted.endpoint.to_string(),
        protocol: match wanted.protocol {
            config::ExportProtocol::Grpc => export::Protocol::Grpc,
            config::ExportProtocol::Http => export::Protocol::Http,
        },
        signals: wanted.signals.iter().map(signal).collect(),
        timeout: wanted.timeout,
        gzip: wanted.gzip,
        queue: QueueSettings { items: wanted.queue as usize, ..QueueSettings::default() },
        ..export::Settings::default()
    };
    settings.batch.interval = wanted.interval;
    let header = |(name, value): &(Box<str>, config::SecretText)| {
        (name.to_string(), Secret::new(value.0.as_bytes()))
    };
    settings.headers = wanted.headers.iter().map(header).collect();
    if let Some(path) = &wanted.ca_file {
        let pem = std::fs::read(path);
        let pem = pem.map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        settings.tls.ca_pem = Some(pem);
    }
    Ok(settings)
}

fn signal(signal: &config::Signal) -> Signal {
    match signal {
        config::Signal::Logs => Signal::Logs,
        config::Signal::Metrics => Signal::Metrics,
        config::Signal::Traces => Signal::Traces,
    }
}

pub(super) fn layout(format: &LogFormat) -> Layout {
    match format {
        LogFormat::Default => Layout::default(),
        LogFormat::Json(fields) => {
            let field = |(name, text): &(Box<str>, Box<str>)| (name.to_string(), text.to_string());
            Layout::Json { fields: fields.iter().map(field).collect(), nulls: true }
        }
        LogFormat::Text(text) => {
            Layout::named(text).unwrap_or_else(|| Layout::Text(text.to_string()))
        }
    }
}

pub(super) fn conditions(log: &config::AccessLog, routes: &[String]) -> Conditions {
    Conditions {
        statuses: log.status.iter().map(|range| (range.first, range.last)).collect(),
        min_duration: log.min_duration,
        routes: routes.to_vec(),
        share: log.sample.map(config::Share::ratio),
        ..Conditions::default()
    }
}

fn output(target: &LogTarget, exporters: Vec<Exporter>) -> Output {
    match target {
        LogTarget::File(path) => Output::File(path.to_path_buf()),
        LogTarget::Stdout => Output::Stdout,
        LogTarget::Otlp => Output::Otlp(OtlpLogs::new(move |records| {
            exporters.iter().for_each(|exporter| exporter.logs(&records));
        })),
    }
}

pub(super) fn hostname() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}
