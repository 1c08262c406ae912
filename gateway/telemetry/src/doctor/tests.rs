use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderValue, header};

use super::*;
use crate::{
    far::Kind,
    fixture::{at, ms, record, routed, span_id, trace_id},
    record::Trace,
};

const PAGE: &str = "Mozilla/5.0";

/// The fleet on one machine: everybody has the same address. The page asks for positions and for
/// telemetry; the tracker asks `staff`, and `staff` asks for telemetry.
struct Fleet {
    doctor: Doctor,
    random: fastrand::Rng,
    ids: u64,
    tracker_drops: bool,
    staff_drops: bool,
    /// Services have addresses of their own.
    apart: bool,
}

/// A request as its sender knows it.
struct Sent<'a> {
    to: &'a str,
    from: IpAddr,
    agent: Option<&'static str>,
    parent: Option<([u8; 16], [u8; 8])>,
    began: u64,
    took: u64,
}

impl Fleet {
    fn new(seed: u64) -> Self {
        let doctor = Doctor::new(Settings::default());
        let random = fastrand::Rng::with_seed(seed);
        Self { doctor, random, ids: 0, tracker_drops: false, staff_drops: false, apart: false }
    }

    fn address(&self, service: &str) -> IpAddr {
        match service {
            "position-tracker" if self.apart => [10, 0, 0, 2].into(),
            "vehicle-telemetry" if self.apart => [10, 0, 0, 3].into(),
            "staff" if self.apart => [10, 0, 0, 4].into(),
            // Whoever asks for `localhost` may come from here.
            "staff" => Ipv6Addr::LOCALHOST.into(),
            _ => Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// Records a request (in microseconds); what a service would pass on of it.
    fn send(&mut self, sent: &Sent<'_>) -> ([u8; 16], [u8; 8]) {
        self.ids += 3;
        let mut record = routed(record(), sent.to);
        let own: u128 = self.random.u128(1..);
        record.started = at(Duration::from_micros(sent.began));
        record.took = Duration::from_micros(sent.took);
        record.request_id = format!("{own:x}").into();
        record.trace = Trace {
            trace_id: sent.parent.map_or_else(|| own.to_be_bytes(), |(trace_id, _)| trace_id),
            span_id: span_id(self.ids),
            parent_id: sent.parent.map(|(_, span_id)| span_id),
            ..Trace::default()
        };
        record.client.address.set_ip(sent.from);
        if let Some(agent) = sent.agent {
            let agent = HeaderValue::from_static(agent);
            record.request.headers.insert(header::USER_AGENT, agent);
        }
        let attempt = &mut record.attempts[0];
        attempt.span_id = span_id(self.ids + 1);
        attempt.endpoint.set_ip(self.address(sent.to));
        attempt.began = Duration::from_micros(100);
        attempt.ended = Duration::from_micros(sent.took - 100);
        self.doctor.observe(&record);
        (record.trace.trace_id, span_id(self.ids + 1))
    }

    /// The page asks for positions at `began`; `staff` takes `hang`.
    fn positions(&mut self, began: u64, hang: u64) {
        let page = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let slack = self.random.u64(500..1_500);
        let took = hang + 4 * slack + 1_000;
        let sent = Sent {
            to: "position-tracker",
            from: page,
            agent: Some(PAGE),
            parent: None,
            began,
            took,
        };
        let context = self.send(&sent);
        let parent = (!self.tracker_drops).then_some(context);
        let from = self.address("position-tracker");
        let (began, took) = (began + slack, hang + 2 * slack);
        let context = self.send(&Sent { to: "staff", from, agent: None, parent, began, took });
        let parent = (!self.staff_drops).then_some(context);
        let from = self.address("staff");
        let began = began + slack;
        self.send(&Sent { to: "vehicle-telemetry", from, agent: None, parent, began, took: 900 });
    }

    /// Some minutes of the page.
    fn page(&mut self, seconds: u64, hang: impl Fn(&mut fastrand::Rng) -> u64) {
        let page = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (mut now, end) = (0, seconds * 1_000_000);
        while now < end {
            let hang = hang(&mut self.random);
            self.positions(now, hang);
            now += hang + 1_000_000;
        }
        for turn in 0..seconds {
            let began = turn * 1_000_000 + self.random.u64(0..10_000);
            self.send(&Sent {
                to: "vehicle-telemetry",
                from: page,
                agent: Some(PAGE),
                parent: None,
                began,
                took: 1_500,
            });
        }
    }

    fn report(&self) -> Report {
        self.doctor.report(at(Duration::from_secs(200)))
    }

    fn verdict(&self, service: &str) -> Verdict {
        let report = self.report();
        report.services.iter().find(|checked| &*checked.service == service).unwrap().verdict
    }
}

fn guilty(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| &*finding.service).collect()
}

#[test]
fn the_tracker_is_named_while_staff_hangs_and_all_have_one_address() {
    // Without a timeout the tracker is at work nearly all of the time.
    let mut fleet = Fleet::new(7);
    fleet.tracker_drops = true;
    fleet.page(150, |random| random.u64(10_000_000..30_000_000));
    let report = fleet.report();
    assert_eq!(guilty(&report), ["position-tracker"]);
    let finding = &report.findings[0];
    assert_eq!(finding.called, ["staff".into()]);
    assert_eq!(finding.dropped, finding.calls);
    let words = "`position-tracker` received a trace context and called `staff` without it: ";
    assert!(finding.words.starts_with(words), "{}", finding.words);
    assert_ne!(finding.trace_id, finding.lost_trace_id);
    // Staff, which passes on what it got, is not blamed for it.
    assert_eq!(fleet.verdict("staff"), Verdict::PassesOn);
    assert_eq!(fleet.verdict("vehicle-telemetry"), Verdict::NoCalls);
}

#[test]
fn what_was_seen_before_contexts_were_passed_on_accuses_nobody() {
    let mut fleet = Fleet::new(3);
    fleet.tracker_drops = true;
    fleet.page(6, |_| 1_000_000);
    assert_eq!(guilty(&fleet.report()), ["position-tracker"]);
    let of_now = record().generation;
    // Some that had begun before end afterwards.
    fleet.doctor.forget_before(of_now + 1);
    fleet.page(6, |_| 1_000_000);
    assert!(fleet.report().services.is_empty());
    fleet.doctor.forget_before(of_now);
    fleet.page(6, |_| 1_000_000);
    assert_eq!(guilty(&fleet.report()), ["position-tracker"]);
}

#[test]
fn the_tracker_is_named_after_a_few_requests() {
    let mut fleet = Fleet::new(3);
    fleet.tracker_drops = true;
    fleet.page(6, |_| 1_000_000);
    assert_eq!(guilty(&fleet.report()), ["position-tracker"]);
}

#[test]
fn staff_is_named_and_not_the_tracker_around_it() {
    for apart in [false, true] {
        let mut fleet = Fleet::new(5);
        fleet.staff_drops = true;
        fleet.apart = apart;
        fleet.page(60, |_| 300_000);
        let report = fleet.report();
        assert_eq!(guilty(&report), ["staff"], "apart: {apart}");
        assert_eq!(report.findings[0].called, ["vehicle-telemetry".into()]);
    }
}

#[test]
fn who_is_asked_at_once_did_not_ask_its_caller() {
    // Between the two requests lies less than stamps may be wrong, at both ends.
    for tracker_drops in [false, true] {
        let mut fleet = Fleet::new(9);
        fleet.tracker_drops = tracker_drops;
        for turn in 0..40 {
            let began = turn * 1_500_000;
            let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let (to, agent) = ("position-tracker", Some(PAGE));
            let sent = Sent { to, from, agent, parent: None, began, took: 1_000_800 };
            let parent = Some(fleet.send(&sent)).filter(|_| !tracker_drops);
            let (began, took) = (began + 400, 1_000_000);
            fleet.send(&Sent { to: "staff", from, agent: None, parent, began, took });
        }
        let expected = if tracker_drops { &["position-tracker"][..] } else { &[] };
        assert_eq!(guilty(&fleet.report()), expected);
        assert_eq!(fleet.verdict("staff"), Verdict::NoCalls);
    }
}

#[test]
fn both_are_named_if_they_have_addresses_of_their_own() {
    for apart in [false, true] {
        let mut fleet = Fleet::new(5);
        (fleet.staff_drops, fleet.tracker_drops, fleet.apart) = (true, true, apart);
        fleet.page(60, |_| 300_000);
        let report = fleet.report();
        let mut guilty = guilty(&report);
        guilty.sort_unstable();
        // On one machine the calls of the two look alike; one is named, and then the other.
        let expected =
            if apart { &["position-tracker", "staff"][..] } else { &["position-tracker"] };
        assert_eq!(guilty, expected);
        let tracker = report.findings.iter().find(|f| &*f.service == "position-tracker").unwrap();
        assert_eq!(tracker.called, ["staff".into()]);
    }
}

#[test]
fn nobody_is_named_if_all_pass_it_on() {
    for seed in 0..50 {
        let mut fleet = Fleet::new(seed);
        fleet.page(150, |random| random.u64(1_000..2_000_000));
        assert_eq!(guilty(&fleet.report()), [""; 0], "seed {seed}");
        assert_eq!(fleet.verdict("position-tracker"), Verdict::PassesOn);
    }
}

#[test]
fn strangers_at_the_same_address_make_nobody_guilty() {
    for seed in 0..100 {
        let mut fleet = Fleet::new(seed);
        fleet.page(150, |random| random.u64(1_000..1_500_000));
        // Checks of health, and somebody with curl, as often as the page asks and more.
        let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for _ in 0..400 {
            let began = fleet.random.u64(0..150_000_000);
            let took = fleet.random.u64(1_000..400_000);
            let to = ["staff", "vehicle-telemetry"][fleet.random.usize(..2)];
            let agent = [Some("curl/8"), None][fleet.random.usize(..2)];
            fleet.send(&Sent { to, from, agent, parent: None, began, took });
        }
        assert_eq!(guilty(&fleet.report()), [""; 0], "seed {seed}");
    }
}

#[test]
fn a_page_that_asks_for_two_things_at_once_is_no_evidence() {
    let mut fleet = Fleet::new(1);
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for turn in 0..100 {
        let began = turn * 1_000_000;
        let ask = |to, took| Sent { to, from, agent: Some(PAGE), parent: None, began, took };
        fleet.send(&ask("position-tracker", 9_000));
        fleet.send(&ask("staff", 5_000));
    }
    assert_eq!(guilty(&fleet.report()), [""; 0]);
}

#[test]
fn the_request_id_is_proof() {
    let doctor = Doctor::new(Settings::default());
    for turn in 0..3 {
        let mut outer = routed(record(), "tracker");
        outer.started = at(ms(turn * 10));
        outer.request_id = format!("request {turn}").into();
        // The same sender, as far as can be seen, and one at work all of the time.
        outer.client.address.set_ip(outer.attempts[0].endpoint.ip());
        let mut inner = outer.clone();
        inner.place.service = Some("staff".into());
        inner.trace.span_id = span_id(99);
        inner.trace.trace_id = trace_id(100 + u128::from(turn));
        inner.started = at(ms(turn * 10 + 3));
        inner.took = ms(2);
        inner.attempts.clear();
        doctor.observe(&inner);
        doctor.observe(&outer);
    }
    assert_eq!(guilty(&doctor.report(at(ms(100)))), ["tracker"]);
}

#[test]
fn spans_tell_of_calls_that_do_not_pass_the_gateway() {
    let doctor = Doctor::new(Settings::default());
    let span = |service: &str, id: u64, parent, began: u64, took: u64| Span {
        trace_id: u128::from(id).to_be_bytes(),
        span_id: span_id(id),
        parent_id: parent,
        service: service.into(),
        name: "GET".into(),
        kind: Kind::Server,
        began: at(ms(began)).duration_since(UNIX_EPOCH).unwrap(),
        took: ms(took),
        failed: false,
        message: None,
        attributes: Box::default(),
    };
    let mut random = fastrand::Rng::with_seed(1);
    for turn in 1..=8 {
        let began = turn * 1_000 + random.u64(0..500);
        doctor.hear(&span("orders", turn * 10, Some(span_id(1)), began, 50));
        doctor.hear(&span("stock", turn * 10 + 1, None, began + 20, 15));
        // A job of its own.
        doctor.hear(&span("cron", turn * 10 + 2, None, turn * 700, 15));
    }
    let report = doctor.report(at(Duration::from_secs(20)));
    assert_eq!(guilty(&report), ["orders"]);
    assert_eq!(report.findings[0].called, ["stock".into()]);
}

#[test]
fn what_cannot_be_known_is_said() {
    let doctor = Doctor::new(Settings::default());
    doctor.observe(&record());
    let report = doctor.report(at(ms(100)));
    assert_eq!(report.services[0].verdict, Verdict::NoCalls);
    assert_eq!(
        report.services[0].words,
        "No call from the address of `staff` came through this gateway while it served 1 traced \
         requests. If it calls others directly, or through something that changes addresses, that \
         cannot be seen here: it reports no spans."
    );
}

#[test]
fn evidence_is_bounded_and_grows_old() {
    let doctor = Doctor::new(Settings { remembered: 10, ..Settings::default() });
    for turn in 0..100 {
        let mut record = record();
        record.started = at(ms(turn));
        doctor.observe(&record);
    }
    assert_eq!(doctor.evidence.lock().unwrap().works.len(), 10);
    assert!(doctor.report(at(Duration::from_secs(10_000))).services.is_empty());
}
