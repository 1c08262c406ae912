//! What a trial showed.

use bytes::Bytes;
use portico_wasm::{Fields, LocalResponse};
use serde::Serialize;

use super::{outside::Call, said::Line};

/// All of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Why it failed: it did not load, trapped, met a limit, or nothing would ever resume it.
    pub(super) failure: Option<String>,
    /// What the service would have got; `None` if the request did not reach it.
    pub(super) request: Option<Changed>,
    /// What the client would have got.
    pub(super) response: Option<Changed>,
    /// The answer that the filter gave instead of the service.
    pub(super) local_response: Option<Local>,
    /// The filter wanted the route chosen again.
    pub(super) reroute: bool,
    pub(super) steps: Vec<Step>,
    /// The period of ticks that it asked for.
    pub(super) tick_ms: Option<u128>,
    /// The metrics that it has defined, as Prometheus would read them.
    pub(super) metrics: String,
    /// Properties that it has set on the exchange.
    pub(super) properties: Vec<Pair>,
    pub(super) memory_bytes: usize,
    pub(super) repeated: u32,
}

/// A callback, or several of one phase.
#[derive(Debug, Default, Serialize)]
pub(super) struct Step {
    pub(super) phase: &'static str,
    pub(super) verdict: String,
    /// What it took each time, in microseconds of wall time.
    #[serde(skip)]
    pub(super) took: Vec<f64>,
    pub(super) microseconds: f64,
    pub(super) calls: Vec<Call>,
    pub(super) log: Vec<Line>,
}

/// A message before and after.
#[derive(Debug, Default, Serialize)]
pub(super) struct Changed {
    pub(super) headers: Vec<Difference>,
    pub(super) body: Option<Body>,
}

/// One line of a head.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    pub(super) change: Change,
    #[serde(flatten)]
    pub(super) header: Pair,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    Added,
    Kept,
    Removed,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

/// A body that is another one than before.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    pub(super) before: String,
    pub(super) after: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Local {
    pub(super) status: u16,
    pub(super) details: String,
    pub(super) headers: Vec<Pair>,
    pub(super) body: String,
    pub(super) grpc_status: Option<i32>,
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
    pub(super) fn between(before: &Fields, after: &Fields) -> Self {
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
