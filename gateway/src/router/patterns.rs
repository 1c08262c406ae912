//! Regular expressions on the path, tried together.
//!
//! They are filed in the tree of paths under the segments they begin with, so a request meets
//! only those that can match it; what is left in one place is one multi-pattern automaton, whose
//! cost is the path's.

use std::cmp::Reverse;

use portico_config::config::Pattern;
use regex::{Regex, RegexSet, RegexSetBuilder};

use super::{
    candidates::{Candidate, Candidates, Order},
    facts::Facts,
    steps::step,
};

/// The most expressions tried in one go. A larger automaton no longer fits its cache of lazily
/// built states and falls back to a simulation that is slower than several smaller ones.
const SET_MAX: usize = 256;

/// The most memory one automaton may take once compiled. A set that needs more is halved.
const SET_BYTES: usize = 10 << 20;

/// Precedence among regular expressions: the longest text, then as for any path.
type Rank = (Reverse<usize>, Order);

/// The regular expressions of one place in the tree.
#[derive(Debug)]
pub(super) struct Patterns {
    sets: Vec<Set>,
}

/// Expressions that are tried together, and who asks for each.
#[derive(Debug)]
struct Set {
    matcher: Matcher,
    members: Vec<Member>,
}

#[derive(Debug)]
enum Matcher {
    Many(RegexSet),
    One(Regex),
}

#[derive(Debug)]
struct Member {
    length: Reverse<usize>,
    candidates: Candidates,
}

impl Patterns {
    pub(super) fn new(mut patterns: Vec<(&Pattern, Candidate)>) -> Self {
        // Sorted by text, those that begin alike get into one set and share its states.
        patterns.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
        let mut distinct: Vec<(&Pattern, Candidates)> = Vec::new();
        for (pattern, candidate) in patterns {
            match distinct.last_mut() {
                Some((last, candidates)) if *last == pattern => candidates.add(candidate),
                _ => {
                    let mut candidates = Candidates::default();
                    candidates.add(candidate);
                    distinct.push((pattern, candidates));
                }
            }
        }
        for (_, candidates) in &mut distinct {
            candidates.finish();
        }
        let mut sets = Vec::new();
        while !distinct.is_empty() {
            let rest = distinct.split_off(distinct.len().min(SET_MAX));
            compile(distinct, &mut sets);
            distinct = rest;
        }
        Self { sets }
    }
}

/// Compiles expressions into one set, or into several if one would be too large.
fn compile(mut patterns: Vec<(&Pattern, Candidates)>, sets: &mut Vec<Set>) {
    let matcher = match &*patterns {
        [] => return,
        [(pattern, _)] => Some(Matcher::One(pattern.regex.clone())),
        several => {
            let texts = several.iter().map(|(pattern, _)| pattern.regex.as_str());
            RegexSetBuilder::new(texts).size_limit(SET_BYTES).build().ok().map(Matcher::Many)
        }
    };
    let Some(matcher) = matcher else {
        let half = patterns.split_off(patterns.len() / 2);
        compile(patterns, sets);
        return compile(half, sets);
    };
    let members = patterns
        .into_iter()
        .map(|(pattern, candidates)| Member { length: Reverse(pattern.text.len()), candidates });
    sets.push(Set { matcher, members: members.collect() });
}

/// The first candidate, by precedence, of those whose expression matches the path.
pub(super) fn first<'a>(
    places: impl Iterator<Item = &'a Patterns>,
    facts: &Facts<'_>,
) -> Option<&'a Candidate> {
    let members =
        places.flat_map(|place| &place.sets).flat_map(|set| set.matching(facts.request.path));
    let mut best: Option<(Rank, &Candidate)> = None;
    for member in members {
        if let Some(candidate) = member.candidates.first(facts) {
            let rank = (member.length, candidate.order());
            if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                best = Some((rank, candidate));
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

impl Set {
    fn matching(&self, path: &str) -> impl Iterator<Item = &Member> {
        step();
        let (one, many) = match &self.matcher {
            Matcher::One(regex) => (regex.is_match(path).then_some(0), None),
            // Asked first because it needs no memory, unlike the list of what matches.
            Matcher::Many(set) => (None, set.is_match(path).then(|| set.matches(path))),
        };
        let places = one.into_iter().chain(many.into_iter().flatten());
        places.filter_map(|place| self.members.get(place))
    }
}

/// The whole segments that every path begins with that an expression matches; none if in doubt.
///
/// `/users/[0-9]+` yields `users`. It has to err on the short side: a segment too many and the
/// expression would be missed. The text is taken to be an expression by itself, with its own
/// brackets in pairs, as a valid configuration has it.
pub(super) fn literal_segments(text: &str) -> impl Iterator<Item = &str> {
    // An alternative could begin otherwise. A flag such as `(?i)` is no literal itself.
    let plain = if text.contains('|') { "" } else { text };
    let plain = plain.strip_prefix('^').unwrap_or(plain);
    let literal = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-~!@%&=:;,".contains(&byte);
    let end = plain.bytes().position(|byte| !literal(byte)).unwrap_or(plain.len());
    // These belong to the last character, which may then be absent.
    let optional = plain[end..].starts_with(['?', '*', '{']);
    let certain = &plain[..end.saturating_sub(usize::from(optional))];
    // What follows the last slash may go on; only `/` can end a segment.
    let whole = certain.rfind('/').map_or("", |last| &certain[..last]);
    whole.strip_prefix('/').into_iter().flat_map(|segments| segments.split('/'))
}
