use std::time::Duration;

use http::HeaderMap;

use super::*;
use crate::context::{Propagation, trace_id};

const SECOND: Duration = Duration::from_secs(1);

fn unlimited() -> Settings {
    Settings {
        per_second: None,
        inherited_per_second: None,
        tail_per_second: None,
        ..Settings::default()
    }
}

fn incoming(headers: &[(&'static str, &str)]) -> Incoming {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    Propagation::default().extract(&headers)
}

fn with_parent(sampled: bool) -> Incoming {
    let flags = u8::from(sampled);
    let parent = format!("00-{}-{}-0{flags}", "1".repeat(32), "2".repeat(16));
    incoming(&[("traceparent", &parent)])
}

#[test]
fn a_share_of_traces_by_their_ids() {
    let rule = Sampler::new(Settings { rate: 0.25, ..unlimited() }, 1).unwrap().rule(None);
    let other = Sampler::new(Settings { rate: 0.25, ..unlimited() }, 8).unwrap().rule(None);
    let fresh = Incoming::default();
    let mut sampled = 0;
    for _ in 0..40_000 {
        let id = trace_id();
        let first = rule.head(0, &fresh, &id, SECOND);
        assert_eq!(first, other.head(5, &fresh, &id, SECOND), "gateways agree");
        sampled += usize::from(first);
    }
    assert!((9_600..10_400).contains(&sampled), "{sampled} of 40,000");
}

#[test]
fn the_ends_of_the_scale() {
    let fresh = Incoming::default();
    for (rate, expected) in [(0.0, false), (1.0, true)] {
        let rule = Sampler::new(Settings { rate, ..unlimited() }, 1).unwrap().rule(None);
        for id in [[0; 16], [255; 16]] {
            assert_eq!(rule.head(0, &fresh, &id, SECOND), expected, "{rate} {id:?}");
        }
    }
}

#[test]
fn explicit_randomness_goes_before_the_id() {
    let settings = Settings { rate: 0.5, parents: Parents::Ignore, ..unlimited() };
    let rule = Sampler::new(settings, 1).unwrap().rule(None);
    let parent = format!("00-{}-{}-00", "1".repeat(32), "2".repeat(16));
    for (randomness, expected) in [("80000000000000", true), ("7fffffffffffff", false)] {
        let state = format!("a=1,ot=th:8;rv:{randomness}");
        let came = incoming(&[("traceparent", &parent), ("tracestate", &state)]);
        assert_eq!(rule.head(0, &came, &[0; 16], SECOND), expected, "{randomness}");
    }
}

#[test]
fn parents_count_or_do_not() {
    let respect = Sampler::new(Settings { rate: 0.0, ..unlimited() }, 1).unwrap().rule(None);
    assert!(respect.head(0, &with_parent(true), &[1; 16], SECOND));
    assert!(respect.head(0, &incoming(&[("b3", "d")]), &[1; 16], SECOND));
    assert!(!respect.head(0, &Incoming::default(), &[1; 16], SECOND));
    let always = Sampler::new(unlimited(), 1).unwrap().rule(None);
    assert!(!always.head(0, &with_parent(false), &[1; 16], SECOND));
    assert!(!always.head(0, &incoming(&[("b3", "0")]), &[1; 16], SECOND));
    let settings = Settings { parents: Parents::Ignore, ..unlimited() };
    let ignore = Sampler::new(settings, 1).unwrap().rule(None);
    assert!(ignore.head(0, &with_parent(false), &[1; 16], SECOND));
}

#[test]
fn limits_are_shared_out() {
    let settings = Settings { per_second: Some(20.0), ..unlimited() };
    let sampler = Sampler::new(settings, 2).unwrap();
    let rule = sampler.rule(None);
    let fresh = Incoming::default();
    let count = |worker, from: u64, until: u64| {
        (from..until)
            .filter(|ms| rule.head(worker, &fresh, &trace_id(), Duration::from_millis(*ms)))
            .count()
    };
    // A bucket of a second, and then the rate.
    assert_eq!(count(0, 10_000, 10_001), 1);
    assert_eq!(count(0, 10_001, 12_001), 29);
    assert_eq!(count(1, 10_000, 12_001), 30);
    assert!(sampler.limited() > 3_900);
    let inherited = with_parent(true);
    assert!((0..100).all(|_| rule.head(0, &inherited, &[1; 16], SECOND)), "another limit");
}

#[test]
fn small_and_no_limits() {
    let fresh = Incoming::default();
    let rare = Sampler::new(Settings { per_second: Some(0.5), ..unlimited() }, 1).unwrap();
    let rule = rare.rule(None);
    let at = |second: u64| rule.head(0, &fresh, &[1; 16], Duration::from_secs(second));
    assert_eq!([1, 2, 3, 4, 5].map(at), [true, false, true, false, true]);
    let none = Sampler::new(Settings { per_second: Some(0.0), ..unlimited() }, 1).unwrap();
    assert!(!none.rule(None).head(0, &fresh, &[1; 16], SECOND));
}

#[test]
fn rules_differ() {
    let rule = |rule: &str, rate, slow| RuleSettings { rule: rule.into(), rate, slow };
    let rules = vec![rule("shop", Some(0.0), Some(2 * SECOND)), rule("shop/cart", Some(1.0), None)];
    let sampler = Sampler::new(Settings { rules, ..unlimited() }, 1).unwrap();
    let fresh = Incoming::default();
    let slow = Facts { answered: SECOND * 3 / 2, ..Facts::default() };
    let cases = [
        (None, true, true),
        (Some("other/0"), true, true),
        (Some("shop/0"), false, false),
        (Some("shop/cart"), true, false),
    ];
    for (name, sampled, kept) in cases {
        let rule = sampler.rule(name);
        assert_eq!(rule.head(0, &fresh, &[1; 16], SECOND), sampled, "{name:?}");
        assert_eq!(rule.tail(0, slow, SECOND).is_some(), kept, "{name:?}");
    }
}

#[test]
fn the_end_decides_too() {
    let rule = Sampler::new(unlimited(), 1).unwrap().rule(None);
    let facts = Facts::default();
    let kept = |facts| rule.tail(0, facts, SECOND);
    assert_eq!(kept(facts), None);
    assert_eq!(kept(Facts { sampled: true, failed: true, ..facts }), Some(Kept::Head));
    assert_eq!(kept(Facts { failed: true, ..facts }), Some(Kept::Error));
    assert_eq!(kept(Facts { failed: true, plugin_failed: true, ..facts }), Some(Kept::Plugin));
    assert_eq!(kept(Facts { answered: SECOND, ..facts }), None);
    assert_eq!(kept(Facts { answered: SECOND * 2, ..facts }), Some(Kept::Slow));
    let settings = Settings { errors: false, slow: None, ..unlimited() };
    let off = Sampler::new(settings, 1).unwrap().rule(None);
    let all = Facts { failed: true, plugin_failed: true, answered: SECOND * 999, ..facts };
    assert_eq!(off.tail(0, all, SECOND), None);
    let settings = Settings { tail_per_second: Some(1.0), ..unlimited() };
    let sampler = Sampler::new(settings, 1).unwrap();
    let few = sampler.rule(None);
    let failed = Facts { failed: true, ..facts };
    assert_eq!(few.tail(0, failed, SECOND), Some(Kept::Error));
    assert_eq!(few.tail(0, failed, SECOND), None);
    assert_eq!(sampler.limited(), 1);
}

#[test]
fn what_means_nothing_is_refused() {
    for rate in [-0.1, 1.1, f64::NAN] {
        let refused = Sampler::new(Settings { rate, ..unlimited() }, 1).unwrap_err();
        assert!(matches!(refused, SettingsError::Rate(_)));
        let rules = vec![RuleSettings { rate: Some(rate), ..RuleSettings::default() }];
        assert!(Sampler::new(Settings { rules, ..unlimited() }, 1).is_err());
    }
    for per_second in [-1.0, f64::NAN, f64::INFINITY] {
        let settings = Settings { tail_per_second: Some(per_second), ..unlimited() };
        assert!(matches!(Sampler::new(settings, 1).unwrap_err(), SettingsError::PerSecond(_)));
    }
}
