use std::{fs, sync::Mutex};

use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

fn open(settings: Settings) -> Result<AccessLog, AccessLogError> {
    AccessLog::open(settings, Arc::default(), "gate-1")
}

#[test]
fn requests_become_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let conditions = Conditions { statuses: vec![(500, 599)], ..Conditions::default() };
    let layout = Layout::Text("%RESPONSE_CODE% %PORTICO(reason)%\n".into());
    let output = Output::File(path.clone());
    let mut log = open(Settings { layout, conditions, output }).unwrap();
    log.offer(&fixture::record());
    log.offer(&fixture::failed("timeout", 504));
    log.offer(&fixture::failed("no_endpoint", 503));
    let handle = log.handle().unwrap();
    assert_eq!(handle.status(), Status::default());
    assert!(log.close(LIMIT));
    assert_eq!(fs::read_to_string(path).unwrap(), "504 timeout\n503 no_endpoint\n");
    assert_eq!(handle.status().written, 2);
}

#[test]
fn many_lines_do_not_wait_for_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let output = Output::File(folder.path().join("access.log"));
    let mut log = open(Settings { output, ..Settings::default() }).unwrap();
    let record = fixture::record();
    for _ in 0..1_000 {
        log.offer(&record);
        assert!(log.lines.len() < BATCH_BYTES);
    }
    let handle = log.handle().unwrap();
    assert!(log.close(LIMIT));
    assert_eq!(handle.status().written, 1_000);
}

#[test]
fn a_log_that_is_refused_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let layout = Layout::Text("%NONE_SUCH%".into());
    let output = Output::File(path.clone());
    let refused = open(Settings { layout, output, ..Settings::default() }).unwrap_err();
    assert_eq!(refused.to_string(), "the format of the access log");
    assert!(!path.exists());
}

#[test]
fn otlp_records_come_in_batches() {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let batches = Arc::clone(&taken);
    let output = Output::Otlp(OtlpLogs::new(move |batch| batches.lock().unwrap().push(batch)));
    let layout = Layout::Text("%REQ(:METHOD)% %RESPONSE_CODE%".into());
    let mut log = open(Settings { layout, output, ..Settings::default() }).unwrap();
    let record = fixture::record();
    (0..513).for_each(|_| log.offer(&record));
    log.flush();
    log.flush();
    let batches = taken.lock().unwrap();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [512, 1]);
    let body = batches[1][0].body.clone().unwrap().value;
    assert_eq!(body, Some(Value::StringValue("GET 200".into())));
    assert!(log.handle().is_none());
}
