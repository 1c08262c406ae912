//! `GET /api/v1/tap`: requests as they end, as server-sent events, until whoever asked leaves.
//!
//! | parameter | shows only requests |
//! |---|---|
//! | `method=GET` | with this method |
//! | `path=/api` `path=~\.png$` | whose path begins so, or matches the regular expression |
//! | `host=` `route=` `service=` | for this host (without port), of this route or service |
//! | `status=504` `status=5xx` `status=200-299,404` | with one of these |
//! | `header=x-user` `header=x-user:7` | with this request header, and value; all that are given |
//! | `min_duration=250ms` | that took as long at least |
//! | `client=10.0.0.0/8` | from this address or network |
//!
//! `bodies=N` also shows the first N bytes of both bodies, up to 65536. They are contents, and so
//! need the role operator. `per_second=N` (50, at most 1000) shows no more of them a second.
//!
//! Each event `request` has a request as JSON, without secrets. An event `missed` says how many
//! were left out since the last one, because there were more than `per_second`, or because they
//! were read too slowly. A comment comes every 15 s at least.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::{Extension, RawQuery, State},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::{Stream, stream};
use portico_telemetry::tap::{
    BODY_BYTES, Filter, FilterError, Listener, Missed, Options, PER_SECOND, PathMatch, TapError,
};
use serde_json::json;
use tokio::time::timeout;

use super::{Admin, Parameters, Refusal, parameters::shortened, switched_off};
use crate::admin::Who;

/// What stands between gives up on connections that say nothing for a minute, or half of it.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A day: nothing here takes longer.
const LONGEST: Duration = Duration::from_hours(24);

pub(super) async fn listen(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    RawQuery(query): RawQuery,
) -> Response {
    let (filter, options) = match Parameters::read(query.as_deref(), &ONCE, &["header"])
        .and_then(|parameters| asked(&parameters))
    {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    if options.body_bytes > 0
        && let Err(refusal) = admin.access.operator(&who)
    {
        return refusal.into_response();
    }
    if let Some(off) = switched_off(&admin) {
        return Refusal::conflict(off).into_response();
    }
    match admin.telemetry.tap.listen(filter, options) {
        Ok(listener) => Sse::new(events(listener)).into_response(),
        Err(error) => refusal(&error).into_response(),
    }
}

const ONCE: [&str; 10] = [
    "method",
    "path",
    "host",
    "route",
    "service",
    "status",
    "min_duration",
    "client",
    "bodies",
    "per_second",
];

fn asked(parameters: &Parameters) -> Result<(Filter, Options), Refusal> {
    let path = parameters.text("path").map(|path| match path.strip_prefix('~') {
        Some(pattern) => PathMatch::Regex(pattern.to_owned()),
        None => PathMatch::Prefix(path.to_owned()),
    });
    let header = |text: &str| match text.split_once(':') {
        Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
        None => (text.to_owned(), None),
    };
    let filter = Filter {
        method: parameters.owned("method"),
        path,
        host: parameters.owned("host"),
        route: parameters.owned("route"),
        service: parameters.owned("service"),
        statuses: statuses(parameters.text("status"))?,
        headers: parameters.all("header").map(header).collect(),
        min_duration: parameters.duration("min_duration", Duration::ZERO..=LONGEST)?,
        client: parameters.owned("client"),
    };
    let mut options = Options::default();
    if let Some(bytes) = parameters.number("bodies", 0..=BODY_BYTES)? {
        options.body_bytes = bytes;
    }
    if let Some(most) = parameters.number("per_second", 1..=PER_SECOND as usize)? {
        options.per_second = u32::try_from(most).unwrap_or(PER_SECOND);
    }
    Ok((filter, options))
}

/// `504`, `5xx`, `500-503`, and lists of these with commas.
fn statuses(text: Option<&str>) -> Result<Vec<(u16, u16)>, Refusal> {
    let range = |part: &str| {
        if let Some(class) = part.strip_suffix("xx") {
            let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
            return Some((class * 100, class * 100 + 99));
        }
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let status = |text: &str| text.parse::<u16>().ok().filter(|status| *status <= 599);
        status(from).zip(status(to)).filter(|(from, to)| from <= to)
    };
    let parts = text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty());
    let refuse = |part: &str| {
        let why =
            format!("`{}` is not a status such as `504`, `5xx` or `500-503`", shortened(part));
        Refusal::parameter("status", &why)
    };
    parts.map(|part| range(part).ok_or_else(|| refuse(part))).collect()
}

fn refusal(error: &TapError) -> Refusal {
    match error {
        TapError::Filter(filter) => {
            let name = match filter {
                FilterError::Client { .. } => "client",
                FilterError::Header { .. } => "header",
                FilterError::Path { .. } => "path",
                _ => "status",
            };
            Refusal::parameter(name, &filter.to_string())
        }
        TapError::TooMany => Refusal::too_many(error.to_string()),
        _ => Refusal::parameter("bodies", &error.to_string()),
    }
}

/// What a listener is told, as it comes.
struct Told {
    listener: Listener,
    missed: Missed,
    waiting: VecDeque<Event>,
}

fn events(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    // The first one shows that it listens from now on.
    let waiting = VecDeque::from([Event::default().comment("listening")]);
    let told = Told { listener, missed: Missed::default(), waiting };
    stream::unfold(told, async |mut told| Some((Ok(told.next().await?), told)))
}

impl Told {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        match timeout(HEARTBEAT, self.listener.next()).await {
            Ok(tapped) => {
                let event = Event::default().event("request").data(tapped?.to_line());
                let missed = self.missed();
                self.waiting.extend(missed);
                self.waiting.push_back(event);
            }
            Err(_) => {
                let heartbeat = || Event::default().comment("still listening");
                let event = self.missed().unwrap_or_else(heartbeat);
                self.waiting.push_back(event);
            }
        }
        self.waiting.pop_front()
    }

    /// An event if more were missed than it was told.
    fn missed(&mut self) -> Option<Event> {
        let (now, before) = (self.listener.missed(), std::mem::take(&mut self.missed));
        self.missed = now;
        let [by_rate, by_buffer] = [now.by_rate - before.by_rate, now.by_buffer - before.by_buffer];
        (now != before).then(|| {
            let missed = json!({ "too_many_a_second": by_rate, "read_too_slowly": by_buffer });
            Event::default().event("missed").data(missed.to_string())
        })
    }
}
