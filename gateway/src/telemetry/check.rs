//! What can be said about a telemetry section before anything of it is opened.

use std::sync::Arc;

use portico_config::{
    Diagnostic, Source,
    config::{self, Config, LogFormat, LogTarget},
};
use portico_telemetry::{
    access_log::{AccessLogError, Filter, Format, FormatError},
    redact::Redactor,
};

use super::outputs::{conditions, hostname, layout};
use crate::sources;

/// What cannot be had, and what wants it.
#[derive(Clone, Debug)]
pub struct Failed {
    /// In the telemetry section: `access_logs[0].format`.
    path: String,
    message: String,
}

impl Failed {
    pub(super) fn new(path: &str, message: String) -> Self {
        Self { path: path.to_owned(), message }
    }

    /// With its place.
    pub fn diagnostic(self, sources: &[Source]) -> Diagnostic {
        let Self { path, message } = self;
        sources::problem(sources::telemetry_place(sources, &path), message)
    }
}

/// Everything that is wrong with the access logs, as far as that can be known without opening
/// them.
pub fn check(config: &Config) -> Vec<Failed> {
    let logs = config.telemetry.access_logs.iter().enumerate();
    let failed = logs.filter_map(|(index, log)| {
        let format = Format::new(&layout(&log.format), Arc::new(Redactor::default()), &hostname());
        let routes = log.routes.iter().map(|route| config.routes[route.0].name.to_string());
        let routes: Vec<String> = routes.collect();
        let checked = format.map(drop).map_err(AccessLogError::from).and_then(|()| {
            Filter::new(conditions(log, &routes)).map(drop).map_err(AccessLogError::from)
        });
        checked.err().map(|error| failed_log(index, log, &error))
    });
    failed.collect()
}

/// An access log that cannot be kept: the field that is to blame, and why.
pub(super) fn failed_log(index: usize, log: &config::AccessLog, error: &AccessLogError) -> Failed {
    let item = format!("access_logs[{index}]");
    let path = match (error, &log.format, &log.target) {
        (AccessLogError::Format(FormatError::Field { name, .. }), ..) => {
            format!("{item}.json[{}]", serde_json::Value::from(name.as_str()))
        }
        (AccessLogError::Format(_), LogFormat::Json(_), _) => format!("{item}.json"),
        (AccessLogError::Format(_), LogFormat::Text(_), _) => format!("{item}.format"),
        (AccessLogError::Open(_), _, LogTarget::File(_)) => format!("{item}.file"),
        (AccessLogError::Open(_), _, LogTarget::Stdout) => format!("{item}.to"),
        _ => item,
    };
    Failed::new(&path, chain(error))
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some say what their cause says.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
