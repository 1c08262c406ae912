//! Changing what runs from where one looks at it: what it would do, and doing it.
//!
//! | call | answers |
//! |---|---|
//! | `POST /api/v1/changes/preview` | the difference in each file, and what is wrong with the result |
//! | `POST /api/v1/changes` | 200 with the new generation, 409 if it does not fit, 422 if it is refused |
//!
//! Both take `edits`, `texts` or `back_to`; `gateway/console/src/api/types.ts` has the whole form.

use axum::{
    Json,
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Admin, Audited, Who,
    configuration::{answer, author, diagnostics},
};
use crate::{
    change::{self, Change, Outlook},
    control::Outcome,
    sources,
};

/// The path of [`preview`]: it changes nothing, so nobody needs to know of it.
pub(super) const PREVIEW: &str = "/api/v1/changes/preview";

/// Nothing is started and no port is tried: what only that would find is found when it is applied.
pub(super) async fn preview(State(admin): State<Admin>, Json(change): Json<Change>) -> Response {
    let status = admin.control.status.load_full();
    let can_be_held = change.can_be_held();
    let looked = tokio::task::spawn_blocking(move || {
        let outlook = change.outlook(&status.history)?;
        let loaded = portico_config::load(&outlook.sources);
        let why_not = status.source.why_not.clone();
        let why_not = why_not.or_else(|| sources::unchanged(&outlook.writes).err());
        Ok((outlook, loaded, why_not))
    });
    let (outlook, loaded, why_not) = match looked.await {
        Ok(Ok(looked)) => looked,
        Ok(Err(error)) => return answer(Outcome::Unfit(std::sync::Arc::new(error))),
        Err(_) => return answer(Outcome::Ended),
    };
    Json(json!({
        "base": outlook.base,
        "valid": loaded.config.is_some(),
        "files": files(&outlook),
        "diagnostics": diagnostics(&loaded.diagnostics),
        "writable": why_not.is_none(),
        "why_not": why_not,
        "can_be_held": can_be_held,
    }))
    .into_response()
}

fn files(outlook: &Outlook) -> Vec<Value> {
    let file = |write: &sources::Write| {
        json!({
            "source": write.path,
            "diff": change::patch(write),
            "before": write.before,
            "after": write.after,
        })
    };
    outlook.writes.iter().map(file).collect()
}

pub(super) async fn make(
    State(admin): State<Admin>,
    Extension(who): Extension<Who>,
    Json(change): Json<Change>,
) -> Response {
    carry_out(&admin, change, &who).await
}

/// Makes a change for somebody who may, and says in the audit log what it was.
pub(super) async fn carry_out(admin: &Admin, change: Change, who: &Who) -> Response {
    let reason = change.reason.clone();
    let mut audited = Audited { action: Some(change.words()), reason, outcome: None };
    let author = author(who, change.reason.clone());
    let before = admin.control.status.load().history.running().map(|running| running.number);
    let mut response = match admin.control.change(change, author).await {
        Outcome::Applied { generation, warnings } => {
            audited.outcome = Some(format!("generation {generation}"));
            let status = admin.control.status.load();
            let running = status.history.iter().find(|own| own.number == generation);
            Json(json!({
                "generation": generation,
                "before": before,
                "warnings": diagnostics(&warnings),
                "written": running.map(|running| &running.written),
                "held": running.is_some_and(|running| !running.held.is_empty()),
            }))
            .into_response()
        }
        other => answer(other),
    };
    response.extensions_mut().insert(audited);
    response
}
