//! Nothing happens, or nobody looks.

use super::{Action, Attention, Kind, Severity, situation::Situation};

pub(super) fn say(situation: &Situation, all: &mut Vec<Attention>) {
    let notice = |what, sentence: &str| {
        Attention::new(what, Severity::Notice, Kind::Listener, "all", sentence.to_owned())
    };
    if !situation.is_counting {
        let why = "The configuration has `telemetry.enabled: false`.";
        let found = notice("blind", "Telemetry is off, so nothing is known of the traffic.");
        let found = found.why(Some(why.to_owned()));
        all.push(found.action(Action::page("Open configuration", "/configuration")));
    } else if !situation.has_traffic {
        let why = situation.curl.as_ref().map(|curl| format!("Try: {curl}"));
        let found = notice("no_traffic", "No request has come yet.").why(why);
        all.push(found.action(Action::page("Send a request", "/explain")));
    }
}
