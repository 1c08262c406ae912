//! Rules that share a host and a path: which of them comes first, and whose conditions hold.

use std::cmp::Reverse;

use http::{HeaderName, Method};
use portico_config::config::{Match, ValueMatch};

use super::{facts::Facts, index::Index, steps::step};

/// A rule's match without its path: where to go if the rest holds too.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) rule: u32,
    pub(super) matched: u16,
    /// `None`, as for most rules, if the path is all it asks for.
    pub(super) conditions: Option<Box<Conditions>>,
}

/// What a match asks for besides the path.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) method: Option<Method>,
    pub(super) headers: Box<[(HeaderName, ValueMatch)]>,
    pub(super) query: Box<[(Box<str>, ValueMatch)]>,
}

/// The first condition that a request does not meet.
#[derive(Debug)]
pub(super) enum Unmet<'a> {
    Header(&'a HeaderName, &'a ValueMatch),
    Method(&'a Method),
    Query(&'a str, &'a ValueMatch),
}

/// Precedence among matches with the same path; the least comes first.
///
/// Gateway API: a method, then most headers, then most query parameters, then the order of the
/// document.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Order {
    pub(super) any_method: bool,
    pub(super) headers: Reverse<usize>,
    pub(super) query: Reverse<usize>,
    pub(super) rule: u32,
    pub(super) matched: u16,
}

impl Candidate {
    /// `None` if no request can meet it: a method or header name that HTTP does not know, which
    /// a valid configuration does not have.
    pub(super) fn new(rule: u32, matched: u16, of: &Match) -> Option<Self> {
        let Match { path: _, method, headers, query } = of;
        if method.is_none() && headers.is_empty() && query.is_empty() {
            return Some(Self { rule, matched, conditions: None });
        }
        let method = match method {
            Some(method) => Some(Method::from_bytes(method.as_bytes()).ok()?),
            None => None,
        };
        let headers = headers
            .iter()
            .map(|field| {
                Some((HeaderName::from_bytes(field.name.as_bytes()).ok()?, field.value.clone()))
            })
            .collect::<Option<_>>()?;
        let query = query.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
        Some(Self {
            rule,
            matched,
            conditions: Some(Box::new(Conditions { method, headers, query })),
        })
    }

    /// Rule and match, as [`super::Found`] names them.
    pub(super) fn place(&self) -> (u32, u16) {
        (self.rule, self.matched)
    }

    pub(super) fn order(&self) -> Order {
        let of = self.conditions.as_deref();
        Order {
            any_method: of.is_none_or(|of| of.method.is_none()),
            headers: Reverse(of.map_or(0, |of| of.headers.len())),
            query: Reverse(of.map_or(0, |of| of.query.len())),
            rule: self.rule,
            matched: self.matched,
        }
    }

    /// The first condition that the request does not meet; `None` if it meets them all.
    pub(super) fn unmet(&self, facts: &Facts<'_>) -> Option<Unmet<'_>> {
        step();
        let Conditions { method, headers, query } = self.conditions.as_deref()?;
        if let Some(method) = method.as_ref().filter(|method| *method != facts.request.method) {
            return Some(Unmet::Method(method));
        }
        if let Some((name, asked)) =
            headers.iter().find(|(name, asked)| !facts.header_meets(name, asked))
        {
            return Some(Unmet::Header(name, asked));
        }
        query
            .iter()
            .find(|(name, asked)| !facts.query_meets(name, asked))
            .map(|(name, asked)| Unmet::Query(name, asked))
    }
}

/// The candidates of one path, in order of precedence.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    sorted: Vec<Candidate>,
    /// Only where there are many.
    index: Option<Box<Index>>,
}

impl Candidates {
    /// Adds one; [`Candidates::finish`] must follow before the first look-up.
    pub(super) fn add(&mut self, candidate: Candidate) {
        self.sorted.push(candidate);
    }

    pub(super) fn finish(&mut self) {
        self.sorted.sort_by_cached_key(Candidate::order);
        self.sorted.shrink_to_fit();
        self.index = Index::worthwhile(&self.sorted).then(|| Box::new(Index::new(&self.sorted)));
    }

    /// The first whose conditions hold.
    pub(super) fn first(&self, facts: &Facts<'_>) -> Option<&Candidate> {
        match &self.index {
            Some(index) => index.first(&self.sorted, facts),
            None => self.sorted.iter().find(|candidate| candidate.unmet(facts).is_none()),
        }
    }
}
