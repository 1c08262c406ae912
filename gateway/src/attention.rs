//! What somebody should look at: sentences with numbers, the cause as far as it is known, and what
//! to do, the worst first.
//!
//! A leaf: [`attention`] says what follows from a [`Situation`], which is plain data. The admin API
//! makes situations (`admin/overview/situation.rs`).
//!
//! No condition is met by a single event. Conditions of traffic ask for a minimum of evidence in the
//! last minute, and for the last ten seconds to agree if anything happened in them: so they come
//! within seconds, stay while they last, and go soon after the cure.

mod control;
mod plugins;
mod silence;
pub mod situation;
mod slow;
mod strangers;
mod telling;
mod trouble;
mod words;

use serde::Serialize;
use serde_json::Value;

use self::situation::Situation;
pub(crate) use self::slow::takes_long;

/// Most sentences. Whoever has more trouble than this begins at the top.
const MOST: usize = 50;

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attention {
    /// Stable while it lasts.
    pub id: String,
    pub severity: Severity,
    /// One sentence: what is wrong, in numbers.
    pub sentence: String,
    /// Why, if it is known.
    pub why: Option<String>,
    pub subject: Subject,
    pub actions: Vec<Action>,
    /// Requests that it concerns: among equals, more of them come first.
    #[serde(skip)]
    pub weight: u64,
}

/// How bad it is; the worst first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Requests fail, or a change was not made.
    Critical,
    /// It will hurt, or does so a little.
    Warning,
    /// Good to know.
    Notice,
}

/// What it is about.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Subject {
    pub kind: Kind,
    pub name: String,
}

/// Of a subject.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Configuration,
    Endpoint,
    Listener,
    Plugin,
    Route,
    Service,
    Telemetry,
}

/// A way on: a page of the console, or a change of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Action {
    pub label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// `Edit` of the changes' API, as JSON.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Value>,
    /// Proposed reason of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Everything there is to say, the worst first.
pub fn attention(situation: &Situation) -> Vec<Attention> {
    let mut all = Vec::new();
    control::say(situation, &mut all);
    silence::say(situation, &mut all);
    trouble::say(situation, &mut all);
    slow::say(situation, &mut all);
    strangers::say(situation, &mut all);
    plugins::say(situation, &mut all);
    telling::say(situation, &mut all);
    let rank = |own: &Attention| (own.severity, std::cmp::Reverse(own.weight), own.id.clone());
    all.sort_by_cached_key(rank);
    all.truncate(MOST);
    all
}

impl Attention {
    /// `what` is stable for a subject and a condition.
    fn new(what: &str, severity: Severity, kind: Kind, name: &str, sentence: String) -> Self {
        Self {
            id: format!("{what}:{name}"),
            severity,
            sentence,
            why: None,
            subject: Subject { kind, name: name.to_owned() },
            actions: Vec::new(),
            weight: 0,
        }
    }

    fn why(self, why: Option<String>) -> Self {
        Self { why, ..self }
    }

    fn weight(self, weight: u64) -> Self {
        Self { weight, ..self }
    }

    fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }
}

impl Action {
    /// A page of the console.
    fn page(label: &str, href: impl Into<String>) -> Self {
        Self { label: label.to_owned(), href: Some(href.into()), ..Self::default() }
    }

    /// A change of the configuration.
    fn change(label: String, edit: Value, reason: &str) -> Self {
        let reason = Some(reason.to_owned());
        Self { label, edits: vec![edit], reason, href: None }
    }
}

#[cfg(test)]
mod tests;
