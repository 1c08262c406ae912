//! Numbers for others: families of samples, made from the series, and written as pages of
//! Prometheus or (in [`crate::otlp::metrics`]) as OTLP.
//!
//! A family has the name of the OpenTelemetry semantic conventions, with dots, and its attributes
//! too. A page spells them as the OpenTelemetry specification of Prometheus compatibility says:
//! `_` for dots, the unit and `_total` at the end.
//!
//! # What requests become
//!
//! | family | labels | what |
//! |---|---|---|
//! | `http_server_request_duration_seconds` | entry, method, scheme, status, error | histogram: requests that have ended |
//! | `http_server_active_requests` | entry | requests that have not ended |
//! | `http_server_request_body_size_bytes` | entry | histogram |
//! | `http_server_response_body_size_bytes` | entry | histogram |
//! | `http_client_request_duration_seconds` | service, method, status, error | histogram: attempts |
//! | `http_client_active_requests` | service | attempts that have not ended |
//! | `portico_service_connect_duration_seconds` | service | histogram: connections that were made |
//! | `portico_service_first_byte_duration_seconds` | service | histogram: until the head of a response |
//! | `portico_service_connections_opened_total` | service | connections that were made |
//! | `portico_service_connections_reused_total` | service | attempts over a warm connection |
//! | `portico_service_retries_total` | service | attempts that followed another one |
//! | `portico_endpoint_attempts_total` | service, endpoint, `portico_outcome` | `ok` or `failed` |
//! | `portico_series` | | series that there are |
//!
//! *entry* is `portico_listener`, `http_route` (the route's name) and `portico_rule`; the last two
//! are missing for requests that met no rule. *service* is `portico_service`, *endpoint* is
//! `server_address` and `server_port`. *method* is `http_request_method` (the known ones, and
//! `_OTHER`), *scheme* `url_scheme`, *status* `http_response_status_code` (missing if there was
//! none), *error* `error_type`: the gateway's reason, or the status if it is 500 or more (of an
//! attempt 400 or more).
//!
//! What the conventions require and is left out, on purpose: method and scheme of active requests,
//! which are counted before anybody has looked at them that closely; and address and port of
//! `http.client.*`, because endpoints come and go, and each would bring all its buckets.
//!
//! # How many lines that can be
//!
//! Labels are names of the configuration, methods and statuses: nothing a client invents. What
//! never occurred has no line. A place has at most 64 combinations of method, scheme, status and
//! error for each worker; what is beyond has the one label `otel_metric_overflow="true"`. Usual
//! are one or two, of 17 lines each with the default buckets.

mod exemplars;
mod family;
mod negotiate;
mod page;
mod requests;

pub use self::{
    exemplars::{Exemplar, Exemplars},
    family::{Family, Histogram, Kind, Number, Sample, Unit, Value},
    negotiate::Format,
    page::render,
    requests::{Detail, requests},
};

#[cfg(test)]
mod tests;
