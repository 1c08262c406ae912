//! What follows from many requests: the graph, and the doctor's report.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use portico_telemetry::{doctor::Report, far::Sight, graph::View};
use serde::Serialize;

use super::{Admin, Parameters, Refusal, aside, switched_off};

/// Windows that can be looked at. The store reaches no further back than an hour.
const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);

/// What a window is if nobody says: long enough for percentiles, short enough to see a change.
const WINDOW: Duration = Duration::from_mins(1);

/// Who calls whom, and how far one can see.
#[derive(Serialize)]
pub(super) struct Graph {
    #[serde(flatten)]
    view: View,
    /// By service: whether what happens behind it is known.
    sight: Vec<Sight>,
    /// Why there is less than one might expect.
    note: Option<&'static str>,
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
        Ok(Json(Graph { view, sight: admin.telemetry.shelf().behind.sight_ends(), note }))
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
