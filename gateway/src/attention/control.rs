//! The configuration: refused, odd, suspended; and the end of the process.

use serde_json::json;

use super::{
    Action, Attention, Kind, Severity,
    situation::{Refused, Situation},
};

/// Warnings that are shown one by one. More are somebody's habit.
const WARNINGS: usize = 5;

pub(super) fn say(situation: &Situation, all: &mut Vec<Attention>) {
    if situation.is_draining {
        let sentence = "The gateway is ending: it takes no new connections and finishes what it \
                        has begun.";
        let kind = Kind::Configuration;
        all.push(Attention::new("draining", Severity::Warning, kind, "gateway", sentence.into()));
    }
    all.extend(situation.refused.as_ref().map(refused));
    for warning in situation.warnings.iter().take(WARNINGS) {
        let sentence = format!("{}: {}.", warning.place, warning.message);
        let (kind, name) = (Kind::Configuration, &*warning.path);
        let found = Attention::new("warning", Severity::Notice, kind, name, sentence);
        all.push(found.action(Action::page("Open configuration", "/configuration")));
    }
    if let Some(more) = situation.warnings.len().checked_sub(WARNINGS).filter(|more| *more > 0) {
        let sentence = format!("The configuration has {more} further warnings.");
        let kind = Kind::Configuration;
        let found = Attention::new("warnings", Severity::Notice, kind, "further", sentence);
        all.push(found.action(Action::page("Open configuration", "/configuration")));
    }
    for suspended in &situation.suspended {
        let (kind, name) = (suspended.kind, &*suspended.name);
        let word = match kind {
            Kind::Endpoint => "Endpoint",
            Kind::Route => "Route",
            _ => "Service",
        };
        let sentence = format!("{word} `{name}` is suspended: {}.", suspended.reason);
        let edit = json!({ "op": "remove", "path": suspended.path });
        let reason = format!("resume {} {name}", word.to_lowercase());
        let found = Attention::new("suspended", Severity::Notice, kind, name, sentence);
        all.push(found.action(Action::change("Resume".to_owned(), edit, &reason)));
    }
}

fn refused(refused: &Refused) -> Attention {
    let Refused { place, message, problems, origin, running } = refused;
    let more = match problems.saturating_sub(1) {
        0 => String::new(),
        1 => ", and one more problem".to_owned(),
        more => format!(", and {more} more problems"),
    };
    let sentence = format!("The last configuration was refused: {place}: {message}{more}.");
    let why = running.map(|number| {
        format!("It came from: {origin}. Generation {number} runs on, without the change.")
    });
    let kind = Kind::Configuration;
    Attention::new("refused", Severity::Critical, kind, "configuration", sentence)
        .why(why)
        .weight(u64::MAX)
        .action(Action::page("Open configuration", "/configuration"))
}
