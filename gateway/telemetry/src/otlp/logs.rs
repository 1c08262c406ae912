//! A request as an OTLP log record, by the semantic conventions for HTTP (version 1.3x, stable).

use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Version, header};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value},
    logs::v1::{LogRecord, SeverityNumber},
};

use crate::{
    flags::{self, Flag, Flags},
    record::Record,
    redact::Redactor,
};

/// What tells these records from others of the gateway (`event_name`).
pub const EVENT: &str = "portico.request";

/// The bit of [`LogRecord::flags`] that says that the trace is sampled (W3C Trace Context).
const SAMPLED: u32 = 1;

/// A request as a log record: trace and span ids, a severity (error for what
/// [`flags::is_error`] calls one, warning for other failures, info for the rest), the HTTP
/// attributes, and `portico.*` for what only Portico knows. The body is this line, or else
/// a sentence like `GET /path 200`.
pub fn log_record(record: &Record, redactor: &Redactor, body: Option<String>) -> LogRecord {
    let (severity_number, severity_text) = severity(record);
    let body = body.unwrap_or_else(|| {
        let path = redactor.address(record.request.path());
        format!("{} {path} {}", record.request.method, record.response.status)
    });
    LogRecord {
        time_unix_nano: nanos(record.started + record.took),
        observed_time_unix_nano: nanos(record.started + record.took),
        severity_number: severity_number.into(),
        severity_text: severity_text.to_owned(),
        body: Some(text(body)),
        attributes: attributes(record, redactor),
        dropped_attributes_count: 0,
        flags: if record.trace.sampled { SAMPLED } else { 0 },
        trace_id: id(&record.trace.trace_id),
        span_id: id(&record.trace.span_id),
        event_name: EVENT.to_owned(),
    }
}

fn severity(record: &Record) -> (SeverityNumber, &'static str) {
    if flags::is_error(record) {
        (SeverityNumber::Error, "ERROR")
    } else if flags::reason(record).is_some() {
        (SeverityNumber::Warn, "WARN")
    } else {
        (SeverityNumber::Info, "INFO")
    }
}

fn attributes(record: &Record, redactor: &Redactor) -> Vec<KeyValue> {
    let Record { request, response, client, place, .. } = record;
    let mut list = Attributes(Vec::with_capacity(32));
    list.text("http.request.method", request.method.as_str());
    list.text("url.scheme", request.scheme);
    let target = redactor.address(&request.target);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    list.text("url.path", path);
    list.text("url.query", query);
    list.text("server.address", crate::access_log::without_port(&request.authority));
    list.text("client.address", &client.address.ip().to_string());
    list.number("client.port", client.address.port().into());
    list.text("network.protocol.version", version(request.version));
    list.text("user_agent.original", &shown(&request.headers, header::USER_AGENT, redactor));
    list.one("http.request.header.referer", shown(&request.headers, header::REFERER, redactor));
    list.number("http.response.status_code", response.status.into());
    list.number("http.request.body.size", request.body_bytes);
    list.number("http.response.body.size", response.body_bytes);
    list.text("http.route", place.route.as_deref().unwrap_or_default());
    if let Some(tls) = client.tls.as_deref() {
        list.text("tls.protocol.version", tls.version.trim_start_matches("TLSv"));
        list.text("tls.cipher", &tls.cipher);
    }
    if flags::is_error(record) {
        let status = response.status.to_string();
        list.text("error.type", flags::reason(record).unwrap_or(&status));
    }
    portico(&mut list, record);
    list.0
}

fn portico(list: &mut Attributes, record: &Record) {
    let Record { place, attempts, filters, .. } = record;
    list.text("portico.request_id", &record.request_id);
    list.text("portico.listener", place.listener.as_deref().unwrap_or_default());
    list.text("portico.rule", place.rule.as_deref().unwrap_or_default());
    list.text("portico.service", place.service.as_deref().unwrap_or_default());
    list.text("portico.answered_by", flags::answered_by(record));
    list.text("portico.reason", flags::reason(record).unwrap_or_default());
    if let Some(failed) = flags::failed(record) {
        list.text("portico.message", &failed.message);
        list.text("portico.detail", &failed.detail);
    }
    let short: Vec<_> = Flags::of(record).iter().map(Flag::short).collect();
    list.text("portico.response_flags", &short.join(","));
    list.number("portico.duration_us", record.took.as_micros() as u64);
    list.number("portico.attempts", attempts.len() as u64);
    if let Some(attempt) = attempts.last() {
        list.text("portico.endpoint", &attempt.endpoint.to_string());
    }
    let spent: u128 = filters.iter().map(|filter| filter.spent.as_micros()).sum();
    list.number("portico.filter_us", spent as u64);
}

/// Attributes that have a value.
struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn text(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.push(key, text(value.to_owned()));
        }
    }

    /// Headers are lists of values.
    fn one(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            let list = ArrayValue { values: vec![text(value)] };
            self.push(key, AnyValue { value: Some(Value::ArrayValue(list)) });
        }
    }

    fn number(&mut self, key: &str, value: u64) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.push(key, AnyValue { value: Some(Value::IntValue(value)) });
    }

    fn push(&mut self, key: &str, value: AnyValue) {
        self.0.push(KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() });
    }
}

fn text(value: String) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(value)) }
}

fn shown(headers: &HeaderMap, name: header::HeaderName, redactor: &Redactor) -> String {
    let value = headers.get(&name).map(|value| redactor.header(&name, value));
    value.map(|value| String::from_utf8_lossy(&value).into_owned()).unwrap_or_default()
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

fn nanos(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}

/// All zeros is no id; OTLP says so with no bytes.
fn id(bytes: &[u8]) -> Vec<u8> {
    if bytes.iter().all(|byte| *byte == 0) { Vec::new() } else { bytes.to_vec() }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::access_log::fixture;

    /// `UPDATE=1` rewrites the file.
    #[test]
    fn records_are_as_the_golden_file_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/otlp/logs/golden.json");
        let mut failed = fixture::failed("timeout", 504);
        failed.request.target = "/a?token=hunter2".into();
        let records = [fixture::record(), failed]
            .map(|record| log_record(&record, &Redactor::default(), None));
        let seen = serde_json::to_string_pretty(&records).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            return fs::write(&path, &seen).unwrap();
        }
        assert_eq!(seen, fs::read_to_string(&path).unwrap());
        assert!(!seen.contains("hunter2"));
    }
}
