//! Finds services that got a trace context and called on without it.
//!
//! Nobody says so: a call without a context does not tell whose call it is. What is known is who
//! was at work. While the gateway waits for service X, a request without a context comes from the
//! address of an endpoint of X: X may have sent it, or somebody else at that address (a pod has an
//! address of its own; on a laptop everybody has the same). Spans that services report are looked
//! at in the same way: a root span of Y inside of a span of X.
//!
//! One such case proves nothing, so cases are counted and compared with chance. For every
//! candidate it is computed how likely a request of its length, at a random moment of the time
//! observed, would have looked as guilty; the sum over all candidates is the number to expect if X
//! is innocent. Three ways to look guilty are tried:
//!
//! 1. *inside*: it began and ended while X was at work;
//! 2. *touching*: and it began just after X was asked, or ended just before X answered;
//! 3. *snug*: and both. A service that does nothing but ask another one looks like that.
//!
//! An alarm needs three cases at least, and a probability below 1 : 100,000 of so many by chance
//! (Poisson). A service that is always at work contains everything, and then only the second and
//! third way can tell. A request is held against one service only: the one whose work encloses
//! it most tightly. It is held against none if it may be from the same sender as the request that X
//! serves (same address, same `user-agent` and `accept` headers, and no context there either): a
//! browser that asks for two things at once is no evidence. An equal `x-request-id` needs no statistics.
//!
//! What cannot be known is said: calls that neither pass the gateway nor are told by spans.

mod chance;
mod evidence;
mod words;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use self::{
    chance::{Room, Suspicion},
    evidence::{Arrival, Evidence, Work},
};
use crate::{far::Span, record::Record, trace::hex};

/// How much is remembered.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How far back evidence is looked at. Default 10 minutes.
    pub window: Duration,
    /// Requests, and spans, that are remembered, some 300 bytes each. Default 2,048 of each kind:
    /// comparing all with all takes some tens of milliseconds at most.
    pub remembered: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: Duration::from_mins(10), remembered: 2_048 }
    }
}

/// Collects evidence, and weighs it when asked.
#[derive(Debug)]
pub struct Doctor {
    settings: Settings,
    evidence: Mutex<Evidence>,
    /// Requests of generations before this one had no context to pass on.
    since: AtomicU64,
}

/// What the doctor has to say.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Services that drop the context, those with the most calls first.
    pub findings: Vec<Finding>,
    /// Every service that was at work, and what can be said about it.
    pub services: Vec<Checked>,
}

/// A service that drops the trace context.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub service: Arc<str>,
    /// Whom it called without the context.
    pub called: Vec<Arc<str>>,
    /// Its calls without context.
    pub dropped: usize,
    /// All of its calls that were seen.
    pub calls: usize,
    /// How many of `dropped` chance alone would have made.
    pub by_chance: f64,
    /// A trace that the service was called in, 32 hexadecimal digits.
    pub trace_id: String,
    /// The trace that its call began instead of continuing the other.
    pub lost_trace_id: String,
    /// What was found, how sure it is, and what to do.
    pub words: String,
}

/// What is known about a service.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    pub service: Arc<str>,
    pub verdict: Verdict,
    pub words: String,
}

/// Whether a service passes the context on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does not, at least for some calls.
    Drops,
    /// No call of it was seen.
    NoCalls,
    /// It does.
    PassesOn,
    /// There are suspicious calls, but too few, or chance may have made them.
    Unclear,
}

/// What is known of a service before it is put into words.
#[derive(Debug, Default)]
struct Case {
    works: usize,
    passed_on: usize,
    reports: bool,
    suspicions: BTreeMap<Arc<str>, Suspicion>,
}

impl Doctor {
    pub fn new(settings: Settings) -> Self {
        let evidence = Mutex::new(Evidence::new(settings.remembered));
        Self { settings, evidence, since: AtomicU64::new(0) }
    }

    /// From this generation on services are given contexts. That they passed none on before proves
    /// nothing.
    pub fn forget_before(&self, generation: u64) {
        let mut evidence = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        *evidence = Evidence::new(self.settings.remembered);
        self.since.store(generation, Relaxed);
    }

    /// Takes notice of a request. Meant for the collector; some 200 ns.
    pub fn observe(&self, record: &Record) {
        if record.generation < self.since.load(Relaxed) {
            return;
        }
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner).observe(record);
    }

    /// Takes notice of a span that a service reported.
    pub fn hear(&self, span: &Span) {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner).hear(span);
    }

    /// Weighs the evidence of the last minutes.
    pub fn report(&self, now: SystemTime) -> Report {
        let mut evidence = self.evidence.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        evidence.forget_before(now.saturating_sub(self.settings.window));
        let mut cases = BTreeMap::new();
        weigh(&mut cases, &evidence.works, &evidence.arrivals, &evidence);
        weigh(&mut cases, &evidence.spans, &evidence.roots, &evidence);
        let minutes = evidence.observed().as_secs().div_ceil(60);
        let mut report = Report::default();
        for (service, case) in &cases {
            let finding = finding(service, case, minutes);
            let verdict = match &finding {
                Some(_) => Verdict::Drops,
                None if case.suspicions.values().any(Suspicion::is_odd) => Verdict::Unclear,
                None if case.passed_on > 0 => Verdict::PassesOn,
                None => Verdict::NoCalls,
            };
            let words = words::checked(service, case, verdict);
            report.services.push(Checked { service: Arc::clone(service), verdict, words });
            report.findings.extend(finding);
        }
        report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.dropped));
        report
    }
}

/// Looks at every call, with and without context.
fn weigh(
    cases: &mut BTreeMap<Arc<str>, Case>,
    works: &[Work],
    arrivals: &[Arrival],
    evidence: &Evidence,
) {
    let mut by_service: BTreeMap<&Arc<str>, Vec<&Work>> = BTreeMap::new();
    for work in works {
        by_service.entry(&work.service).or_default().push(work);
    }
    for (service, works) in &by_service {
        let case = cases.entry(Arc::clone(service)).or_default();
        case.works = case.works.max(works.len());
        case.reports |= evidence.reporting.contains(*service);
    }
    let parents = evidence.parents();
    for arrival in arrivals {
        if let Some(parent_id) = arrival.parent_id {
            let caller = parents.get(&(arrival.trace_id, parent_id));
            if let Some(case) = caller.and_then(|service| cases.get_mut(*service)) {
                case.passed_on += 1;
            }
            continue;
        }
        if evidence.explains(arrival) {
            continue;
        }
        hold_against(cases, &by_service, arrival, evidence.observed());
    }
}

/// Holds one call without context against the service whose work encloses it most tightly, and
/// notes for all that could have made it how likely it is by chance.
fn hold_against(
    cases: &mut BTreeMap<Arc<str>, Case>,
    by_service: &BTreeMap<&Arc<str>, Vec<&Work>>,
    arrival: &Arrival,
    observed: Duration,
) {
    let mut rooms: Vec<(&Arc<str>, Room)> = Vec::new();
    let mut guilty: Option<&Work> = None;
    let elsewhere = by_service.iter().filter(|(service, _)| ***service != arrival.to);
    for (service, works) in elsewhere {
        let mut room = Room::default();
        let may_have =
            |work: &&&Work| work.is_where(arrival) && !work.is_of_the_same_trace(arrival);
        for work in works.iter().filter(may_have) {
            if !work.is_ambiguous(arrival) {
                room.add(work, arrival);
            }
            if work.encloses(arrival) && guilty.is_none_or(|other| work.length() < other.length()) {
                guilty = Some(work);
            }
        }
        if !room.is_empty() {
            rooms.push((service, room));
        }
    }
    // If it is ambiguous it is nobody's: the next one around it is less likely still.
    let guilty = guilty.filter(|work| !work.is_ambiguous(arrival));
    for (service, room) in rooms {
        let mine = guilty.filter(|work| work.service == *service);
        let case = cases.entry(Arc::clone(service)).or_default();
        let suspicion = case.suspicions.entry(Arc::clone(&arrival.to)).or_default();
        suspicion.consider(arrival, &room, mine, observed);
    }
}

fn finding(service: &Arc<str>, case: &Case, minutes: u64) -> Option<Finding> {
    let proven: Vec<(&Arc<str>, &Suspicion)> =
        case.suspicions.iter().filter(|(_, suspicion)| suspicion.is_proven()).collect();
    let (_, first) = proven.first()?;
    let (trace_id, lost_trace_id) = first.example()?;
    let dropped = proven.iter().map(|(_, suspicion)| suspicion.cases()).sum();
    let mut finding = Finding {
        service: Arc::clone(service),
        called: proven.iter().map(|(to, _)| Arc::clone(to)).collect(),
        dropped,
        calls: dropped + case.passed_on,
        by_chance: proven.iter().map(|(_, suspicion)| suspicion.by_chance()).sum(),
        trace_id: hex(&trace_id),
        lost_trace_id: hex(&lost_trace_id),
        words: String::new(),
    };
    finding.words = words::finding(&finding, minutes);
    Some(finding)
}

#[cfg(test)]
mod tests;
