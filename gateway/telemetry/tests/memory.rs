//! A million requests of random paths and hosts: what is kept stays within its limit. Alone in
//! its process, so that the process's memory is its own.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue, Method, Version};
use portico_telemetry::{
    Record,
    record::{Client, Failed, Origin, Phases, Place, Request, Response, Trace},
    store::{Interest, Settings, Store},
};

const MIB: usize = 1024 * 1024;

fn stranger(random: &mut fastrand::Rng) -> Record {
    let id: u128 = random.u128(1..);
    let mut headers = HeaderMap::new();
    // As a server reads it: the value is a piece of a large buffer.
    let head = bytes::Bytes::from(vec![b'v'; 16 * 1024]);
    let value = HeaderValue::from_maybe_shared(head.slice(100..140)).expect("letters");
    headers.insert("user-agent", value);
    let message = "no rule matches";
    Record {
        started: SystemTime::now(),
        took: Duration::from_micros(random.u64(50..5_000)),
        worker: 0,
        generation: 1,
        request_id: format!("{id:032x}").into(),
        trace: Trace { trace_id: id.to_be_bytes(), span_id: [1; 8], ..Trace::default() },
        client: Client {
            address: ([127, 0, 0, 1], 1).into(),
            local: ([127, 0, 0, 1], 2).into(),
            connection: 1,
            earlier: 0,
            tls: None,
        },
        place: Place::default(),
        request: Request {
            method: Method::GET,
            scheme: "http",
            authority: format!("{:x}.example", random.u64(..)).into(),
            target: format!("/{id:x}/{}", "x".repeat(random.usize(..300))).into(),
            version: Version::HTTP_11,
            headers,
            body_bytes: 0,
        },
        response: Response {
            status: 404,
            origin: Origin::Gateway(Failed {
                reason: "no_route",
                message: message.into(),
                detail: "".into(),
            }),
            headers: HeaderMap::new(),
            body_bytes: 0,
            complete: true,
            details: None,
        },
        attempts: Vec::new(),
        filters: Vec::new(),
        phases: Phases::default(),
    }
}

fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    line.split_whitespace().nth(1).and_then(|size| size.parse::<usize>().ok()).expect("KiB") * 1024
}

#[test]
fn a_million_random_paths() {
    let store = Store::new(Settings::default());
    let mut random = fastrand::Rng::with_seed(7);
    let before = resident();
    for _ in 0..1_000_000 {
        let interest = Interest::ALL[random.usize(..4)];
        store.insert(&stranger(&mut random), interest);
    }
    let held = store.held();
    assert!(held.record_bytes <= 24 * MIB, "{held:?}");
    assert!(held.records.iter().all(|count| *count > 1_000), "{held:?}");
    let grown = resident().saturating_sub(before);
    // The estimate may be wrong by a third, and the allocator keeps some to itself.
    assert!(grown < 36 * MIB, "{} KiB for {held:?}", grown / 1024);
}
