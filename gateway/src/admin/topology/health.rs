//! How an endpoint is, as its attempts tell. Nobody asks it anything: what is seen is what requests
//! met in the last minute.

use serde::Serialize;

use crate::attention::situation::{Endpoint, Numbers};

/// How an endpoint is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::admin) enum Health {
    Degraded,
    Failing,
    Healthy,
    /// No attempt in the last minute.
    Idle,
    Suspended,
    Unresolved,
}

impl Health {
    /// Somebody should look at it.
    pub(in crate::admin) fn is_trouble(self) -> bool {
        matches!(self, Self::Degraded | Self::Failing | Self::Unresolved)
    }
}

/// From these shares of failed attempts on; and so many must have failed.
const DEGRADED: f64 = 0.05;
const FAILING: f64 = 0.5;
const FAILED: u64 = 3;

/// With a sentence, where there is something to say.
pub(in crate::admin) fn of(
    endpoint: &Endpoint,
    suspended: Option<&str>,
) -> (Health, Option<String>) {
    if let Some(reason) = suspended {
        return (Health::Suspended, Some(reason.to_owned()));
    }
    if let Some(why) = &endpoint.unresolved {
        return (Health::Unresolved, Some(format!("its name does not resolve: {why}")));
    }
    let Numbers { minute, now } = &endpoint.numbers;
    let words = || {
        let Some(trouble) = &endpoint.trouble else {
            return format!("{} of its last {} attempts failed", minute.errors, minute.requests);
        };
        format!("{} of its last {} attempts failed: {trouble}", minute.errors, minute.requests)
    };
    let some = minute.errors > 0;
    let is_over = now.requests > 0 && now.error_share() < DEGRADED;
    let health = match minute.error_share() {
        _ if minute.requests == 0 => Health::Idle,
        _ if minute.errors < FAILED || is_over => Health::Healthy,
        share if share >= FAILING => Health::Failing,
        share if share >= DEGRADED => Health::Degraded,
        _ => Health::Healthy,
    };
    (health, some.then(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::situation::Count;

    #[test]
    fn few_failures_and_old_ones_do_not_count() {
        let count = |requests, errors| Count { requests, errors, ..Count::default() };
        let health = |minute, now| {
            let numbers = Numbers { minute, now };
            of(&Endpoint { numbers, ..Endpoint::default() }, None).0
        };
        let none = count(0, 0);
        assert_eq!(health(none, none), Health::Idle);
        assert_eq!(health(count(2, 2), count(2, 2)), Health::Healthy);
        assert_eq!(health(count(3, 3), none), Health::Failing);
        assert_eq!(health(count(30, 20), count(10, 0)), Health::Healthy);
        assert_eq!(health(count(100, 5), count(10, 1)), Health::Degraded);
        assert_eq!(health(count(1_000, 5), count(10, 1)), Health::Healthy);
    }
}
