//! `GET /metrics`: everything that is counted, for Prometheus. A scraper that accepts OpenMetrics
//! gets it, with exemplars; everybody else gets the older text format, 0.0.4. [`crate::measures`]
//! lists what there is.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use portico_telemetry::expose::{Format, render};

use super::Admin;

pub(super) async fn show(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    // Several lines of one name mean the same as one list.
    let accepted: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::of((!accepted.is_empty()).then(|| accepted.join(",")).as_deref());
    let page = render(&admin.measures.families().await, format);
    ([(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")], page)
        .into_response()
}
