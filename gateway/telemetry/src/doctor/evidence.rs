//! What was seen: who was at work, and what came without a context.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use http::{HeaderMap, header};

use crate::{
    far::{Kind, Span},
    record::{Attempt, Record},
};

/// Stamps of two threads may differ by so much, and an answer may overtake its own record.
pub(super) const SLACK: Duration = Duration::from_millis(1);

/// A service was at work for a request that had a trace context.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) service: Arc<str>,
    /// Where it ran; missing if it is known by its spans only.
    pub(super) at: Option<IpAddr>,
    pub(super) trace_id: [u8; 16],
    /// The span that a call passing the context on names as its parent.
    pub(super) span_id: [u8; 8],
    pub(super) request_id: Option<Arc<str>>,
    pub(super) sender: Option<Sender>,
    /// The request that is served came with a context: its sender is one that passes it on.
    pub(super) has_parent: bool,
    pub(super) began: Duration,
    pub(super) ended: Duration,
}

/// A request, to the gateway or, told by a span, to a service.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// Whom it was for.
    pub(super) to: Arc<str>,
    pub(super) parent_id: Option<[u8; 8]>,
    pub(super) trace_id: [u8; 16],
    pub(super) request_id: Option<Arc<str>>,
    pub(super) sender: Option<Sender>,
    pub(super) began: Duration,
    pub(super) ended: Duration,
}

/// Who sent a request, as far as one can tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Sender {
    address: IpAddr,
    /// Of the headers that a program sends with all of its requests.
    manner: u64,
}

/// Rings of what was seen last.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    limit: usize,
    /// Where the next of each ring goes.
    next: [usize; 4],
    pub(super) works: Vec<Work>,
    pub(super) arrivals: Vec<Arrival>,
    /// Server spans with a parent, as works.
    pub(super) spans: Vec<Work>,
    /// Server spans without, as arrivals.
    pub(super) roots: Vec<Arrival>,
    pub(super) reporting: BTreeSet<Arc<str>>,
}

/// Names of services that report. Strangers must not make it more.
const REPORTING: usize = 1_000;

impl Evidence {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            next: [0; 4],
            works: Vec::new(),
            arrivals: Vec::new(),
            spans: Vec::new(),
            roots: Vec::new(),
            reporting: BTreeSet::new(),
        }
    }

    pub(super) fn observe(&mut self, record: &Record) {
        let Some(service) = record.place.service.as_ref().or(record.place.route.as_ref()) else {
            return;
        };
        let started = record.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let sender = Some(Sender::of(record));
        let request_id = Some(Arc::clone(&record.request_id));
        for attempt in record.attempts.iter().filter(|attempt| attempt.sent.is_some()) {
            let work = work(record, attempt, service, started, sender);
            ring(&mut self.works, &mut self.next[0], self.limit, work);
        }
        if is_by_hand(&record.request.headers) {
            return;
        }
        let arrival = Arrival {
            to: Arc::clone(service),
            parent_id: record.trace.parent_id,
            trace_id: record.trace.trace_id,
            request_id,
            sender,
            began: started,
            ended: started + record.took,
        };
        ring(&mut self.arrivals, &mut self.next[1], self.limit, arrival);
    }

    pub(super) fn hear(&mut self, span: &Span) {
        if self.reporting.len() < REPORTING && !self.reporting.contains(&span.service) {
            self.reporting.insert(Arc::clone(&span.service));
        }
        if span.kind != Kind::Server {
            return;
        }
        let arrival = Arrival {
            to: Arc::clone(&span.service),
            parent_id: span.parent_id,
            trace_id: span.trace_id,
            request_id: None,
            sender: None,
            began: span.began,
            ended: span.ended(),
        };
        if span.parent_id.is_none() {
            return ring(&mut self.roots, &mut self.next[3], self.limit, arrival);
        }
        let work = Work {
            service: Arc::clone(&span.service),
            at: None,
            trace_id: span.trace_id,
            span_id: span.span_id,
            request_id: None,
            sender: None,
            has_parent: true,
            began: span.began,
            ended: span.ended(),
        };
        ring(&mut self.spans, &mut self.next[2], self.limit, work);
    }

    pub(super) fn forget_before(&mut self, oldest: Duration) {
        self.works.retain(|work| work.ended >= oldest);
        self.spans.retain(|work| work.ended >= oldest);
        self.arrivals.retain(|arrival| arrival.ended >= oldest);
        self.roots.retain(|arrival| arrival.ended >= oldest);
    }

    /// The time between the first and the last that is remembered; a second at least.
    pub(super) fn observed(&self) -> Duration {
        let works = self.works.iter().chain(&self.spans).map(|work| (work.began, work.ended));
        let arrivals = self.arrivals.iter().chain(&self.roots);
        let times = works.chain(arrivals.map(|arrival| (arrival.began, arrival.ended)));
        let (first, last) = times
            .reduce(|(first, last), (began, ended)| (first.min(began), last.max(ended)))
            .unwrap_or_default();
        last.saturating_sub(first).max(Duration::from_secs(1))
    }

    /// Who is meant by a parent.
    pub(super) fn parents(&self) -> HashMap<([u8; 16], [u8; 8]), &Arc<str>> {
        let works = self.works.iter().chain(&self.spans);
        works.map(|work| ((work.trace_id, work.span_id), &work.service)).collect()
    }

    /// A root span of a service that the gateway itself was calling: it did not read the context
    /// that it got, which is another illness (see `Sight`).
    pub(super) fn explains(&self, arrival: &Arrival) -> bool {
        arrival.sender.is_none()
            && self.works.iter().any(|work| work.service == arrival.to && work.encloses(arrival))
    }
}

impl Work {
    pub(super) fn length(&self) -> Duration {
        self.ended.saturating_sub(self.began)
    }

    /// Whether the call came from where this service runs.
    pub(super) fn is_where(&self, arrival: &Arrival) -> bool {
        self.at == arrival.sender.map(|sender| sender.address)
    }

    /// Whether the call may as well be from whoever sent what this service is at work for. A
    /// sender that passed the context on to this service would have passed it on there, too.
    pub(super) fn is_ambiguous(&self, arrival: &Arrival) -> bool {
        let same = self.sender.is_some() && self.sender == arrival.sender;
        same && !self.has_parent && !self.is_named_by(arrival)
    }

    /// Whether the call lies inside of this work, so that the work may be its cause.
    pub(super) fn encloses(&self, arrival: &Arrival) -> bool {
        // The gateway's own stamps are of one clock, and a cause comes first: otherwise a service
        // that is asked at once would be taken for the one that asked its caller.
        let early = if arrival.sender.is_some() { Duration::ZERO } else { SLACK };
        self.began <= arrival.began + early && arrival.ended <= self.ended + SLACK
    }

    /// A call that lost the context began another trace.
    pub(super) fn is_of_the_same_trace(&self, arrival: &Arrival) -> bool {
        self.trace_id == arrival.trace_id
    }

    /// The request id was passed on: then the call is certainly its own.
    pub(super) fn is_named_by(&self, arrival: &Arrival) -> bool {
        self.request_id.is_some() && self.request_id == arrival.request_id
    }
}

impl Sender {
    fn of(record: &Record) -> Self {
        let mut hasher = DefaultHasher::new();
        let names =
            [header::USER_AGENT, header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE];
        for name in names {
            record.request.headers.get(name).map(http::HeaderValue::as_bytes).hash(&mut hasher);
        }
        // A filter may have changed them; then the same for all.
        Self { address: place(record.client.address.ip()), manner: hasher.finish() }
    }
}

/// Whether somebody sits at the other end: with a browser, which says so, or at a terminal. On a
/// laptop these have the address of every service, and come whenever they like.
fn is_by_hand(headers: &HeaderMap) -> bool {
    /// Browsers send it with each request, and let no script set it.
    const FETCHED: &str = "sec-fetch-mode";
    let agent = headers.get(header::USER_AGENT).map_or(&b""[..], http::HeaderValue::as_bytes);
    headers.contains_key(FETCHED)
        || [&b"curl/"[..], b"Wget/"].iter().any(|own| agent.starts_with(own))
}

/// An address, the same for all spellings of it and all names of this machine.
fn place(address: IpAddr) -> IpAddr {
    let address = address.to_canonical();
    if address.is_loopback() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address }
}

fn work(
    record: &Record,
    attempt: &Attempt,
    service: &Arc<str>,
    started: Duration,
    sender: Option<Sender>,
) -> Work {
    Work {
        service: Arc::clone(service),
        at: Some(place(attempt.endpoint.ip())),
        trace_id: record.trace.trace_id,
        span_id: attempt.span_id,
        request_id: Some(Arc::clone(&record.request_id)),
        sender,
        has_parent: record.trace.parent_id.is_some(),
        began: started + attempt.began,
        ended: started + attempt.ended,
    }
}

/// Puts one into a ring, in the place of the oldest if it is full.
fn ring<T>(ring: &mut Vec<T>, next: &mut usize, limit: usize, one: T) {
    if ring.len() < limit {
        ring.push(one);
    } else {
        ring[*next] = one;
    }
    *next = (*next + 1) % limit;
}
