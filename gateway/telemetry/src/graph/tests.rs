use super::*;
use crate::series::{self, Sample};

const START: u64 = 1_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(START + seconds)
}

fn sample(status: u16, millis: u64) -> Sample {
    Sample { status, took: Duration::from_millis(millis), bytes_out: 100, ..Sample::default() }
}

struct Town {
    registry: Arc<Registry>,
    graph: Graph,
}

impl Town {
    fn new(settings: Settings) -> Self {
        let registry = Arc::new(Registry::new(&series::Settings::default(), 2, at(0)).unwrap());
        Self { graph: Graph::new(registry.clone(), settings, at(0)), registry }
    }

    fn places(&self, route: &str) -> [Arc<Series>; 3] {
        let (listener, rule, service) = ("web".into(), format!("{route}/0").into(), "staff".into());
        [
            Edge::entry(&listener, &route.into(), &rule),
            Edge::branch(&route.into(), &rule, &service),
            Edge::leaf(&service, ([127, 0, 0, 1], 80).into()),
        ]
        .map(|edge| self.registry.series(edge))
    }

    fn view(&self, window: u64, until: u64) -> View {
        self.graph.view(Duration::from_secs(window), at(until))
    }
}

fn requests(view: &View, from: &str, to: &str) -> u64 {
    let link = view.links.iter().find(|link| link.from == from && link.to == to);
    link.map_or(0, |link| link.stats.requests)
}

#[test]
fn from_clients_to_endpoints() {
    let town = Town::new(Settings::default());
    let places = town.places("a");
    let unmatched = town.registry.series(Edge::unmatched(&"web".into()));
    places[0].begin(1);
    for millis in 1..=100 {
        places.iter().for_each(|series| series.add(0, &sample(200, millis)));
    }
    places[0].add(1, &sample(503, 1_000));
    unmatched.add(1, &sample(404, 1));
    town.graph.tick(at(10));
    let view = town.view(60, 10);
    assert_eq!((view.window_seconds, view.since, view.resolution_seconds), (10, START, 1));
    assert_eq!(requests(&view, "client", "listener:web"), 102);
    assert_eq!(requests(&view, "listener:web", "route:a"), 101);
    assert_eq!(requests(&view, "route:a", "service:staff"), 100);
    assert_eq!(requests(&view, "service:staff", "endpoint:staff/127.0.0.1:80"), 100);
    let kinds: Vec<_> = view.nodes.iter().map(|node| node.kind).collect();
    use NodeKind::{Client, Endpoint, Listener, Route, Service};
    assert_eq!(kinds, [Client, Listener, Route, Service, Endpoint]);
    let route = &view.nodes[2];
    assert_eq!((route.stats.errors, route.stats.classes), (1, [0, 0, 100, 0, 0, 1]));
    assert!((route.stats.requests_per_second - 10.1).abs() < 1e-9);
    assert_eq!((route.stats.bytes_out, route.stats.last_seen), (10_100, Some(START + 10)));
    let near = |found: Option<f64>, truth: f64| (found.unwrap() / truth - 1.0).abs() < 0.03;
    assert!(near(route.stats.p50_ms, 51.0) && near(route.stats.p99_ms, 100.0));
    // One request is still at the listener.
    assert_eq!((view.nodes[0].in_flight, view.nodes[1].in_flight), (1, 1));
    serde_json::to_string(&view).unwrap();
}

#[test]
fn windows_and_the_past() {
    let town = Town::new(Settings::default());
    let [entry, ..] = town.places("a");
    for second in 1..=300 {
        entry.add(0, &sample(if second <= 100 { 200 } else { 500 }, 5));
        town.graph.tick(at(second));
    }
    let count = |view: &View| requests(view, "client", "listener:web");
    assert_eq!(count(&town.view(60, 300)), 60);
    assert_eq!(count(&town.view(1, 300)), 1);
    assert_eq!(count(&town.view(1_000, 300)), 300);
    // What is older than a minute is kept in tens.
    let past = town.view(50, 100);
    assert_eq!((count(&past), past.resolution_seconds, past.nodes[0].stats.errors), (50, 10, 0));
    assert_eq!(count(&town.view(1, 95)), 10);
    assert_eq!(town.view(100, 200).nodes[0].stats.error_share, Some(0.99));
    // The future is now.
    assert_eq!(town.view(60, 10_000).at, START + 300);
    assert_eq!(count(&town.view(60, 0)), 0);
}

#[test]
fn what_is_idle_is_there_and_what_is_gone_goes() {
    let town = Town::new(Settings::default());
    let places = town.places("a");
    places[0].add(0, &sample(200, 5));
    town.graph.tick(at(1));
    town.graph.tick(at(100));
    let idle = town.view(60, 100);
    assert_eq!(idle.nodes.len(), 5);
    assert_eq!(idle.nodes[1].stats.error_share, None);
    assert_eq!(idle.nodes[1].stats.last_seen, Some(START));
    drop(places);
    town.graph.tick(at(200));
    assert_eq!(town.view(60, 200).nodes.len(), 5);
    town.graph.tick(at(800));
    town.graph.tick(at(801));
    assert!(town.view(60, 801).nodes.is_empty());
    assert_eq!(town.graph.memory(), 0);
}

#[test]
fn a_series_that_comes_again_counts_from_zero() {
    let town = Town::new(Settings { keep: Duration::from_secs(10_000), ..Settings::default() });
    let add = |times: u64, second| {
        let [entry, ..] = town.places("a");
        (0..times).for_each(|_| entry.add(0, &sample(200, 5)));
        town.graph.tick(at(second));
    };
    add(5, 1);
    town.graph.tick(at(2));
    town.graph.tick(at(700));
    assert!(town.registry.all().is_empty());
    add(7, 701);
    assert_eq!(requests(&town.view(1_000, 701), "client", "listener:web"), 12);
}

#[test]
fn far_links() {
    let town = Town::new(Settings { far_links: 2, ..Settings::default() });
    let _held = town.places("a");
    town.graph.tick(at(5));
    let far = |from, to, millis, failed, second| {
        town.graph.add_far(from, to, Duration::from_millis(millis), failed, at(second));
    };
    far("staff", "database", 10, false, 4);
    far("staff", "database", 30, true, 2);
    far("database", "disk", 5, false, 900);
    far("one", "too many", 5, false, 5);
    let view = town.view(60, 5);
    assert_eq!(requests(&view, "service:staff", "far:database"), 2);
    assert_eq!(requests(&view, "far:database", "far:disk"), 1);
    assert_eq!(town.graph.far_refused(), 1);
    let database = view.nodes.iter().find(|node| node.id == "far:database").unwrap();
    assert_eq!((database.kind, database.stats.error_share), (NodeKind::Far, Some(0.5)));
    // Late ones find their place, as long as there is one.
    town.graph.tick(at(300));
    far("staff", "database", 10, false, 7);
    far("staff", "database", 10, false, 8);
    assert_eq!(requests(&town.view(1_000, 300), "service:staff", "far:database"), 4);
    town.graph.tick(at(700));
    far("staff", "database", 10, false, 8);
    assert_eq!(requests(&town.view(1_000, 700), "service:staff", "far:database"), 0);
}

#[test]
fn memory_has_a_limit_and_the_past_gets_shorter() {
    let memory = 200_000;
    let town = Town::new(Settings { memory, ..Settings::default() });
    let routes: Vec<_> = (0..50).map(|route| town.places(&route.to_string())).collect();
    for second in 1..=400 {
        for (index, [entry, ..]) in routes.iter().enumerate() {
            (1..20).for_each(|nth| entry.add(0, &sample(200, nth * (index as u64 + 1))));
        }
        town.graph.tick(at(second));
        assert!(town.graph.memory() <= memory);
    }
    let view = town.view(10, 400);
    assert!(view.since > START + 300, "{}", view.since - START);
    assert_eq!(requests(&view, "client", "listener:web"), 10 * 50 * 19);
}

#[test]
fn a_busy_link_costs_what_is_documented() {
    let town = Town::new(Settings::default());
    let [entry, ..] = town.places("a");
    for second in 1..=700 {
        for nth in 0..1_000_u64 {
            let micros = 300 + (nth * 7_919 % 1_000) * 5 + if nth < 20 { 200_000 } else { 0 };
            entry.add(0, &Sample { took: Duration::from_micros(micros), ..sample(200, 0) });
        }
        town.graph.tick(at(second));
    }
    let memory = town.graph.memory();
    assert!((10_000..80_000).contains(&memory), "{memory}");
    println!("{memory} bytes for a busy link");
}

#[test]
fn looking_more_often_changes_no_rate() {
    let town = Town::new(Settings::default());
    let [entry, ..] = town.places("a");
    let mut rates = Vec::new();
    for quarter in 1..=200_u64 {
        (0..25).for_each(|_| entry.add(0, &sample(200, 5)));
        let now = at(0) + Duration::from_millis(250 * quarter + 100);
        town.graph.tick(now);
        let view = town.graph.view(Duration::from_secs(10), now);
        rates.push(view.nodes[0].stats.requests_per_second);
    }
    // A hundred a second, at every moment, once there is a second to speak of.
    assert!(rates[8..].iter().all(|rate| (rate - 100.0).abs() < 6.0), "{rates:?}");
    assert_eq!(requests(&town.view(1_000, 60), "client", "listener:web"), 5_000);
}

#[test]
fn the_history_of_a_place() {
    let town = Town::new(Settings::default());
    let ([one, ..], [two, ..]) = (town.places("a"), town.places("b"));
    for second in 1..=300 {
        one.add(0, &sample(200, 5));
        two.add(0, &sample(if second <= 100 { 200 } else { 500 }, 50));
        town.graph.tick(at(second));
    }
    let is = |name: &'static str| move |edge: &Edge| matches!(edge, Edge::Entry { route: Some(own), .. } if &**own == name);
    let minute = town.graph.history(Duration::from_secs(60), at(300), is("b"));
    assert_eq!((minute.len(), minute[0].at, minute[59].at), (60, START + 240, START + 299));
    assert!(minute.iter().all(|point| point.errors_per_second == 1.0));
    let all = town.graph.history(Duration::from_secs(400), at(300), |_| true);
    assert_eq!((all.len(), all[0].at), (40, START - 100));
    assert_eq!((all[5].requests_per_second, all[5].p50_ms), (0.0, None));
    assert_eq!((all[15].requests_per_second, all[15].errors_per_second), (2.0, 0.0));
    assert_eq!((all[39].requests_per_second, all[39].errors_per_second), (2.0, 1.0));
    let stats = town.graph.stats(Duration::from_secs(10), is("a"));
    assert_eq!((stats.requests, stats.requests_per_second), (10, 1.0));
}
