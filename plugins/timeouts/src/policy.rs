//! Which limit a request gets. The one promise: whatever a client sends, the limit is never
//! longer than the one it would have had without sending it, up to `max` where the operator
//! set one and nothing else.

use crate::deadline::{Format, whole};
use request::rule::{Head, Rule};
use std::time::Duration;

/// The settings, checked; all times in milliseconds, none of them zero.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// The first that matches wins. `None` is a rule that takes requests out of `default`.
    pub(crate) rules: Vec<(Rule, Option<u64>)>,
    pub(crate) default: Option<u64>,
    pub(crate) max: Option<u64>,
    pub(crate) deadline: Option<Deadline>,
}

#[derive(Debug)]
pub(crate) struct Deadline {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) format: Format,
}

/// What limits a request before the client is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bound {
    /// Only a client's own wish, up to this.
    Ceiling(u64),
    /// Nothing here: the route's own timeout, which the filter does not know.
    Route,
    /// A rule or the default.
    Timeout(u64),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    /// The client has given up already: answer, and spare the service the work.
    Expired,
    /// No limit from here; a client's header must go.
    Leave,
    /// At most so many milliseconds, at least one.
    Limit(u64),
}

impl Policy {
    pub(crate) fn bound(&self, head: &impl Head) -> Bound {
        let rule = self.rules.iter().find(|(rule, _)| rule.matches(head));
        match (rule.map_or(self.default, |(_, timeout)| *timeout), self.max) {
            (Some(timeout), _) => Bound::Timeout(timeout),
            (None, Some(max)) => Bound::Ceiling(max),
            (None, None) => Bound::Route,
        }
    }
}

/// `asked` is the client's own timeout header, `remaining` what its deadline header leaves.
pub(crate) fn decide(bound: Bound, asked: Option<&[u8]>, remaining: Option<Duration>) -> Decision {
    if remaining == Some(Duration::ZERO) {
        return Decision::Expired;
    }
    // Rounded up: what is left is more than nothing, and zero would mean no limit.
    let remaining =
        remaining.map(|left| u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX));
    let client = match (asked.and_then(wish), remaining.map(|left| left.max(1))) {
        (Some(asked), Some(left)) => Some(asked.min(left)),
        (asked, left) => asked.or(left),
    };
    match (bound, client) {
        (Bound::Timeout(most) | Bound::Ceiling(most), Some(client)) => {
            Decision::Limit(client.min(most))
        }
        (Bound::Timeout(most), None) => Decision::Limit(most),
        (Bound::Ceiling(_), None) | (Bound::Route, _) => Decision::Leave,
    }
}

/// A client's header is a whole number of milliseconds; zero would switch the limit off.
fn wish(value: &[u8]) -> Option<u64> {
    whole(std::str::from_utf8(value).ok()?, 15).filter(|&milliseconds| milliseconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_client_shortens_and_never_lengthens() {
        let ms = Duration::from_millis;
        for (bound, asked, remaining, expected) in [
            (Bound::Timeout(1000), None, None, Decision::Limit(1000)),
            (Bound::Timeout(1000), Some("200"), None, Decision::Limit(200)),
            (Bound::Timeout(1000), Some("5000"), None, Decision::Limit(1000)),
            (Bound::Timeout(1000), Some("0"), None, Decision::Limit(1000)),
            (Bound::Timeout(1000), Some("-1"), None, Decision::Limit(1000)),
            (Bound::Timeout(1000), Some("999999999999999999999"), None, Decision::Limit(1000)),
            (Bound::Timeout(1000), None, Some(ms(300)), Decision::Limit(300)),
            (Bound::Timeout(1000), Some("200"), Some(ms(300)), Decision::Limit(200)),
            (Bound::Timeout(1000), None, Some(ms(5000)), Decision::Limit(1000)),
            (Bound::Timeout(1000), None, Some(Duration::from_nanos(1)), Decision::Limit(1)),
            (Bound::Timeout(1000), Some("200"), Some(ms(0)), Decision::Expired),
            (Bound::Ceiling(1000), None, None, Decision::Leave),
            (Bound::Ceiling(1000), Some("junk"), None, Decision::Leave),
            (Bound::Ceiling(1000), Some("5000"), None, Decision::Limit(1000)),
            (Bound::Ceiling(1000), Some("500"), None, Decision::Limit(500)),
            (Bound::Route, Some("500"), Some(ms(5)), Decision::Leave),
        ] {
            let asked = asked.map(str::as_bytes);
            assert_eq!(decide(bound, asked, remaining), expected, "{bound:?} {asked:?}");
        }
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        struct At(&'static str);
        impl Head for At {
            fn path(&self) -> &[u8] {
                self.0.as_bytes()
            }
            fn method_is(&self, method: &str) -> bool {
                method == "GET"
            }
            fn has_header(&self, _: &str, _: Option<&str>) -> bool {
                false
            }
        }
        let policy = crate::settings::read(
            br#"{"rules":[{"path":{"exact":"/a"},"timeout":"1s"},
                          {"path":{"prefix":"/stream"},"timeout":"none"},
                          {"path":{"prefix":"/"},"method":"POST","timeout":"2s"},
                          {"path":{"prefix":"/a"},"timeout":"3s"}],
                 "default":"15s","max":"30s"}"#,
        )
        .unwrap();
        assert_eq!(policy.bound(&At("/a?q")), Bound::Timeout(1000));
        assert_eq!(policy.bound(&At("/a/b")), Bound::Timeout(3000));
        assert_eq!(policy.bound(&At("/stream/x")), Bound::Ceiling(30_000));
        assert_eq!(policy.bound(&At("/else")), Bound::Timeout(15_000));
    }

    proptest! {
        #[test]
        fn whatever_a_client_sends_the_bound_holds(
            most in 1u64..100_000,
            asked in proptest::option::of("[0-9]{0,20}|\\PC{0,8}"),
            remaining in proptest::option::of(0u64..200_000_000_000),
        ) {
            let decision = |bound| {
                let left = remaining.map(Duration::from_nanos);
                decide(bound, asked.as_ref().map(String::as_bytes), left)
            };
            match decision(Bound::Timeout(most)) {
                Decision::Expired => prop_assert_eq!(remaining, Some(0)),
                Decision::Leave => prop_assert!(false, "a limit was lost"),
                Decision::Limit(limit) => prop_assert!((1..=most).contains(&limit)),
            }
            if let Decision::Limit(limit) = decision(Bound::Ceiling(most)) {
                prop_assert!((1..=most).contains(&limit));
            }
            prop_assert!(!matches!(decision(Bound::Route), Decision::Limit(_)));
        }
    }
}
