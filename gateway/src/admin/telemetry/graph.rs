//! What follows from many requests: the graph, and the doctor's report.

use std::{
    ops::RangeInclusive,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use portico_telemetry::{
    doctor::Report,
    far::Sight,
    graph::{self, Link, View},
};
use serde::Serialize;

use super::{Admin, Parameters, Refusal, aside, switched_off};
use crate::admin::{
    badges::{Badge, Badges},
    facts::Facts,
};

/// Windows that can be looked at. The store reaches no further back than an hour.
pub(in crate::admin) const WINDOWS: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(1);

/// What a window is if nobody says: long enough for percentiles, short enough to see a change.
const WINDOW: Duration = Duration::from_mins(1);

/// Who calls whom, and how far one can see.
#[derive(Clone, Debug, Serialize)]
pub(in crate::admin) struct Graph {
    pub(in crate::admin) at: u64,
    pub(in crate::admin) window_seconds: u64,
    pub(in crate::admin) since: u64,
    resolution_seconds: u64,
    pub(in crate::admin) nodes: Vec<Node>,
    pub(in crate::admin) links: Vec<Link>,
    /// By service: whether what happens behind it is known.
    pub(in crate::admin) sight: Arc<[Sight]>,
    /// Why there is less than one might expect.
    note: Option<&'static str>,
}

/// What calls or is called, and what is special about it.
#[derive(Clone, Debug, Serialize)]
pub(in crate::admin) struct Node {
    #[serde(flatten)]
    pub(in crate::admin) node: graph::Node,
    pub(in crate::admin) badges: Arc<[Badge]>,
}

impl Graph {
    pub(in crate::admin) fn new(
        view: View,
        badges: &Badges,
        sight: Arc<[Sight]>,
        note: Option<&'static str>,
    ) -> Self {
        let View { at, window_seconds, since, resolution_seconds, nodes, links } = view;
        let node = |node: graph::Node| Node { badges: badges.of(&node.id), node };
        let nodes = nodes.into_iter().map(node).collect();
        Self { at, window_seconds, since, resolution_seconds, nodes, links, sight, note }
    }
}

/// The report, and what can be said about it as a whole.
#[derive(Serialize)]
pub(super) struct Diagnosis {
    words: String,
    #[serde(flatten)]
    report: Report,
}

pub(super) async fn show(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Graph>, Refusal> {
    let parameters = Parameters::read(query.as_deref(), &["window", "at"], &[])?;
    let window = parameters.duration("window", WINDOWS)?.unwrap_or(WINDOW);
    let at = parameters.moment("at")?.unwrap_or_else(SystemTime::now);
    let note = switched_off(&admin);
    let graph = move || {
        let view = admin.telemetry.meters().graph.view(window, at);
        let badges = Badges::new(&Facts::gather(&admin, SystemTime::now()));
        let sight = admin.telemetry.shelf().behind.sight_ends().into();
        Ok(Json(Graph::new(view, &badges, sight, note)))
    };
    aside(graph).await
}

pub(super) async fn doctor(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Diagnosis>, Refusal> {
    Parameters::read(query.as_deref(), &[], &[])?;
    if let Some(words) = unknowable(&admin) {
        return Ok(Json(Diagnosis { words, report: Report::default() }));
    }
    let report = move || {
        let report = admin.telemetry.doctor().report(SystemTime::now());
        Ok(Json(Diagnosis { words: in_words(&report), report }))
    };
    aside(report).await
}

/// Why nobody can be blamed for anything.
fn unknowable(admin: &Admin) -> Option<String> {
    let snapshot = admin.control.snapshot.load();
    match &snapshot.telemetry {
        None => Some(format!("Nothing is looked at: {}.", switched_off(admin)?)),
        Some(plan) if plan.propagation.is_none() => Some(
            "Nothing can be said: services get no trace context from this gateway, because nobody \
             would get its spans. Configure `telemetry.receiver`, or an exporter that gets traces."
                .to_owned(),
        ),
        Some(_) => None,
    }
}

fn in_words(report: &Report) -> String {
    match (report.findings.len(), report.services.len()) {
        (0, 0) => "No request has reached a service in the last minutes, so there is nothing to \
                   say."
            .to_owned(),
        (0, 1) => {
            "The one service that was at work is not known to drop the trace context.".to_owned()
        }
        (0, services) => {
            format!(
                "None of the {services} services that were at work is known to drop the trace context."
            )
        }
        (1, _) => "One service drops the trace context.".to_owned(),
        (several, _) => format!("{several} services drop the trace context."),
    }
}
