//! Records for tests.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use http::{HeaderMap, Method, Version};

use crate::record::{
    Attempt, Client, Failed, Origin, Outcome, Phases, Place, Record, Request, Response, Trace,
};

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A moment of the tests' own time, late enough for anything to lie before it.
pub(crate) fn at(offset: Duration) -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000) + offset
}

pub(crate) fn span_id(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

pub(crate) fn trace_id(number: u128) -> [u8; 16] {
    number.to_be_bytes()
}

/// `GET /api/staff` from 10.0.0.9, answered with 200 by `staff` at 10.0.0.4 after 10 ms.
pub(crate) fn record() -> Record {
    let endpoint: SocketAddr = ([10, 0, 0, 4], 8080).into();
    Record {
        started: at(Duration::ZERO),
        took: ms(10),
        worker: 0,
        generation: 1,
        request_id: "b1946ac9-2492-4d23-8474-1fb9d7e4fe04".into(),
        trace: Trace { trace_id: trace_id(1), span_id: span_id(1), ..Trace::default() },
        client: Client {
            address: ([10, 0, 0, 9], 50_000).into(),
            local: ([10, 0, 0, 1], 80).into(),
            connection: 7,
            earlier: 0,
            tls: None,
        },
        place: Place {
            listener: Some("web".into()),
            route: Some("staff".into()),
            rule: Some("staff/0".into()),
            service: Some("staff".into()),
        },
        request: Request {
            method: Method::GET,
            scheme: "http",
            authority: "fleet.example:80".into(),
            target: "/api/staff".into(),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body_bytes: 0,
        },
        response: Response {
            status: 200,
            origin: Origin::Service,
            headers: HeaderMap::new(),
            body_bytes: 5,
            complete: true,
            details: None,
        },
        attempts: vec![Attempt {
            span_id: span_id(2),
            endpoint,
            reused: false,
            began: ms(1),
            connected: Some(ms(2)),
            sent: Some(ms(2)),
            first_byte: Some(ms(9)),
            ended: ms(10),
            outcome: Outcome::Answered(200),
        }],
        filters: Vec::new(),
        phases: Phases::default(),
    }
}

/// The same, but `staff` hung, and after `limit` the gateway answered 504.
pub(crate) fn hung(limit: Duration) -> Record {
    let mut record = record();
    record.took = limit + ms(3);
    record.response.status = 504;
    record.response.origin = Origin::Gateway(Failed {
        reason: "timeout",
        message: "the service did not answer in time".into(),
        detail: format!("`staff` did not answer within {} s", limit.as_secs()).into(),
    });
    record.attempts[0].first_byte = None;
    record.attempts[0].ended = limit + ms(2);
    record.attempts[0].outcome = Outcome::TimedOut;
    record
}

pub(crate) fn routed(mut record: Record, name: &str) -> Record {
    let name: Arc<str> = name.into();
    record.place.route = Some(Arc::clone(&name));
    record.place.service = Some(name);
    record
}
