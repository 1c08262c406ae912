//! The four services, and what they have in common.

mod position_tracker;
mod staff;
mod vehicle_telemetry;
mod web;

use crate::options::{Gateway, HangTime};
use crate::server::Stop;
use anyhow::Result;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Which service to run, and what it needs to know.
#[derive(Clone, Debug)]
pub(crate) enum Service {
    PositionTracker { seed: u64, gateway: Gateway, propagate: bool },
    Staff { seed: u64, gateway: Gateway, propagate: bool, rate: f64, hang: HangTime },
    VehicleTelemetry { seed: u64 },
    Web { seed: u64 },
}

/// Names the service that answered, so that `curl -i` shows which way a request went.
const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");

impl Service {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::PositionTracker { .. } => "position-tracker",
            Self::Staff { .. } => "staff",
            Self::VehicleTelemetry { .. } => "vehicle-telemetry",
            Self::Web { .. } => "web",
        }
    }
}

/// Everything a service answers. `stop` cuts short what waits inside it.
pub(crate) fn router(service: Service, stop: Stop) -> Result<Router> {
    let name = service.name();
    let routes = match service {
        Service::PositionTracker { seed, gateway, propagate } => {
            position_tracker::routes(seed, gateway, propagate, stop)
        }
        Service::Staff { seed, gateway, propagate, rate, hang } => {
            staff::routes(seed, gateway, propagate, staff::HangUps::new(seed, rate, hang), stop)
        }
        Service::VehicleTelemetry { seed } => vehicle_telemetry::routes(seed),
        Service::Web { seed } => web::routes(seed)?,
    };
    Ok(routes
        .route("/healthz", get(async || "ok\n"))
        .fallback(async move |uri: Uri| nothing_here(name, &uri))
        .layer(map_response(async move |mut response: Response| {
            let headers = response.headers_mut();
            headers.insert(SERVED_BY, HeaderValue::from_static(name));
            // Every answer is of this moment only, and so are the page's files in a demo.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        })))
}

fn nothing_here(name: &str, uri: &Uri) -> Response {
    let text = format!("the service {name} has nothing at {}\n", uri.path());
    (StatusCode::NOT_FOUND, text).into_response()
}
