//! What a trial showed, in the console's words.

use http::{HeaderName, HeaderValue};
use portico_telemetry::{
    query::Summary,
    redact::{REDACTED, Redactor},
    store::Kept,
};
use serde::Serialize;

use crate::trial::{Change, Changed, Difference, Local, Pair, Report};

/// Lines of its log that are shown: as many as a person reads.
const LINES: usize = 200;

/// Bytes of its answer that are shown.
const ANSWER_BYTES: usize = 4 << 10;

/// `Tried` of `api/types.ts`.
#[derive(Serialize)]
pub(in crate::admin::plugins) struct Tried {
    request: Summary,
    redacted: Vec<String>,
    outcome: Outcome,
    words: String,
    answer: Option<Answer>,
    request_changes: Vec<HeaderChange>,
    response_changes: Vec<HeaderChange>,
    log: Vec<LogLine>,
    cost: Vec<Cost>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Answers,
    Continues,
    Fails,
    Pauses,
}

#[derive(Serialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Debug, Eq, PartialEq, Serialize)]
struct HeaderChange {
    header: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct LogLine {
    level: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Cost {
    phase: &'static str,
    us: f64,
}

pub(super) fn tried(kept: &Kept, report: Report, bodies: bool) -> Tried {
    let redactor = Redactor::default();
    let outcome = outcome(&report);
    let changes = |changed: &Option<Changed>| {
        changed.as_ref().map(|changed| changes(&changed.headers, &redactor)).unwrap_or_default()
    };
    // What it does to an answer of its own says nothing about the service's.
    let response = report.response.as_ref().filter(|_| outcome == Outcome::Continues);
    let response = response.map(|changed| self::changes(&changed.headers, &redactor));
    let lines = report.steps.iter().flat_map(|step| &step.log).take(LINES);
    let lines =
        lines.map(|line| LogLine { level: line.level, message: line.text.clone() }).collect();
    Tried {
        request: Summary::of(kept),
        redacted: redacted(kept),
        outcome,
        words: words(&report, outcome, bodies),
        answer: report.local_response.as_ref().map(|local| answer(local, &redactor)),
        request_changes: changes(&report.request),
        response_changes: response.unwrap_or_default(),
        log: lines,
        cost: report
            .steps
            .iter()
            .map(|step| Cost { phase: step.phase, us: step.microseconds })
            .collect(),
    }
}

fn outcome(report: &Report) -> Outcome {
    if report.stuck {
        Outcome::Pauses
    } else if report.failure.is_some() {
        Outcome::Fails
    } else if report.local_response.is_some() || closes(report) {
        Outcome::Answers
    } else {
        Outcome::Continues
    }
}

fn closes(report: &Report) -> bool {
    report.steps.iter().any(|step| step.verdict == "closes the stream")
}

fn words(report: &Report, outcome: Outcome, bodies: bool) -> String {
    let mut words = match (outcome, &report.failure, &report.local_response) {
        (_, Some(failure), _) => failure.clone(),
        (_, None, Some(local)) => match &*local.details {
            "" => format!("it answers {} itself", local.status),
            details => format!("it answers {} itself ({details})", local.status),
        },
        (Outcome::Answers, None, None) => "it closes the connection without an answer".to_owned(),
        _ => "it lets the request go on".to_owned(),
    };
    let mut called: Vec<&str> =
        report.steps.iter().flat_map(|step| &step.calls).map(|call| &*call.upstream).collect();
    called.sort_unstable();
    called.dedup();
    if !called.is_empty() {
        let called = called.join("`, `");
        words.push_str(&format!("; a trial calls nobody, `{called}` seemed unavailable to it"));
    }
    if bodies {
        words.push_str("; bodies are not kept, so it saw none");
    }
    words
}

/// Names of headers whose values the filter could not see.
fn redacted(kept: &Kept) -> Vec<String> {
    let (request, response) = (&kept.record.request.headers, &kept.record.response.headers);
    let hidden = request.iter().chain(response).filter(|(_, value)| {
        value.as_bytes().windows(REDACTED.len()).any(|part| part == REDACTED.as_bytes())
    });
    let mut names: Vec<String> = hidden.map(|(name, _)| name.as_str().to_owned()).collect();
    if kept.record.request.target.contains(REDACTED) {
        names.push(":path".to_owned());
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// A line that went and one of the same name that came are one change, and none if only its place is
/// another.
fn changes(differences: &[Difference], redactor: &Redactor) -> Vec<HeaderChange> {
    let mut changes = Vec::<HeaderChange>::new();
    for Difference { change, header: Pair { name, value } } in differences {
        let is_added = match change {
            Change::Kept => continue,
            Change::Added => true,
            Change::Removed => false,
        };
        let half = |change: &HeaderChange| match is_added {
            true => change.after.is_none(),
            false => change.before.is_none(),
        };
        let at = changes.iter().position(|other| other.header == *name && half(other));
        let at = at.unwrap_or_else(|| {
            changes.push(HeaderChange { header: name.clone(), before: None, after: None });
            changes.len() - 1
        });
        let side = if is_added { &mut changes[at].after } else { &mut changes[at].before };
        *side = Some(value.clone());
    }
    changes.retain(|change| change.before != change.after);
    for HeaderChange { header, before, after } in &mut changes {
        for side in [before, after].into_iter().flatten() {
            *side = shown(header, side, redactor);
        }
    }
    changes
}

fn answer(local: &Local, redactor: &Redactor) -> Answer {
    let headers = local.headers.iter();
    let mut body: String = local.body.chars().take(ANSWER_BYTES).collect();
    if body.len() < local.body.len() {
        body.push('…');
    }
    Answer {
        status: local.status,
        headers: headers
            .map(|Pair { name, value }| (name.clone(), shown(name, value, redactor)))
            .collect(),
        body,
    }
}

/// A filter may write secrets of its configuration into a head.
fn shown(name: &str, value: &str, redactor: &Redactor) -> String {
    match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        (Ok(name), Ok(value)) => {
            String::from_utf8_lossy(&redactor.header(&name, &value)).into_owned()
        }
        // Pseudo headers; `:path` may have a query with secrets.
        _ if name == ":path" => redactor.address(value).into_owned(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_same_name_are_one_change() {
        let line = |change, name: &str, value: &str| Difference {
            change,
            header: Pair { name: name.to_owned(), value: value.to_owned() },
        };
        let differences = [
            line(Change::Kept, "a", "0"),
            line(Change::Removed, "b", "1"),
            line(Change::Added, "c", "2"),
            line(Change::Added, "b", "3"),
            line(Change::Removed, "d", "4"),
            line(Change::Removed, "moved", "5"),
            line(Change::Added, "moved", "5"),
            line(Change::Removed, "authorization", REDACTED),
            line(Change::Added, "authorization", "Bearer x"),
        ];
        let change = |header: &str, before: Option<&str>, after: Option<&str>| HeaderChange {
            header: header.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(
            changes(&differences, &Redactor::default()),
            [
                change("b", Some("1"), Some("3")),
                change("c", None, Some("2")),
                change("d", Some("4"), None),
                change("authorization", Some(REDACTED), Some(REDACTED)),
            ]
        );
    }
}
