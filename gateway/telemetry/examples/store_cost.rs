//! What keeping costs: run with `cargo run --release -p portico-telemetry --example store_cost`.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use portico_telemetry::{
    Record,
    doctor::{self, Doctor},
    far::Behind,
    query::{Page, Query},
    record::{Attempt, Client, Origin, Outcome, Phases, Place, Request, Response, Trace},
    store::{Interest, Keeper, Rates, Seen, Settings, Store},
};
use tokio::time::Instant;

fn main() {
    worker();
    collector();
}

/// The predicate, at 50,000 requests a second on one of a hundred routes.
fn worker() {
    let keeper = Keeper::new(Rates::default());
    let routes: Vec<_> = (0..100).map(|number| keeper.route(&number.to_string())).collect();
    let mut random = fastrand::Rng::with_seed(7);
    let times: Vec<Duration> =
        (0..4096).map(|_| Duration::from_nanos(random.u64(200_000..3_000_000))).collect();
    let mut kept = 0_u64;
    let turns = 20_000_000_u64;
    let began = Instant::now();
    for (turn, took) in (0..turns).zip(times.iter().cycle()) {
        let now = Duration::from_micros(turn * 20);
        let seen = Seen { status: 200, failed: false, trapped: false, took: *took, now };
        let watch = &routes[(turn % 100) as usize];
        kept += u64::from(black_box(watch.wants(0, black_box(&seen))).is_some());
    }
    let each = began.elapsed().as_secs_f64() * 1e9 / turns as f64;
    println!("wants: {each:.1} ns; kept {:.2} %", kept as f64 * 100.0 / turns as f64);
}

fn collector() {
    let store = Arc::new(Store::new(Settings::default()));
    let doctor = Arc::new(Doctor::new(doctor::Settings::default()));
    let behind = Behind::new(Arc::clone(&store), Arc::clone(&doctor), Box::new(|_| {}));
    let mut record = record();
    let turns = 200_000_u32;
    let mut each = |what: &str, act: &dyn Fn(&Record)| {
        let mut spent = Duration::ZERO;
        for turn in 0..turns {
            record.started = SystemTime::now();
            record.trace.trace_id = u128::from(turn + 1).to_be_bytes();
            record.attempts[0].span_id = u64::from(turn + 1).to_be_bytes();
            let began = Instant::now();
            act(&record);
            spent += began.elapsed();
        }
        println!("{what}: {} ns", spent.as_nanos() / u128::from(turns));
    };
    each("insert", &|record| store.insert(record, Interest::Sample));
    each("observe", &|record| behind.observe(record));

    println!("held: {:?}", store.held());
    for text in ["status:5xx route:staff >1s /api/", "nowhere"] {
        let query = Query::parse(text).expect("a search");
        let began = Instant::now();
        let found = query.run(&store, &Page::default(), SystemTime::now());
        println!("search `{text}` in {}: {:?}", found.searched, began.elapsed());
    }
    let began = Instant::now();
    black_box(store.all());
    println!("locked for a search: {:?}", began.elapsed());
    let began = Instant::now();
    black_box(doctor.report(SystemTime::now()));
    println!("report: {:?}", began.elapsed());
}

/// As a browser sends it and a service answers.
fn record() -> Record {
    let headers = |count: usize| -> HeaderMap {
        let name = |number: usize| HeaderName::from_bytes(format!("x-header-{number}").as_bytes());
        let value = HeaderValue::from_static("some forty bytes of a value, as they are");
        (0..count).filter_map(|number| Some((name(number).ok()?, value.clone()))).collect()
    };
    Record {
        started: SystemTime::now(),
        took: Duration::from_millis(3),
        worker: 0,
        generation: 1,
        request_id: "b1946ac9-2492-4d23-8474-1fb9d7e4fe04".into(),
        trace: Trace { span_id: [1; 8], ..Trace::default() },
        client: Client {
            address: ([10, 0, 0, 9], 50_000).into(),
            local: ([10, 0, 0, 1], 80).into(),
            connection: 1,
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
            authority: "fleet.example".into(),
            target: "/api/staff/drivers?page=2".into(),
            version: Version::HTTP_11,
            headers: headers(14),
            body_bytes: 0,
        },
        response: Response {
            status: 200,
            origin: Origin::Service,
            headers: headers(8),
            body_bytes: 1_000,
            complete: true,
            details: None,
        },
        attempts: vec![Attempt {
            span_id: [2; 8],
            endpoint: ([10, 0, 0, 4], 8080).into(),
            reused: true,
            began: Duration::from_micros(100),
            connected: Some(Duration::from_micros(110)),
            sent: Some(Duration::from_micros(150)),
            first_byte: Some(Duration::from_millis(2)),
            ended: Duration::from_millis(3),
            outcome: Outcome::Answered(200),
        }],
        filters: Vec::new(),
        phases: Phases::default(),
    }
}
