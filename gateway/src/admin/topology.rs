//! `GET /api/v1/services[/NAME]` and `routes[/NAME]`: what is configured, how it does, and where
//! it is written, for edits.

pub(super) mod health;
mod routes;
mod services;
mod words;

use std::time::{Duration, SystemTime};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};

use self::{routes::RouteStatus, services::ServiceStatus};
use super::{
    Admin,
    facts::{Facts, MINUTE},
    telemetry::{Parameters, Refusal, aside, graph::WINDOWS, shortened},
};

fn window(query: Option<&str>) -> Result<Duration, Refusal> {
    let parameters = Parameters::read(query, &["window"], &[])?;
    Ok(parameters.duration("window", WINDOWS)?.unwrap_or(MINUTE))
}

pub(super) async fn all_services(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<ServiceStatus>>, Refusal> {
    let window = window(query.as_deref())?;
    aside(move || {
        let facts = Facts::gather(&admin, SystemTime::now());
        let services = 0..facts.snapshot.config.services.len();
        Ok(Json(services.filter_map(|own| services::status(&admin, &facts, own, window)).collect()))
    })
    .await
}

pub(super) async fn one_service(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ServiceStatus>, Refusal> {
    let window = window(query.as_deref())?;
    aside(move || {
        let facts = Facts::gather(&admin, SystemTime::now());
        let services = &facts.snapshot.config.services;
        let found = services.iter().position(|own| *own.name == *name);
        let found = found.and_then(|own| services::status(&admin, &facts, own, window));
        found.map(Json).ok_or_else(|| missing("service", &name))
    })
    .await
}

pub(super) async fn all_routes(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<RouteStatus>>, Refusal> {
    let window = window(query.as_deref())?;
    aside(move || {
        let facts = Facts::gather(&admin, SystemTime::now());
        let routes = 0..facts.snapshot.config.routes.len();
        Ok(Json(routes.filter_map(|own| routes::status(&admin, &facts, own, window)).collect()))
    })
    .await
}

pub(super) async fn one_route(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<RouteStatus>, Refusal> {
    let window = window(query.as_deref())?;
    aside(move || {
        let facts = Facts::gather(&admin, SystemTime::now());
        let routes = &facts.snapshot.config.routes;
        let found = routes.iter().position(|own| *own.name == *name);
        let found = found.and_then(|own| routes::status(&admin, &facts, own, window));
        found.map(Json).ok_or_else(|| missing("route", &name))
    })
    .await
}

fn missing(what: &str, name: &str) -> Refusal {
    Refusal::missing(format!("no {what} is named `{}`", shortened(name)))
}
