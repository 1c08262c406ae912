//! Records for tests and for the measurement in `benches/access_log.rs`.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use crate::record::{
    Attempt, Call, Client, Failed, Filter, Origin, Outcome, Phases, Place, Record, Request,
    Response, Tls, Trace,
};

pub(crate) fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

pub(crate) fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

/// A request as a browser sends it, answered by a service after 12 ms.
pub(crate) fn record() -> Record {
    Record {
        started: SystemTime::UNIX_EPOCH + Duration::new(1_790_000_000, 123_456_789),
        took: micros(12_345),
        worker: 1,
        generation: 7,
        request_id: "0c0b3f6e-6d1b-4a53-9a0e-2f6f3a0f9f11".into(),
        trace: Trace {
            trace_id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes(),
            span_id: 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes(),
            sampled: true,
            ..Trace::default()
        },
        client: Client {
            address: "203.0.113.9:51544".parse().expect("is one"),
            local: "192.0.2.1:8443".parse().expect("is one"),
            connection: 42,
            earlier: 3,
            tls: Some(Arc::new(Tls {
                version: "TLSv1.3".into(),
                cipher: "TLS_AES_128_GCM_SHA256".into(),
                server_name: Some("fleet.example.com".into()),
                alpn: Some("http/1.1".into()),
                peer: None,
            })),
        },
        place: Place {
            listener: Some("web".into()),
            route: Some("staff".into()),
            rule: Some("staff/0".into()),
            service: Some("staff".into()),
        },
        request: request(),
        response: Response {
            status: 200,
            origin: Origin::Service,
            headers: headers(&[("content-type", "application/json"), ("server", "demo")]),
            body_bytes: 5120,
            complete: true,
            details: Some("via_upstream".into()),
        },
        attempts: vec![attempt()],
        filters: vec![filter("request_headers", false), filter("limit", true)],
        phases: phases(),
    }
}

/// The same, but the gateway itself answered, for this reason.
pub(crate) fn failed(reason: &'static str, status: u16) -> Record {
    let mut record = record();
    record.attempts.clear();
    record.response.status = status;
    record.response.details = None;
    record.response.origin = Origin::Gateway(Failed {
        reason,
        message: "service `staff` did not answer within 1s".into(),
        detail: "10.1.2.3:80: nothing came".into(),
    });
    record
}

fn request() -> Request {
    Request {
        method: Method::GET,
        scheme: "https",
        authority: "fleet.example.com".into(),
        target: "/api/vehicles/city-truck/history?from=1767225600&limit=50".into(),
        version: Version::HTTP_11,
        headers: headers(&[
            ("host", "fleet.example.com"),
            (
                "user-agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ),
            ("accept", "application/json"),
            ("referer", "https://fleet.example.com/map"),
            ("authorization", "Bearer hunter2"),
            ("cookie", "session=hunter2"),
            ("x-forwarded-for", "198.51.100.7"),
            ("x-request-id", "0c0b3f6e-6d1b-4a53-9a0e-2f6f3a0f9f11"),
        ]),
        body_bytes: 0,
    }
}

fn attempt() -> Attempt {
    Attempt {
        span_id: [7; 8],
        endpoint: "10.0.2.1:8080".parse().expect("is one"),
        reused: false,
        began: micros(700),
        connected: Some(micros(1_200)),
        sent: Some(micros(1_300)),
        first_byte: Some(micros(11_000)),
        ended: micros(12_100),
        outcome: Outcome::Answered(200),
    }
}

fn filter(name: &str, is_plugin: bool) -> Filter {
    Filter {
        name: name.into(),
        is_plugin,
        is_canary: false,
        on_request: Some(micros(400)),
        on_response: Some(micros(11_200)),
        callbacks: if is_plugin { 4 } else { 0 },
        spent: micros(if is_plugin { 38 } else { 2 }),
        waited: micros(if is_plugin { 150 } else { 0 }),
        failed: None,
        calls: if is_plugin { vec![call()] } else { Vec::new() },
    }
}

fn call() -> Call {
    Call {
        span_id: [9; 8],
        target: "quota".into(),
        kind: "grpc",
        began: micros(420),
        took: micros(150),
        status: Some(0),
    }
}

fn phases() -> Phases {
    Phases {
        accept: Some(micros(90)),
        tls: Some(micros(2_100)),
        head: micros(200),
        matched: Some(micros(210)),
        filtered: Some(micros(650)),
        queued: Some(micros(700)),
        connected: Some(micros(1_200)),
        sent: Some(micros(1_300)),
        first_byte: Some(micros(11_000)),
        answered: Some(micros(11_400)),
        body: Some(micros(12_345)),
        logged: micros(12_360),
    }
}
