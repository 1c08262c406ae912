//! Where sight ends, and why, for each service.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use serde::Serialize;

use super::{Kind, Span, calls::Key};
use crate::record::Record;

/// Services that are remembered. Configurations have some hundreds; names that strangers report
/// must not make it more.
const SERVICES: usize = 1_000;
/// Attempts whose server span may still come.
const ATTEMPTS: usize = 20_000;

/// How far one service can be looked into.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Sight {
    /// Its name in the configuration, or the one it gives itself if the gateway does not call it.
    pub service: Arc<str>,
    /// What it calls itself in its spans.
    pub calls_itself: Option<Arc<str>>,
    /// Requests that the gateway sent there and that were looked at.
    pub requests: u64,
    /// Of those, requests for which it reported a span.
    pub seen_inside: u64,
    /// Nothing is known of what happens in it or behind it.
    pub ends_here: bool,
    /// The same in words, with what to do.
    pub words: String,
}

#[derive(Debug, Default)]
pub(super) struct Sights {
    called: BTreeMap<Arc<str>, Called>,
    /// Services that report, by the name they give themselves, with what they call.
    reporting: BTreeMap<Arc<str>, Reporting>,
    attempts: HashMap<Key, Arc<str>>,
    order: VecDeque<Key>,
    /// Server spans that came before the record: services report when they answer.
    early: HashMap<Key, Arc<str>>,
    early_order: VecDeque<Key>,
}

#[derive(Debug, Default)]
struct Called {
    requests: u64,
    seen_inside: u64,
    calls_itself: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Reporting {
    spans: u64,
    /// It was seen behind an attempt of ours.
    is_called_by_us: bool,
}

impl Sights {
    pub(super) fn observe(&mut self, record: &Record) {
        let Some(service) = &record.place.service else { return };
        if record.attempts.is_empty() || !bounded(&self.called, service) {
            return;
        }
        let called = self.called.entry(Arc::clone(service)).or_default();
        called.requests += 1;
        for attempt in &record.attempts {
            let key = (record.trace.trace_id, attempt.span_id);
            if let Some(name) = self.early.remove(&key) {
                called.seen_inside += 1;
                self.reporting.entry(Arc::clone(&name)).or_default().is_called_by_us = true;
                called.calls_itself = Some(name);
            } else {
                self.attempts.insert(key, Arc::clone(service));
                self.order.push_back(key);
            }
        }
        while self.order.len() > ATTEMPTS {
            let Some(key) = self.order.pop_front() else { break };
            self.attempts.remove(&key);
        }
    }

    pub(super) fn hear(&mut self, span: &Span) {
        if !bounded(&self.reporting, &span.service) {
            return;
        }
        let reporting = self.reporting.entry(Arc::clone(&span.service)).or_default();
        reporting.spans += 1;
        let (Kind::Server | Kind::Consumer, Some(parent_id)) = (span.kind, span.parent_id) else {
            return;
        };
        let key = (span.trace_id, parent_id);
        match self.attempts.remove(&key) {
            Some(service) => {
                reporting.is_called_by_us = true;
                if let Some(called) = self.called.get_mut(&service) {
                    called.seen_inside += 1;
                    called.calls_itself = Some(Arc::clone(&span.service));
                }
            }
            None => {
                self.early.insert(key, Arc::clone(&span.service));
                self.early_order.push_back(key);
            }
        }
        while self.early_order.len() > ATTEMPTS {
            let Some(key) = self.early_order.pop_front() else { break };
            self.early.remove(&key);
        }
    }

    pub(super) fn all(&self) -> Vec<Sight> {
        let called = self.called.iter().map(|(service, called)| {
            let namesake = self.reporting.get(service);
            Sight {
                service: Arc::clone(service),
                calls_itself: called.calls_itself.clone(),
                requests: called.requests,
                seen_inside: called.seen_inside,
                ends_here: called.seen_inside == 0,
                words: in_words(service, called, namesake),
            }
        });
        let further = self.reporting.iter().filter(|(name, reporting)| {
            !reporting.is_called_by_us && !self.called.contains_key(*name)
        });
        let further = further.map(|(name, reporting)| Sight {
            service: Arc::clone(name),
            calls_itself: Some(Arc::clone(name)),
            requests: 0,
            seen_inside: 0,
            ends_here: false,
            words: format!(
                "`{name}` is not called by this gateway; it is known by {} that it reported.",
                spans(reporting.spans)
            ),
        });
        called.chain(further).collect()
    }
}

fn in_words(service: &str, called: &Called, namesake: Option<&Reporting>) -> String {
    let itself = match &called.calls_itself {
        Some(name) if **name != *service => format!(" It calls itself `{name}`."),
        _ => String::new(),
    };
    match (called.seen_inside, namesake) {
        (0, Some(reporting)) => format!(
            "Sight ends at `{service}`: a service of that name reported {}, but none of them belongs \
             to a request that this gateway sent. Most likely it does not read `traceparent` from \
             the requests it gets.",
            spans(reporting.spans)
        ),
        (0, None) => format!(
            "Sight ends at `{service}`: it reported no spans for {} requests, so what it does and \
             whom it calls is not known here. To see further, let it send OTLP to Portico's \
             receiver: set its OTEL_EXPORTER_OTLP_ENDPOINT to the address in \
             `telemetry.receiver`.",
            called.requests
        ),
        (seen, _) if seen >= called.requests => {
            format!("`{service}` reports what it does for every request.{itself}")
        }
        (seen, _) => format!(
            "`{service}` reported what it did for {seen} of {} requests; the others it does not \
             sample, or they still wait to be sent.{itself}",
            called.requests
        ),
    }
}

fn spans(count: u64) -> String {
    if count == 1 { "one span".to_owned() } else { format!("{count} spans") }
}

/// Whether one more name has room, or is there already.
fn bounded<V>(services: &BTreeMap<Arc<str>, V>, name: &Arc<str>) -> bool {
    services.len() < SERVICES || services.contains_key(name)
}
