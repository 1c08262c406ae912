//! Records to make spans of.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, Version};

use crate::record::{
    Attempt, Call, Client, Failed, Filter, Origin, Outcome, Phases, Place, Record, Request,
    Response, Tls, Trace,
};

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A request that went well, at once.
pub(crate) fn plain() -> Record {
    Record {
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        took: ms(12),
        worker: 1,
        generation: 7,
        request_id: "req-1".into(),
        trace: Trace {
            trace_id: [0x11; 16],
            span_id: [0x22; 8],
            sampled: true,
            ..Trace::default()
        },
        client: Client {
            address: "192.0.2.7:51000".parse().unwrap(),
            local: "192.0.2.1:8080".parse().unwrap(),
            connection: 3,
            earlier: 0,
            tls: None,
        },
        place: Place {
            listener: Some("web".into()),
            route: Some("shop".into()),
            rule: Some("shop/0".into()),
            service: Some("cart".into()),
        },
        request: request(),
        response: Response {
            status: 200,
            origin: Origin::Service,
            headers: HeaderMap::new(),
            body_bytes: 512,
            complete: true,
            details: Some("via_upstream".into()),
        },
        attempts: vec![attempt(1, Outcome::Answered(200))],
        filters: Vec::new(),
        phases: phases(),
    }
}

/// With everything that a record can say.
pub(crate) fn rich() -> Record {
    let mut record = plain();
    record.trace.parent_id = Some([0x33; 8]);
    record.trace.state = Some("vendor=1".into());
    record.client.tls = Some(
        Tls {
            version: "TLSv1.3".into(),
            cipher: "TLS_AES_128_GCM_SHA256".into(),
            server_name: Some("shop.example.com".into()),
            alpn: Some("h2".into()),
            peer: Some("CN=client".into()),
        }
        .into(),
    );
    record.request.scheme = "https";
    record.request.authority = "shop.example.com".into();
    record.request.target = "/cart?id=7&api_key=k-123456&design=1".into();
    record.request.version = Version::HTTP_2;
    record.phases.accept = Some(Duration::from_micros(80));
    record.phases.tls = Some(Duration::from_micros(900));
    record.filters = vec![filter("auth", 1), Filter { is_plugin: false, ..filter("redirect", 2) }];
    record.filters[0].is_canary = true;
    record.filters[0].on_response = Some(ms(10));
    record.filters[0].calls = vec![
        call(1, "keys.internal:8443", "http", Some(200)),
        call(2, "ledger", "grpc", Some(14)),
        call(3, "ledger", "http", None),
    ];
    record.filters[1].calls.clear();
    record.attempts =
        vec![attempt(1, Outcome::Refused("connection refused".into())), attempt(2, Outcome::Stale)];
    record.attempts.push(attempt(3, Outcome::Answered(200)));
    record
}

/// A service that hangs until the deadline.
pub(crate) fn timed_out() -> Record {
    let mut record = plain();
    record.trace.sampled = false;
    record.took = ms(1003);
    record.attempts = vec![Attempt { first_byte: None, ..attempt(1, Outcome::TimedOut) }];
    record.attempts[0].ended = ms(1002);
    record.response.status = 504;
    record.response.details = None;
    record.response.origin = Origin::Gateway(Failed {
        reason: "timeout",
        message: "the service did not answer in time".into(),
        detail: "10.0.0.1:9001 after 1 s".into(),
    });
    record
}

/// Nobody is there for what a stranger asks.
pub(crate) fn no_route() -> Record {
    let mut record = plain();
    record.request.method = Method::from_bytes(b"BREW").unwrap();
    record.request.target = "*".into();
    record.request.authority = "[2001:db8::1]:8080".into();
    record.place = Place { listener: Some("web".into()), ..Place::default() };
    record.attempts.clear();
    record.phases =
        Phases { head: ms(1), answered: Some(ms(2)), logged: ms(2), ..Phases::default() };
    record.response.status = 404;
    record.response.details = Some("route_not_found".into());
    record.response.origin = Origin::Gateway(Failed {
        reason: "no_route",
        message: "no route matches".into(),
        detail: "".into(),
    });
    record
}

/// A plugin traps and the gateway answers for it.
pub(crate) fn trapped() -> Record {
    let mut record = plain();
    record.attempts.clear();
    record.filters = vec![Filter { failed: Some("trap: unreachable".into()), ..filter("auth", 1) }];
    record.filters[0].calls.clear();
    record.response.status = 500;
    record.response.origin = Origin::Gateway(Failed {
        reason: "plugin_failed",
        message: "a filter failed".into(),
        detail: "auth: trap: unreachable".into(),
    });
    record
}

/// The connection to the service ends in the middle of its answer.
pub(crate) fn cut_off() -> Record {
    let mut record = plain();
    record.attempts = vec![attempt(1, Outcome::Reset("connection reset by peer".into()))];
    record.response.complete = false;
    record
}

/// The client leaves before there is an answer.
pub(crate) fn client_gone() -> Record {
    let mut record = plain();
    record.attempts = vec![Attempt { first_byte: None, ..attempt(1, Outcome::Cancelled) }];
    record.response.status = 0;
    record.response.origin = Origin::Nobody(Failed {
        reason: "client_gone",
        message: "the client went away".into(),
        detail: "".into(),
    });
    record
}

fn request() -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static("curl/8.5"));
    headers.insert("authorization", HeaderValue::from_static("Bearer s3cr3t-s3cr3t"));
    headers.insert("cookie", HeaderValue::from_static("session=s3cr3t-s3cr3t"));
    Request {
        method: Method::GET,
        scheme: "http",
        authority: "shop.example.com:8080".into(),
        target: "/cart".into(),
        version: Version::HTTP_11,
        headers,
        body_bytes: 0,
    }
}

fn phases() -> Phases {
    Phases {
        accept: None,
        tls: None,
        head: Duration::from_micros(40),
        matched: Some(Duration::from_micros(50)),
        filtered: Some(Duration::from_micros(300)),
        queued: Some(Duration::from_micros(310)),
        connected: Some(ms(2)),
        sent: Some(ms(3)),
        first_byte: Some(ms(9)),
        answered: Some(ms(10)),
        body: Some(ms(12)),
        logged: ms(12),
    }
}

fn attempt(number: u8, outcome: Outcome) -> Attempt {
    let at = u64::from(number);
    Attempt {
        span_id: [0x40 + number; 8],
        endpoint: format!("10.0.0.{number}:9001").parse().unwrap(),
        reused: number == 2,
        began: ms(at),
        connected: Some(ms(at + 1)),
        sent: Some(ms(at + 2)),
        first_byte: Some(ms(at + 5)),
        ended: ms(at + 7),
        outcome,
    }
}

fn filter(name: &str, at: u64) -> Filter {
    Filter {
        name: name.into(),
        is_plugin: true,
        is_canary: false,
        on_request: Some(Duration::from_micros(100 * at)),
        on_response: None,
        callbacks: 4,
        spent: Duration::from_micros(60),
        waited: Duration::from_micros(1500),
        failed: None,
        calls: vec![call(1, "keys", "http", Some(403))],
    }
}

fn call(number: u8, target: &str, kind: &'static str, status: Option<u16>) -> Call {
    Call {
        span_id: [0x60 + number; 8],
        target: target.into(),
        kind,
        began: Duration::from_micros(150),
        took: Duration::from_micros(1400),
        status,
    }
}
