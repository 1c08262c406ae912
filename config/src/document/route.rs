//! Routes, rules and backends.

use crate::{
    decode::List,
    shape::Literal::Number,
    values::{duration::Span, host, name::Name, number::Weight, reason::Reason},
};

use super::{filter::Filter, matching::Match};

/// The time of a whole exchange: up to an hour, and `0s` is no limit, as in Gateway API.
pub(crate) type Timeout = Span<0, 3_600_000>;

/// How many filters a list may have. Each runs for every request of its rule.
pub(crate) const MAX_FILTERS: usize = 32;

record! {
    /// Requests of some hosts, and the rules that say where they go. Among routes, the most
    /// specific host wins, then the longest path, as in Gateway API.
    "a route" struct Route {
        /// Unique among routes.
        required name: Name,
        /// The listeners it serves on. Default: all.
        optional listeners: List<Name, 1>,
        /// Host names it answers to: `fleet.local`, `*.example.com`, `*`. Default: every host.
        optional hosts: List<host::Pattern, 1>,
        /// The timeout of its rules: how long a whole exchange may take, from the request's head
        /// to the response's end. `0s` is no limit. Default: no limit.
        optional timeout: Timeout,
        /// Takes it out of use, and says why. It still matches its requests, so that no other
        /// route gets them, and answers them with 503 and the reason, which therefore must not
        /// hold secrets. Its filters do not run. Absent: it takes part.
        optional suspended: Reason,
        /// Steps of all its rules, in front of each rule's own.
        optional filters: List<Filter, 0, MAX_FILTERS>,
        /// What to do with which requests, at least one.
        required rules: List<Rule, 1>,
    }
}

record! {
    /// What happens to the requests that meet one of its matches.
    "a rule" struct Rule {
        /// Unique in its route. Default: its place, `0` for the first.
        optional name: Name,
        /// Alternatives, of which one must hold. Default: every request.
        optional matches: List<Match, 1>,
        /// Steps on the way, in order for requests and in reverse order for responses.
        optional filters: List<Filter, 0, MAX_FILTERS>,
        /// Where requests go, by weight. Left out only if a filter answers.
        optional backends: List<Backend>,
        /// How long a whole exchange may take, from the request's head to the response's end.
        /// `0s` is no limit. Default: the route's.
        inherited timeout: Timeout,
    }
}

record! {
    /// A share of a rule's requests. Plain text is its `service`.
    "a backend" struct Backend (short service) {
        /// The name of a service.
        required service: Name,
        /// Its share among the backends of its rule; 0 takes no requests.
        default weight: Weight = Number(1),
    }
}
