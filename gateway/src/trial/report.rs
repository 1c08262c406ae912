//! What a trial showed.

use bytes::Bytes;
use portico_wasm::{Fields, LocalResponse};
use serde::Serialize;

use super::{outside::Call, said::Line};

/// All of it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Why it failed: it did not load, trapped, met a limit, or nothing would ever resume it.
    pub failure: Option<String>,
    /// It paused and nothing would ever resume it.
    #[serde(skip)]
    pub stuck: bool,
    /// What the service would have got; `None` if the request did not reach it.
    pub request: Option<Changed>,
    /// What the client would have got.
    pub response: Option<Changed>,
    /// The answer that the filter gave instead of the service.
    pub local_response: Option<Local>,
    /// The filter wanted the route chosen again.
    pub reroute: bool,
    pub steps: Vec<Step>,
    /// The period of ticks that it asked for.
    pub tick_ms: Option<u128>,
    /// The metrics that it has defined, as Prometheus would read them.
    pub metrics: String,
    /// Properties that it has set on the exchange.
    pub properties: Vec<Pair>,
    pub memory_bytes: usize,
    pub repeated: u32,
}

/// A callback, or several of one phase.
#[derive(Debug, Default, Serialize)]
pub struct Step {
    pub phase: &'static str,
    pub verdict: String,
    /// What it took each time, in microseconds of wall time.
    #[serde(skip)]
    pub took: Vec<f64>,
    pub microseconds: f64,
    pub calls: Vec<Call>,
    pub log: Vec<Line>,
}

/// A message before and after.
#[derive(Debug, Default, Serialize)]
pub struct Changed {
    pub headers: Vec<Difference>,
    pub body: Option<Body>,
}

/// One line of a head.
#[derive(Debug, Serialize)]
pub struct Difference {
    pub change: Change,
    #[serde(flatten)]
    pub header: Pair,
}

/// What became of a line of a head.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Kept,
    Removed,
}

/// A name and its value.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Pair {
    pub name: String,
    pub value: String,
}

/// A body that is another one than before.
#[derive(Debug, Serialize)]
pub struct Body {
    pub before: String,
    pub after: String,
}

/// The filter's own answer.
#[derive(Debug, Serialize)]
pub struct Local {
    pub status: u16,
    pub details: String,
    pub headers: Vec<Pair>,
    pub body: String,
    pub grpc_status: Option<i32>,
}

impl Report {
    pub(super) fn fail(&mut self, why: String) {
        self.failure.get_or_insert(why);
    }

    /// The middle one of what each phase took.
    pub(super) fn settle(&mut self) {
        for step in &mut self.steps {
            step.took.sort_by(f64::total_cmp);
            let middle = step.took.get(step.took.len() / 2).copied().unwrap_or_default();
            step.microseconds = (middle * 100.0).round() / 100.0;
        }
    }
}

impl Changed {
    pub fn between(before: &Fields, after: &Fields) -> Self {
        Self { headers: differences(&lines(before), &lines(after)), body: None }
    }

    pub(super) fn set_body(&mut self, before: &[u8], after: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.body = (before != after).then(|| Body { before: text(before), after: text(after) });
    }
}

impl From<&LocalResponse> for Local {
    fn from(response: &LocalResponse) -> Self {
        let LocalResponse { status, details, headers, body, grpc_status } = response;
        Self {
            status: *status,
            details: details.clone(),
            headers: pairs(headers),
            body: String::from_utf8_lossy(body).into_owned(),
            grpc_status: Some(*grpc_status).filter(|status| *status >= 0),
        }
    }
}

pub(super) fn pairs(headers: &[(Bytes, Bytes)]) -> Vec<Pair> {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|(name, value)| Pair { name: text(name), value: text(value) }).collect()
}

fn lines(fields: &Fields) -> Vec<Pair> {
    let line = |field: &portico_wasm::Field| Pair {
        name: field.name.as_str().to_owned(),
        value: String::from_utf8_lossy(field.value.as_bytes()).into_owned(),
    };
    fields.iter().map(line).collect()
}

/// Lines before and after: what both have keeps its order, by the longest common subsequence.
fn differences(before: &[Pair], after: &[Pair]) -> Vec<Difference> {
    // longest[i][j]: of what begins at i and at j. Heads are short.
    let mut longest = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for (i, one) in before.iter().enumerate().rev() {
        for (j, other) in after.iter().enumerate().rev() {
            longest[i][j] = if one == other {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let mut differences = Vec::with_capacity(before.len().max(after.len()));
    let mut push = |change, header: &Pair| {
        differences.push(Difference { change, header: header.clone() });
    };
    let (mut i, mut j) = (0, 0);
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            push(Change::Kept, &before[i]);
            (i, j) = (i + 1, j + 1);
        } else if i < before.len() && (j == after.len() || longest[i + 1][j] >= longest[i][j + 1]) {
            push(Change::Removed, &before[i]);
            i += 1;
        } else {
            push(Change::Added, &after[j]);
            j += 1;
        }
    }
    differences
}
