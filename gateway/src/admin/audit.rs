//! Who tried to change what, when, from where, and what came of it.
//!
//! Every call that is not plain reading is written, also refused ones, and so is every wrong token:
//! to the log (`portico::audit`), to the last thousand that `GET /api/v1/audit` answers, and with
//! `--audit-log FILE` to a file, a line of JSON each. An operator's call is written there before it
//! is followed (with `"status": null`) and again when it has been; if it cannot be written, it is
//! refused with 503 and nothing changes. Nothing of a body and no token is in it.
//!
//! Handlers may say it better than method and path do: with [`Audited`], an extension of the answer.

mod file;
mod flood;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    extract::{Extension, Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

pub use self::file::AuditLog;
use self::flood::Flood;
use super::{
    Admin,
    access::{Refusal, refusal},
    browser, changes,
    who::{Role, Who},
};

/// Entries that are kept for the console; some hundred bytes each.
const KEPT: usize = 1_000;

/// Characters of an action, a reason, an outcome.
const SHOWN: usize = 300;

/// Words about a call, from its handler. What is `None` is said by method, path and status.
#[derive(Clone, Debug, Default)]
pub struct Audited {
    pub action: Option<String>,
    pub reason: Option<String>,
    pub outcome: Option<String>,
}

/// What is kept of them.
#[derive(Debug, Default)]
pub struct Audit {
    kept: Mutex<VecDeque<Entry>>,
    flood: Mutex<Flood>,
    log: Option<Arc<AuditLog>>,
}

#[derive(Clone, Debug, Serialize)]
struct Entry {
    at_ms: u64,
    who: String,
    role: &'static str,
    from: String,
    action: String,
    reason: Option<String>,
    /// `None` before it is followed.
    status: Option<u16>,
    outcome: String,
}

/// A layer over everything.
pub(super) async fn keep(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    request: Request,
    next: Next,
) -> Response {
    let guessed = matches!(who.trouble, Some(Refusal::TooMany { .. } | Refusal::Wrong));
    let only_looks = request.uri().path() == changes::PREVIEW;
    if (only_looks || browser::only_reads(request.method())) && !guessed {
        return next.run(request).await;
    }
    let entry = Entry::new(&who, &request);
    if who.role == Role::Operator
        && let Err(error) = admin.audit.append(&entry).await
    {
        tracing::error!(%error, "a change is refused, because the audit log cannot be written");
        let sentence = "the audit log cannot be written, so nothing was changed; the gateway's log \
                        says why";
        return refusal(StatusCode::SERVICE_UNAVAILABLE, sentence);
    }
    // A caller that leaves does not stop what it has begun, nor that it is written.
    let call = tokio::spawn(async move {
        let response = next.run(request).await;
        admin.audit.ended(entry, &who, response).await
    });
    call.await.unwrap_or_else(|_| refusal(StatusCode::INTERNAL_SERVER_ERROR, "this call failed"))
}

#[derive(Deserialize)]
pub(super) struct Asked {
    limit: Option<usize>,
}

/// `GET /api/v1/audit?limit=`, the newest first.
pub(super) async fn show(
    State(admin): State<Admin>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(Asked { limit })) = asked else {
        return refusal(StatusCode::BAD_REQUEST, "`limit` is not a number");
    };
    let kept = admin.audit.kept.lock().unwrap_or_else(PoisonError::into_inner);
    let entries: Vec<&Entry> = kept.iter().rev().take(limit.unwrap_or(KEPT)).collect();
    Json(json!({ "entries": entries })).into_response()
}

impl Audited {
    /// What was done, and what came of it.
    pub fn act(action: &str, outcome: &str) -> Self {
        Self { action: Some(action.into()), outcome: Some(outcome.into()), reason: None }
    }

    pub fn outcome(outcome: &str) -> Self {
        Self { outcome: Some(outcome.into()), ..Self::default() }
    }
}

impl Audit {
    pub fn new(log: Option<Arc<AuditLog>>) -> Self {
        Self { log, ..Self::default() }
    }

    async fn ended(&self, mut entry: Entry, who: &Who, mut response: Response) -> Response {
        let Audited { action, reason, outcome } =
            response.extensions_mut().remove().unwrap_or_default();
        let status = response.status();
        entry.status = Some(status.as_u16());
        entry.action = action.map_or(entry.action, |action| shown(&action));
        entry.reason = reason.map(|reason| shown(&reason)).or(entry.reason);
        entry.outcome = match outcome {
            Some(outcome) => shown(&outcome),
            None if status.is_success() => "done".to_owned(),
            None if status.is_server_error() => "failed".to_owned(),
            None => "refused".to_owned(),
        };
        // What strangers try must not push out what the others did, nor fill a disk.
        if who.name.is_none() && !status.is_success() {
            let mut flood = self.flood.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(missed) = flood.admit(Instant::now()) else { return response };
            if missed > 0 {
                entry.outcome += &format!(" (and {missed} more before, which are not written)");
            }
        }
        let written = self.append(&entry).await;
        self.tell(entry);
        match written {
            Ok(()) => response,
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be written");
                // A session that nobody could see begin does not begin: its cookie is not sent.
                let begins = who.role == Role::None && status.is_success();
                let sentence = "the audit log cannot be written; the gateway's log says why";
                if begins { refusal(StatusCode::SERVICE_UNAVAILABLE, sentence) } else { response }
            }
        }
    }

    fn tell(&self, entry: Entry) {
        let Entry { at_ms: _, who, role, from, action, reason, status, outcome } = &entry;
        let reason = reason.as_deref().unwrap_or("-");
        let status = status.unwrap_or_default();
        tracing::info!(target: "portico::audit", who, role, from, reason, status, outcome, "{action}");
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(entry);
    }

    /// To the file, if there is one.
    async fn append(&self, entry: &Entry) -> std::io::Result<()> {
        let Some(log) = self.log.clone() else { return Ok(()) };
        let line = serde_json::to_string(entry)? + "\n";
        // Disks can be slow, and some are far away.
        let writing = tokio::task::spawn_blocking(move || log.append(&line));
        writing.await.map_err(std::io::Error::other)?
    }
}

impl Entry {
    fn new(who: &Who, request: &Request) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let reason = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "reason");
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            at_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            who: shown(who.name()),
            role: who.role.word(),
            from: who.from.ip().to_canonical().to_string(),
            action: shown(&format!("{} {}", request.method(), request.uri().path())),
            reason: reason.map(|(_, reason)| shown(&reason)).filter(|reason| !reason.is_empty()),
            status: None,
            outcome: "begins".to_owned(),
        }
    }
}

/// On one line, and no longer than a reader's patience.
fn shown(text: &str) -> String {
    let cut = text.trim().chars().take(SHOWN);
    cut.map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
