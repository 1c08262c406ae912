//! The requests that are kept: a list, one of them, a file.

use std::{cmp::Reverse, sync::Arc, time::SystemTime};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    response::Response,
};
use portico_telemetry::{
    export_file,
    query::{Found, LIMIT_MOST, Page, Query, QueryError, Sort},
    store::{Kept, Store},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    Admin, Parameters, Refusal, aside, download, parameters::shortened, switched_off, whole,
};

/// A page, and what to know about it.
#[derive(Serialize)]
pub(super) struct List {
    #[serde(flatten)]
    found: Found,
    /// Why there is less than one might expect.
    note: Option<&'static str>,
}

pub(super) async fn list(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Json<List>, Refusal> {
    let known = ["q", "sort", "limit", "after"];
    let parameters = Parameters::read(query.as_deref(), &known, &[])?;
    let query = searched(&parameters)?;
    let page =
        Page {
            sort: sort(parameters.text("sort"))?,
            limit: parameters.number("limit", 1..=LIMIT_MOST)?,
            after: match parameters.text("after") {
                Some(text) => {
                    let cursor = shortened(text).parse();
                    Some(cursor.map_err(|error: QueryError| {
                        Refusal::parameter("after", &error.to_string())
                    })?)
                }
                None => None,
            },
        };
    let note = switched_off(&admin);
    let store = admin.telemetry.shelf().store.clone();
    aside(move || Ok(Json(List { found: query.run(&store, &page, SystemTime::now()), note }))).await
}

pub(super) async fn one(
    State(admin): State<Admin>,
    Path(seq): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    Parameters::read(query.as_deref(), &[], &[])?;
    let kept = kept(&admin.telemetry.shelf().store, &seq)?;
    Ok(Json(whole::whole(&kept)))
}

pub(super) async fn har(
    State(admin): State<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let parameters = Parameters::read(query.as_deref(), &["q", "limit"], &[])?;
    let query = searched(&parameters)?;
    let limit = parameters.number("limit", 1..=LIMIT_MOST)?.unwrap_or(LIMIT_MOST);
    let store = admin.telemetry.shelf().store.clone();
    let file = move || {
        let now = SystemTime::now();
        let mut found = store.all();
        found.retain(|kept| query.matches(kept, now));
        found.sort_unstable_by_key(|kept| Reverse(kept.record.started));
        found.truncate(limit);
        // The newest are chosen; a file is read from the oldest on.
        found.reverse();
        Ok(download("portico.har", export_file::har(&found).to_string()))
    };
    aside(file).await
}

/// The record with this number.
pub(super) fn kept(store: &Store, seq: &str) -> Result<Arc<Kept>, Refusal> {
    let Ok(number) = seq.parse() else {
        let why = format!("`{}` is not the number of a request", shortened(seq));
        return Err(Refusal::parameter("SEQ", &why));
    };
    let missing =
        || Refusal::missing(format!("no request {number} is kept; older ones make room for newer"));
    store.record(number).ok_or_else(missing)
}

fn searched(parameters: &Parameters) -> Result<Query, Refusal> {
    /// Much more than anybody types.
    const LONGEST: usize = 4096;
    let text = parameters.text("q").unwrap_or_default();
    if text.len() > LONGEST {
        return Err(Refusal::parameter("q", &format!("it has more than {LONGEST} bytes")));
    }
    Query::parse(text).map_err(|error| Refusal::parameter("q", &error.to_string()))
}

fn sort(text: Option<&str>) -> Result<Sort, Refusal> {
    match text {
        None | Some("interest") => Ok(Sort::Interest),
        Some("duration") => Ok(Sort::Duration),
        Some("time") => Ok(Sort::Time),
        Some(other) => {
            let why = format!("`{}` is none of `interest`, `time`, `duration`", shortened(other));
            Err(Refusal::parameter("sort", &why))
        }
    }
}
