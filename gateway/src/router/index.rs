//! Finds a candidate among many that share a path, by a value it asks for.
//!
//! Thousands of rules may differ by the value of one header only, say a tenant's name. Each
//! candidate is filed under one thing a request must have for it: a value of a header, else a
//! value of a query parameter, else a method. A request then looks at the few files it can
//! match, not at every candidate.

use std::collections::HashMap;

use http::{HeaderName, Method};
use portico_config::config::ValueMatch;

use super::{
    candidates::{Candidate, Conditions},
    facts::Facts,
    steps::step,
};

/// From how many candidates on an index is quicker than looking at each of them.
const WORTHWHILE: usize = 8;

/// Places of candidates in their sorted list, ascending.
type Places = Vec<usize>;

/// Files by the value they need.
type ByValue = HashMap<Box<[u8]>, Places>;

/// Every candidate is in exactly one file. A look-up costs by the number of different names of
/// headers and parameters, of which the rules of one path have few, not by that of their values.
#[derive(Debug, Default)]
pub(super) struct Index {
    headers: HashMap<HeaderName, ByValue>,
    query: HashMap<Box<str>, ByValue>,
    methods: HashMap<Method, Places>,
    /// Those that ask for no exact value.
    rest: Places,
}

impl Index {
    pub(super) fn worthwhile(candidates: &[Candidate]) -> bool {
        candidates.len() >= WORTHWHILE && candidates.iter().any(|one| one.conditions.is_some())
    }

    /// `candidates` are sorted by precedence.
    pub(super) fn new(candidates: &[Candidate]) -> Self {
        let mut index = Self::default();
        for (place, candidate) in candidates.iter().enumerate() {
            index.file(candidate.conditions.as_deref()).push(place);
        }
        index
    }

    fn file(&mut self, conditions: Option<&Conditions>) -> &mut Places {
        let Some(Conditions { method, headers, query }) = conditions else { return &mut self.rest };
        if let Some((name, value)) = first_exact(headers) {
            let files = self.headers.entry(name.clone()).or_default();
            return files.entry(value.into()).or_default();
        }
        if let Some((name, value)) = first_exact(query) {
            let files = self.query.entry(name.clone()).or_default();
            return files.entry(value.into()).or_default();
        }
        match method {
            Some(method) => self.methods.entry(method.clone()).or_default(),
            None => &mut self.rest,
        }
    }

    /// The first of `candidates`, the list this was made of, whose conditions hold.
    pub(super) fn first<'a>(
        &self,
        candidates: &'a [Candidate],
        facts: &Facts<'_>,
    ) -> Option<&'a Candidate> {
        let headers = self.headers.iter().flat_map(|(name, files)| {
            facts.header_values(name).filter_map(|value| {
                step();
                files.get(&*value)
            })
        });
        let query = self.query.iter().filter_map(|(name, files)| {
            step();
            files.get(facts.query_value(name)?)
        });
        let methods = self.methods.get(facts.request.method);
        let mut best = candidates.len();
        for file in headers.chain(query).chain(methods).chain([&self.rest]) {
            let better = file.iter().take_while(|place| **place < best);
            let met = better.copied().find(|place| candidates[*place].unmet(facts).is_none());
            best = met.unwrap_or(best);
        }
        candidates.get(best)
    }
}

fn first_exact<N>(fields: &[(N, ValueMatch)]) -> Option<(&N, &[u8])> {
    fields.iter().find_map(|(name, asked)| match asked {
        ValueMatch::Exact(value) => Some((name, value.as_bytes())),
        ValueMatch::Regex(_) => None,
    })
}
