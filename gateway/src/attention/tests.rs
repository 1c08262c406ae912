use std::time::Duration;

use serde_json::{Value, json};

use super::{
    situation::{
        Count, Endpoint, Failure, Numbers, Plugin, Refused, Route, Service, Strangers, Unlimited,
        Way,
    },
    *,
};

fn quiet() -> Situation {
    Situation { is_counting: true, has_traffic: true, ..Situation::default() }
}

fn count(requests: u64, errors: u64, p99: f64) -> Count {
    let took = Some(Duration::from_secs_f64(p99)).filter(|took| !took.is_zero());
    Count { requests, errors, p50: took, p99: took }
}

fn numbers(minute: Count, now: Count) -> Numbers {
    Numbers { minute, now }
}

/// The route of the fleet demo.
fn staff(numbers: Numbers, hanging: Option<(u64, u64)>, is_limited: bool) -> Route {
    let path = json!(["routes", { "name": "staff" }, "timeout"]);
    let unlimited = Unlimited { shown: "/api/staff".into(), path };
    let way = Way {
        service: "staff".into(),
        numbers,
        unlimited: Some(unlimited).filter(|_| !is_limited),
        hanging: hanging.map(|(waiting, since)| (waiting, Duration::from_secs(since))),
        calls: Vec::new(),
    };
    Route { name: "staff".into(), numbers, ways: vec![way] }
}

fn failure(reason: &'static str, status: u16, message: &str, count: u64) -> Failure {
    Failure {
        route: Some("staff".into()),
        service: Some("staff".into()),
        reason,
        status,
        message: message.into(),
        count,
        now: count,
        took: Duration::from_secs(1),
    }
}

fn endpoint(numbers: Numbers, trouble: Option<&str>) -> Endpoint {
    Endpoint {
        address: "127.0.0.1:32004".into(),
        is_used: true,
        numbers,
        trouble: trouble.map(str::to_owned),
        refuses: trouble.is_some(),
        unresolved: None,
    }
}

fn sentences(situation: &Situation) -> Vec<String> {
    attention(situation).into_iter().map(|own| own.sentence).collect()
}

fn json_of(situation: &Situation) -> Value {
    serde_json::to_value(attention(situation)).unwrap()
}

#[test]
fn nothing_is_wrong() {
    assert!(attention(&quiet()).is_empty());
    let numbers = numbers(count(6_000, 10, 0.2), count(1_000, 2, 0.2));
    let fine = Situation { routes: vec![staff(numbers, Some((1, 1)), false)], ..quiet() };
    assert!(attention(&fine).is_empty());
}

#[test]
fn no_traffic_says_how_to_make_some() {
    let curl = Some("curl -i http://localhost:30080/".into());
    let situation = Situation { is_counting: true, curl, ..Situation::default() };
    let found = json_of(&situation);
    assert_eq!(found[0]["severity"], "notice");
    assert_eq!(found[0]["why"], "Try: curl -i http://localhost:30080/");
}

#[test]
fn a_slow_service_without_a_timeout() {
    let slow = numbers(count(7, 0, 5.02), count(3, 0, 5.0));
    let found = json_of(&Situation { routes: vec![staff(slow, None, false)], ..quiet() });
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        found[0],
        json!({
            "id": "slow:staff/staff",
            "severity": "critical",
            "sentence":
                "`staff` takes 5 s and `/api/staff` has no timeout: who asks waits as long.",
            "why": "In the last minute half of the requests took 5 s or less, the slowest of a hundred 5 s.",
            "subject": { "kind": "route", "name": "staff" },
            "actions": [
                {
                    "label": "Set timeout: 1s",
                    "edits": [{
                        "op": "set",
                        "path": ["routes", { "name": "staff" }, "timeout"],
                        "value": "1s",
                    }],
                    "reason": "staff is slow, and nobody should wait for it",
                },
                { "label": "Show a slow request", "href": "/traces?q=route:staff&sort=duration" },
            ],
        })
    );
    let limited = Situation { routes: vec![staff(slow, None, true)], ..quiet() };
    assert!(attention(&limited).is_empty());
    let healed = numbers(count(7, 0, 5.02), count(3, 0, 0.1));
    let healed = Situation { routes: vec![staff(healed, None, false)], ..quiet() };
    assert!(attention(&healed).is_empty());
    let once = numbers(count(1, 0, 5.02), Count::default());
    let once = Situation { routes: vec![staff(once, None, false)], ..quiet() };
    assert!(attention(&once).is_empty());
}

#[test]
fn who_waits_for_a_slow_one_is_not_to_blame() {
    let slow = numbers(count(7, 0, 5.02), count(3, 0, 5.0));
    let mut positions = staff(slow, Some((2, 9)), false);
    positions.name = "positions".into();
    positions.ways[0].service = "position-tracker".into();
    positions.ways[0].calls = vec!["staff".into()];
    let with = |staff| Situation { routes: vec![positions.clone(), staff], ..quiet() };
    let found = attention(&with(staff(slow, None, false)));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].id, "slow:staff/staff");
    assert!(found[0].why.as_deref().unwrap().ends_with("`positions` waits for it, too."));
    // With a timeout, too: who waits for it does not wait for ever.
    assert!(attention(&with(staff(slow, None, true))).is_empty());
    let quick = numbers(count(70, 0, 0.1), count(30, 0, 0.1));
    let found = attention(&with(staff(quick, None, true)));
    assert_eq!(found[0].id, "slow:positions/position-tracker");
}

#[test]
fn a_hang_shows_before_anything_has_ended() {
    let hanging = |since| Situation {
        routes: vec![staff(Numbers::default(), Some((3, since)), false)],
        ..quiet()
    };
    assert!(attention(&hanging(2)).is_empty());
    assert_eq!(
        sentences(&hanging(4)),
        ["`staff` has not answered for 4 s and `/api/staff` has no timeout: 3 requests wait."]
    );
    let long = attention(&hanging(4_000));
    assert_eq!(long[0].severity, Severity::Notice);
    assert!(long[0].sentence.contains("long streams"), "{}", long[0].sentence);
}

#[test]
fn nothing_listens() {
    let failing = numbers(count(20, 20, 0.001), count(5, 5, 0.001));
    let endpoint = endpoint(failing, Some("connection refused"));
    let service =
        Service { name: "staff".into(), is_suspended: false, endpoints: vec![endpoint.clone()] };
    let refused = failure("connect_failed", 503, "no endpoint accepts a connection", 20);
    let situation = Situation {
        routes: vec![staff(failing, None, false)],
        services: vec![service.clone()],
        failures: vec![refused],
        ..quiet()
    };
    let found = attention(&situation);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        found[0].sentence,
        "The only endpoint of `staff` fails: connection refused (20 attempts in the last minute)."
    );
    let why = found[0].why.as_deref().unwrap();
    assert_eq!(why, "Nothing listens at 127.0.0.1:32004: is it started?");
    assert_eq!(found[0].severity, Severity::Critical);

    let fine =
        Endpoint { numbers: numbers(count(9, 0, 0.1), count(1, 0, 0.1)), ..endpoint.clone() };
    let service = Service { endpoints: vec![endpoint, fine], ..service };
    let found = attention(&Situation { services: vec![service], ..quiet() });
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].sentence.starts_with("One of 2 endpoints of `staff`, 127.0.0.1:32004, fails"));
}

#[test]
fn timeouts_that_fire_are_not_a_dead_service() {
    let failing = numbers(count(20, 20, 1.0), count(5, 5, 1.0));
    let fired = "service `staff` did not answer within 1s (the timeout of rule `staff/0`)";
    let service = Service {
        name: "staff".into(),
        is_suspended: false,
        endpoints: vec![endpoint(failing, None)],
    };
    let situation = Situation {
        routes: vec![staff(failing, None, true)],
        services: vec![service],
        failures: vec![failure("timeout", 504, fired, 20)],
        ..quiet()
    };
    let expected = format!("20 requests of `staff` got 504 in the last minute (100 %): {fired}.");
    assert_eq!(sentences(&situation), [expected]);
}

#[test]
fn errors_come_with_their_reasons_and_go_with_them() {
    let with = |minute, now| {
        let route = staff(numbers(minute, now), None, true);
        let failures = vec![
            failure("status", 500, "", 8),
            failure("upstream_reset", 502, "service `staff` closed the connection", 2),
        ];
        attention(&Situation { routes: vec![route], failures, ..quiet() })
    };
    let found = with(count(100, 10, 0.1), count(20, 2, 0.1));
    assert_eq!(
        found[0].sentence,
        "10 of 100 requests of `staff` failed in the last minute (10 %)."
    );
    assert_eq!(
        found[0].why.as_deref().unwrap(),
        "`staff` itself answered 500 (8 of those kept); upstream_reset: service `staff` closed the \
         connection (2 of those kept)"
    );
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(with(count(10, 10, 0.1), count(2, 2, 0.1))[0].severity, Severity::Critical);
    assert!(with(count(100, 10, 0.1), count(20, 0, 0.1)).is_empty());
    assert!(with(count(2, 2, 0.1), count(2, 2, 0.1)).is_empty());
}

#[test]
fn clients_that_left() {
    let route = staff(numbers(count(10, 0, 0.4), count(5, 0, 0.4)), None, true);
    let gone = failure("client_gone", 499, "the client went away", 4);
    let situation = Situation { routes: vec![route], failures: vec![gone], ..quiet() };
    assert_eq!(sentences(&situation), ["4 clients of `staff` gave up waiting, after 1 s."]);
}

#[test]
fn strangers_learn_what_is_known() {
    let strangers = Strangers {
        numbers: numbers(count(30, 0, 0.0), count(3, 0, 0.0)),
        hosts: vec![("foo".into(), 28), ("bar.example.com".into(), 2)],
        paths: vec![("/".into(), 5), ("/admin.php".into(), 4)],
        known: vec!["*.example.com".into(), "bar".into()],
    };
    let with = |strangers| sentences(&Situation { strangers, ..quiet() });
    assert_eq!(
        with(strangers.clone()),
        ["30 requests met no route in the last minute: they ask for host `foo`, and the routes \
          know `*.example.com` and `bar`."]
    );
    let known = Strangers { known: vec!["*".into()], ..strangers.clone() };
    assert_eq!(with(known), ["30 requests met no route in the last minute."]);
    let over = Strangers { numbers: numbers(count(30, 0, 0.0), Count::default()), ..strangers };
    assert!(with(over).is_empty());
}

#[test]
fn the_worst_comes_first() {
    let refused = Refused {
        place: "portico.yaml:3".into(),
        message: "unknown field `timout`".into(),
        problems: 2,
        origin: "file".into(),
        running: Some(4),
    };
    let plugin = Plugin { name: "guard".into(), failures: 1, is_closed: true, ..Plugin::default() };
    let situation = Situation {
        routes: vec![staff(numbers(count(7, 0, 5.0), Count::default()), None, false)],
        plugins: vec![plugin],
        refused: Some(refused),
        is_draining: true,
        ..quiet()
    };
    let found = attention(&situation);
    let ids: Vec<_> = found.iter().map(|own| &*own.id).collect();
    let expected =
        ["refused:configuration", "slow:staff/staff", "plugin:guard", "draining:gateway"];
    assert_eq!(ids, expected);
    assert_eq!(
        found[0].sentence,
        "The last configuration was refused: portico.yaml:3: unknown field `timout`, and one more \
         problem."
    );
}
