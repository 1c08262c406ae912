//! Calls to other services, through the gateway, with the caller's trace headers passed on.

use crate::options::Gateway;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::{Client as Pool, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use std::time::Duration;
use thiserror::Error;
use tokio::time::{Instant, timeout};

/// Longer than `staff` hangs by default: a careless caller, whom only the gateway's timeout saves.
const PATIENCE: Duration = Duration::from_secs(60);
/// The gateway is near; if it cannot be reached in this time it will not be.
const CONNECT: Duration = Duration::from_secs(2);
/// Many times the largest answer of any service here.
const LARGEST_ANSWER: usize = 256 * 1024;
/// Connections kept for the next call, as many as a few browsers keep busy.
const IDLE_CONNECTIONS: usize = 8;

/// What a trace is pieced together from: W3C Trace Context and Baggage, B3 in its one-header
/// form, and the request id. B3's other form is every header that begins with `x-b3-`.
const TRACE_HEADERS: [&str; 5] = ["traceparent", "tracestate", "baggage", "b3", "x-request-id"];
const B3_PREFIX: &str = "x-b3-";

pub(crate) struct Client {
    pool: Pool<HttpConnector, Empty<Bytes>>,
    gateway: Gateway,
    propagate: bool,
}

/// Why a call brought nothing; said to whoever reads the degraded answer.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    #[error("{status} after {} ms", after.as_millis())]
    Answered { status: StatusCode, after: Duration },
    #[error("the answer broke off or is longer than {LARGEST_ANSWER} bytes")]
    Body,
    #[error("the answer is not JSON")]
    Json,
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TimedOut,
    #[error("the gateway cannot be reached")]
    Unreachable,
}

impl Client {
    pub(crate) fn new(gateway: Gateway, propagate: bool) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Self { pool, gateway, propagate }
    }

    /// Asks for `path` on behalf of a request that came with `incoming` headers.
    pub(crate) async fn get(
        &self,
        path: &'static str,
        incoming: &HeaderMap,
    ) -> Result<Value, CallError> {
        timeout(PATIENCE, self.ask(path, incoming)).await.unwrap_or(Err(CallError::TimedOut))
    }

    async fn ask(&self, path: &'static str, incoming: &HeaderMap) -> Result<Value, CallError> {
        let began = Instant::now();
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.gateway.at(path).map_err(|_| CallError::Unreachable)?;
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if self.propagate {
            pass_on(incoming, request.headers_mut());
        }
        let response = self.pool.request(request).await.map_err(|_| CallError::Unreachable)?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(CallError::Answered { status, after: began.elapsed() });
        }
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
        let body = body.map_err(|_| CallError::Body)?.to_bytes();
        serde_json::from_slice(&body).map_err(|_| CallError::Json)
    }
}

fn pass_on(incoming: &HeaderMap, outgoing: &mut HeaderMap) {
    let belongs = |name: &HeaderName| {
        TRACE_HEADERS.contains(&name.as_str()) || name.as_str().starts_with(B3_PREFIX)
    };
    for (name, value) in incoming.iter().filter(|(name, _)| belongs(name)) {
        outgoing.append(name, value.clone());
    }
}
