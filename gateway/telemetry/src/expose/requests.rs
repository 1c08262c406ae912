//! The families that the series become.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::SystemTime};

use super::{Exemplars, Family, Histogram, Kind, Sample, Unit, exemplars::Place};
use crate::{
    histogram::Distribution,
    series::{Edge, Explicit, Gone, Key, Registry, Series, Shape, Totals},
};

/// What a page or message is to have of histograms of durations.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Detail {
    /// Configured buckets: what text formats can say.
    #[default]
    Explicit,
    /// Exponential buckets too, for OTLP: at most 4.4 % wide.
    Exponential,
}

type Labels = Vec<(Cow<'static, str>, Cow<'static, str>)>;

/// The families of all requests: see the module [`expose`](super). `now` decides which exemplars
/// are too old.
pub fn requests(
    registry: &Registry,
    exemplars: Option<&Exemplars>,
    detail: Detail,
    now: SystemTime,
) -> Vec<Family> {
    let all = registry.all();
    let context = Context { shape: registry.shape(), exemplars, detail, now };
    let mut families = Families::new();
    let mut services = BTreeMap::<Arc<str>, Service>::new();
    for series in &all {
        match series.edge() {
            Edge::Entry { .. } | Edge::Overflow => families.entry(&context, series),
            Edge::Leaf { service, endpoint } => {
                let totals = series.totals();
                families.endpoint(service, &endpoint.to_string(), &totals, series.created());
                services.entry(service.clone()).or_default().add(&context, series, totals);
            }
            Edge::Branch { .. } => {}
        }
    }
    let mut gone = registry.gone();
    for (name, mut service) in services {
        if let Some(gone) = gone.remove(&name) {
            service.add_gone(gone);
        }
        families.service(&context, &name, &service);
    }
    families.series.samples.push(Sample::new(all.len()));
    families.finish()
}

struct Context<'a> {
    shape: &'a Shape,
    exemplars: Option<&'a Exemplars>,
    detail: Detail,
    now: SystemTime,
}

/// The endpoints of a service, added up.
#[derive(Default)]
struct Service {
    totals: Totals,
    durations: BTreeMap<Key, Distribution>,
    created: Option<SystemTime>,
}

impl Service {
    fn add(&mut self, context: &Context<'_>, series: &Series, totals: Totals) {
        if context.detail == Detail::Exponential {
            for key in totals.cells.keys() {
                series.durations(Some(*key), self.durations.entry(*key).or_default());
            }
        }
        self.totals.merge(&totals);
        self.since(series.created());
    }

    fn add_gone(&mut self, gone: Gone) {
        self.totals.merge(&gone.totals);
        for (key, durations) in gone.durations {
            self.durations.entry(key).or_default().merge(&durations);
        }
        gone.created.into_iter().for_each(|created| self.since(created));
    }

    fn since(&mut self, created: SystemTime) {
        self.created = Some(self.created.map_or(created, |since| since.min(created)));
    }
}

struct Families {
    server_duration: Family,
    server_active: Family,
    request_size: Family,
    response_size: Family,
    client_duration: Family,
    client_active: Family,
    connect: Family,
    first_byte: Family,
    opened: Family,
    reused: Family,
    retries: Family,
    attempts: Family,
    series: Family,
}

impl Families {
    fn new() -> Self {
        let histogram = |name, unit, help| Family::new(name, Kind::Histogram, help).unit(unit);
        let (seconds, bytes) = (Unit::Seconds, Unit::Bytes);
        let help = "Duration of HTTP server requests.";
        let server_duration = histogram("http.server.request.duration", seconds, help);
        let help = "Number of active HTTP server requests.";
        let server_active = Family::new("http.server.active_requests", Kind::UpDown, help);
        let help = "Size of HTTP server request bodies.";
        let request_size = histogram("http.server.request.body.size", bytes, help);
        let help = "Size of HTTP server response bodies.";
        let response_size = histogram("http.server.response.body.size", bytes, help);
        let help = "Duration of HTTP client requests: attempts at endpoints of a service.";
        let client_duration = histogram("http.client.request.duration", seconds, help);
        let help = "Number of active HTTP requests to a service.";
        let client_active = Family::new("http.client.active_requests", Kind::UpDown, help);
        let help = "Time until a new connection to a service was there.";
        let connect = histogram("portico.service.connect.duration", seconds, help);
        let help = "Time from the begin of an attempt to the head of the response.";
        let first_byte = histogram("portico.service.first_byte.duration", seconds, help);
        let help = "Connections to a service that were opened.";
        let opened = Family::new("portico.service.connections_opened", Kind::Counter, help);
        let help = "Attempts that a warm connection was used for.";
        let reused = Family::new("portico.service.connections_reused", Kind::Counter, help);
        let help = "Attempts that followed one that had failed.";
        let retries = Family::new("portico.service.retries", Kind::Counter, help);
        let help = "Attempts at an endpoint, by what became of them.";
        let attempts = Family::new("portico.endpoint.attempts", Kind::Counter, help);
        let help = "Places that requests are counted in.";
        let series = Family::new("portico.series", Kind::UpDown, help);
        Self {
            server_duration,
            server_active: server_active.unit(Unit::Count("request")),
            request_size,
            response_size,
            client_duration,
            client_active: client_active.unit(Unit::Count("request")),
            connect,
            first_byte,
            opened: opened.unit(Unit::Count("connection")),
            reused: reused.unit(Unit::Count("attempt")),
            retries: retries.unit(Unit::Count("attempt")),
            attempts: attempts.unit(Unit::Count("attempt")),
            series: series.unit(Unit::Count("series")),
        }
    }

    fn finish(self) -> Vec<Family> {
        let all = vec![
            self.server_duration,
            self.server_active,
            self.request_size,
            self.response_size,
            self.client_duration,
            self.client_active,
            self.connect,
            self.first_byte,
            self.opened,
            self.reused,
            self.retries,
            self.attempts,
            self.series,
        ];
        all.into_iter().filter(|family| !family.samples.is_empty()).collect()
    }

    fn entry(&mut self, context: &Context<'_>, series: &Series) {
        let totals = series.totals();
        let labels = entry_labels(series.edge());
        let created = series.created();
        for (key, cell) in &totals.cells {
            let mut histogram = context.durations(&cell.durations);
            if context.detail == Detail::Exponential {
                let mut durations = Box::<Distribution>::default();
                series.durations(Some(*key), &mut durations);
                histogram.exponential = Some(durations);
            }
            if let Some(exemplars) = context.exemplars {
                let place = Place::Entry(series.edge().clone());
                histogram.exemplars = exemplars.of(place, *key, context.now);
            }
            let mut labels = labels.clone();
            context.key_labels(*key, true, &mut labels);
            self.server_duration.samples.push(sample(labels, histogram, created));
        }
        let mut active = Sample::new(totals.in_flight.max(0));
        active.labels.clone_from(&labels);
        self.server_active.samples.push(active);
        for (family, sizes) in [
            (&mut self.request_size, &totals.request_sizes),
            (&mut self.response_size, &totals.response_sizes),
        ] {
            if !sizes.counts.is_empty() {
                let histogram = context.sizes(sizes);
                family.samples.push(sample(labels.clone(), histogram, created));
            }
        }
    }

    fn service(&mut self, context: &Context<'_>, name: &Arc<str>, service: &Service) {
        let created = service.created.unwrap_or(context.now);
        let labels: Labels = vec![("portico.service".into(), name.to_string().into())];
        for (key, cell) in &service.totals.cells {
            let mut histogram = context.durations(&cell.durations);
            if context.detail == Detail::Exponential {
                histogram.exponential = service.durations.get(key).cloned().map(Box::new);
            }
            if let Some(exemplars) = context.exemplars {
                let place = Place::Service(name.clone());
                histogram.exemplars = exemplars.of(place, *key, context.now);
            }
            let mut labels = labels.clone();
            context.key_labels(*key, false, &mut labels);
            self.client_duration.samples.push(sample(labels, histogram, created));
        }
        let totals = &service.totals;
        let mut active = Sample::new(totals.in_flight.max(0));
        active.labels.clone_from(&labels);
        self.client_active.samples.push(active);
        for (family, count) in [
            (&mut self.opened, totals.connect.count()),
            (&mut self.reused, totals.reused),
            (&mut self.retries, totals.retries),
        ] {
            let mut sample = Sample::new(count).created(created);
            sample.labels.clone_from(&labels);
            family.samples.push(sample);
        }
        for (family, times) in
            [(&mut self.connect, &totals.connect), (&mut self.first_byte, &totals.first_byte)]
        {
            if !times.counts.is_empty() {
                let histogram = context.durations(times);
                family.samples.push(sample(labels.clone(), histogram, created));
            }
        }
    }

    fn endpoint(
        &mut self,
        service: &Arc<str>,
        endpoint: &str,
        totals: &Totals,
        created: SystemTime,
    ) {
        let (address, port) = endpoint.rsplit_once(':').unwrap_or((endpoint, ""));
        let address = address.trim_matches(['[', ']']);
        let ok = totals.count().saturating_sub(totals.errors);
        for (outcome, count) in [("ok", ok), ("failed", totals.errors)] {
            let sample = Sample::new(count)
                .label("portico.service", service.to_string())
                .label("server.address", address.to_owned())
                .label("server.port", port.to_owned())
                .label("portico.outcome", outcome);
            self.attempts.samples.push(sample.created(created));
        }
    }
}

impl Context<'_> {
    /// Nanoseconds to seconds.
    fn durations(&self, explicit: &Explicit) -> Histogram {
        let (counts, sum) = (explicit.counts.clone(), explicit.sum as f64 / 1e9);
        Histogram { bounds: self.shape.seconds.clone(), counts, sum, ..Histogram::default() }
    }

    fn sizes(&self, explicit: &Explicit) -> Histogram {
        let (counts, sum) = (explicit.counts.clone(), explicit.sum as f64);
        Histogram { bounds: self.shape.size_bounds.clone(), counts, sum, ..Histogram::default() }
    }

    fn key_labels(&self, key: Key, is_server: bool, labels: &mut Labels) {
        if key == Key::OVERFLOW {
            return labels.push(("otel.metric.overflow".into(), "true".into()));
        }
        if self.shape.by_method {
            labels.push(("http.request.method".into(), key.verb().word().into()));
        }
        if is_server {
            let scheme = if key.is_secure() { "https" } else { "http" };
            labels.push(("url.scheme".into(), scheme.into()));
        }
        let status = key.status();
        if status != 0 {
            labels.push(("http.response.status_code".into(), status.to_string().into()));
        }
        let is_error = status >= if is_server { 500 } else { 400 };
        if let Some(reason) = self.shape.reason_of(key) {
            labels.push(("error.type".into(), reason.into()));
        } else if is_error {
            labels.push(("error.type".into(), status.to_string().into()));
        }
    }
}

fn entry_labels(edge: &Edge) -> Labels {
    let Edge::Entry { listener, route, rule } = edge else {
        return vec![("otel.metric.overflow".into(), "true".into())];
    };
    let names = [
        ("portico.listener", Some(listener)),
        ("http.route", route.as_ref()),
        ("portico.rule", rule.as_ref()),
    ];
    let named = names.into_iter().filter_map(|(name, value)| Some((name, value?)));
    named.map(|(name, value)| (name.into(), value.to_string().into())).collect()
}

fn sample(labels: Labels, histogram: Histogram, created: SystemTime) -> Sample {
    Sample { labels, ..Sample::histogram(histogram).created(created) }
}
