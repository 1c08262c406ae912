//! `POST /api/v1/send`: the gateway sends a request to one of its own listeners, over a real socket,
//! and says what came of it and which record is the request's.
//!
//! It connects to its own listeners and nowhere else, whatever host the URL names: the host only goes
//! into the request. Its records are kept in any case: [`crate::telemetry::Own`].

mod call;
mod target;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use axum::{Json, extract::State};
use http::{HeaderName, HeaderValue, Method};
use portico_telemetry::{query::Summary, store::Kept};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use self::{call::Answer, target::Target};
use super::{Admin, telemetry::Refusal};

/// How long an answer may take, with its body.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it is looked for the record. The collector comes every 50 ms.
const SEARCH: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(20);

/// Requests of one call, and calls at a time: this is for looking, not for load.
const TIMES: usize = 10;
const CALLS: usize = 4;

const HEADERS: usize = 100;
const BODY: usize = 1 << 20;

/// Who is sending at the moment.
pub(super) struct Sending(Semaphore);

impl Default for Sending {
    fn default() -> Self {
        Self(Semaphore::new(CALLS))
    }
}

/// What shall be sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Send {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<String>,
    body: Option<String>,
    times: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Sent {
    answers: Vec<Told>,
}

/// What came of one request.
#[derive(Default, Serialize)]
struct Told {
    status: u16,
    took_ms: f64,
    seq: Option<u64>,
    trace_id: Option<String>,
    reason: Option<String>,
    content_type: Option<String>,
    body: Option<String>,
    error: Option<String>,
}

/// A request that can be sent.
struct Request {
    method: Method,
    target: Target,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

pub(super) async fn send(
    State(admin): State<Admin>,
    Json(wanted): Json<Send>,
) -> Result<Json<Sent>, Refusal> {
    let times = wanted.times.unwrap_or(1);
    if !(1..=TIMES).contains(&times) {
        return Err(Refusal::parameter("times", &format!("it lies between 1 and {TIMES}")));
    }
    let Ok(_permit) = admin.sending.0.try_acquire() else {
        let error = format!("{CALLS} others send already, which is the most");
        return Err(Refusal::too_many(error));
    };
    let request = Arc::new(Request::new(&admin, wanted)?);
    // All at once: ten answers of a slow service should not take ten times as long.
    let mut sending = JoinSet::new();
    for nth in 0..times {
        let (admin, request) = (admin.clone(), request.clone());
        sending.spawn(async move { (nth, one(&admin, &request).await) });
    }
    let mut answers = sending.join_all().await;
    answers.sort_by_key(|(nth, _)| *nth);
    Ok(Json(Sent { answers: answers.into_iter().map(|(_, told)| told).collect() }))
}

async fn one(admin: &Admin, request: &Request) -> Told {
    let store = admin.telemetry.shelf().store.clone();
    let before = store.latest();
    let (began, clock) = (SystemTime::now(), Instant::now());
    let mut watched = None;
    let ended = timeout(PATIENCE, call::call(admin, request, &mut watched)).await;
    let took_ms = (clock.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let mut told = match ended {
        Ok(Ok(answer)) => Told::of(answer),
        Ok(Err(error)) => Told { error: Some(error), ..Told::default() },
        Err(_) => {
            let error = format!("no answer within {PATIENCE:?}");
            Told { error: Some(error), ..Told::default() }
        }
    };
    told.took_ms = took_ms;
    let Some(watched) = watched.filter(|_| admin.control.snapshot.load().telemetry.is_some())
    else {
        return told;
    };
    let is_own = |kept: &Kept| watched.is(kept.record.client.address) && kept.ended() >= began;
    let search = async {
        loop {
            if let Some(kept) = store.since(before).into_iter().find(|kept| is_own(kept)) {
                return kept;
            }
            sleep(LOOK).await;
        }
    };
    if let Ok(kept) = timeout(SEARCH, search).await {
        let summary = Summary::of(&kept);
        told.seq = Some(summary.seq);
        told.trace_id = Some(summary.trace_id);
        told.reason = told.reason.or_else(|| summary.reason.map(str::to_owned));
    }
    told
}

impl Told {
    fn of(answer: Answer) -> Self {
        let Answer { status, content_type, reason, body } = answer;
        Self { status, content_type, reason, body, ..Self::default() }
    }
}

impl Request {
    fn new(admin: &Admin, wanted: Send) -> Result<Self, Refusal> {
        let Send { method, url, headers, body, times: _ } = wanted;
        let named = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
        let method = named.ok().filter(|method| *method != Method::CONNECT).ok_or_else(|| {
            Refusal::parameter(
                "method",
                &format!("`{}` cannot be sent", super::telemetry::shortened(&method)),
            )
        })?;
        if headers.len() > HEADERS {
            return Err(Refusal::parameter("headers", &format!("they are more than {HEADERS}")));
        }
        let headers = headers.iter().map(|line| header(line)).collect::<Result<Vec<_>, _>>()?;
        let body = body.unwrap_or_default().into_bytes();
        if body.len() > BODY {
            return Err(Refusal::parameter("body", &format!("it has more than {BODY} bytes")));
        }
        let target = Target::of(admin, &url).map_err(|why| Refusal::parameter("url", &why))?;
        Ok(Self { method, target, headers, body })
    }
}

/// Headers that say how a message is framed, or belong to the connection, are ours to write.
fn header(line: &str) -> Result<(HeaderName, HeaderValue), Refusal> {
    const OURS: [&str; 8] = [
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let shown = super::telemetry::shortened(line.split(':').next().unwrap_or_default());
    let refuse = |why: &str| Refusal::parameter("headers", &format!("`{shown}` {why}"));
    let (name, value) =
        line.split_once(':').ok_or_else(|| refuse("is no header: write it like `name: value`"))?;
    let name = HeaderName::from_bytes(name.trim().as_bytes());
    let name = name.map_err(|_| refuse("is no name of a header"))?;
    if OURS.contains(&name.as_str()) {
        return Err(refuse("is written by the gateway itself"));
    }
    let value = HeaderValue::from_str(value.trim());
    Ok((name, value.map_err(|_| refuse("has a value that no header may have"))?))
}
