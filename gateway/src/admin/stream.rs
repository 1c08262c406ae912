//! `GET /api/v1/stream?window=10s`: what the console shows, as it changes, as server-sent events.
//!
//! | event | when | data |
//! |---|---|---|
//! | `overview` | once a second, and after a change of the configuration | as `GET /api/v1/overview` |
//! | `graph` | first, and whenever the reader was too slow | as `GET /api/v1/graph` |
//! | `graph_changes` | up to four times a second, if anything differs | nodes and links that do, or are gone |
//! | `requests` | likewise | up to 25 requests that were just kept |
//! | `configuration` | a generation was applied or refused | `{generation, rejected}` |
//!
//! One task makes the events for all listeners. It starts with the first and ends with the last, and
//! it keeps to a share of one processor ([`pace`]): where thousands of links are busy it comes less
//! often. A comment comes every 15 s at least.

mod changes;
mod hub;
mod pace;
mod particles;
mod work;

use std::{collections::VecDeque, convert::Infallible, ops::RangeInclusive, time::Duration};

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::{sync::broadcast::error::RecvError, time::timeout};

pub(super) use self::hub::Hub;
use self::hub::{Full, Listener};
use super::{
    Admin,
    telemetry::{Parameters, Refusal},
};

/// What stands between gives up on connections that say nothing for a minute, or half of it.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Windows of the graph. Shorter ones have no percentiles worth the name, and longer ones change too
/// slowly to be watched.
const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(10);

/// What one sees change, and still enough for percentiles.
const WINDOW: Duration = Duration::from_secs(10);

pub(super) async fn listen(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let parameters = Parameters::read(query.as_deref(), &["window"], &[])?;
    let window = parameters.duration("window", WINDOWS)?.unwrap_or(WINDOW);
    let (listener, is_first) = Hub::join(&admin.hub, window).map_err(|Full(most, what)| {
        Refusal::too_many(format!("{most} {what}, which is the most"))
    })?;
    if is_first {
        tokio::spawn(work::run(admin));
    }
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(frames(listener))).into_response())
}

/// An event as it is sent. JSON has no line breaks of its own.
fn frame(event: &str, data: &impl Serialize) -> Option<Bytes> {
    match serde_json::to_string(data) {
        Ok(data) => Some(Bytes::from(format!("event: {event}\ndata: {data}\n\n"))),
        Err(error) => {
            tracing::error!(%error, event, "an event for the console cannot be written");
            None
        }
    }
}

/// What a listener is sent, as it comes.
struct Told {
    listener: Listener,
    waiting: VecDeque<Bytes>,
}

fn frames(listener: Listener) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // The first one shows that it listens from now on.
    let mut waiting = VecDeque::from([Bytes::from_static(b": listening\n\n")]);
    waiting.extend(listener.first());
    let told = Told { listener, waiting };
    stream::unfold(told, async |mut told| Some((Ok(told.next().await?), told)))
}

impl Told {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Some(frame);
            }
            match timeout(HEARTBEAT, self.listener.events.recv()).await {
                Ok(Ok(frame)) => return Some(frame),
                // It has not read for seconds: what it missed is of no use any more.
                Ok(Err(RecvError::Lagged(_))) => {
                    self.listener.again();
                    self.waiting.extend(self.listener.first());
                }
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
            }
        }
    }
}
