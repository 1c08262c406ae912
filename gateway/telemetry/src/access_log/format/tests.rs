use std::{
    fmt::Write,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::{
    access_log::{fixture, operators},
    redact::Rules,
};

fn compile(layout: &Layout) -> Result<Format, FormatError> {
    Format::new(layout, Arc::default(), "gate-1")
}

fn text(format: &str) -> Result<Format, FormatError> {
    compile(&Layout::Text(format.to_owned()))
}

fn line(format: &Format, record: &Record) -> String {
    let mut out = Vec::new();
    format.write(&mut out, record);
    assert_eq!(out.pop(), Some(b'\n'));
    String::from_utf8(out).unwrap()
}

/// Each format of `golden.txt` with what it says of a request that went well (`=`), of one that
/// timed out (`!`), or why it is refused (`?`). `UPDATE=1` rewrites the file.
#[test]
fn formats_say_what_the_golden_file_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/access_log/format/golden.txt");
    let golden = fs::read_to_string(&path).unwrap();
    let mut seen = String::new();
    for entry in golden.lines() {
        if entry.is_empty() || entry.starts_with("# ") {
            writeln!(seen, "{entry}").unwrap();
        }
        let Some(format) = entry.strip_prefix("> ") else { continue };
        writeln!(seen, "> {format}").unwrap();
        match text(format) {
            Ok(compiled) => {
                writeln!(seen, "= {}", line(&compiled, &fixture::record())).unwrap();
                writeln!(seen, "! {}", line(&compiled, &fixture::failed("timeout", 504))).unwrap();
            }
            Err(error) => writeln!(seen, "? {error}").unwrap(),
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(&path, &seen).unwrap();
    }
    assert_eq!(seen, golden, "what is new can be written with UPDATE=1");
}

/// The request that `tests/telemetry/envoy_formats.py` sends, as Envoy told when it began.
fn recorded(started: &str) -> Record {
    let mut record = fixture::record();
    let (seconds, nanos) = started.split_once('.').unwrap();
    let since = Duration::new(seconds.parse().unwrap(), nanos.parse().unwrap());
    record.started = SystemTime::UNIX_EPOCH + since;
    record.client.tls = None;
    record.client.address = "127.0.0.1:1".parse().unwrap();
    record.request.scheme = "http";
    record.request.target = "/api/trucks/7?from=17&limit=50&empty=&from=18".into();
    record.request.headers = fixture::headers(&[
        ("host", "fleet.example.com"),
        ("user-agent", "Mozilla/5.0 (X11)"),
        ("accept", "application/json"),
        ("x-empty", ""),
    ]);
    let umlaut = HeaderValue::from_bytes("grün".as_bytes()).unwrap();
    record.request.headers.insert("x-umlaut", umlaut);
    record.response.status = 404;
    record.response.body_bytes = 5;
    record.response.headers = fixture::headers(&[
        ("content-type", "application/json"),
        ("x-many", "one"),
        ("x-many", "two"),
        ("grpc-status", "5"),
    ]);
    record.attempts[0].endpoint = "127.0.0.1:2".parse().unwrap();
    record
}

#[test]
fn lines_are_those_of_envoy() {
    let entries: Vec<_> = include_str!("envoy.txt").lines().collect();
    let started = entries[1].strip_prefix("= ").unwrap();
    let record = recorded(started);
    let mut differ = Vec::new();
    for entry in entries.chunks(2) {
        let format = entry[0].strip_prefix("> ").unwrap();
        let envoy = entry[1].strip_prefix("= ").unwrap();
        let ours = text(format).map_or_else(|error| error.to_string(), |it| line(&it, &record));
        if ours != envoy {
            differ.push(format!("{format}\n  ours  {ours}\n  envoy {envoy}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn a_grpc_call_has_a_status() {
    let mut record = fixture::record();
    record.response.headers.insert("grpc-status", HeaderValue::from_static("5"));
    let format = text("%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%").unwrap();
    assert_eq!(line(&format, &record), "- - -");
    let kind = HeaderValue::from_static("application/grpc+proto");
    record.request.headers.insert("content-type", kind);
    assert_eq!(line(&format, &record), "NotFound NOT_FOUND 5");
    record.response.headers.insert("grpc-status", HeaderValue::from_static("99"));
    assert_eq!(line(&format, &record), "99 99 99");
}

#[test]
fn every_operator_is_in_the_golden_file() {
    let golden = include_str!("golden.txt");
    for name in operators::served() {
        let is_there =
            [format!("%{name}%"), format!("%{name}(")].iter().any(|used| golden.contains(used));
        assert!(is_there, "{name}");
    }
    for word in operators::own_words() {
        assert!(golden.contains(&format!("%PORTICO({word})%")), "{word}");
    }
}

#[test]
fn the_formats_that_have_names_compile() {
    for name in ["envoy", "combined", "plain"] {
        compile(&Layout::named(name).unwrap()).unwrap();
    }
    assert_eq!(Layout::named("nginx"), None);
    let envoy = compile(&Layout::named("envoy").unwrap()).unwrap();
    assert_eq!(
        line(&envoy, &fixture::record()),
        "[2026-09-21T14:13:20.123Z] \"GET /api/vehicles/city-truck/history?from=1767225600&limit=50 \
         HTTP/1.1\" 200 - 0 5120 12 9 \"198.51.100.7\" \"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) \
         Gecko/20100101 Firefox/140.0\" \"0c0b3f6e-6d1b-4a53-9a0e-2f6f3a0f9f11\" \
         \"fleet.example.com\" \"10.0.2.1:8080\""
    );
}

#[test]
fn json_has_types_and_leaves_out_what_is_missing() {
    let format = compile(&Layout::default()).unwrap();
    let value: serde_json::Value =
        serde_json::from_str(&line(&format, &fixture::record())).unwrap();
    let expected = serde_json::json!({
        "time": "2026-09-21T14:13:20.123Z",
        "request_id": "0c0b3f6e-6d1b-4a53-9a0e-2f6f3a0f9f11",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "client": "203.0.113.9:51544",
        "method": "GET",
        "scheme": "https",
        "host": "fleet.example.com",
        "path": "/api/vehicles/city-truck/history?from=1767225600&limit=50",
        "protocol": "HTTP/1.1",
        "status": 200,
        "answered_by": "service",
        "duration_ms": 12.345,
        "listener": "web",
        "route": "staff",
        "rule": "staff/0",
        "service": "staff",
        "endpoint": "10.0.2.1:8080",
        "attempts": 1,
        "bytes_in": 0,
        "bytes_out": 5120,
        "filter_us": 40,
        "tls": "TLSv1.3",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "referer": "https://fleet.example.com/map",
    });
    assert_eq!(value, expected);
    let failed: serde_json::Value =
        serde_json::from_str(&line(&format, &fixture::failed("timeout", 504))).unwrap();
    assert_eq!(failed["reason"], "timeout");
    assert_eq!(failed["flags"], "UT");
    assert_eq!(failed["detail"], "10.1.2.3:80: nothing came");
    assert!(failed.get("endpoint").is_none());
}

#[test]
fn fields_can_be_chosen() {
    let fields = |pairs: &[(&str, &str)], nulls| Layout::Json {
        fields: pairs.iter().map(|(name, format)| ((*name).into(), (*format).into())).collect(),
        nulls,
    };
    let pairs = [
        ("a\"b", "%RESPONSE_CODE%"),
        ("text", "100%% \"%REQ(:METHOD)%\" %REQ(X-NONE)%"),
        ("none", "%REQ(X-NONE)%"),
        ("fixed", "eu"),
    ];
    let format = compile(&fields(&pairs, true)).unwrap();
    assert_eq!(
        line(&format, &fixture::record()),
        r#"{"a\"b":200,"text":"100% \"GET\" -","none":null,"fixed":"eu"}"#
    );
    let format = compile(&fields(&pairs[2..], false)).unwrap();
    assert_eq!(line(&format, &fixture::record()), r#"{"fixed":"eu"}"#);
    let refused = |layout| compile(&layout).unwrap_err().to_string();
    assert_eq!(refused(fields(&[("a", "x"), ("a", "y")], true)), "there are two fields `a`");
    assert_eq!(
        refused(fields(&[("a", "  %DURATON%")], true)),
        "field `a`: column 3: there is no operator `%DURATON%`; did you mean `%DURATION%`?"
    );
    let many = vec![(String::new(), String::new()); 129];
    assert!(compile(&Layout::Json { fields: many, nulls: true }).is_err());
    assert!(text(&"x".repeat(16 * 1024 + 1)).is_err());
}

#[test]
fn secrets_stay_out() {
    let mut record = fixture::record();
    record.request.target = "/a?api_key=hunter2&b=c".into();
    for (name, value) in [
        ("referer", "https://u:hunter2@h/?token=hunter2"),
        ("x-tenant", "hunter2"),
        ("x-copy", "Bearer hunter2"),
    ] {
        let name = HeaderName::from_static(name);
        record.request.headers.insert(name, HeaderValue::from_static(value));
    }
    let rules = Rules { headers: vec!["x-tenant".into()], ..Rules::default() };
    let redactor = Arc::new(Redactor::new(rules).unwrap());
    let all = "%REQ(:PATH)% %PATH% %QUERY_PARAMS% %QUERY_PARAM(api_key)% %REQ(REFERER)% \
        %REQ(AUTHORIZATION)% %REQ(X-NONE?COOKIE)% %REQ(X-TENANT)% %REQ(X-COPY)% %PATH(NQ)%";
    let format = Format::new(&Layout::Text(all.into()), redactor, "").unwrap();
    assert_eq!(
        line(&format, &record),
        "/a?api_key=[redacted]&b=c /a?api_key=[redacted]&b=c api_key=[redacted]&b=c [redacted] \
         https://[redacted]@h/?token=[redacted] [redacted] [redacted] [redacted] [redacted] /a"
    );
}

#[test]
fn values_of_strangers_are_cut() {
    let mut record = fixture::record();
    record.request.target = "/é".repeat(10_000).into();
    let shown = line(&text("%REQ(:PATH)%").unwrap(), &record);
    assert_eq!(shown.len(), 8191);
    assert_eq!(line(&text("%REQ(:PATH):4%").unwrap(), &record), "/é/");
}

fn hostile() -> impl Strategy<Value = Record> {
    let header = proptest::collection::vec(any::<u8>(), 0..40);
    (any::<String>(), any::<String>(), header, any::<String>(), any::<u16>()).prop_map(
        |(target, authority, header, route, status)| {
            let mut record = fixture::record();
            record.request.target = target.into();
            record.request.authority = authority.into();
            if let Ok(value) = HeaderValue::from_bytes(&header) {
                record.request.headers.insert("user-agent", value.clone());
                record.response.headers.insert("x-any", value);
            }
            record.place.route = Some(route.as_str().into());
            record.response.details = Some(route.into());
            record.response.status = status;
            record
        },
    )
}

proptest! {
    #[test]
    fn a_line_is_a_line(record in hostile()) {
        let names = operators::served().map(|name| match name {
            "COMMON_DURATION" => "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%".to_owned(),
            "PORTICO" => "%PORTICO(host)%".to_owned(),
            "QUERY_PARAM" => "%QUERY_PARAM(a)%".to_owned(),
            "REQ" | "REQUEST_HEADER" | "REQ_WITHOUT_QUERY" => "%REQ(USER-AGENT?:PATH)%".to_owned(),
            "RESP" | "RESPONSE_HEADER" => "%RESP(X-ANY)%".to_owned(),
            name => format!("%{name}%"),
        });
        let fields: Vec<_> = names.enumerate().map(|(i, format)| (i.to_string(), format)).collect();
        let all: Vec<_> = fields.iter().map(|(_, format)| format!("\"{format}\"")).collect();
        let shown = line(&text(&all.join(" ")).unwrap(), &record);
        prop_assert!(!shown.chars().any(char::is_control));
        // Quotes that strangers sent are escaped; what is left are ours.
        let quotes = shown.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        prop_assert_eq!(quotes, 2 * all.len());
        let count = fields.len();
        let json = compile(&Layout::Json { fields, nulls: true }).unwrap();
        let value: serde_json::Value = serde_json::from_str(&line(&json, &record)).unwrap();
        prop_assert_eq!(value.as_object().unwrap().len(), count);
    }

    #[test]
    fn any_format_is_survived(format in "(%[A-Z_%]{0,12}(\\([a-zA-Z:?%)]{0,8}\\))?(:[0-9]{0,3})?%?|.){0,6}") {
        if let Ok(format) = text(&format) {
            line(&format, &fixture::record());
        }
    }
}
